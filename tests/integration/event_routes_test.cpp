// Events over HTTP: pages, and streams for as long as their caller may read.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

TEST_CASE("a page of large events ends at 4 MiB, and the next one goes on behind it", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    const std::string id = daybook.out({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", "5xx"});
    std::string text;  // as large as one may be
    for (int i = 0; i < 16'384; ++i) text += "\U0001F525";
    constexpr std::size_t events = 150, page_bytes_max = std::size_t{4} << 20;
    for (std::size_t i = 1; i < events; ++i) {
        const Json note{
            {"action", "incident_append_event"}, {"agent_id", "sofiia"}, {"incident_id", id}, {"type", "note"}, {"message", text}};
        REQUIRE(client.post("/v1/tools/oncall_tool", note.dump()).status == 200);
    }
    std::size_t pages = 0, sequence = 0;
    for (Json after = 0; !after.is_null(); ++pages) {
        const std::string page = client.get("/v1/events?after_seq=" + after.dump()).body;
        CHECK(page.size() < page_bytes_max + text.size() + 2000);
        const Json result = Json::parse(page)["result"];
        for (const Json& event : result["events"]) CHECK(event["seq"] == ++sequence);
        after = result["next_after_seq"];
        CHECK((after.is_null() || after == sequence));
    }
    CHECK(sequence == events);
    CHECK(pages == 3);
}

TEST_CASE("a live stream ends when its key is revoked, before it tells anything more", "[serve]") {
    const Program daybook;
    const auto create = [&](const std::string& title) {
        daybook.out({"-q", "incident", "create", "--service", "api", "--severity", "P1", "--title", title});
    };
    create("before");
    const Json made = Json::parse(daybook.out({"key", "create", "--name", "wall", "--agent", "monitor", "-o", "json"}));
    const Json other = Json::parse(daybook.out({"key", "create", "--name", "desk", "--agent", "monitor", "-o", "json"}));
    const std::string key = made["key"];
    Server server(daybook);
    HttpClient stream = server.client(), kept = server.client(), client = server.client();
    const std::string get = "GET /v1/events/stream?after_seq=0 HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ";
    stream.send(get + key + "\r\n\r\n");
    kept.send(get + other["key"].get<std::string>() + "\r\n\r\n");
    for (HttpClient* each : {&stream, &kept}) {
        CHECK(each->receive_header().status == 200);
        each->receive_until("\"title\":\"before\"");
    }
    daybook.out({"-q", "key", "revoke", made["id"]});
    REQUIRE(becomes_true([&] { return client.get("/v1/incidents", {{"X-API-Key", key}}).status == 401; }));
    create("after");
    kept.receive_until("\"title\":\"after\"");
    CHECK_THROWS(stream.receive_until("\"title\":\"after\""));
}

TEST_CASE("a live stream from behind the journal's end is refused: it is not the journal that its reader knows", "[serve]") {
    const Program daybook;
    daybook.out({"-q", "incident", "create", "--service", "api", "--severity", "P1", "--title", "the first"});
    Server server(daybook);
    HttpClient client = server.client();
    CHECK(client.get("/v1/events/stream?after_seq=2").status == 409);
    const auto behind = client.get("/v1/events/stream", {{"Last-Event-ID", "7"}});
    CHECK(behind.status == 409);
    CHECK(behind.body.find("seq 7 is ahead of the journal, whose last event is seq 1") != std::string::npos);
    HttpClient stream = server.client();
    stream.send("GET /v1/events/stream?after_seq=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(stream.receive_header().status == 200);
}

TEST_CASE("a live stream ends when its caller's role may read no more", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient stream = server.client();
    stream.send("GET /v1/events/stream?agent_id=monitor HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(stream.receive_header().status == 200);
    std::string policy = read_file(project_file("ops/policy/rbac.yml"));
    const std::string role = "agent_monitor:\n    may: [read]";
    const std::size_t place = policy.find(role);
    REQUIRE(place != std::string::npos);
    policy.replace(place, role.size(), "agent_monitor:\n    may: [ingest]");
    daybook.write("ops/policy/rbac.yml", policy);
    server.process().signal(SIGHUP);
    server.process().line_with("are read again");
    daybook.out({"-q", "incident", "create", "--service", "api", "--severity", "P1", "--title", "after"});
    CHECK_THROWS(stream.receive_until("\"title\":\"after\""));
}
