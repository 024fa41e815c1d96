// daybook itself: in process, and as a server.
#include <algorithm>
#include <stdexcept>
#include <unordered_set>

#include <fmt/format.h>

#include "projections/timeline.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/http_load.hpp"
#include "tests/bench/peers/peer.hpp"
#include "tests/integration/background.hpp"
#include "tests/integration/http_client.hpp"

#include "places.hpp"  // made by meson

namespace daybook::bench {
namespace {

void append_to(BenchJournal& journal, std::vector<ReadyEvent>& events) {
    for (const auto& answer : journal->append_all(requests_of(events))) {
        if (!answer || answer->duplicate) throw std::logic_error("an event of the world was refused");
    }
}

class InProcess final : public Peer {
public:
    explicit InProcess(const std::filesystem::path& directory) : journal_(directory) {}
    void load(std::vector<ReadyEvent>& events) override { append_to(journal_, events); }
    double append_rate(unsigned writers, double seconds, std::vector<ReadyEvent>& events) override {
        const std::vector<AppendRequest> requests = requests_of(events);
        return rate_of_threads(writers, seconds, requests.size(), [&](unsigned, std::size_t place) {
            if (!journal_->append(requests[place])) throw std::logic_error("an event of the world was refused");
        });
    }
    std::uint64_t timeline(const std::string& stream) override {
        const Snapshot snapshot = journal_->snapshot();
        lines_.clear();
        std::uint64_t rows = 0;
        const auto number = snapshot->stream_number(stream);
        for (const Sequence sequence : snapshot->stream_sequences(*number, 1, timeline_rows)) {
            append_line(lines_, reader_.read(*snapshot->record(sequence), *snapshot));
            ++rows;
        }
        return rows;
    }
    std::uint64_t read_all() override {
        const Snapshot snapshot = journal_->snapshot();
        std::uint64_t rows = 0, sum = 0;
        snapshot->scan({1}, UINT64_MAX, [&](const RecordView& record) {
            for (const char byte : record.payload()) sum += static_cast<unsigned char>(byte);
            return ++rows != 0;
        });
        if (sum == 0) throw std::logic_error("nothing was read");
        return rows;
    }

private:
    BenchJournal journal_;
    TimelineReader reader_;
    std::string lines_;
};

// Loads in process; the server is started when it is first asked for something.
class OverHttp final : public SocketPeer {
public:
    explicit OverHttp(const std::filesystem::path& directory)
        : data_(directory / "data"), journal_(std::make_unique<BenchJournal>(data_ / "journal")) {}
    void load(std::vector<ReadyEvent>& events) override {
        for (const ReadyEvent& ready : events) {
            if (streams_.size() < alive && seen_.insert(ready.event.stream).second) streams_.push_back(ready.event.stream);
        }
        append_to(*journal_, events);
    }
    // Its views hold what was loaded.
    void settle() override { timeline(streams_.front()); }
    std::uint64_t timeline(const std::string& stream) override {
        const std::string_view answer =
            client(0).call(http_get(fmt::format("/v1/incidents/{}/timeline?limit={}", stream, timeline_rows)));
        return rows_in(answer);
    }
    std::uint64_t read_all() override {
        std::uint64_t rows = 0;
        for (std::uint64_t more = 1; more != 0; rows += more)
            more = rows_in(client(0).call(http_get(fmt::format("/v1/events?after_seq={}&limit=500", rows))));
        return rows;
    }

protected:
    std::unique_ptr<WireClient> connect(std::size_t) override {
        start();
        return std::make_unique<WireClient>(connect_to_loopback(port_), http_answer_size);
    }
    // A note whose payload is as long as the event's.
    std::string append_request(std::size_t, const ReadyEvent& ready) override {
        constexpr std::size_t beside = 110;  // bytes of a note's payload that are not its message
        std::string message = ready.event.payload.text.substr(0, std::max(beside + 1, ready.event.payload.text.size()) - beside);
        for (char& letter : message) {
            if (letter < ' ' || letter == '"' || letter == '\\' || letter > '~') letter = '_';
        }
        return http_post("/v1/tools/oncall_tool",
                         fmt::format(R"({{"action":"incident_append_event","agent_id":"sofiia","params":{{"incident_id":"{}",)"
                                     R"("type":"note","message":"{}","idempotency_key":"{}"}}}})",
                                     streams_[asked_++ % streams_.size()], message, ready.input.key));
    }

private:
    static constexpr std::size_t alive = 200;  // as in the world

    static std::uint64_t rows_in(std::string_view answer) {
        std::uint64_t rows = 0;
        constexpr std::string_view row = "\"event_id\":";
        for (std::size_t at = answer.find(row); at != std::string_view::npos; at = answer.find(row, at + row.size())) ++rows;
        return rows;
    }
    void start() {
        if (server_) return;
        journal_.reset();
        port_ = test::free_port();
        server_ = std::make_unique<test::Background>(
            std::vector<std::string>{DAYBOOK_PROGRAM, "-q", "--data", data_.string(), "serve", "--listen",
                                     "127.0.0.1:" + std::to_string(port_), "--rate-limit", "0", "--backend", "none"});
        const bool listens = test::becomes_true([&] {
            try {
                return test::HttpClient(port_).get("/readyz").status == 200;
            } catch (const std::exception&) {
                return false;  // not yet
            }
        });
        if (!listens) throw std::runtime_error("the server does not listen: " + server_->said());
    }

    std::filesystem::path data_;
    std::unique_ptr<BenchJournal> journal_;
    std::unordered_set<std::string> seen_;
    std::vector<std::string> streams_;
    std::uint64_t asked_ = 0;
    std::uint16_t port_ = 0;
    std::unique_ptr<test::Background> server_;
};

}  // namespace

std::unique_ptr<Peer> make_daybook(const std::filesystem::path& directory) { return std::make_unique<InProcess>(directory); }

std::unique_ptr<Peer> make_daybook_http(const std::filesystem::path& directory) { return std::make_unique<OverHttp>(directory); }

}  // namespace daybook::bench
