#include "projections/incident_state.hpp"

#include <algorithm>

namespace daybook {
namespace {

constexpr std::int64_t none = RecordHeader::no_time;

std::optional<std::string> create(IncidentState& state, const RecordHeader& event) {
    if (state.exists()) return "the incident was created already";
    if (event.severity > static_cast<std::uint8_t>(Severity::p4)) return "no severity";
    state.severity = static_cast<Severity>(event.severity);
    state.service = event.service;
    state.env = event.env;
    state.kind = event.kind;
    state.created_by = event.actor;
    state.started_at = event.moment;
    state.created_at = event.occurred_at;
    state.last_change = std::min(event.moment, event.occurred_at);
    return std::nullopt;
}

void update(IncidentState& state, const RecordHeader& event) {
    if (event.service != 0) state.service = event.service;
    if (event.env != 0) state.env = event.env;
    if (event.kind != 0) state.kind = event.kind;
    if (event.moment != none) state.started_at = event.moment;
}

std::optional<std::string> change_severity(IncidentState& state, const RecordHeader& event) {
    if (event.from != static_cast<std::uint8_t>(state.severity)) {
        return "it changes the severity from one that the incident does not have, which is " + std::string(to_text(state.severity));
    }
    if (event.to > static_cast<std::uint8_t>(Severity::p4)) return "no severity to change to";
    state.severity = static_cast<Severity>(event.to);
    state.last_change = std::max(state.last_change, event.occurred_at);
    return std::nullopt;
}

std::optional<std::string> change_status(IncidentState& state, const RecordHeader& event) {
    if (event.from != static_cast<std::uint8_t>(state.status)) {
        return "it changes the status from one that the incident does not have, which is " + std::string(to_text(state.status));
    }
    if (event.to > static_cast<std::uint8_t>(IncidentStatus::closed)) return "no status to change to";
    const auto to = static_cast<IncidentStatus>(event.to);
    if (is_reopening(state.status, to)) state.acknowledged_at = none;
    // A moment is when its status was last entered; entering an earlier status clears the moments of the later ones.
    switch (to) {
        case IncidentStatus::open: state.mitigated_at = state.resolved_at = state.closed_at = none; break;
        case IncidentStatus::mitigated:
            state.mitigated_at = event.occurred_at;
            state.resolved_at = state.closed_at = none;
            break;
        case IncidentStatus::resolved:
            state.resolved_at = event.occurred_at;
            state.closed_at = none;
            break;
        case IncidentStatus::closed: state.closed_at = event.occurred_at; break;
    }
    state.status = to;
    state.last_change = std::max(state.last_change, event.occurred_at);
    return std::nullopt;
}

std::optional<std::string> take(IncidentState& state, const RecordHeader& event) {
    switch (event.type) {
        case EventType::incident_created: return create(state, event);
        case EventType::incident_updated: update(state, event); return std::nullopt;
        case EventType::severity_changed: return change_severity(state, event);
        case EventType::status_changed: return change_status(state, event);
        case EventType::acknowledged:
            if (!state.acknowledged()) state.acknowledged_at = event.occurred_at;
            return std::nullopt;
        case EventType::incident_archived:
            if (!state.archived()) state.archived_at = event.occurred_at;
            return std::nullopt;
        case EventType::assigned:
        case EventType::alert:
        case EventType::note:
        case EventType::decision:
        case EventType::action:
        case EventType::comms:
        case EventType::metric:
        case EventType::log:
        case EventType::entry_corrected:
        case EventType::followup:
        case EventType::followup_status_change:
        case EventType::followup_updated:
        case EventType::artifact_attached:
        case EventType::escalated:
        case EventType::incident_linked:
        case EventType::redacted: return std::nullopt;
        case EventType::alert_ignored:
        case EventType::triage_run:
        case EventType::job_started:
        case EventType::job_finished:
        case EventType::report_generated:
        case EventType::risk_snapshot:
        case EventType::backlog_item:
        case EventType::gate_evaluated: return "a " + std::string(to_text(event.type)) + " is no event of an incident";
    }
    return "an unknown type of event";
}

}  // namespace

bool may_follow(IncidentStatus from, IncidentStatus to) {
    switch (from) {
        case IncidentStatus::open: return true;
        case IncidentStatus::mitigated: return true;
        case IncidentStatus::resolved: return to != IncidentStatus::mitigated;
        case IncidentStatus::closed: return to == IncidentStatus::open || to == IncidentStatus::closed;
    }
    return false;
}

bool is_reopening(IncidentStatus from, IncidentStatus to) { return !is_active(from) && to == IncidentStatus::open; }

std::optional<std::string> apply(IncidentState& state, const RecordHeader& event) {
    if (!state.exists() && event.type != EventType::incident_created) return "its incident has not been created";
    if (auto reason = take(state, event)) return reason;
    ++state.event_count;
    state.updated_at = state.updated_at == none ? event.occurred_at : std::max(state.updated_at, event.occurred_at);
    return std::nullopt;
}

}  // namespace daybook
