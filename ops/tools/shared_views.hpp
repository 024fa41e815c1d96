// The views as the threads of one process share them.
//
// Readers hold a snapshot each and wait for nobody but for what they themselves need: that what was appended before they asked is
// folded. One thread folds at a time; those that wait meanwhile find that it was done for them too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.hpp"
#include "projections/incidents.hpp"
#include "replay/views.hpp"

namespace daybook {

// Thread-safe.
class SharedViews {
public:
    using TellParked = std::function<void(const std::vector<Parked>&)>;

    // Both outlive it, and nobody else calls `views`. `tell_parked` hears what a fold left out, from the thread that folds.
    SharedViews(Views& views, const Journal& journal, TellParked tell_parked = {});

    // What a reader sees: the views after the first `size` events, and a journal that has those at least.
    struct Seen {
        lmdb::Transaction& views;
        const JournalView& journal;
        std::uint64_t size = 0;
    };
    // Everything that was appended before the call is in it, also where the disk is full. Keep `use` short; it must not call this
    // object.
    // Throws StorageError, as all below.
    void read(const std::function<void(const Seen&)>& use);
    // As read(), but folds nothing: what the views have seen by now.
    void look(const std::function<void(const Seen&)>& use);

    // The rows of one projection as they were within `limit`: made for the occasion, from the first event on. One call at a time,
    // the others wait.
    void read_past(const ReplayLimit& limit, std::string_view projection, const std::function<void(lmdb::Transaction&)>& use);

    struct CurrentIncident {
        IncidentRow row;
        std::uint64_t version = 0;  // of its stream; of the same moment
    };
    // One incident with everything that was appended before the call; nothing where there is none. A few of its events
    // that the views have not seen are folded on top of their row, so that it seldom waits for a fold of all.
    std::optional<CurrentIncident> incident(const std::string& incident_id);

    // Folds what was appended before the call, where nobody else has.
    void catch_up();

private:
    static constexpr std::size_t unseen_max = 64;  // folding so many costs less than the views' commit

    bool read_incident(const std::string& incident_id, std::size_t most, std::optional<CurrentIncident>& current);
    void read_in_memory(const std::function<void(const Seen&)>& use);
    std::shared_ptr<lmdb::Environment> environment();
    void open_tables();

    Views& views_;
    const Journal& journal_;
    const TellParked tell_parked_;

    std::mutex folding_;      // held while views_ is called
    std::uint64_t seen_ = 0;  // events that the views have seen at least; under folding_

    std::mutex handing_out_;  // short: of environment_
    std::shared_ptr<lmdb::Environment> environment_;

    std::mutex looking_back_;
};

}  // namespace daybook
