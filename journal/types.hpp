// The small words of the catalogue: severities, statuses, event types; and the ids and counters.
//
// The numbers are on disk (journal/FORMAT.md). DO NOT CHANGE OR REUSE ONE; new ones are added at the end.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace daybook {

// An event's place in the journal: 1, 2, 3 …; 0 stands for "none".
struct Sequence {
    std::uint64_t value = 0;
    auto operator<=>(const Sequence&) const = default;
    explicit operator bool() const { return value != 0; }
    Sequence next() const { return {value + 1}; }
};

// A stream's number within this journal, from 1 in the order of first appearance; 0 stands for "none".
struct StreamNumber {
    std::uint32_t value = 0;
    auto operator<=>(const StreamNumber&) const = default;
    explicit operator bool() const { return value != 0; }
};

// An interned name's number within this journal, from 1; 0 stands for "none".
struct NameNumber {
    std::uint32_t value = 0;
    auto operator<=>(const NameNumber&) const = default;
    explicit operator bool() const { return value != 0; }
};

enum class Severity : std::uint8_t { p0 = 0, p1 = 1, p2 = 2, p3 = 3, p4 = 4 };  // P0 is the worst
enum class IncidentStatus : std::uint8_t { open = 0, mitigated = 1, resolved = 2, closed = 3 };
enum class AlertState : std::uint8_t { firing = 1, resolved = 2 };
enum class FollowupStatus : std::uint8_t { open = 0, in_progress = 1, blocked = 2, done = 3, cancelled = 4 };
enum class ArtifactFormat : std::uint8_t { json = 0, md = 1, txt = 2 };
enum class LinkRelation : std::uint8_t { duplicate_of = 0, caused_by = 1, related_to = 2 };

enum class EventType : std::uint8_t {
    incident_created = 1,
    incident_updated = 2,
    severity_changed = 3,
    status_changed = 4,
    acknowledged = 5,
    assigned = 6,
    alert = 7,
    note = 8,
    decision = 9,
    action = 10,
    comms = 11,
    metric = 12,
    log = 13,
    entry_corrected = 14,
    followup = 15,
    followup_status_change = 16,
    followup_updated = 17,
    artifact_attached = 18,
    escalated = 19,
    incident_linked = 20,
    incident_archived = 21,
    alert_ignored = 22,
    triage_run = 23,
    job_started = 24,
    job_finished = 25,
    report_generated = 26,
    risk_snapshot = 27,
    backlog_item = 28,
    gate_evaluated = 29,
    redacted = 30,
};
inline constexpr int event_type_count = 30;

// The words as they stand in payloads, files and answers.
std::string_view to_text(Severity);
std::string_view to_text(IncidentStatus);
std::string_view to_text(AlertState);
std::string_view to_text(FollowupStatus);
std::string_view to_text(ArtifactFormat);
std::string_view to_text(LinkRelation);
std::string_view to_text(EventType);

// The value whose word is `text`, or nothing. `T` is one of the enums above.
template <class T>
std::optional<T> from_text(std::string_view text);
template <> std::optional<Severity> from_text(std::string_view);
template <> std::optional<IncidentStatus> from_text(std::string_view);
template <> std::optional<AlertState> from_text(std::string_view);
template <> std::optional<FollowupStatus> from_text(std::string_view);
template <> std::optional<ArtifactFormat> from_text(std::string_view);
template <> std::optional<LinkRelation> from_text(std::string_view);
template <> std::optional<EventType> from_text(std::string_view);

// What a `T` may be, for error messages: "P0, P1, P2, P3, P4".
template <class T>
std::string choices();
template <> std::string choices<Severity>();
template <> std::string choices<IncidentStatus>();
template <> std::string choices<AlertState>();
template <> std::string choices<FollowupStatus>();
template <> std::string choices<ArtifactFormat>();
template <> std::string choices<LinkRelation>();
template <> std::string choices<EventType>();

inline bool is_active(IncidentStatus status) { return status == IncidentStatus::open || status == IncidentStatus::mitigated; }
inline bool is_finished(FollowupStatus status) { return status == FollowupStatus::done || status == FollowupStatus::cancelled; }
inline bool is_worse(Severity a, Severity b) { return a < b; }

// Whether `text` can be an incident's id: inc_YYYYMMDD_HHMM_<rand>, rand of [a-z0-9]{4,16}.
bool is_incident_id(std::string_view text);
// Whether `text` can be a stream: an incident's id, or one of $triage, $jobs, $risk, $backlog, $gates, $admin.
bool is_stream(std::string_view text);
// Whether `text` can be an actor: [A-Za-z0-9._@:-]{1,128}.
bool is_actor(std::string_view text);

// Limits of section 1 of the specification.
inline constexpr std::size_t key_bytes_max = 256;
inline constexpr std::size_t payload_bytes_max = 256 * 1024;
inline constexpr std::size_t artifact_bytes_max = 2 * 1024 * 1024;
inline constexpr std::size_t name_bytes_max = 128;

}  // namespace daybook
