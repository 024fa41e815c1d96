// What changed in an incident between two moments, and by whom.
//
// The two moments are horizons, of one clock or of both. The incident is folded within each; a field whose values differ is told
// with the events that made the difference: those that changed it in one fold and not in the other. On the clock of recording these
// are simply new events. On the clock of occurring a late entry may lie between two old ones, and change what they mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "projections/horizon.hpp"

namespace daybook {

struct IncidentDiff {
    struct Event {
        Sequence sequence;
        Time occurred_at{}, recorded_at{};
        EventType type = EventType::note;
        std::string actor;
    };
    struct Change {
        std::string field;
        std::string from, to;       // JSON texts; null where there was nothing
        std::vector<Event> events;  // by seq
    };
    struct Entry {
        Event event;
        std::string source;
        std::string message;
        std::optional<Sequence> corrects;  // of an entry_corrected
        bool late = false;                 // occurred at or before the first moment, and was told after it
    };

    bool existed = false;  // whether the incident was there at the first moment
    bool exists = false;   // and at the second
    std::vector<Change> changes;
    std::vector<Entry> entries;  // the events that are new at the second moment, by seq

    bool nothing() const { return changes.empty() && entries.empty(); }
};

struct IncidentDiffRequest {
    StreamNumber stream;
    Horizon from, to;  // `from` sees no further than `to`
    Time from_time{};  // when the first moment is: says what is late
};

// Of the fields of an incident's row, updated_at, ended_at and event_count are left out: they follow from the rest.
IncidentDiff incident_diff(const JournalView& journal, const IncidentDiffRequest& request);

}  // namespace daybook
