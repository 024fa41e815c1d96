#include "tests/bench/bench.hpp"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>

#include <fmt/format.h>
#include <sys/resource.h>

namespace daybook::bench {

Scratch::Scratch(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
}

Scratch::~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

BenchJournal::BenchJournal(const std::filesystem::path& directory) {
    JournalOptions options;
    options.clock = [] { return std::chrono::floor<Microseconds>(std::chrono::system_clock::now()); };
    options.entropy = &entropy_;
    options.indexes = {&index_};
    journal_ = std::make_unique<Journal>(directory, options);
}

double seconds_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double thread_cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string grouped(double number) {
    std::string digits = fmt::format("{:.0f}", number);
    for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
    return digits;
}

namespace {

std::string verdict(double value, const Wanted& wanted) {
    if (wanted.aim && value >= *wanted.aim) return "aim reached";
    return value >= wanted.least ? "yes" : "NO";
}

std::vector<double> ratios(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> out;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) out.push_back(a[i] / b[i]);
    return out;
}

}  // namespace

void Table::add(Line line) {
    std::cerr << fmt::format("  {}: {}{}\n", line.work, line.figure,
                             line.ratio ? fmt::format("  ({:.3f} of {})", *line.ratio, line.peer) : "");
    lines_.push_back(std::move(line));
}

void Table::rate(const std::string& work, const std::string& unit, const std::vector<double>& rates, const std::string& peer,
                 const std::vector<double>& peer_rates, std::optional<Wanted> wanted) {
    Line line;
    line.work = work;
    line.figure = grouped(median(rates)) + ' ' + unit;
    line.peer = peer + ": " + grouped(median(peer_rates));
    line.ratio = median(ratios(rates, peer_rates));
    if (wanted) {
        line.wanted = fmt::format("at least {}", wanted->least) + (wanted->aim ? fmt::format(", aim {}", *wanted->aim) : "");
        line.verdict = verdict(*line.ratio, *wanted);
    }
    add(std::move(line));
}

void Table::rate(const std::string& work, const std::string& unit, const std::vector<double>& rates, std::optional<Wanted> wanted) {
    Line line;
    line.work = work;
    line.figure = grouped(median(rates)) + ' ' + unit;
    if (wanted) {
        line.wanted = "at least " + grouped(wanted->least) + (wanted->aim ? ", aim " + grouped(*wanted->aim) : "");
        line.verdict = verdict(median(rates), *wanted);
    }
    add(std::move(line));
}

void Table::time(const std::string& work, const std::vector<double>& micros, const std::string& peer,
                 const std::vector<double>& peer_micros, std::optional<double> most) {
    Line line;
    line.work = work;
    line.figure = fmt::format("{:.1f} µs", median(micros));
    line.peer = fmt::format("{}: {:.1f} µs", peer, median(peer_micros));
    line.ratio = median(ratios(micros, peer_micros));
    if (most) {
        line.wanted = fmt::format("at most {}", *most);
        line.verdict = *line.ratio <= *most ? "yes" : "NO";
    }
    add(std::move(line));
}

std::string Table::markdown() const {
    std::string out = "| work | daybook | beside it, in the same run | ratio | wanted | reached |\n|---|---|---|---|---|---|\n";
    for (const Line& line : lines_) {
        out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", line.work, line.figure, line.peer,
                           line.ratio ? fmt::format("{:.3f}", *line.ratio) : "", line.wanted, line.verdict);
    }
    return out + sections_;
}

BenchJournal& Fixture::journal() {
    if (!journal_) {
        std::cerr << "  filling a journal\n";
        const auto directory = setup_.directory / "journal";
        std::filesystem::remove_all(directory);
        journal_ = std::make_unique<BenchJournal>(directory);
        fill(*journal_, setup_.size, true);
    }
    return *journal_;
}

std::filesystem::path Fixture::records(std::uint64_t count) {
    const auto file = setup_.directory / ("records-" + std::to_string(count) + ".jsonl");
    if (!std::filesystem::exists(file)) {
        std::ofstream out(file, std::ios::binary);
        WorldSize size = setup_.size;
        size.incidents = size.incidents * count / size.events;
        size.events = count;
        write_records(out, size);
        if (!out.flush()) throw StorageError("cannot write " + file.string());
    }
    return file;
}

}  // namespace daybook::bench
