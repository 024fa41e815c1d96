// How far a look at the past sees, on both clocks: what was true by then, and what was known by then.
//
// An event counts where it is among the first `size` (the clock of recording, since recorded_at never decreases with seq) and
// occurred at or before `as_of` (the clock of occurring). A fold over the events that count, in the order of seq, is the past.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "journal/journal.hpp"
#include "projections/incidents.hpp"

namespace daybook {

struct Horizon {
    std::uint64_t size = UINT64_MAX;
    std::optional<Time> as_of;

    bool includes(const RecordView& record) const {
        return record.sequence().value <= size && (!as_of || record.occurred_at() <= *as_of);
    }
    bool operator==(const Horizon&) const = default;
};

// How many events had been recorded at `time` or before. A binary search.
std::uint64_t recorded_by(const JournalView& journal, Time time);

// The seqs of the stream's events that count.
std::vector<Sequence> sequences_within(const JournalView& journal, StreamNumber stream, const Horizon& horizon);

// The incident as it is within the horizon; nothing where it has not been created there.
std::optional<IncidentRow> incident_within(const JournalView& journal, StreamNumber stream, const Horizon& horizon);

}  // namespace daybook
