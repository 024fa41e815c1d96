// How cost grows with the journal: 10^4, 10^5 … events, as far as --events goes. Nothing may be worse than linear; what a caller
// waits for, start-up and a timeline, must be flat.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include <fmt/format.h>

#include "ingest/ingest.hpp"
#include "replay/views.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/peers/peer.hpp"
#include "tests/support.hpp"

#include "places.hpp"  // made by meson

namespace daybook::bench {
namespace {

constexpr std::uint64_t smallest = 10'000;
constexpr std::uint64_t once_from = 1'000'000;  // from here on a figure is of enough events to be measured once
constexpr double linear = 0.7;                  // of the rate at a tenth of the size: the machine is noisy
constexpr double flat = 1.5;

struct Costs {
    std::vector<double> bytes, load, append, ingest, rebuild, verify;  // bytes of an event; events a second
    std::vector<double> timeline, start;                               // µs
};

std::string run_daybook(const std::filesystem::path& data, std::vector<std::string> words) {
    words.insert(words.begin(), {DAYBOOK_PROGRAM, "-q", "--data", data.string()});
    const test::Outcome outcome = test::run(words);
    if (outcome.status != 0) throw std::runtime_error("daybook: " + outcome.err);
    return outcome.out;
}

double ingest_rate(const Setup& setup) {
    const Scratch scratch(setup.directory / "ingest");
    const auto file = scratch / "records.jsonl";
    {
        std::ofstream out(file, std::ios::binary);
        write_records(out, setup.size);
    }
    BenchJournal journal(scratch / "journal");
    TriagePolicy policy;
    IngestOptions options;
    options.caller = "bench";
    IngestCounts counts;
    const double seconds =
        seconds_of([&] { counts = ingest_file({*journal, journal.index(), policy, journal.entropy()}, file, options); });
    return static_cast<double>(counts.read) / seconds;
}

void measure(const Setup& setup, Costs& costs) {
    costs.ingest.push_back(ingest_rate(setup));
    const Scratch data(setup.directory / "growth");
    const auto count = static_cast<double>(setup.size.events);
    std::vector<std::string> ids;
    {
        BenchJournal journal(data / "journal");
        costs.load.push_back(count / fill(journal, setup.size, true));
        costs.bytes.push_back(static_cast<double>(journal->environment().used_bytes()) / count);
        costs.timeline.push_back(timeline_micros(journal, ids));
        {
            const Scratch scratch(setup.directory / "views");
            Views views(scratch.path(), *journal);
            costs.rebuild.push_back(count / seconds_of([&] { views.rebuild(""); }));
        }
        WorldSize more = setup.size;
        more.seed += 100;
        EventMaker maker(more);
        std::vector<ReadyEvent> events = maker.next(20'000);
        const std::vector<AppendRequest> requests = requests_of(events);
        costs.append.push_back(rate_of_threads(64, 1, requests.size(), [&](unsigned, std::size_t place) {
            if (!journal->append(requests[place])) throw std::logic_error("an event of the world was refused");
        }));
    }
    costs.verify.push_back(count / seconds_of([&] { run_daybook(data.path(), {"verify"}); }));
    run_daybook(data.path(), {"replay"});
    std::vector<double> starts;
    for (int i = 0; i < 21; ++i) {
        const std::string& id = ids[static_cast<std::size_t>(i) % ids.size()];
        starts.push_back(1e6 * seconds_of([&] { run_daybook(data.path(), {"incident", "show", id}); }));
    }
    costs.start.push_back(median(starts));
}

}  // namespace

void bench_growth(const Setup& setup, Fixture&, Table& table) {
    std::optional<Costs> before;
    for (std::uint64_t events = smallest; events <= setup.size.events; events *= 10) {
        Setup now = setup;
        now.size.events = events;
        now.size.incidents = std::max<std::uint64_t>(1, setup.size.incidents * events / setup.size.events);
        Costs costs;
        const int runs = events < once_from ? setup.runs : 1;
        for (int run = 0; run < runs; ++run) {
            std::cerr << fmt::format("  {} events, run {}\n", grouped(static_cast<double>(events)), run + 1);
            measure(now, costs);
        }
        const std::string size = " of " + grouped(static_cast<double>(events)) + " events";
        table.text("bytes of an event on disk," + size, fmt::format("{:.0f}", median(costs.bytes)));
        const auto rate = [&](const std::string& work, const std::vector<double> Costs::* figure) {
            if (before) {
                table.rate(work + size, "events/s", costs.*figure, "a tenth", (*before).*figure, Wanted{linear, {}});
            } else {
                table.rate(work + size, "events/s", costs.*figure);
            }
        };
        const auto time = [&](const std::string& work, const std::vector<double> Costs::* figure) {
            if (before) {
                table.time(work + size, costs.*figure, "a tenth", (*before).*figure, flat);
            } else {
                table.text(work + size, fmt::format("{:.1f} µs", median(costs.*figure)));
            }
        };
        rate("bulk append", &Costs::load);
        rate("durable appends by 64 writers to a journal", &Costs::append);
        rate("ingest", &Costs::ingest);
        rate("rebuild of all projections", &Costs::rebuild);
        rate("verify", &Costs::verify);
        time("a timeline of 20 in a journal", &Costs::timeline);
        time("`daybook incident show`, from start to end, in a journal", &Costs::start);
        before = std::move(costs);
    }
}

}  // namespace daybook::bench
