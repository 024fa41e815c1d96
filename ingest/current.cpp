#include "ingest/current.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace daybook {
namespace {

// Visits the events of a stream, the oldest first; what is pending in this transaction too.
void each_event(const JournalView& journal, const StreamHead& head, const std::function<void(const RecordView&)>& visit) {
    std::vector<Sequence> sequences;
    for (Sequence at = head.sequence; at;) {
        sequences.push_back(at);
        at = {journal.header(at)->previous};
    }
    for (auto at = sequences.rbegin(); at != sequences.rend(); ++at) visit(*journal.record(*at));
}

}  // namespace

IncidentRow current_incident(const JournalView& journal, const StreamHead& head) {
    IncidentRow row;
    PayloadDecoder payloads;
    each_event(journal, head, [&](const RecordView& record) { (void)apply(row, ProjectedEvent{record, journal, payloads}); });
    return row;
}

std::optional<FollowupState> current_followup(const JournalView& journal, const StreamHead& head, const std::string& followup_id) {
    std::optional<FollowupState> state;
    PayloadDecoder payloads;
    each_event(journal, head, [&](const RecordView& record) {
        const EventType type = record.type();
        if (type != EventType::followup && type != EventType::followup_status_change && type != EventType::followup_updated) return;
        const auto payload = payloads.decode(record, journal);
        if (!payload || followup_id_of(**payload) != followup_id) return;
        (void)apply(state, **payload, record.header().occurred_at);
    });
    return state;
}

}  // namespace daybook
