// Bulk append with everything on, beside a plain sequential file of the same payloads.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <thread>

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

// A file that payloads are appended to through a stream of the C library, with a buffer of its own size or of `buffer_bytes`, and
// that is synced when asked.
class PlainFile {
public:
    PlainFile(const std::filesystem::path& path, std::optional<std::size_t> buffer_bytes)
        : path_(path), file_(std::fopen(path.c_str(), "w")) {
        if (file_ == nullptr) throw StorageError("cannot write " + path.string());
        if (buffer_bytes) std::setvbuf(file_, nullptr, _IOFBF, *buffer_bytes);
    }
    ~PlainFile() { std::fclose(file_); }
    PlainFile(const PlainFile&) = delete;
    PlainFile& operator=(const PlainFile&) = delete;

    void add(const std::vector<ReadyEvent>& events) {
        seconds_ += seconds_of([&] {
            for (const ReadyEvent& ready : events) {
                const std::string& text = ready.event.payload.text;
                if (std::fwrite(text.data(), 1, text.size(), file_) != text.size())
                    throw StorageError("cannot write " + path_.string());
                bytes_ += text.size();
            }
            if (std::fflush(file_) != 0 || ::fdatasync(::fileno(file_)) != 0) throw StorageError("cannot sync " + path_.string());
        });
    }
    double seconds() const { return seconds_; }
    std::uint64_t bytes() const { return bytes_; }

private:
    std::filesystem::path path_;
    std::FILE* file_;
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
    std::vector<double> plain, large_buffer, ahead, alone;
    double bytes = 0;
    for (int run = 0; run < setup.runs; ++run) {
        {
            const Scratch scratch(setup.directory / "plain");
            PlainFile file(scratch / "plain", std::nullopt);
            PlainFile large(scratch / "large", std::size_t{64} * 1024);
            EventMaker maker(setup.size);
            for (std::uint64_t left = setup.size.events; left > 0;) {
                const auto events = maker.next(static_cast<std::size_t>(std::min<std::uint64_t>(chunk_events, left)));
                left -= events.size();
                file.add(events);
                large.add(events);
            }
            plain.push_back(count / file.seconds());
            large_buffer.push_back(count / large.seconds());
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
        std::cerr << fmt::format("  run {}: plain {}, sealed by the append {}, sealed ahead {}\n", run + 1, grouped(plain.back()),
                                 grouped(alone.back()), grouped(ahead.back()));
    }
    table.text("bytes of a payload, mean", fmt::format("{:.0f}", bytes / count));
    table.text("bytes of an event on disk",
               fmt::format("{:.0f}", static_cast<double>(fixture.journal()->environment().used_bytes()) / count));
    const Wanted wanted{0.15, 0.3};
    const std::string peer = "plain file (stdio), a sync each 10,000";
    const std::string large_peer = "the same with a buffer of 64 KiB";
    table.rate("bulk append, sealed ahead on a second thread", "events/s", ahead, peer, plain, wanted);
    table.rate("the same", "events/s", ahead, large_peer, large_buffer);
    table.rate("bulk append, sealed by the append itself", "events/s", alone, peer, plain, wanted);
}

}  // namespace daybook::bench
