// The moments that everything that can look at the past is asked for: `as_of`, `known_at`, `at_seq`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "journal/result.hpp"
#include "projections/horizon.hpp"

namespace daybook {

struct LookBack {
    std::optional<Time> as_of;            // what was true then: the events that had occurred by then
    std::optional<Time> known_at;         // what was known then: the events that had been recorded by then
    std::optional<std::uint64_t> at_seq;  // what was known then: the first so many events

    // Whether any was given: else it is about now.
    bool given() const { return as_of || known_at || at_seq; }
    // How far they let one see; several given: all of them hold. Refuses: invalid /at_seq, more events than there are.
    Result<Horizon> horizon(const JournalView& journal) const;
    // What counts as now for what is seen, and `otherwise` where nothing was given.
    Time now(const JournalView& journal, Time otherwise) const;
    // Sets what a report counts: the first so many of the `seen` events, and the moment that it is made for. Refuses as horizon().
    template <class Request>
    std::optional<Refusal> set(Request& request, const JournalView& journal, std::uint64_t seen, Time otherwise) const {
        const auto horizon = this->horizon(journal);
        if (!horizon) return horizon.refusal();
        request.size = std::min(horizon->size, seen);
        request.now = now(journal, otherwise);
        return std::nullopt;
    }
};

}  // namespace daybook
