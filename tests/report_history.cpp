#include "tests/report_history.hpp"

#include <stdexcept>
#include <utility>

#include "replay/views.hpp"

namespace daybook::test {

void ReportHistory::happened(unsigned number, Time time, const Payload& payload) {
    events_.push_back(event_of(stream_name(number), payload, time));
}

void ReportHistory::opened(unsigned number, std::string_view time, Opening opening) {
    IncidentCreated created;
    created.severity = opening.severity;
    created.service = opening.service;
    created.env = opening.env;
    created.title = opening.title;
    created.signature = opening.signature;
    created.started_at = opening.started_at.value_or(at(time));
    happened(number, time, created);
}

void ReportHistory::changed(unsigned number, std::string_view time, IncidentStatus from, IncidentStatus to) {
    StatusChanged change;
    change.from = from;
    change.to = to;
    happened(number, time, change);
}

void ReportHistory::alerted(unsigned number, std::string_view time, std::string kind, AlertState state, std::string fingerprint) {
    Alert alert;
    alert.alert_ref = alert.fingerprint = fingerprint.empty() ? "alrt_" + std::to_string(number) : std::move(fingerprint);
    alert.title = "an alert";
    alert.service = "gateway";
    alert.env = "prod";
    alert.kind = std::move(kind);
    alert.source = "alertmanager";
    alert.state = state;
    alert.starts_at = at(time);
    happened(number, time, alert);
}

void ReportHistory::promised(unsigned number, std::string_view time, std::string id, std::optional<std::string_view> due_at,
                             std::optional<std::string> owner, Severity priority) {
    FollowupAdded added;
    added.followup_id = std::move(id);
    added.title = "Add a canary";
    added.owner = std::move(owner);
    added.priority = priority;
    if (due_at) added.due_at = at(*due_at);
    happened(number, time, added);
}

void ReportHistory::followup_changed(unsigned number, std::string_view time, std::string id, FollowupStatus from,
                                     FollowupStatus to) {
    FollowupStatusChanged change;
    change.followup_id = std::move(id);
    change.from = from;
    change.to = to;
    happened(number, time, change);
}

void ReportHistory::attached(unsigned number, std::string_view time, std::string kind) {
    ArtifactAttached attached;
    attached.artifact_id = "art_" + std::to_string(++artifacts_);
    attached.kind = std::move(kind);
    attached.format = ArtifactFormat::md;
    attached.name = attached.artifact_id + ".md";
    attached.sha256 = std::string(64, '0');
    happened(number, time, attached);
}

void ReportHistory::append_to(Journal& journal) const {
    AppendRequest request;
    request.decide = [this](const JournalView&, Time) -> Result<Batch> {
        Batch batch;
        batch.events = events_;
        return batch;
    };
    const auto appended = journal.append(request);
    if (!appended) throw std::runtime_error(appended.refusal().message);
}

void ReportHistory::look(const std::function<void(lmdb::Transaction&, const JournalView&)>& at) const {
    TestJournal journal;
    append_to(*journal);
    TemporaryDirectory directory;
    Views views(directory / "views", *journal);
    views.catch_up();
    auto transaction = views.read();
    const auto snapshot = journal->snapshot();
    at(transaction, *snapshot);
}

WeeklyDigest ReportHistory::digest(std::string_view week, std::optional<std::string_view> now, std::optional<std::uint64_t> size,
                                   const IntelligencePolicy& policy) {
    WeeklyDigest digest;
    look([&](lmdb::Transaction& views, const JournalView& journal) {
        DigestRequest request;
        request.week = parse_iso_week(week).value();
        request.now = at(now.value_or("2040-01-01T00:00:00Z"));
        request.size = size.value_or(journal.size());
        request.policy = policy;
        digest = weekly_digest(views, journal, request);
    });
    return digest;
}

FollowupSummary ReportHistory::summary(FollowupSummaryRequest request) {
    FollowupSummary summary;
    look([&](lmdb::Transaction& views, const JournalView& journal) {
        if (request.size == 0) request.size = journal.size();
        summary = followup_summary(views, journal, request);
    });
    return summary;
}

Correlations ReportHistory::correlations(unsigned number, CorrelateRequest request) {
    Correlations correlations;
    look([&](lmdb::Transaction& views, const JournalView& journal) {
        if (request.size == 0) request.size = journal.size();
        request.incident = journal.stream_number(stream_name(number)).value();
        correlations = correlate(views, journal, request).value();
    });
    return correlations;
}

Recurrence ReportHistory::recurrence(RecurrenceRequest request) {
    Recurrence found;
    look([&](lmdb::Transaction& views, const JournalView& journal) {
        if (request.size == 0) request.size = journal.size();
        found = daybook::recurrence(views, journal, request);
    });
    return found;
}

}  // namespace daybook::test
