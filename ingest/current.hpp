// The texts of an incident or a follow-up as they are now, folded from its stream inside the write transaction: for commands
// that write down what a field was before.
#pragma once

#include <optional>
#include <string>

#include "journal/journal.hpp"
#include "projections/followups.hpp"
#include "projections/incidents.hpp"

namespace daybook {

// Takes time in proportion to the length of the stream.
IncidentRow current_incident(const JournalView& journal, const StreamHead& head);
std::optional<FollowupState> current_followup(const JournalView& journal, const StreamHead& head, const std::string& followup_id);

}  // namespace daybook
