// How far a report of now sees (the gate, the follow-up summary, correlation, postmortems, risk).
#pragma once

#include <cstdint>

#include "journal/journal.hpp"

namespace daybook {

// The end (µs, exclusive) of what a report sees that is made for `now` from the first `size` events: behind what occurred at that
// very moment. But nothing lies behind a now that all of them were recorded before: what a source with a fast clock opened is open.
inline std::int64_t report_end(const JournalView& journal, Time now, std::uint64_t size) {
    const auto newest = journal.header({size});
    return newest && newest->recorded_at <= to_micros(now) ? INT64_MAX : to_micros(now) + 1;
}

}  // namespace daybook
