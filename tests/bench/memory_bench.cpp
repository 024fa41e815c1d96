// How much memory ingest and rebuild take at their peak, at two sizes: it must not grow with the journal.
//
// Each is measured in a process of its own, this program started anew, since a peak cannot be reset. RssFile is what the kernel
// shows of the mapped journal: pages of the page cache, which it takes back when it needs them.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest/ingest.hpp"
#include "replay/views.hpp"
#include "tests/bench/bench.hpp"

namespace daybook::bench {

Resident resident() {
    Resident now;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:")) now.anonymous_kb = std::stoull(line.substr(8));
        if (line.starts_with("RssFile:")) now.file_kb = std::stoull(line.substr(8));
    }
    return now;
}

Resident peak_of(const std::function<void()>& work) {
    std::atomic<bool> over = false;
    Resident peak;
    std::thread watching([&] {
        while (!over) {
            const Resident now = resident();
            peak.anonymous_kb = std::max(peak.anonymous_kb, now.anonymous_kb);
            peak.file_kb = std::max(peak.file_kb, now.file_kb);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    });
    work();
    over = true;
    watching.join();
    return peak;
}

namespace {

// What the process that was started anew does: prints the two numbers.
Resident measure(const std::string& task, const std::filesystem::path& directory) {
    BenchJournal journal(directory / "journal");
    if (task == "rebuild") {
        Views views(directory / "views", *journal);
        return peak_of([&] { views.rebuild(""); });
    }
    TriagePolicy policy;
    IngestOptions options;
    options.caller = "bench";
    return peak_of(
        [&] { ingest_file({*journal, journal.index(), policy, journal.entropy()}, directory / "records.jsonl", options); });
}

Resident measure_apart(const std::string& task, const std::filesystem::path& directory) {
    std::string program = "/proc/self/exe", word = "measure-memory", what = task, where = directory.string();
    char* arguments[] = {program.data(), word.data(), what.data(), where.data(), nullptr};
    const auto answer = directory / "answer";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, answer.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t process = 0;
    const int code = posix_spawn(&process, program.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    if (code != 0 || waitpid(process, &status, 0) != process || status != 0) throw std::runtime_error("measuring memory failed");
    Resident peak;
    std::ifstream(answer) >> peak.anonymous_kb >> peak.file_kb;
    return peak;
}

}  // namespace

int print_memory(const std::string& task, const std::filesystem::path& directory) {
    const Resident peak = measure(task, directory);
    std::cout << peak.anonymous_kb << ' ' << peak.file_kb << '\n';
    return 0;
}

void bench_memory(const Setup& setup, Fixture& fixture, Table& table) {
    for (const char* task : {"ingest", "rebuild"}) {
        for (const std::uint64_t count : {setup.size.events / 10, setup.size.events}) {
            const Scratch scratch(setup.directory / "memory");
            std::filesystem::create_hard_link(fixture.records(count), scratch / "records.jsonl");
            Resident peak = measure_apart("ingest", scratch.path());
            if (std::string_view(task) == "rebuild") peak = measure_apart(task, scratch.path());
            const auto mebibytes = [](std::uint64_t kb) { return static_cast<double>(kb) / 1024; };
            table.text(fmt::format("memory of {} at {} records, peak", task, grouped(static_cast<double>(count))),
                       fmt::format("{:.0f} MiB (and {:.0f} MiB of the page cache mapped)", mebibytes(peak.anonymous_kb),
                                   mebibytes(peak.file_kb)));
        }
    }
}

}  // namespace daybook::bench
