// The same work by daybook and by what else people keep events in, in turns: load, timeline, whole log, single durable appends.
#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <numeric>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "journal/descriptor.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/peers/peer.hpp"

namespace daybook::bench {
namespace {

constexpr std::size_t chunk_events = 10'000;
constexpr std::size_t append_events = 150'000;  // more than anything appends in the time
constexpr double append_seconds = 1.5;
constexpr std::size_t timelines = 2000;
constexpr double timeline_seconds = 1;

struct Work {
    const char* name;
    const char* unit;
    unsigned writers = 0;
};
constexpr std::array<Work, 6> works = {{{"single durable append, one writer", "events/s", 1},
                                        {"single durable appends, 16 writers", "events/s", 16},
                                        {"single durable appends, 64 writers", "events/s", 64},
                                        {"bulk load, a commit each 10,000", "events/s"},
                                        {"whole log, read in order", "events/s"},
                                        {"a timeline of 20 events, p50", "µs"}}};
constexpr std::size_t load_work = 3, read_work = 4, timeline_work = 5;

// What daybook shall reach: for the timeline at most so much of the peer's time, else at least so much of its rate.
struct Goal {
    std::size_t work;
    const char* peer;
    double ratio;
    bool over_http = false;
};
constexpr Goal goals[] = {{2, "bare LMDB", 0.9},
                          {2, "Redis", 1},
                          {2, "Redis, XADD alone", 1},
                          {load_work, "DuckDB", 1},
                          {load_work, "DuckDB without indexes", 1},
                          {timeline_work, "SQLite", 1},
                          {timeline_work, "PostgreSQL", 1, true}};

// Of each run, for each work that the peer can do.
using Figures = std::array<std::vector<double>, works.size()>;

// Loads the world; returns streams with a whole timeline, from all over it.
std::vector<std::string> load(Peer& peer, EventMaker& maker, std::uint64_t count, double& seconds) {
    std::map<std::string, std::uint64_t> sizes;
    for (std::uint64_t left = count; left > 0;) {
        auto events = maker.next(static_cast<std::size_t>(std::min<std::uint64_t>(chunk_events, left)));
        left -= events.size();
        for (const ReadyEvent& ready : events) ++sizes[ready.event.stream];
        seconds += seconds_of([&] { peer.load(events); });
    }
    std::vector<std::string> streams;
    for (const auto& [stream, size] : sizes) {
        if (size >= timeline_rows) streams.push_back(stream);
    }
    Random random(1);
    for (std::size_t i = streams.size(); i > 1; --i) std::swap(streams[i - 1], streams[random.below(i)]);
    return streams;
}

// The median, in µs; nothing where the peer has no answer.
std::optional<double> timeline_micros(Peer& peer, const std::vector<std::string>& streams) {
    std::vector<double> micros;
    double seconds = 0;
    for (std::size_t i = 0; i < timelines && seconds < timeline_seconds && !streams.empty(); ++i) {
        std::uint64_t rows = 0;
        const double taken = seconds_of([&] { rows = peer.timeline(streams[i % streams.size()]); });
        if (rows == 0) return std::nullopt;
        if (rows != timeline_rows) throw std::logic_error(fmt::format("a timeline had {} rows", rows));
        seconds += taken;
        micros.push_back(1e6 * taken);
    }
    return micros.empty() ? std::nullopt : std::optional(median(micros));
}

void measure(const PeerKind& kind, const Setup& setup, Figures& figures) {
    const Scratch scratch(setup.directory / "peer");
    const auto peer = kind.make(scratch.path());
    EventMaker maker(setup.size);
    const std::uint64_t count = std::min(setup.size.events, kind.load_max);
    double seconds = 0;
    const std::vector<std::string> streams = load(*peer, maker, count, seconds);
    figures[load_work].push_back(static_cast<double>(count) / seconds);
    peer->settle();
    if (const auto micros = timeline_micros(*peer, streams)) figures[timeline_work].push_back(*micros);
    std::uint64_t read = 0;
    seconds = seconds_of([&] { read = peer->read_all(); });
    if (read != count) throw std::logic_error(fmt::format("{} of {} events were read", read, count));
    figures[read_work].push_back(static_cast<double>(count) / seconds);
    for (std::size_t work = 0; work < works.size(); ++work) {
        if (works[work].writers == 0) continue;
        std::vector<ReadyEvent> events = maker.next(append_events);
        figures[work].push_back(peer->append_rate(works[work].writers, append_seconds, events));
    }
}

// Writes of 4 KiB, each synced, a second.
double sync_rate(const std::filesystem::path& directory) {
    const Scratch scratch(directory / "sync");
    const Descriptor file(::open((scratch / "file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string page(4096, 'x');
    std::uint64_t done = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (std::chrono::steady_clock::now() < end) {
        if (::pwrite(file.get(), page.data(), page.size(), static_cast<off_t>(4096 * (done % 1024))) != 4096 ||
            ::fdatasync(file.get()) != 0)
            throw StorageError("cannot write " + scratch.path().string());
        ++done;
    }
    return static_cast<double>(done);
}

// Bytes a second that one core reads.
double memory_rate() {
    const std::vector<std::uint64_t> numbers(std::size_t{1} << 25, 1);
    std::uint64_t sum = 0;
    const double seconds = seconds_of([&] { sum = std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0}); });
    if (sum != numbers.size()) throw std::logic_error("memory forgets");
    return static_cast<double>(numbers.size() * sizeof numbers[0]) / seconds;
}

// How many times as fast the first is, in the median of the runs.
double times_as_fast(std::size_t work, const std::vector<double>& first, const std::vector<double>& second) {
    std::vector<double> ratios;
    for (std::size_t run = 0; run < std::min(first.size(), second.size()); ++run)
        ratios.push_back(work == timeline_work ? second[run] / first[run] : first[run] / second[run]);
    return median(ratios);
}

// A row for each, with how many times as fast daybook is behind each figure.
std::string matrix(const std::vector<PeerKind>& kinds, const std::vector<Figures>& figures, std::size_t daybook,
                   const std::vector<std::string>& missing, std::uint64_t events) {
    std::string out = std::string("| ") + kinds[daybook].name + " (×: times as fast as) |";
    for (const Work& work : works) out += fmt::format(" {}, {} |", work.name, work.unit);
    out += " remarks |\n|---|" + [] {
        std::string bars;
        for (std::size_t work = 0; work <= works.size(); ++work) bars += "---|";
        return bars;
    }() + '\n';
    for (std::size_t i = daybook; i < kinds.size(); ++i) {
        out += fmt::format("| {} |", kinds[i].name);
        for (std::size_t work = 0; work < works.size(); ++work) {
            const auto& own = figures[daybook][work];
            const auto& values = figures[i][work];
            out += ' ';
            if (!values.empty()) out += work == timeline_work ? fmt::format("{:.1f}", median(values)) : grouped(median(values));
            if (i != daybook && !values.empty() && !own.empty()) out += fmt::format(" (×{:.2f})", times_as_fast(work, own, values));
            out += " |";
        }
        std::string remark = missing[i].empty() ? kinds[i].note : "not measured: " + missing[i];
        if (missing[i].empty() && kinds[i].load_max < events) {
            remark += fmt::format("{}load and log of {} events", remark.empty() ? "" : "; ",
                                  grouped(static_cast<double>(kinds[i].load_max)));
        }
        out += fmt::format(" {} |\n", remark);
    }
    return out;
}

// A line for each goal.
void add_goals(Table& table, const std::vector<PeerKind>& kinds, const std::vector<Figures>& figures, std::size_t over_http) {
    for (const Goal& goal : goals) {
        const auto& own = figures[goal.over_http ? over_http : 0][goal.work];
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            if (std::string_view(kinds[i].name) != goal.peer || own.empty() || figures[i][goal.work].empty()) continue;
            const std::string title = std::string(works[goal.work].name) + (goal.over_http ? ", over HTTP" : "");
            if (goal.work == timeline_work) {
                table.time(title, own, goal.peer, figures[i][goal.work], goal.ratio);
            } else {
                table.rate(title, works[goal.work].unit, own, goal.peer, figures[i][goal.work], Wanted{goal.ratio, {}});
            }
        }
    }
}

}  // namespace

void bench_peers(const Setup& setup, Fixture&, Table& table) {
    const std::vector<PeerKind> kinds = peer_kinds(setup.packages);
    std::vector<Figures> figures(kinds.size());
    std::vector<std::string> missing(kinds.size());
    std::vector<double> syncs, memory;
    for (int run = 0; run < setup.runs; ++run) {
        syncs.push_back(sync_rate(setup.directory));
        memory.push_back(memory_rate());
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            if (!missing[i].empty()) continue;
            std::cerr << fmt::format("  run {}: {}\n", run + 1, kinds[i].name);
            try {
                measure(kinds[i], setup, figures[i]);
            } catch (const std::exception& error) {
                missing[i] = error.what();
            }
        }
    }
    table.text("the disk: 4 KiB written and synced", grouped(median(syncs)) + " a second");
    table.text("memory: bytes read by one core", fmt::format("{:.1f} GB/s", median(memory) / 1e9));

    constexpr std::size_t daybook = 0;
    const auto over_http = static_cast<std::size_t>(
        std::find_if(kinds.begin(), kinds.end(), [](const PeerKind& kind) { return kind.place == Place::over_a_socket; }) -
        kinds.begin());
    figures[over_http][load_work].clear();  // it loads in process
    add_goals(table, kinds, figures, over_http);
    table.append(matrix(kinds, figures, daybook, missing, setup.size.events));
    table.append(matrix(kinds, figures, over_http, missing, setup.size.events));
    for (std::size_t work = 0; work < works.size(); ++work) {
        Panel panel{works[work].name, works[work].unit, {}};
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            if (!figures[i][work].empty())
                panel.bars.push_back({kinds[i].name, median(figures[i][work]), i == daybook || i == over_http});
        }
        table.plot(std::move(panel));
    }
}

}  // namespace daybook::bench
