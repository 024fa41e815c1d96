// What the benchmarks share: a place for files, time, medians, and the table of results.
//
// Every figure is a median of several runs, and stands beside its peer or limit, measured in the same run in turns: on a noisy
// machine the ratio counts, not the figure.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/identifiers.hpp"
#include "journal/journal.hpp"
#include "projections/decision_index.hpp"
#include "tests/bench/world.hpp"

namespace daybook::bench {

// Removed with all that is in it.
class Scratch {
public:
    explicit Scratch(std::filesystem::path path);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

// A journal with the decision index, the real clock and real salts.
class BenchJournal {
public:
    explicit BenchJournal(const std::filesystem::path& directory);
    Journal& operator*() { return *journal_; }
    Journal* operator->() { return journal_.get(); }
    DecisionIndex& index() { return index_; }
    Entropy& entropy() { return entropy_; }

private:
    SystemEntropy entropy_;
    DecisionIndex index_;
    std::unique_ptr<Journal> journal_;
};

double seconds_of(const std::function<void()>& work);
// CPU time so far: of this process, all threads; of the calling thread.
double cpu_seconds();
double thread_cpu_seconds();
double median(std::vector<double> values);

// Memory of this process.
struct Resident {
    std::uint64_t anonymous_kb = 0;
    std::uint64_t file_kb = 0;  // of mapped files: pages of the page cache
};
Resident resident();
// The most that is seen while `work` goes on.
Resident peak_of(const std::function<void()>& work);

// One line of the table.
struct Line {
    std::string work;
    std::string figure;
    std::string peer;             // what it is compared with
    std::optional<double> ratio;  // figure to peer
    std::string wanted;           // "at least 0.15, aim 0.3"
    std::string verdict;          // "aim", "yes", "NO", or empty where nothing is wanted
};

struct Wanted {
    double least = 0;
    std::optional<double> aim;
};

// What one work took all that do it, for the plot.
struct Panel {
    struct Bar {
        std::string name;
        double value = 0;
        bool daybook = false;
    };
    std::string work;
    std::string unit;
    std::vector<Bar> bars;
};
// A drawing of bars on logarithmic scales, one below the other: SVG, for light and dark pages.
std::string draw(const std::vector<Panel>& panels);

class Table {
public:
    // Rates, each run a pair; the ratio is the median of the pairs' ratios.
    void rate(const std::string& work, const std::string& unit, const std::vector<double>& rates, const std::string& peer,
              const std::vector<double>& peer_rates, std::optional<Wanted> ratio_wanted = {});
    void rate(const std::string& work, const std::string& unit, const std::vector<double>& rates,
              std::optional<Wanted> wanted = {});
    // A time in µs against a peer's: at most `most` times as long.
    void time(const std::string& work, const std::vector<double>& micros, const std::string& peer,
              const std::vector<double>& peer_micros, std::optional<double> most = {});
    void text(const std::string& work, const std::string& figure) { add({work, figure, "", {}, "", ""}); }
    // A table of its own behind the lines, as Markdown.
    void append(const std::string& section) { sections_ += '\n' + section; }
    std::string markdown() const;

    // Panels without bars are left out.
    void plot(Panel panel) {
        if (!panel.bars.empty()) panels_.push_back(std::move(panel));
    }
    const std::vector<Panel>& panels() const { return panels_; }

private:
    void add(Line line);  // says it on standard error too
    std::vector<Line> lines_;
    std::string sections_;
    std::vector<Panel> panels_;
};

// 1234567 -> "1,234,567"
std::string grouped(double number);

// What a benchmark gets.
struct Setup {
    WorldSize size;
    int runs = 5;
    std::filesystem::path directory;  // for its files
    std::filesystem::path packages;   // node_modules, with peers
};

// A journal with all events of the world, and the records as a file: made when first asked for, and shared.
class Fixture {
public:
    explicit Fixture(const Setup& setup) : setup_(setup) {}
    BenchJournal& journal();
    // Takes over a journal that a benchmark has filled with all events.
    void adopt(std::unique_ptr<BenchJournal> journal) { journal_ = std::move(journal); }
    std::filesystem::path records(std::uint64_t count);

private:
    const Setup& setup_;
    std::unique_ptr<BenchJournal> journal_;
};

// Appends all events of the world in chunks; returns the seconds that the appends took. `seal_ahead`: payloads are sealed on a
// second thread, as ingest does; its time counts where it is not hidden.
double fill(BenchJournal& journal, const WorldSize& size, bool seal_ahead);

// The median time of a timeline of 20 events, in µs; `ids` become those of incidents that have one.
double timeline_micros(BenchJournal& journal, std::vector<std::string>& ids);

// Looks at seq and stream of every record, by a bare LMDB cursor. Returns the seconds.
double scan_headers(BenchJournal& journal);

using Benchmark = void (*)(const Setup& setup, Fixture& fixture, Table& table);
void bench_append(const Setup&, Fixture&, Table&);
void bench_group_commit(const Setup&, Fixture&, Table&);
void bench_http(const Setup&, Fixture&, Table&);
void bench_ingest(const Setup&, Fixture&, Table&);
void bench_rebuild(const Setup&, Fixture&, Table&);
void bench_timeline(const Setup&, Fixture&, Table&);
void bench_codecs(const Setup&, Fixture&, Table&);
void bench_reports(const Setup&, Fixture&, Table&);
void bench_digest(const Setup&, Fixture&, Table&);
void bench_verify(const Setup&, Fixture&, Table&);
void bench_postgres(const Setup&, Fixture&, Table&);
void bench_memory(const Setup&, Fixture&, Table&);
void bench_peers(const Setup&, Fixture&, Table&);
void bench_jsonl(const Setup&, Fixture&, Table&);
void bench_growth(const Setup&, Fixture&, Table&);
// What bench_memory starts in a process of its own: does the task there, and prints its peak.
int print_memory(const std::string& task, const std::filesystem::path& directory);

}  // namespace daybook::bench
