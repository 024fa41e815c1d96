// That a gate was evaluated, as an event: what was found, and by which mode.
#pragma once

#include <optional>
#include <string>

#include "journal/journal.hpp"
#include "projections/followup_watch.hpp"

namespace daybook {

struct GateWriter {
    std::string actor, source;
    std::optional<KeyedInput> input;
};
// Appends a gate_evaluated to `$gates`. Refuses as Journal::append.
Result<Appended> append_gate(Journal& journal, const GateReport& report, const GateRequest& request, const GateWriter& writer);

}  // namespace daybook
