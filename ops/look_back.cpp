#include "ops/look_back.hpp"

#include <algorithm>

namespace daybook {

Result<Horizon> LookBack::horizon(const JournalView& journal) const {
    Horizon horizon;
    if (at_seq) {
        const std::uint64_t size = journal.size();
        if (*at_seq > size) {
            return Refusal{RefusalCode::invalid,
                           "the journal has " + std::to_string(size) + " events, not " + std::to_string(*at_seq), "/at_seq"};
        }
        horizon.size = *at_seq;
    }
    if (known_at) horizon.size = std::min(horizon.size, recorded_by(journal, *known_at));
    horizon.as_of = as_of;
    return horizon;
}

Time LookBack::now(const JournalView& journal, Time otherwise) const {
    if (as_of) return *as_of;
    if (known_at) return *known_at;
    const auto newest = at_seq && *at_seq != 0 ? journal.record({*at_seq}) : std::nullopt;
    return newest ? newest->recorded_at() : otherwise;
}

}  // namespace daybook
