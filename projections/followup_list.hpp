// A follow-up as reports list it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "projections/followups.hpp"
#include "projections/incident_as_of.hpp"

namespace daybook {

struct ListedFollowup {
    std::string id;
    std::string incident_id;
    Severity incident_severity = Severity::p2;
    std::string service;  // the incident's, as env
    std::string env;
    std::string title;
    std::optional<std::string> owner;
    Severity priority = Severity::p2;
    FollowupStatus status = FollowupStatus::open;
    std::int64_t created_at = 0;  // µs
    std::int64_t due_at = RecordHeader::no_time;
};

ListedFollowup listed(const Followup& followup, const FollowupState& state, const IncidentAsOf& incident,
                      const JournalView& journal);

// By due date (those without one last), worst priority, the incident's worst severity, then id.
void sort_followups(std::vector<ListedFollowup>& followups);

}  // namespace daybook
