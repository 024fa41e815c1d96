// Who calls a server: what the query, the body and a key say of it.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

const std::string tool = "/v1/tools/oncall_tool";
const std::string opening = R"({"action":"incident_create","service":"a","severity":"P1","title":"t"})";

// The same body, in which the agent stands.
std::string with_agent(const std::string& body, const std::string& agent) {
    Json json = Json::parse(body);
    json["agent_id"] = agent;
    return json.dump();
}

std::string make_key(const Program& daybook, const std::string& agent, const std::string& role) {
    return daybook.out({"-q", "key", "create", "--name", agent, "--agent", agent, "--role", role});
}

}  // namespace

TEST_CASE("an agent_id in the query says who calls, on every path that writes", "[serve]") {
    const Program daybook;
    const std::string id = daybook.out({"-q", "incident", "create", "--service", "api", "--severity", "P1", "--title", "Slow"});
    const std::string run = R"({"input":{"incident_id":")" + id + R"("}})";
    Server server(daybook);
    HttpClient client = server.client();
    for (const auto& [path, body] : {std::pair(tool, opening), {"/v1/graphs/postmortem_draft/runs", run}}) {
        CHECK(client.post(path, body).status == 403);  // agent_default
        CHECK(client.post(path + "?agent_id=monitor", body).status == 403);
        CHECK(client.post(path + "?agent_id=sofiia", body).status == 200);
        CHECK(client.post(path + "?agent_id=sofiia", with_agent(body, "sofiia")).status == 200);
        const HttpAnswer differs = client.post(path + "?agent_id=monitor", with_agent(body, "sofiia"));
        CHECK(differs.status == 422);
        CHECK(differs.body.find("agent_id stands in the query and in the body, and differs") != std::string::npos);
        CHECK(client.post(path + "?agent_id=no%20agent", body).status == 422);
    }
    CHECK(lines_of(daybook.out({"events", "--type", "incident_created", "--actor", "sofiia", "-o", "jsonl"})).size() == 2);
}

TEST_CASE("a gateway's call for an agent may do what that agent may, however the agent is named", "[serve]") {
    const Program daybook;
    const std::string gateway = make_key(daybook, "gateway", "agent_gateway");
    const std::string helion = make_key(daybook, "helion", "agent_oncall");
    Server server(daybook);
    HttpClient client = server.client();
    CHECK(client.post(tool + "?agent_id=monitor", opening, {{"X-API-Key", gateway}}).status == 403);
    CHECK(client.post(tool + "?agent_id=sofiia", opening, {{"X-API-Key", gateway}}).status == 200);
    CHECK(client.post(tool + "?agent_id=sofiia", opening, {{"X-API-Key", helion}}).status == 403);
    CHECK(client.post(tool + "?agent_id=helion", opening, {{"X-API-Key", helion}}).status == 200);
    const Json last = Json::parse(lines_of(daybook.out({"events", "-o", "jsonl"})).at(0));
    CHECK(last["actor"] == "sofiia");
}

TEST_CASE("the scheme of a bearer token may be written in any case, and an empty X-API-Key is none", "[serve]") {
    const Program daybook;
    const std::string key = make_key(daybook, "helion", "agent_oncall");
    Server server(daybook);
    HttpClient client = server.client();
    const auto status = [&](const HttpHeaders& headers) { return client.get("/v1/incidents", headers).status; };
    for (const char* scheme : {"Bearer ", "bearer ", "BEARER ", "Bearer  "})
        CHECK(status({{"Authorization", scheme + key}}) == 200);
    CHECK(status({{"X-API-Key", ""}, {"Authorization", "Bearer " + key}}) == 200);
    CHECK(status({{"X-API-Key", "dbk_another"}, {"Authorization", "Bearer " + key}}) == 401);
    for (const std::string& wrong : {"Basic " + key, "Bearer" + key, std::string("Bearer"), std::string("Bearer "), key}) {
        CHECK(status({{"Authorization", wrong}}) == 401);
    }
}

TEST_CASE("keys expire by the real clock, whatever time reports are made for", "[serve]") {
    const Program daybook;
    const std::string soon =
        format_time(std::chrono::ceil<std::chrono::seconds>(std::chrono::system_clock::now()) + std::chrono::seconds(2));
    const std::string key = daybook.out({"-q", "key", "create", "--name", "a", "--agent", "ada", "--expires", soon});
    Background server({daybook_program(), "--data", daybook.data().string(), "--now", "2020-01-01T00:00:00Z", "serve", "--listen",
                       "127.0.0.1:0", "--log", "json"},
                      daybook.directory().string());
    const std::string line = server.line_with("listening on http://");
    HttpClient client(static_cast<std::uint16_t>(std::stoul(line.substr(line.find("127.0.0.1:") + 10))));
    CHECK(becomes_true([&] { return client.get("/v1/incidents", {{"X-API-Key", key}}).status == 401; }));
}

TEST_CASE("a server goes on when nobody reads its log any more", "[serve]") {
    const Program daybook;
    const std::string serve =
        "exec env --default-signal=PIPE \"$0\" --data \"$1\" serve --listen 127.0.0.1:0 --log json 2> >(grep -m 1 'listening on')";
    Background server({"/bin/bash", "-c", serve, daybook_program(), daybook.data().string()}, daybook.directory().string());
    const std::string line = server.line_with("listening on http://");
    HttpClient client(static_cast<std::uint16_t>(std::stoul(line.substr(line.find("127.0.0.1:") + 10))));
    for (int i = 0; i < 50; ++i) CHECK(client.get("/v1/incidents").status == 200);
    server.signal(SIGTERM);
    CHECK(server.wait() == 0);
}
