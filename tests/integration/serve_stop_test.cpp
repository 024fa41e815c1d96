// What a server does while something is in its way, and how it ends then, through the real binary.
#include <chrono>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// A server whose writes wait: this process holds the journal's lock, as one does that was stopped within a commit.
struct HeldUp {
    static constexpr std::size_t writers = 100;  // more than there are workers; more than one agent gets, too

    explicit HeldUp(const std::vector<std::string>& agents = {"sofiia", "helion"}) {
        JournalOptions options;
        options.entropy = &entropy;
        journal.emplace(daybook.data() / "journal", std::move(options));
        lock.emplace(journal->environment(), lmdb::Transaction::Kind::write);
        for (std::size_t i = 0; i < writers; ++i) {
            const std::string& agent = agents[i % agents.size()];
            const std::string body =
                R"({"action":"incident_create","service":"s","severity":"P3","title":"t","agent_id":")" + agent + "\"}";
            clients.push_back(server.client());
            clients.back().send("POST /v1/tools/oncall_tool?agent_id=" + agent +
                                " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                                body);
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

TEST_CASE("an agent whose requests all wait holds up no other", "[serve][stop]") {
    HeldUp held({"helion"});
    HttpClient other = held.server.client();
    CHECK(other.get("/v1/incidents?agent_id=aistalk").status == 200);
    std::vector<HttpClient> more;
    for (int i = 0; i < 40; ++i) {
        more.push_back(held.server.client());
        more.back().send("GET /v1/incidents?agent_id=helion HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    const auto refused = more.back().receive();
    REQUIRE(refused);
    CHECK(refused->status == 503);
    CHECK(refused->headers.at("retry-after") == "1");
    CHECK(other.get("/v1/incidents?agent_id=aistalk").status == 200);
    held.lock.reset();
    for (HttpClient& client : held.clients) CHECK(client.receive()->status == 200);
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
