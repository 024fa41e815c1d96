// Single durable appends by many threads at once to a journal that holds --events already, beside a bare LMDB log with one index.
#include <algorithm>

#include <fmt/format.h>

#include "tests/bench/bare_lmdb.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/peers/peer.hpp"

namespace daybook::bench {
namespace {

constexpr double run_seconds = 1.5;
constexpr std::size_t chunk_events = 10'000;

}  // namespace

void bench_group_commit(const Setup& setup, Fixture&, Table& table) {
    constexpr std::size_t events_max = 100'000;  // more than any run appends
    EventMaker maker(setup.size);
    const Scratch scratch(setup.directory / "group");
    BenchJournal journal(scratch / "journal");
    BareLog bare(scratch / "bare");
    for (std::uint64_t left = setup.size.events; left > 0;) {
        std::vector<ReadyEvent> events = maker.next(static_cast<std::size_t>(std::min<std::uint64_t>(chunk_events, left)));
        left -= events.size();
        std::vector<BareLog::Event> plain;
        for (const ReadyEvent& ready : events) plain.push_back({ready.event.stream, ready.event.payload.text});
        bare.append_all(plain);
        journal->append_all(requests_of(events));
    }
    for (const unsigned threads : {1U, 16U, 64U}) {
        std::vector<double> rates, peers;
        for (int run = 0; run < setup.runs; ++run) {
            std::vector<ReadyEvent> events = maker.next(events_max);
            peers.push_back(rate_of_threads(threads, run_seconds, events.size(), [&](unsigned, std::size_t place) {
                bare.append(events[place].event.stream, events[place].event.payload.text);
            }));
            const std::vector<AppendRequest> requests = requests_of(events);
            rates.push_back(rate_of_threads(threads, run_seconds, events.size(), [&](unsigned, std::size_t place) {
                if (!journal->append(requests[place])) throw std::logic_error("an event of the world was refused");
            }));
        }
        table.rate(fmt::format("single durable appends, {} thread{}", threads, threads == 1 ? "" : "s"), "events/s", rates,
                   "bare LMDB log with an index", peers);
    }
}

}  // namespace daybook::bench
