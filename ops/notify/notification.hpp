// What one receiver is told: a body that says what happened and how the incident stands then, and the headers that sign it
// (Standard Webhooks, https://www.standardwebhooks.com).
//
//   {"id":"…","kind":"resolved","origin":"…","event":{a line of events.jsonl},"incident":{a line of incidents.jsonl}}
//   {"id":"…","kind":"overdue","origin":"…","followup":{"followup_id":…,"title":…,"owner":…,"priority":…,"due_at":…},"incident":{…}}
//
// Told of the same event twice, a receiver gets the same id and the same body: the incident is as it was after that event.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ops/notify/notify_policy.hpp"
#include "projections/followups.hpp"
#include "projections/incidents.hpp"

namespace daybook {

struct Notification {
    // The event's; of an overdue follow-up its own, `-` and the moment when it became so, in µs. Where that is not of
    // [A-Za-z0-9_-], 1 to 64, its SHA-256 in hex.
    std::string id;
    News kind = News::opened;
    std::string incident_id;
    std::string body;
    // When it became news, by the clock that recorded it.
    Time since{};
    // It was written down more than `give_up_after` after it happened, as an import does: history, which is told nobody. Not where
    // an alert source says it of an incident that is still active, or whose opening was news.
    bool of_old = false;
};

// Since when, by the clock that recorded it, the receiver hears of the incident: from the first event of the stream's first
// `version` after which it was of a severity, a service and an env that the receiver asked for. Who heard that it began hears the
// rest, whatever becomes of those. Nothing where it was never such.
std::optional<Time> heard_since(StreamNumber incident, std::uint64_t version, const Receiver& receiver, const JournalView& journal);

// What `event` is to the receiver; nothing where it did not ask for it.
std::optional<Notification> notification_of(const RecordView& event, const JournalView& journal, const Receiver& receiver);

// What the receiver is told of a follow-up that became overdue at `since`, and of whose incident, which is as it is now, it hears
// since `heard`. Nothing where that it is overdue was written down too late.
std::optional<Notification> overdue_notification(const Followup& followup, Time since, Time heard, const IncidentRow& incident,
                                                 const std::string& origin, const Receiver& receiver);

// Since when, by the clock that recorded it, an overdue follow-up has been so without a break: its due date, or the moment in
// which it was written down, was set to that date, or was taken up again. Nothing where it is not overdue at `now`.
std::optional<Time> overdue_since(const Followup& followup, const JournalView& journal, Time now);

// webhook-id, webhook-timestamp and webhook-signature (v1) of a delivery at `now`.
std::vector<std::pair<std::string, std::string>> signature_headers(const Notification& notification, std::string_view secret,
                                                                   Time now);

}  // namespace daybook
