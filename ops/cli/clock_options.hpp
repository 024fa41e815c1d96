// The options of every command that can look at the past: --as-of, --known-at, --at-seq.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ops/cli/session.hpp"
#include "ops/look_back.hpp"
#include "projections/horizon.hpp"

namespace CLI {
class App;
}

namespace daybook {

class ClockOptions {
public:
    enum class Clocks { both, recorded };
    // Adds them to `command`, which outlives it; without --as-of for a report that has its own end.
    explicit ClockOptions(CLI::App& command, Clocks clocks = Clocks::both);

    // Whether any was given: else the command is about now.
    bool given() const;
    // How far they let one see; several given: all of them hold. Throws CommandError (usage): no time, more events than there are.
    Horizon horizon(const JournalView& journal) const;
    // What counts as now for what is seen: the moment that was asked for, else --now, else that of the last event of --at-seq, else
    // the clock.
    Time now(const Session& session, const JournalView& journal) const;
    // Sets what a report counts: the first so many of the `seen` events, and the moment that it is made for.
    template <class Request>
    void set(Request& request, const Session& session, const JournalView& journal, std::uint64_t seen) const {
        request.size = std::min(horizon(journal).size, seen);
        request.now = now(session, journal);
    }
    // Throws CommandError (usage) where any was given: what `option` writes down is of now.
    void refuse_beside(const std::string& option) const;

    // Hands over the rows of a projection as they were: the live views where nothing was given, else made for the occasion.
    void read_views(Session& session, std::string_view projection, const std::function<void(lmdb::Transaction&)>& use) const;

private:
    LookBack look_back() const;  // throws CommandError (usage)

    const CLI::App& command_;
    std::string as_of_, known_at_;
    std::uint64_t at_seq_ = 0;
};

}  // namespace daybook
