// Drives projections over the journal: the one loop that catch-up, rebuild, check and a look at the past share.
//
// On disk, in the views' environment, beside the projections' own tables:
//   positions  projection -> how far it has got: seq (8), leaf hash of that event (32)
//   parked     projection, 0, seq (8, big-endian) -> why the event could not be taken
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.hpp"
#include "journal/lmdb.hpp"
#include "projections/projection.hpp"
#include "replay/event_feed.hpp"

namespace daybook {

// All projections, fresh, in a fixed order.
std::vector<std::unique_ptr<Projection>> make_projections();

// An event that a projection could not take. It stops nothing, and is not forgotten.
struct Parked {
    std::string projection;
    Sequence sequence;
    std::string reason;
};

// How far a replay goes.
struct ReplayLimit {
    std::uint64_t size = 0;     // the first so many events
    std::optional<Time> as_of;  // of those, the ones that occurred at or before this
};

struct Position {
    Sequence sequence;
    Digest leaf{};
};

class Replayer {
public:
    // `journal` and `views` outlive it. `only` names the one projection to run; empty: all.
    Replayer(const Journal& journal, lmdb::Environment& views, std::string_view only = {});

    // Folds the events after each projection's position up to the limit, in transactions of bounded size; each stores the positions
    // with its rows. `progress` gets the seq that has been reached. Returns what was parked on the way.
    // Throws StorageError: what was committed stands.
    std::vector<Parked> run(const ReplayLimit& limit, const std::function<void(Sequence)>& progress = {});

    // Folds them into a write transaction of the caller's, who need not commit it.
    std::vector<Parked> fold_into(lmdb::Transaction& transaction, const ReplayLimit& limit);

private:
    // Folds some of them; returns the seq that was reached.
    Sequence fold_batch(lmdb::Transaction& transaction, const ReplayLimit& limit, std::unique_ptr<EventFeed>& feed,
                        std::vector<Parked>& parked);
    PayloadUse payload_use(EventType type) const;

    const Journal& journal_;
    lmdb::Environment& views_;
    std::vector<std::unique_ptr<Projection>> projections_;
    PayloadDecoder payloads_;
};

// How far a projection has got in these views; seq 0 at the start.
Position position_of(lmdb::Transaction& transaction, std::string_view projection);
// The least position of all projections.
Position position_of_all(lmdb::Transaction& transaction);
// Everything that is parked, by projection and seq.
std::vector<Parked> parked_events(lmdb::Transaction& transaction);

}  // namespace daybook
