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
        if (!answer || answer->duplicate)
            throw std::logic_error("an event of the world was refused: " + (answer ? "duplicate" : answer.refusal().message));
    }
}

// A file that is written to in pieces of one size, and synced when asked.
class PlainFile {
public:
    PlainFile(const std::filesystem::path& path, std::size_t piece_bytes)
        : path_(path), piece_bytes_(piece_bytes), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
        if (fd_ < 0) throw StorageError("cannot write " + path.string());
    }
    ~PlainFile() { ::close(fd_); }
    PlainFile(const PlainFile&) = delete;
    PlainFile& operator=(const PlainFile&) = delete;

    void add(const std::vector<ReadyEvent>& events) {
        seconds_ += seconds_of([&] {
            for (const ReadyEvent& ready : events) {
                buffer_ += ready.event.payload.text;
                if (buffer_.size() >= piece_bytes_) write();
            }
            write();
            if (::fdatasync(fd_) != 0) throw StorageError("cannot sync " + path_.string());
        });
    }
    double seconds() const { return seconds_; }
    std::uint64_t bytes() const { return bytes_; }

private:
    void write() {
        if (::write(fd_, buffer_.data(), buffer_.size()) != static_cast<ssize_t>(buffer_.size())) {
            throw StorageError("cannot write " + path_.string());
        }
        bytes_ += buffer_.size();
        buffer_.clear();
    }

    std::filesystem::path path_;
    std::size_t piece_bytes_;
    int fd_;
    std::string buffer_;
    double seconds_ = 0;
    std::uint64_t bytes_ = 0;
};

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
    std::vector<double> plain, large_pieces, ahead, alone;
    double bytes = 0;
    for (int run = 0; run < setup.runs; ++run) {
        {
            const Scratch scratch(setup.directory / "plain");
            PlainFile file(scratch / "64k", std::size_t{64} * 1024);
            PlainFile large(scratch / "1m", std::size_t{1024} * 1024);
            EventMaker maker(setup.size);
            for (std::uint64_t left = setup.size.events; left > 0;) {
                const auto events = maker.next(static_cast<std::size_t>(std::min<std::uint64_t>(chunk_events, left)));
                left -= events.size();
                file.add(events);
                large.add(events);
            }
            plain.push_back(count / file.seconds());
            large_pieces.push_back(count / large.seconds());
            bytes = static_cast<double>(file.bytes());
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
        std::cerr << fmt::format("  run {}: plain {}, one thread {}, sealed ahead {}\n", run + 1, grouped(plain.back()),
                                 grouped(alone.back()), grouped(ahead.back()));
    }
    table.text("bytes of a payload, mean", fmt::format("{:.0f}", bytes / count));
    table.text("bytes of an event on disk",
               fmt::format("{:.0f}", static_cast<double>(fixture.journal()->environment().used_bytes()) / count));
    const Wanted wanted{0.15, 0.3};
    const std::string peer = "plain file in 64 KiB writes, a sync each 10,000";
    table.rate("bulk append, sealed ahead on a second thread", "events/s", ahead, peer, plain, wanted);
    table.rate("bulk append, all in one thread", "events/s", alone, peer, plain, wanted);
    table.rate("plain file in 1 MiB writes", "events/s", large_pieces, peer, plain);
}

}  // namespace daybook::bench
