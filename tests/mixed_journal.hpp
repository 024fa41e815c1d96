// A journal of all sorts of events from a seed, for tests of what is looked up in it: many actors, sources, services and types,
// late events, events of the same moment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "replay/views.hpp"
#include "tests/support.hpp"

namespace daybook::test {

class MixedJournal {
public:
    explicit MixedJournal(std::uint64_t seed = 1) : seed_(seed) {}

    // Appends `count` events, some of them in one batch and thus recorded at one moment.
    void grow(std::uint64_t count);

    Journal& operator*() { return *journal_; }
    Journal* operator->() { return journal_.operator->(); }

    // What its events have.
    static std::vector<std::string> actors();
    static std::vector<std::string> sources();
    static std::vector<std::string> services();
    static std::vector<std::string> streams();

private:
    std::uint64_t below(std::uint64_t end);
    NewEvent event();

    std::uint64_t seed_;
    TestJournal journal_;
};

// One of `count` events, with views that have seen them.
struct IndexedJournal : MixedJournal {
    IndexedJournal(std::uint64_t seed, std::uint64_t count) : MixedJournal(seed) {
        grow(count);
        views.catch_up();
    }

    TemporaryDirectory directory;
    Views views{directory / "views", **this};
};

}  // namespace daybook::test
