// Single durable appends by many threads at once, beside a bare LMDB log with one index.
#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include <fmt/format.h>

#include "tests/bench/bare_lmdb.hpp"
#include "tests/bench/bench.hpp"

namespace daybook::bench {
namespace {

constexpr double run_seconds = 1.5;

// Calls `append` with the places of `count` events from so many threads, each place once, until the time or the events are over.
// Returns how many a second.
double append_rate(unsigned threads, std::size_t count, const std::function<void(std::size_t)>& append) {
    std::atomic<std::size_t> next = 0;
    std::atomic<std::size_t> done = 0;
    const double seconds = seconds_of([&] {
        const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(run_seconds);
        std::vector<std::thread> all;
        for (unsigned i = 0; i < threads; ++i) {
            all.emplace_back([&] {
                while (std::chrono::steady_clock::now() < end) {
                    const std::size_t place = next++;
                    if (place >= count) return;
                    append(place);
                    ++done;
                }
            });
        }
        for (std::thread& thread : all) thread.join();
    });
    return static_cast<double>(done) / seconds;
}

}  // namespace

void bench_group_commit(const Setup& setup, Fixture&, Table& table) {
    constexpr std::size_t events_max = 100'000;  // more than any run appends
    EventMaker maker(setup.size);
    const Scratch scratch(setup.directory / "group");
    BenchJournal journal(scratch / "journal");
    BareLog bare(scratch / "bare");
    for (const unsigned threads : {1U, 16U, 64U}) {
        std::vector<double> rates, peers;
        for (int run = 0; run < setup.runs; ++run) {
            std::vector<ReadyEvent> events = maker.next(events_max);
            peers.push_back(append_rate(threads, events.size(), [&](std::size_t place) {
                bare.append(events[place].event.stream, events[place].event.payload.text);
            }));
            const std::vector<AppendRequest> requests = requests_of(events);
            rates.push_back(append_rate(threads, events.size(), [&](std::size_t place) {
                if (!journal->append(requests[place])) throw std::logic_error("an event of the world was refused");
            }));
        }
        table.rate(fmt::format("single durable appends, {} thread{}", threads, threads == 1 ? "" : "s"), "events/s", rates,
                   "bare LMDB log with an index", peers);
    }
}

}  // namespace daybook::bench
