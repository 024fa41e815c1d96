#include "ops/notify/notification.hpp"

#include <algorithm>

#include "ingest/sources.hpp"
#include "journal/base64.hpp"
#include "journal/hmac.hpp"
#include "projections/horizon.hpp"
#include "projections/jsonl_layout.hpp"
#include "projections/object_text.hpp"
#include "projections/timeline.hpp"

namespace daybook {
namespace {

bool is_one_of(const std::vector<std::string>& names, std::string_view name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// An id stands in a header, and is signed with a `.` behind it, so it must hold none (Standard Webhooks). What an import brought
// may be any text; then its SHA-256 stands for it, the same each time that it is told.
std::string message_id(std::string id) {
    constexpr std::size_t bytes_max = 64;
    constexpr std::string_view safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    if (!id.empty() && id.size() <= bytes_max && id.find_first_not_of(safe) == std::string::npos) return id;
    Sha256 sha256;
    return to_hex(sha256({id}));
}

std::string body_of(const Notification& notification, std::string_view origin, std::string_view about, const std::string& json,
                    const IncidentRow& incident) {
    std::string body;
    ObjectText object(body);
    object.text("id", notification.id);
    object.text("kind", to_text(notification.kind));
    object.text("origin", origin);
    object.raw(about, json);
    object.raw("incident", "");
    append_incident(body, incident);
    object.finish();
    return body;
}

// A message is under way within that time, unless its receiver is down.
constexpr std::chrono::minutes told_within{1};

bool is_old(const RecordHeader& event, const Receiver& receiver) {
    return from_micros(event.recorded_at) - from_micros(event.occurred_at) > receiver.give_up_after;
}

// What an alert source says is news, however long ago it began (a silence that ended, a source that was cut off), of an incident
// that is still active, and of one whose opening was told: who heard of that must hear the rest. What is left is a backfill.
bool is_news_yet(const RecordView& event, const JournalView& journal, const Receiver& receiver) {
    if (!alert_format(journal.name({event.header().source}))) return false;
    const auto opening = journal.header(journal.stream_sequences(event.stream(), 1, 1).front());
    if (!is_old(*opening, receiver)) return true;
    // It was told as an active one, in the time until this came.
    if (event.recorded_at() - from_micros(opening->recorded_at) > told_within) return true;
    const auto now = incident_within(journal, event.stream(), {journal.size(), {}});
    return now && now->state.active() && !now->state.archived();
}

std::string followup_json(const Followup& followup) {
    std::string json;
    ObjectText object(json);
    object.text("followup_id", followup.id);
    object.text("title", followup.state.title);
    object.text_or_null("owner", followup.state.owner);
    object.text("priority", to_text(followup.state.priority));
    object.text("status", to_text(followup.state.status));
    object.time("due_at", followup.state.due_at);
    object.finish();
    return json;
}

}  // namespace

std::optional<Time> heard_since(StreamNumber incident, std::uint64_t version, const Receiver& receiver,
                                const JournalView& journal) {
    auto severity = static_cast<std::uint8_t>(Severity::p4);
    bool of_service = false, of_env = false;
    for (const Sequence sequence : journal.stream_sequences(incident, 1, version)) {
        const auto event = journal.header(sequence);
        const bool created = event->type == EventType::incident_created;
        if (created) severity = event->severity;
        if (event->type == EventType::severity_changed) severity = event->to;
        if (created || event->type == EventType::incident_updated) {  // which has only what it changed
            if (event->service != 0) of_service = is_one_of(receiver.services, journal.name({event->service}));
            if (event->env != 0) of_env = is_one_of(receiver.envs, journal.name({event->env}));
        }
        if (of_service && of_env && severity <= static_cast<std::uint8_t>(receiver.severity))
            return from_micros(event->recorded_at);
    }
    return std::nullopt;
}

std::optional<Notification> notification_of(const RecordView& event, const JournalView& journal, const Receiver& receiver) {
    const auto kind = news_of(event.header());
    if (!kind || !receiver.events.has(*kind)) return std::nullopt;
    const auto incident = incident_within(journal, event.stream(), {event.sequence().value, {}});
    if (!incident || !heard_since(event.stream(), event.header().version, receiver, journal)) return std::nullopt;
    Notification notification;
    notification.of_old = is_old(event.header(), receiver) && !is_news_yet(event, journal, receiver);
    notification.id = message_id(event.event_id());
    notification.kind = *kind;
    notification.incident_id = incident->id;
    notification.since = event.recorded_at();
    TimelineReader reader;
    std::string line;
    append_line(line, reader.read(event, journal));
    line.pop_back();  // its end
    notification.body = body_of(notification, journal.origin(), "event", line, *incident);
    return notification;
}

std::optional<Notification> overdue_notification(const Followup& followup, Time since, Time heard, const IncidentRow& incident,
                                                 const std::string& origin, const Receiver& receiver) {
    if (since - from_micros(followup.state.due_at) > receiver.give_up_after) return std::nullopt;
    Notification notification;
    notification.id = message_id(followup.id + '-' + std::to_string(to_micros(since)));
    notification.kind = News::overdue;
    notification.incident_id = followup.incident_id;
    notification.since = std::max(since, heard);
    notification.body = body_of(notification, origin, "followup", followup_json(followup), incident);
    return notification;
}

std::optional<Time> overdue_since(const Followup& followup, const JournalView& journal, Time now) {
    const std::int64_t due_at = followup.state.due_at;
    if (!followup.state.overdue(to_micros(now))) return std::nullopt;
    std::int64_t recorded_at = 0;  // of the first of the last changes that all left it unfinished and due then
    for (auto change = followup.changes.rbegin(); change != followup.changes.rend(); ++change) {
        if (change->state.finished() || change->state.due_at != due_at) break;
        const auto header = journal.header({change->sequence});
        if (header) recorded_at = header->recorded_at;
    }
    return from_micros(std::max(due_at, recorded_at));
}

std::vector<std::pair<std::string, std::string>> signature_headers(const Notification& notification, std::string_view secret,
                                                                   Time now) {
    const std::string seconds = std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
    const Digest digest = hmac_sha256(secret, {notification.id, ".", seconds, ".", notification.body});
    return {{"webhook-id", notification.id},
            {"webhook-timestamp", seconds},
            {"webhook-signature", "v1," + to_base64(bytes_of(digest))}};
}

}  // namespace daybook
