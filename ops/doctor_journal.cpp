// What is around the journal and is no disk: readers, the clock, the views, dead letters.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <sys/timex.h>

#include "journal/small_file.hpp"
#include "ops/doctor.hpp"
#include "replay/replayer.hpp"

namespace daybook {
namespace {

constexpr std::uint64_t mebibyte = 1024 * 1024;

std::string list(const std::set<int>& processes) {
    std::string text;
    for (const int process : processes) text += (text.empty() ? "" : ", ") + std::to_string(process);
    return text;
}

std::string seconds(Microseconds time) { return fmt::format("{:.1f} s", std::chrono::duration<double>(time).count()); }

}  // namespace

// One that belongs to somebody else is alive too.
bool is_alive(int process) { return process > 0 && (::kill(process, 0) == 0 || errno == EPERM); }

Diagnosis judge_readers(std::span<const lmdb::Reader> readers, std::uint64_t commit, std::uint64_t held_bytes,
                        std::uint64_t used_bytes, const std::function<bool(int process)>& is_alive) {
    std::set<int> dead;
    std::optional<lmdb::Reader> oldest;  // of those that hold pages
    for (const lmdb::Reader& reader : readers) {
        if (!is_alive(reader.process)) dead.insert(reader.process);
        if (reader.commit && (!oldest || *reader.commit < *oldest->commit)) oldest = reader;
    }
    std::string found = fmt::format("{} in the table", readers.size());
    if (oldest) {
        found +=
            fmt::format("; the oldest, of process {}, reads as of {} commits ago and holds back {:.1f} MiB of free pages",
                        oldest->process, commit - std::min(commit, *oldest->commit), static_cast<double>(held_bytes) / mebibyte);
    }
    if (!dead.empty()) {
        return {"readers", Verdict::warning, found + "; of processes that died: " + list(dead),
                "nothing: their slots are cleared now, as they are whenever daybook opens the journal"};
    }
    if (oldest && held_bytes > std::max(64 * mebibyte, used_bytes / 4)) {
        return {"readers", Verdict::warning, found,
                fmt::format("end process {}, unless it is a backup: the file grows as long as it reads", oldest->process)};
    }
    return {"readers", Verdict::ok, found};
}

Diagnosis judge_clock(std::optional<Time> newest, Time now) {
    if (!newest) return {"clock", Verdict::ok, "it says " + format_time(now)};
    const Microseconds ahead = *newest - now;
    if (ahead <= std::chrono::seconds(1)) {
        return {"clock", Verdict::ok, "it says " + format_time(now) + "; the newest event was recorded before that"};
    }
    return {"clock", ahead > std::chrono::minutes(1) ? Verdict::problem : Verdict::warning,
            fmt::format("the newest event was recorded at {}, {} from now: the clock was ahead then, or is behind now",
                        format_time(*newest), seconds(ahead)),
            "set the clock; events are recorded at that time until it has passed, since recorded_at never decreases"};
}

Diagnosis check_synchronisation() {
    struct timex state{};
    const int answer = ::adjtimex(&state);
    if (answer < 0) return {"clock sync", Verdict::ok, "the kernel does not say"};
    if (answer == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
        return {"clock sync", Verdict::warning, "the kernel does not take its clock for synchronised",
                "run chrony or systemd-timesyncd; in a container or a virtual machine the host may see to it"};
    }
    return {"clock sync", Verdict::ok, fmt::format("the kernel takes its clock for synchronised, to {} µs", state.esterror)};
}

Diagnosis check_views(const std::filesystem::path& views, std::uint64_t size) {
    auto current = read_if_exists(views / "CURRENT", 4096);
    if (!current) return {"views", Verdict::ok, "there are none yet: the first command that reads makes them"};
    if (!current->empty() && current->back() == '\n') current->pop_back();
    lmdb::Options options;
    options.read_only = true;
    options.tables_max = 64;
    lmdb::Environment environment(views / *current, options);
    lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::read);
    const std::uint64_t reached = position_of_all(transaction).sequence.value;
    const std::size_t parked = parked_events(transaction).size();
    const std::string found =
        reached >= size ? "up to date" : fmt::format("{} events behind: the next command that reads catches up", size - reached);
    if (parked == 0) return {"views", Verdict::ok, found};
    return {"views", Verdict::warning,
            found + fmt::format("; {} events are left out, since a projection could not take them", parked),
            "`daybook stats` counts them; `daybook replay --rebuild` tries them again"};
}

Diagnosis check_dead_letters(const std::filesystem::path& file) {
    std::ifstream lines(file, std::ios::binary);
    const auto waiting = std::count(std::istreambuf_iterator<char>(lines), {}, '\n');
    if (waiting == 0) return {"dead letters", Verdict::ok, "none"};
    return {"dead letters", Verdict::warning, std::to_string(waiting) + " letters of what was refused wait in " + file.string(),
            "mend them there, and run `daybook ingest --dead-letters`"};
}

}  // namespace daybook
