// A journal of varied events, for tests of what works on all of it: export, import, verification.
#pragma once

#include <string>

#include "tests/support.hpp"

namespace daybook::test {

// Appends `count` events of many types to several streams: with keys, causes, artifacts, ids of an import, all the same
// each time.
void fill_with_samples(TestJournal& journal, unsigned count);

// Drops payload and salt of event `sequence`, an incident_created or an alert, as a redaction does, and appends the `redacted`
// event.
void redact_sample(TestJournal& journal, std::uint64_t sequence);

// What verification finds, one a line: "kind: text". Empty for a sound journal.
std::string problems_of(const Journal& journal);

}  // namespace daybook::test
