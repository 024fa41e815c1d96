#include "ops/notify/news.hpp"

namespace daybook {
namespace {

// Back to open from mitigated counts as reopened too: who was told that it is better must hear that it is not.
std::optional<News> news_of_status(IncidentStatus to) {
    switch (to) {
        case IncidentStatus::open: return News::reopened;
        case IncidentStatus::mitigated: return News::mitigated;
        case IncidentStatus::resolved: return News::resolved;
        case IncidentStatus::closed: return News::closed;
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_text(News news) {
    switch (news) {
        case News::opened: return "opened";
        case News::acknowledged: return "acknowledged";
        case News::assigned: return "assigned";
        case News::severity: return "severity";
        case News::escalated: return "escalated";
        case News::mitigated: return "mitigated";
        case News::resolved: return "resolved";
        case News::closed: return "closed";
        case News::reopened: return "reopened";
        case News::comms: return "comms";
        case News::followup: return "followup";
        case News::overdue: return "overdue";
    }
    return "?";
}

template <> std::optional<News> from_text(std::string_view text) {
    for (const News news : all_news) {
        if (text == to_text(news)) return news;
    }
    return std::nullopt;
}

template <> std::string choices<News>() {
    std::string all;
    for (const News news : all_news) {
        if (!all.empty()) all += ", ";
        all += to_text(news);
    }
    return all;
}

std::optional<News> news_of(const RecordHeader& event) {
    switch (event.type) {
        case EventType::incident_created: return News::opened;
        case EventType::severity_changed: return News::severity;
        case EventType::status_changed: return news_of_status(static_cast<IncidentStatus>(event.to));
        case EventType::acknowledged: return News::acknowledged;
        case EventType::assigned: return News::assigned;
        case EventType::comms: return News::comms;
        case EventType::followup: return News::followup;
        case EventType::escalated: return News::escalated;
        case EventType::incident_updated:
        case EventType::alert:
        case EventType::note:
        case EventType::decision:
        case EventType::action:
        case EventType::metric:
        case EventType::log:
        case EventType::entry_corrected:
        case EventType::followup_status_change:
        case EventType::followup_updated:
        case EventType::artifact_attached:
        case EventType::incident_linked:
        case EventType::incident_archived:
        case EventType::alert_ignored:
        case EventType::triage_run:
        case EventType::job_started:
        case EventType::job_finished:
        case EventType::report_generated:
        case EventType::risk_snapshot:
        case EventType::backlog_item:
        case EventType::gate_evaluated:
        case EventType::redacted: return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace daybook
