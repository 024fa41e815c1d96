// The incident fold: what is true of an incident after its events so far (section 1, "State of an incident").
//
// It is written once: the decision index keeps it in the journal's own environment, the views keep it in theirs, and a
// look at the past folds it anew. It needs only record headers, so it runs without parsing a payload.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "journal/record.hpp"
#include "journal/types.hpp"

namespace daybook {

// Plain numbers, as they are stored. Times are µs since 1970, RecordHeader::no_time where there is none.
struct IncidentState {
    Severity severity = Severity::p2;
    IncidentStatus status = IncidentStatus::open;
    std::uint8_t unused[2] = {};
    std::uint32_t event_count = 0;
    std::uint32_t service = 0;  // interned names; kind may be 0
    std::uint32_t env = 0;
    std::uint32_t kind = 0;
    std::uint32_t created_by = 0;
    std::int64_t started_at = RecordHeader::no_time;
    std::int64_t created_at = RecordHeader::no_time;
    std::int64_t updated_at = RecordHeader::no_time;
    std::int64_t acknowledged_at = RecordHeader::no_time;
    std::int64_t mitigated_at = RecordHeader::no_time;
    std::int64_t resolved_at = RecordHeader::no_time;
    std::int64_t closed_at = RecordHeader::no_time;
    std::int64_t archived_at = RecordHeader::no_time;
    std::int64_t last_change = RecordHeader::no_time;  // of status or severity; a later command for those may not lie before it

    bool exists() const { return event_count != 0; }
    bool active() const { return is_active(status); }
    bool acknowledged() const { return acknowledged_at != RecordHeader::no_time; }
    bool archived() const { return archived_at != RecordHeader::no_time; }
    // resolved_at, or closed_at where that is none.
    std::int64_t ended_at() const { return resolved_at != RecordHeader::no_time ? resolved_at : closed_at; }

    template <class Archive>
    void serialize(Archive& archive) {
        archive(severity, status, event_count, service, env, kind, created_by, started_at, created_at, updated_at, acknowledged_at,
                mitigated_at, resolved_at, closed_at, archived_at, last_change);
    }
};

// Takes the next event of the incident's stream. Returns why it can't be taken; the state is then as before.
std::optional<std::string> apply(IncidentState& state, const RecordHeader& event);

// Whether a status may follow another (to the same one is no change at all, and always well).
bool may_follow(IncidentStatus from, IncidentStatus to);
// Whether that change is a reopening.
bool is_reopening(IncidentStatus from, IncidentStatus to);

}  // namespace daybook
