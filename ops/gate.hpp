// That a gate was evaluated, as an event: what was found, and by which mode.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "projections/followup_watch.hpp"

namespace daybook {

struct GateWriter {
    std::string actor, source;
    std::optional<KeyedInput> input;
};
// A gate that is asked of a mistyped name finds nothing, and passes: what to tell who asked for a service or an env that the
// journal (and, for an env, the policy) has never heard of.
std::vector<std::string> warnings_of_names(const GateRequest& request, const JournalView& journal);

// Appends a gate_evaluated to `$gates`. Refuses as Journal::append.
Result<Appended> append_gate(Journal& journal, const GateReport& report, const GateRequest& request, const GateWriter& writer);

}  // namespace daybook
