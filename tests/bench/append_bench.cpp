// Bulk append with everything on, beside a plain sequential file of the same payloads.
#include <algorithm>
#include <iostream>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "journal/payload.hpp"
#include "tests/bench/bench.hpp"

namespace daybook::bench {
namespace {

constexpr std::size_t chunk_events = 10'000;

void seal_all(std::vector<ReadyEvent>& events) {
    thread_local SystemEntropy entropy;
    Sha256 sha256;
    for (ReadyEvent& ready : events) seal(ready.event.payload, entropy, sha256);
}

void append_all(BenchJournal& journal, const std::vector<AppendRequest>& requests) {
    for (const auto& answer : journal->append_all(requests)) {
        if (!answer || answer->duplicate) throw std::logic_error("an event of the world was refused: " + (answer ? "duplicate" : answer.refusal().message));
    }
}

// Seconds to write the payloads of the world one after the other, synced after each chunk.
double write_plain(const std::filesystem::path& path, const WorldSize& size, std::uint64_t& bytes) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) throw StorageError("cannot write " + path.string());
    EventMaker maker(size);
    double seconds = 0;
    bytes = 0;
    for (std::uint64_t done = 0; done < size.events; done += chunk_events) {
        const auto events = maker.next(static_cast<std::size_t>(std::min<std::uint64_t>(chunk_events, size.events - done)));
        seconds += seconds_of([&] {
            std::string buffer;
            const auto write = [&] {
                if (::write(fd, buffer.data(), buffer.size()) != static_cast<ssize_t>(buffer.size())) throw StorageError("cannot write " + path.string());
                bytes += buffer.size();
                buffer.clear();
            };
            for (const ReadyEvent& ready : events) {
                buffer += ready.event.payload.text;
                if (buffer.size() >= 1024 * 1024) write();
            }
            write();
            if (::fdatasync(fd) != 0) throw StorageError("cannot sync " + path.string());
        });
    }
    ::close(fd);
    return seconds;
}

}  // namespace

double fill(BenchJournal& journal, const WorldSize& size, bool seal_ahead) {
    EventMaker maker(size);
    std::uint64_t left = size.events;
    const auto next = [&] {
        auto events = maker.next(static_cast<std::size_t>(std::min<std::uint64_t>(chunk_events, left)));
        left -= events.size();
        return events;
    };
    double seconds = 0;
    std::vector<ReadyEvent> events = next();
    if (seal_ahead) seconds += seconds_of([&] { seal_all(events); });
    while (!events.empty()) {
        std::vector<ReadyEvent> after = next();
        const std::vector<AppendRequest> requests = requests_of(events);
        seconds += seconds_of([&] {
            std::thread sealing;
            if (seal_ahead) sealing = std::thread([&] { seal_all(after); });
            append_all(journal, requests);
            if (sealing.joinable()) sealing.join();
        });
        events = std::move(after);
    }
    return seconds;
}

void bench_append(const Setup& setup, Fixture& fixture, Table& table) {
    const auto count = static_cast<double>(setup.size.events);
    std::vector<double> plain, ahead, alone;
    std::uint64_t bytes = 0;
    for (int run = 0; run < setup.runs; ++run) {
        {
            const Scratch scratch(setup.directory / "plain");
            plain.push_back(count / write_plain(scratch / "events", setup.size, bytes));
        }
        {
            const Scratch scratch(setup.directory / "append");
            BenchJournal journal(scratch.path());
            alone.push_back(count / fill(journal, setup.size, false));
        }
        const auto directory = setup.directory / "journal";
        fixture.adopt(nullptr);
        std::filesystem::remove_all(directory);
        auto journal = std::make_unique<BenchJournal>(directory);
        ahead.push_back(count / fill(*journal, setup.size, true));
        fixture.adopt(std::move(journal));
        std::cerr << fmt::format("  run {}: plain {}, one thread {}, sealed ahead {}\n", run + 1, grouped(plain.back()), grouped(alone.back()), grouped(ahead.back()));
    }
    table.text("bytes of a payload, mean", fmt::format("{:.0f}", static_cast<double>(bytes) / count));
    table.text("bytes of an event on disk", fmt::format("{:.0f}", static_cast<double>(fixture.journal()->environment().used_bytes()) / count));
    const Wanted wanted{0.15, 0.3};
    table.rate("bulk append, sealed ahead on a second thread", "events/s", ahead, "plain file, a sync each 10,000", plain, wanted);
    table.rate("bulk append, all in one thread", "events/s", alone, "plain file, a sync each 10,000", plain, wanted);
}

}  // namespace daybook::bench
