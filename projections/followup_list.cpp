#include "projections/followup_list.hpp"

#include <algorithm>
#include <tuple>

namespace daybook {

ListedFollowup listed(const Followup& followup, const FollowupState& state, const IncidentAsOf& incident,
                      const JournalView& journal) {
    ListedFollowup item;
    item.id = followup.id;
    item.incident_id = followup.incident_id;
    item.incident_severity = incident.state.severity;
    item.service = journal.name({incident.state.service});
    item.env = journal.name({incident.state.env});
    item.title = state.title;
    item.owner = state.owner;
    item.priority = state.priority;
    item.status = state.status;
    item.created_at = followup.created_at;
    item.due_at = state.due_at;
    return item;
}

void sort_followups(std::vector<ListedFollowup>& followups) {
    const auto rank = [](const ListedFollowup& item) {
        return std::make_tuple(item.due_at == RecordHeader::no_time, item.due_at, item.priority, item.incident_severity);
    };
    std::sort(followups.begin(), followups.end(), [&](const ListedFollowup& a, const ListedFollowup& b) {
        const auto rank_a = rank(a);
        const auto rank_b = rank(b);
        return rank_a != rank_b ? rank_a < rank_b : a.id < b.id;
    });
}

}  // namespace daybook
