// The server under a mixed load for half an hour (ordinarily for a few seconds): nothing is refused, memory stays flat, the files
// grow as the events do, no reader is left behind, and answers take as long at the end as at the beginning.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/fault/fault.hpp"
#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

using Steady = std::chrono::steady_clock;

// What one sixth of the time was like.
struct Interval {
    std::vector<double> writes, reads;  // milliseconds
    std::size_t private_kib = 0;        // of memory that is the process's own
    std::uint64_t journal_bytes = 0, views_bytes = 0, events = 0;

    static double at(std::vector<double> times, double share) {
        if (times.empty()) return 0;
        std::sort(times.begin(), times.end());
        return times[std::min(times.size() - 1, static_cast<std::size_t>(share * static_cast<double>(times.size())))];
    }
    std::string line() const {
        std::ostringstream out;
        out << events << " events; memory " << private_kib / 1024 << " MiB; journal " << journal_bytes / 1024 / 1024
            << " MiB, views " << views_bytes / 1024 / 1024 << " MiB; writes " << at(writes, 0.5)
            << " ms (99 %: " << at(writes, 0.99) << "), reads " << at(reads, 0.5) << " ms (99 %: " << at(reads, 0.99) << ')';
        return out.str();
    }
};

std::size_t private_kib_of(int process) {
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:")) return std::stoul(line.substr(8));
    }
    return 0;
}

std::uint64_t bytes_in(const std::filesystem::path& directory) {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (entry.is_regular_file()) bytes += entry.file_size();
    }
    return bytes;
}

// Clients that ask at a steady rate, whatever the answers take, as people and programs do.
class Load {
public:
    static constexpr std::chrono::milliseconds write_every{20}, read_every{20};  // of each client: 4 write, 4 read

    Load(const Server& server, std::vector<std::string> incidents) : server_(server), incidents_(std::move(incidents)) {
        for (std::size_t i = 0; i < 4; ++i) {
            clients_.emplace_back([this, i](const std::stop_token& stop) { run(stop, i, write_every, true); });
            clients_.emplace_back([this, i](const std::stop_token& stop) { run(stop, i, read_every, false); });
        }
        clients_.emplace_back([this](const std::stop_token& stop) { follow(stop); });
    }
    void stop() {
        for (std::jthread& client : clients_) client.request_stop();
        for (std::jthread& client : clients_) client.join();
        clients_.clear();
    }
    // The times since the last call.
    void take(Interval& interval) {
        const std::lock_guard lock(mutex_);
        interval.writes.swap(writes_);
        interval.reads.swap(reads_);
        writes_.clear();
        reads_.clear();
    }
    std::vector<std::string> refused() {
        const std::lock_guard lock(mutex_);
        return refused_;
    }
    std::atomic<std::size_t> written = 0;
    std::atomic<bool> followed = false;  // the stream of events told something

private:
    void run(const std::stop_token& stop, std::size_t client, std::chrono::milliseconds every, bool writes) {
        HttpClient http = server_.client();
        std::mt19937_64 random(client * 2 + (writes ? 1 : 0));
        auto next = Steady::now();
        std::mutex mutex;
        std::condition_variable_any turn;
        for (std::size_t i = 0; !stop.stop_requested(); ++i) {
            const auto began = Steady::now();
            const HttpAnswer answer = writes ? write(http, random, client, i) : read(http, random);
            const std::chrono::duration<double, std::milli> took = Steady::now() - began;
            {
                const std::lock_guard lock(mutex_);
                (writes ? writes_ : reads_).push_back(took.count());
                if (answer.status != 200 && refused_.size() < 10) refused_.push_back(answer.body);
            }
            if (writes) ++written;
            next += every;
            std::unique_lock lock(mutex);
            turn.wait_until(lock, stop, next, [] { return false; });
        }
    }
    HttpAnswer write(HttpClient& http, std::mt19937_64& random, std::size_t client, std::size_t i) {
        const std::string& incident = incidents_[random() % incidents_.size()];
        const std::string number = std::to_string(client) + '-' + std::to_string(i);
        if (i % 10 == 9) {  // the same alert again and again, and now and then a new one
            const std::string time = "2026-02-23T10:00:00Z";
            return http.post("/v1/ingest/triage?agent_id=helion",
                             R"({"schema":"alert_triage/1","triage_id":"tri_)" + number + R"(","triaged_at":")" + time +
                                 R"(","agent_id":"monitor","decision":"auto","alert":{"alert_ref":"a)" + number +
                                 R"(","source":"soak","service":"s)" + std::to_string(random() % 20) +
                                 R"(","env":"prod","severity":"P2","kind":"k)" + std::to_string(random() % 5) +
                                 R"(","state":"firing","title":"It is slow","started_at":")" + time + R"("}})");
        }
        const std::string params = R"("incident_id":")" + incident + R"(","type":"note","message":"note )" + number +
                                   R"(","idempotency_key":")" + number + '"';
        return http.post("/v1/tools/oncall_tool",
                         R"({"action":"incident_append_event","agent_id":"sofiia","params":{)" + params + "}}");
    }
    HttpAnswer read(HttpClient& http, std::mt19937_64& random) {
        const std::string& incident = incidents_[random() % incidents_.size()];
        switch (random() % 4) {
            case 0: return http.get("/v1/incidents?status=open&limit=20");
            case 1: return http.get("/v1/incidents/" + incident);
            case 2: return http.get("/v1/incidents/" + incident + "/timeline?limit=50");
            default: return http.get("/readyz");
        }
    }
    void follow(const std::stop_token& stop) {
        HttpClient http = server_.client();
        http.send("GET /v1/events/stream?after_seq=0 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        http.receive_header();
        while (!stop.stop_requested()) {
            http.receive_until("\n\n");
            followed = true;
        }
    }

    const Server& server_;
    const std::vector<std::string> incidents_;
    std::mutex mutex_;
    std::vector<double> writes_, reads_;
    std::vector<std::string> refused_;
    std::vector<std::jthread> clients_;
};

}  // namespace

TEST_CASE("under a mixed load the server refuses nothing, and memory, files and answers stay as they were", "[fault][soak]") {
    const Program daybook;
    std::vector<std::string> incidents;
    for (int i = 0; i < 20; ++i) {
        incidents.push_back(daybook.out({"-q", "incident", "create", "--service", "s" + std::to_string(i), "--title", "Slow"}));
    }
    constexpr std::size_t intervals = 6;
    const std::chrono::seconds length(rounds(1, 300));
    Server server(daybook, {"--backend", "none"});
    Load load(server, incidents);
    std::vector<Interval> seen(intervals);
    for (Interval& interval : seen) {
        std::this_thread::sleep_for(length);
        load.take(interval);
        interval.events = load.written;
        interval.private_kib = private_kib_of(server.process().process());
        interval.journal_bytes = bytes_in(daybook.data() / "journal");
        interval.views_bytes = bytes_in(daybook.data() / "views");
        report(interval.line());
        UNSCOPED_INFO(interval.line());
    }
    const std::size_t written = load.written;
    load.stop();
    for (const std::string& one : load.refused()) FAIL_CHECK(one);
    CHECK(load.followed);
    const Outcome doctor = daybook.run({"doctor"});
    CHECK(doctor.out.find("stale") == std::string::npos);
    CHECK(server.stop() == 0);
    CHECK(lines_of(daybook.out({"events", "-o", "jsonl"})).size() >= written);
    CHECK(daybook.run({"verify"}).status == 0);
    CHECK(daybook.run({"replay", "--check"}).status == 0);
    if (!long_form()) return;
    const Interval& early = seen[1];
    const Interval& late = seen.back();
    CHECK(late.private_kib < early.private_kib * 5 / 4 + 8 * 1024);
    const auto growth = [&](const Interval& from, const Interval& to) {
        return static_cast<double>(to.journal_bytes - from.journal_bytes) / static_cast<double>(to.events - from.events);
    };
    CHECK(growth(seen[3], seen[5]) < 1.5 * growth(seen[1], seen[3]) + 100);
    CHECK(Interval::at(late.writes, 0.5) < 2 * Interval::at(early.writes, 0.5) + 1);
    CHECK(Interval::at(late.reads, 0.5) < 2 * Interval::at(early.reads, 0.5) + 1);
}
