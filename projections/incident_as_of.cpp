#include "projections/incident_as_of.hpp"

#include "projections/incidents.hpp"

namespace daybook {
namespace {

constexpr std::int64_t none = RecordHeader::no_time;

void keep_earliest(std::int64_t& moment, std::int64_t candidate) {
    if (moment == none || candidate < moment) moment = candidate;
}

void note(IncidentAsOf& incident, const HistoryEntry& entry) {
    if (entry.type == EventType::acknowledged) keep_earliest(incident.first_acknowledged_at, entry.occurred_at);
    if (entry.type == EventType::followup) incident.has_followups = true;
    if (entry.type == EventType::incident_linked && entry.to == static_cast<std::uint8_t>(LinkRelation::duplicate_of)) {
        incident.duplicate = true;
    }
    if (entry.type == EventType::status_changed) {
        const auto to = static_cast<IncidentStatus>(entry.to);
        if (to == IncidentStatus::mitigated || to == IncidentStatus::resolved) {
            keep_earliest(incident.first_mitigated_at, entry.occurred_at);
        }
    }
}

// The row's texts as of the window's end, from the events themselves.
IncidentRow row_as_of(StreamNumber stream, const ReportWindow& window, const JournalView& journal) {
    IncidentRow row;
    PayloadDecoder payloads;
    for (const Sequence sequence : journal.stream_sequences(stream)) {
        const auto record = journal.record(sequence);
        if (!record || sequence.value > window.size || to_micros(record->occurred_at()) >= window.end) continue;
        apply(row, ProjectedEvent{*record, journal, payloads});
    }
    return row;
}

}  // namespace

std::string title_of(const IncidentAsOf& incident, const ReportWindow& window, lmdb::Transaction& views,
                     const JournalView& journal) {
    std::string title;
    if (incident.updated_later) {
        title = row_as_of(incident.stream, window, journal).title;
    } else if (const auto table = IncidentTable::open(views)) {
        if (const auto row = table->find(incident.stream)) title = row->title;
    }
    return title.empty() ? "[redacted]" : title;
}

IncidentAsOf incident_as_of(StreamNumber stream, std::span<const HistoryEntry> entries, const ReportWindow& window,
                            const std::function<void(const HistoryEntry&)>& visit) {
    IncidentAsOf incident;
    incident.stream = stream;
    for (const HistoryEntry& entry : entries) {
        if (!window.before_end(entry)) {
            if (entry.type == EventType::incident_updated) incident.updated_later = true;
            continue;
        }
        if (apply(incident.state, entry)) continue;
        note(incident, entry);
        if (window.contains(entry)) visit(entry);
    }
    return incident;
}

ListedIncident listed(const IncidentAsOf& incident, const ReportWindow& window, lmdb::Transaction& views,
                      const JournalView& journal) {
    const IncidentState& state = incident.state;
    return {std::string(journal.stream_id(incident.stream)),
            std::string(journal.name({state.service})),
            std::string(journal.name({state.env})),
            state.severity,
            state.status,
            title_of(incident, window, views, journal),
            state.started_at,
            state.updated_at};
}

bool IncidentOrder::by_start(const IncidentAsOf& a, const IncidentAsOf& b) const {
    if (a.state.started_at != b.state.started_at) return a.state.started_at < b.state.started_at;
    return journal.stream_id(a.stream) < journal.stream_id(b.stream);
}

bool IncidentOrder::by_urgency(const IncidentAsOf& a, const IncidentAsOf& b) const {
    return a.state.severity != b.state.severity ? is_worse(a.state.severity, b.state.severity) : by_start(a, b);
}

bool IncidentOrder::by_quiet(const IncidentAsOf& a, const IncidentAsOf& b) const {
    return a.state.updated_at != b.state.updated_at ? a.state.updated_at < b.state.updated_at : by_start(a, b);
}

}  // namespace daybook
