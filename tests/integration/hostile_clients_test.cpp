// Clients that mean no good, against the real binary: each costs only itself.
#include <fstream>
#include <optional>
#include <stdexcept>
#include <vector>

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::int64_t memory_max_kb = 512 * 1024;  // they keep books of it
#else
constexpr std::int64_t memory_max_kb = 64 * 1024;
#endif

// Memory of a process that is in use, in KiB.
std::int64_t resident_kb(int process) {
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    std::string line;
    while (std::getline(status, line)) {
        if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6));
    }
    return 0;
}

// Whether this process may have so many files open.
bool may_open(rlim_t files) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < files) return false;
    limit.rlim_cur = std::max(limit.rlim_cur, files);
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

std::string nested(int levels) {
    // params and meta are two levels of it.
    std::string meta;
    for (int i = 2; i < levels; ++i) meta += "{\"a\":";
    meta += '1';
    meta.append(static_cast<std::size_t>(levels - 2), '}');
    return R"({"action":"incident_append_event","agent_id":"sofiia","params":{"incident_id":"inc_20260223_1000_none","type":"note",)"
           R"("message":"m","meta":)" +
           meta + "}}";
}

Json post(HttpClient& client, std::string_view body, int status) {
    const HttpAnswer answer = client.post("/v1/tools/oncall_tool", body);
    INFO(answer.body);
    CHECK(answer.status == status);
    return Json::parse(answer.body);
}

}  // namespace

TEST_CASE("ten thousand connections that say nothing hold up nobody who works, and cost little memory", "[serve][hostile]") {
    constexpr std::size_t silent = 10'000;
    if (!may_open(silent + 200)) return skip("this user may not open so many files");
    const Program daybook;
    Server server(daybook);
    std::optional<HttpClient> good(server.client());
    const std::string created = R"({"action":"incident_create","agent_id":"sofiia","service":"s","severity":"P3","title":"t"})";
    // Who pauses while more than a thousand others come may find its connection given up, as any client of HTTP must expect; it
    // comes back and is answered.
    const auto work = [&] {
        try {
            post(*good, created, 200);
        } catch (const std::runtime_error&) {
            good.emplace(server.client());
            post(*good, created, 200);
        }
    };
    work();
    const std::int64_t before = resident_kb(server.process().process());
    std::vector<HttpClient> all;
    for (std::size_t i = 0; i < silent; ++i) {
        all.push_back(server.client());
        if (i % 3 == 0) all.back().send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");  // a header that never ends
        if (i % 100 == 99) work();
    }
    const std::string metrics = server.client().get("/metrics").body;
    const std::size_t at = metrics.find("\ndaybook_http_connections ");
    REQUIRE(at != std::string::npos);
    CHECK(std::stoul(metrics.substr(at + 26)) <= 1024);
    CHECK(resident_kb(server.process().process()) - before < memory_max_kb);
    all.clear();
    work();
    CHECK(server.stop() == 0);
}

TEST_CASE("clients that leave their bodies unfinished, or their answers unread, keep nobody out", "[serve][hostile]") {
    const Program daybook;
    Server server(daybook, {"--connections", "64", "--rate-limit", "0"});
    const std::string head = " HTTP/1.1\r\nHost: localhost\r\n";
    std::string unread;
    for (int i = 0; i < 200; ++i) unread += "GET /openapi.json" + head + "\r\n";
    std::vector<HttpClient> all;
    for (int i = 0; i < 300; ++i) {
        all.push_back(server.client());
        all.back().send(i % 2 == 0 ? "POST /v1/ingest/alertmanager" + head + "Content-Length: 10\r\n\r\n" : unread);
        if (i % 10 == 9) CHECK(server.client().get("/healthz").status == 200);
    }
}

TEST_CASE("a body of 64 nested levels is read, one of 65 and one that is no UTF-8 are refused, with the place",
          "[serve][hostile]") {
    const Program daybook;
    const Server server(daybook);
    HttpClient client = server.client();
    CHECK(post(client, nested(64), 404)["error"]["code"] == "not_found");  // read: there is no such incident
    CHECK(post(client, nested(65), 422)["error"]["code"] == "invalid");
    CHECK(post(client, "{\"action\":\"incident_list\",\"text\":\"\xff\"}", 422)["error"]["code"] == "invalid");
    CHECK(client.get("/healthz").status == 200);
}

TEST_CASE("an artifact's name leads nowhere but into its incident's directory", "[serve][hostile]") {
    const Program daybook;
    const Server server(daybook);
    HttpClient client = server.client();
    const Json created =
        post(client, R"({"action":"incident_create","agent_id":"sofiia","service":"s","severity":"P3","title":"t"})", 200);
    const std::string id = created["result"]["incident_id"];
    for (const std::string name :
         {"../x.md", "a/b.md", "/etc/x.md", "..", ".", "a\\..\\b.md", ".hidden.md/..", "x.md\n", "x\x01.md"}) {
        const Json wanted{{"action", "incident_attach_artifact"},
                          {"agent_id", "sofiia"},
                          {"incident_id", id},
                          {"kind", "note"},
                          {"format", "md"},
                          {"name", name},
                          {"content", "x"}};
        INFO(wanted.dump());
        CHECK(post(client, wanted.dump(), 422)["error"]["code"] == "invalid");
    }
}

TEST_CASE("without keys no web page gets anything, by whatever name it calls; programs of this machine do", "[serve][hostile]") {
    const Program daybook;
    Server server(daybook);
    const std::string port = ':' + std::to_string(server.port());
    const auto ask = [&](const std::string& head) {
        HttpClient client = server.client();
        client.send(head + "\r\n\r\n");
        return *client.receive();
    };
    const std::string get = "GET /v1/incidents HTTP/1.1\r\nHost: ";
    for (const char* local : {"127.0.0.1", "127.1.2.3", "[::1]", "localhost", "LocalHost"}) {
        CHECK(ask(get + local + port).status == 200);
        CHECK(ask(get + local + port + "\r\nSec-Fetch-Site: none").status == 200);
        CHECK(ask(get + local + port + "\r\nOrigin: http://" + local + ":3000").status == 200);
    }
    for (const char* name : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[::2]", "[", ""}) {
        const HttpAnswer rebound = ask(get + name + port);
        INFO(rebound.body);
        CHECK(rebound.status == 403);
        CHECK(rebound.body.find("daybook key create") != std::string::npos);
        CHECK(ask(get + "localhost\r\nOrigin: https://" + name).status == 403);
    }
    CHECK(ask(get + "localhost\r\nOrigin: null").status == 403);
    CHECK(ask(get + "localhost\r\nSec-Fetch-Site: cross-site").status == 403);
    HttpClient page = server.client();
    const std::string body = R"({"action":"incident_create","agent_id":"sofiia","service":"s","severity":"P3","title":"t"})";
    CHECK(page.post("/v1/tools/oncall_tool", body, {{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}}).status ==
          403);
    CHECK(ask("GET /healthz HTTP/1.1\r\nHost: monitor.example").status == 200);  // who only watches needs nothing
    CHECK(daybook.out({"incident", "list", "--ids"}).empty());
    const std::string key = daybook.out({"key", "create", "--name", "proxy", "--agent", "helion"});
    CHECK(becomes_true([&] { return ask(get + "daybook.example").status == 401; }));
    CHECK(ask(get + "daybook.example\r\nX-API-Key: " + key).status == 200);
}

TEST_CASE("who has no key where one is needed is turned away by the header: nothing of the body is read", "[serve][hostile]") {
    const Program daybook;
    daybook.out({"key", "create", "--name", "a", "--agent", "helion"});
    Server server(daybook);
    for (const char* path : {"/v1/tools/oncall_tool", "/v1/graphs/postmortem_draft/runs", "/v1/ingest/triage", "/nowhere"}) {
        HttpClient client = server.client();
        client.send(std::string("POST ") + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n[0,");
        CHECK(client.receive()->status == 401);
        CHECK(client.closed());
    }
    HttpClient client = server.client();
    client.send("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n[0,");
    CHECK(client.receive()->status == 413);
    CHECK(client.closed());
}

TEST_CASE("what large bodies needed is given back when they are answered", "[serve][hostile]") {
    const Program daybook;
    Server server(daybook);
    std::string body = "[0";
    for (int i = 0; i < 2'000'000; ++i) body += ",0";
    const std::int64_t before = resident_kb(server.process().process());
    std::vector<HttpClient> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(server.client());
    for (HttpClient& client : clients)
        client.send("POST /v1/tools/oncall_tool HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size() + 1) +
                    "\r\n\r\n" + body + ']');
    for (HttpClient& client : clients) CHECK(client.receive()->status == 422);
    CHECK(becomes_true([&] { return resident_kb(server.process().process()) - before < memory_max_kb; }));
}
