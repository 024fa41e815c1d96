// What the machine allows: LMDB without daybook, and a plain file.
#include <cstdio>
#include <fstream>
#include <mutex>
#include <stdexcept>

#include <fcntl.h>

#include "tests/bench/bare_lmdb.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/peers/peer.hpp"

namespace daybook::bench {
namespace {

class BareLmdb final : public Peer {
public:
    explicit BareLmdb(const std::filesystem::path& directory) : log_(directory) {}
    void load(std::vector<ReadyEvent>& events) override {
        std::vector<BareLog::Event> group;
        group.reserve(events.size());
        for (const ReadyEvent& ready : events) group.push_back({ready.event.stream, ready.event.payload.text});
        log_.append_all(group);
    }
    double append_rate(unsigned writers, double seconds, std::vector<ReadyEvent>& events) override {
        return rate_of_threads(writers, seconds, events.size(), [&](unsigned, std::size_t place) {
            log_.append(events[place].event.stream, events[place].event.payload.text);
        });
    }
    std::uint64_t timeline(const std::string& stream) override { return log_.read_stream(stream, timeline_rows, text_); }
    std::uint64_t read_all() override { return log_.read_all(); }

private:
    BareLog log_;
    std::string text_;
};

class PlainFile final : public Peer {
public:
    explicit PlainFile(const std::filesystem::path& directory)
        : path_(directory / "events"), file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}
    void load(std::vector<ReadyEvent>& events) override {
        std::string text;
        for (const ReadyEvent& ready : events) (text += ready.event.payload.text) += '\n';
        append(text);
    }
    double append_rate(unsigned writers, double seconds, std::vector<ReadyEvent>& events) override {
        std::mutex turn;
        return rate_of_threads(writers, seconds, events.size(), [&](unsigned, std::size_t place) {
            const std::lock_guard lock(turn);
            append(events[place].event.payload.text + '\n');
        });
    }
    std::uint64_t timeline(const std::string&) override { return 0; }
    std::uint64_t read_all() override {
        std::ifstream in(path_, std::ios::binary);
        std::uint64_t rows = 0;
        for (std::string line; std::getline(in, line);) ++rows;
        return rows;
    }

private:
    void append(std::string_view text) {
        if (::write(file_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fdatasync(file_.get()) != 0)
            throw std::runtime_error("cannot write " + path_.string());
    }
    std::filesystem::path path_;
    Descriptor file_;
};

}  // namespace

std::unique_ptr<Peer> make_bare_lmdb(const std::filesystem::path& directory) { return std::make_unique<BareLmdb>(directory); }

std::unique_ptr<Peer> make_plain_file(const std::filesystem::path& directory) { return std::make_unique<PlainFile>(directory); }

}  // namespace daybook::bench
