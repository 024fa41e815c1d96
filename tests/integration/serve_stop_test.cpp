// How a server ends while something is in its way, through the real binary.
#include <chrono>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// A server whose writes wait: this process holds the journal's lock, as one does that was stopped within a commit.
struct HeldUp {
    static constexpr int writers = 100;  // more than there are workers

    HeldUp() {
        JournalOptions options;
        options.entropy = &entropy;
        journal.emplace(daybook.data() / "journal", std::move(options));
        lock.emplace(journal->environment(), lmdb::Transaction::Kind::write);
        const std::string body = R"({"action":"incident_create","agent_id":"sofiia","service":"s","severity":"P3","title":"t"})";
        for (int i = 0; i < writers; ++i) {
            clients.push_back(server.client());
            clients.back().send("POST /v1/tools/oncall_tool HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                                std::to_string(body.size()) + "\r\n\r\n" + body);
        }
        const std::string all = "\ndaybook_http_queue " + std::to_string(writers) + "\n";
        REQUIRE(becomes_true([&] { return watcher.get("/metrics").body.find(all) != std::string::npos; }));
    }

    Program daybook;
    Server server{daybook};
    HttpClient watcher = server.client();
    SeededEntropy entropy{1};
    std::optional<Journal> journal;
    std::optional<lmdb::Transaction> lock;
    std::vector<HttpClient> clients;
};

}  // namespace

TEST_CASE("who only watches is answered while all workers wait", "[serve][stop]") {
    HeldUp held;
    for (const char* path : {"/healthz", "/readyz", "/metrics", "/openapi.json"}) CHECK(held.watcher.get(path).status == 200);
    held.lock.reset();
    for (HttpClient& client : held.clients) CHECK(client.receive()->status == 200);
    CHECK(held.server.stop() == 0);
}

TEST_CASE("a server that can't end in order ends ten seconds after SIGTERM, and says what was not answered", "[serve][stop]") {
    HeldUp held;
    const auto asked = std::chrono::steady_clock::now();
    CHECK(held.server.stop() == 1);
    CHECK(std::chrono::steady_clock::now() - asked < std::chrono::seconds(12));
    CHECK(held.server.process().said().find("100 requests were not answered") != std::string::npos);
    held.lock.reset();
    CHECK(held.daybook.run({"verify"}).status == 0);
}

TEST_CASE("a second SIGTERM ends a server at once", "[serve][stop]") {
    HeldUp held;
    held.server.process().signal(SIGTERM);
    CHECK(held.watcher.closed());  // it has heard it
    CHECK(held.server.stop() == 128 + SIGTERM);
}
