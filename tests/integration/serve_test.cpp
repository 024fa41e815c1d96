// The server through the real binary.
#include <set>
#include <thread>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

Json call(HttpClient& client, const std::string& tool, const Json& body, int status = 200) {
    const HttpAnswer answer = client.post("/v1/tools/" + tool, body.dump());
    INFO(answer.body);
    CHECK(answer.status == status);
    return Json::parse(answer.body);
}

std::string create(HttpClient& client, const std::string& title, const Json& more = Json::object()) {
    Json params{{"service", "gateway"}, {"severity", "P1"}, {"title", title}, {"env", "prod"}};
    params.update(more);
    const Json answer = call(client, "oncall_tool", {{"action", "incident_create"}, {"params", params}, {"agent_id", "sofiia"}});
    return answer["result"]["incident_id"];
}

std::string fixture(const std::string& name) { return read_file(project_file("fixtures/alerts/" + name)); }

Json json_of(const HttpAnswer& answer) { return Json::parse(answer.body); }

}  // namespace

TEST_CASE("agents call tools over HTTP in each shape that the runbook shows", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    const std::string id = create(client, "Gateway 5xx rate >5%", {{"started_at", "2026-02-23T10:00:00Z"}});
    CHECK(id.starts_with("inc_20260223_1000_"));
    Json listed = call(client, "oncall_tool", {{"action", "incident_list"}, {"params", {{"status", "open"}, {"limit", 20}}}});
    CHECK(listed["result"]["incidents"].size() == 1);
    const HttpAnswer flat = client.post("/v1/tools/oncall_tool", R"({
  "action": "incident_followups_summary",
  "service": "gateway",
  "env": "prod",
  "window_days": 30
})");
    CHECK(flat.status == 200);
    CHECK(json_of(flat)["ok"] == true);
    const HttpAnswer text =
        client.post("/v1/tools/oncall_tool", R"({"action":"incident_get","params":"{\"incident_id\":\")" + id + R"(\"}"})");
    CHECK(text.status == 200);
    CHECK(json_of(text)["result"]["incident"]["title"] == "Gateway 5xx rate >5%");
    // What the command line sees is the same.
    CHECK(daybook.out({"incident", "list", "--ids"}) == id);
    CHECK(server.stop() == 0);
}

TEST_CASE("an answered write is there after kill -9, and the journal verifies", "[serve]") {
    const Program daybook;
    std::vector<std::string> ids;
    {
        Server server(daybook);
        HttpClient client = server.client();
        for (int i = 0; i < 20; ++i) ids.push_back(create(client, "Incident " + std::to_string(i)));
        server.process().signal(SIGKILL);
        CHECK(server.process().wait() == 128 + SIGKILL);
    }
    for (const std::string& id : ids) CHECK(daybook.run({"incident", "show", id}).status == 0);
    CHECK(daybook.run({"verify"}).status == 0);
}

TEST_CASE("who may only read is told which permission is missing, and that is counted", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    for (const char* agent : {"monitor", "aistalk", "somebody"}) {
        const Json answer =
            call(client, "oncall_tool",
                 {{"action", "incident_create"}, {"agent_id", agent}, {"service", "a"}, {"severity", "P1"}, {"title", "t"}}, 403);
        CHECK(answer["ok"] == false);
        CHECK(answer["error"]["code"] == "not_permitted");
        CHECK(answer["error"]["message"].get<std::string>().find("write") != std::string::npos);
    }
    call(client, "oncall_tool", {{"action", "incident_list"}, {"agent_id", "monitor"}});
    CHECK(client.get("/metrics").body.find("daybook_refusals_total{code=\"not_permitted\"} 3\n") != std::string::npos);
}

TEST_CASE("with keys, who has none is refused, who has one is that agent, and a revoked one is none", "[serve]") {
    const Program daybook;
    daybook.out({"-q", "incident", "create", "--service", "api", "--severity", "P1", "--title", "Slow"});
    const Json made = Json::parse(daybook.out({"key", "create", "--name", "pager", "--agent", "helion", "-o", "json"}));
    const std::string key = made["key"];
    Server server(daybook);
    HttpClient client = server.client();
    CHECK(client.get("/v1/incidents").status == 401);
    CHECK(client.get("/v1/incidents", {{"X-API-Key", "dbk_nosuch"}}).status == 401);
    CHECK(client.get("/v1/incidents", {{"X-API-Key", key}}).status == 200);
    CHECK(client.get("/v1/incidents", {{"Authorization", "Bearer " + key}}).status == 200);
    CHECK(client.get("/healthz").status == 200);
    const std::string body = R"({"action":"incident_create","agent_id":"sofiia","service":"a","severity":"P1","title":"t"})";
    CHECK(client.post("/v1/tools/oncall_tool", body, {{"X-API-Key", key}}).status == 403);
    const std::string own = R"({"action":"incident_create","service":"a","severity":"P1","title":"t"})";
    CHECK(client.post("/v1/tools/oncall_tool", own, {{"X-API-Key", key}}).status == 200);
    CHECK(daybook.out({"events", "--actor", "helion", "-o", "jsonl"}).find("incident_created") != std::string::npos);
    daybook.out({"-q", "key", "revoke", made["id"]});
    CHECK(becomes_true([&] { return client.get("/v1/incidents", {{"X-API-Key", key}}).status == 401; }));
    CHECK(server.process().said().find(key) == std::string::npos);
}

TEST_CASE("without a key the server listens on loopback alone", "[serve]") {
    const Program daybook;
    const Outcome outcome = daybook.run({"serve", "--listen", "0.0.0.0:0"});
    CHECK(outcome.status == 4);
    CHECK(outcome.err.find("daybook key create") != std::string::npos);
    CHECK(daybook.run({"serve", "--listen", "nowhere"}).status == 2);
}

TEST_CASE("webhooks become incidents, and each answer says what became of each record", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    const std::string alerts = fixture("alertmanager.json");
    CHECK(client.post("/v1/ingest/alertmanager", alerts).status == 403);
    const std::string path = "/v1/ingest/alertmanager?agent_id=helion";
    const Json first = json_of(client.post(path, alerts));
    REQUIRE(first["result"]["records"].size() == 2);
    CHECK(first["result"]["records"][0]["outcome"] == "taken");
    const std::string id = first["result"]["records"][0]["incident_id"];
    CHECK(json_of(client.get("/v1/incidents/" + id))["result"]["incident"]["service"] == "gateway");
    CHECK(json_of(client.post(path, alerts))["result"]["records"][0]["outcome"] == "duplicate");
    CHECK(client.post(path, "no json").status == 422);
    CHECK(client.post("/v1/ingest/nosuch?agent_id=helion", "{}").status == 404);
    const HttpAnswer bad =
        client.post(path, R"({"version":"4","groupKey":"g","alerts":[{"status":"firing","labels":{},"startsAt":"never"}]})");
    CHECK(json_of(bad)["result"]["records"][0]["field"] == "/alerts/0/startsAt");
    CHECK(std::filesystem::exists(daybook.data() / "dead-letters.jsonl"));
    CHECK(client.post("/v1/ingest/grafana?agent_id=helion", fixture("grafana.json")).status == 200);
    CHECK(client.post("/v1/ingest/cloudevents?agent_id=helion", fixture("cloudevents.json")).status == 200);
}

TEST_CASE("clients that were made for PagerDuty are answered as PagerDuty answers", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    const HttpAnswer answer = client.post("/v2/enqueue?agent_id=helion", fixture("pagerduty.json"));
    CHECK(answer.status == 202);
    CHECK(json_of(answer)["status"] == "success");
    CHECK(json_of(answer)["dedup_key"] == "prod/gateway/5xx");
    const HttpAnswer bad = client.post("/v2/enqueue?agent_id=helion", R"({"event_action":"trigger"})");
    CHECK(bad.status == 400);
    CHECK(json_of(bad)["status"] == "invalid event");
    CHECK(json_of(bad)["errors"].size() == 1);
}

TEST_CASE("the views follow what is written, also while nobody reads", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    for (int i = 0; i < 5; ++i) create(client, "Incident " + std::to_string(i));
    CHECK(becomes_true([&] { return json_of(client.get("/readyz"))["projection_lag_events"] == 0; }));
    CHECK(client.get("/metrics").body.find("\ndaybook_projection_lag_events 0\n") != std::string::npos);
}

TEST_CASE("views that are deleted while a server runs are made anew", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    create(client, "before");
    std::filesystem::remove_all(daybook.data() / "views");
    create(client, "after");
    const HttpAnswer answer = client.get("/v1/incidents");
    CHECK(answer.status == 200);
    CHECK(answer.body.find("before") != std::string::npos);
    CHECK(answer.body.find("after") != std::string::npos);
}

TEST_CASE("a refused record of a webhook keeps no command from the dead letters", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    CHECK(client.post("/v1/ingest/triage?agent_id=helion", R"({"schema":"alert_triage/1"})").status == 200);
    CHECK(daybook.run({"ingest", "-"}, "no JSON\n").status == 3);
    const Outcome again = daybook.run({"ingest", "--dead-letters"});
    CHECK(again.status == 3);
    CHECK(again.err.find("2 read, 0 taken") != std::string::npos);
}

TEST_CASE("Grafana's signature is asked for where there is a key for it", "[serve]") {
    const Program daybook;
    write_secret(daybook / "grafana.key", "s3cr3t\n");
    Server server(daybook, {"--grafana-key-file", "grafana.key"});
    HttpClient client = server.client();
    const std::string path = "/v1/ingest/grafana?agent_id=helion";
    CHECK(client.post(path, R"({"a":1})").status == 401);
    const char* right = "d42927434049e0b8c73ce887062238cc1c6bb6644bfe66e66d8dd0f30b85679e";
    CHECK(client.post(path, R"({"a":2})", {{"X-Grafana-Alerting-Signature", right}}).status == 401);
    const int status = client.post(path, R"({"a":1})", {{"X-Grafana-Alerting-Signature", right}}).status;
    CHECK((status == 422 || status == 200));  // it is no alert, but it is Grafana's
}

TEST_CASE("the live stream has every event once, across reconnects, and what other processes append", "[serve]") {
    const Program daybook;
    daybook.out({"-q", "incident", "create", "--service", "api", "--severity", "P1", "--title", "Before"});
    Server server(daybook);
    HttpClient client = server.client();
    std::set<int> seen;
    const auto follow = [&](HttpClient& stream, int until) {
        while (seen.empty() || *seen.rbegin() < until) {
            const std::string event = stream.receive_until("\n\n");
            if (!event.starts_with("id: ")) continue;
            const int sequence = std::stoi(event.substr(4));
            CHECK(seen.insert(sequence).second);
            CHECK(event.find("\ndata: {\"seq\":" + std::to_string(sequence)) != std::string::npos);
        }
    };
    {
        HttpClient stream = server.client();
        stream.send("GET /v1/events/stream?after_seq=0 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        CHECK(stream.receive_header().headers.at("content-type") == "text/event-stream");
        follow(stream, 1);
        create(client, "Live");
        follow(stream, 2);
        daybook.out({"-q", "incident", "create", "--service", "api", "--severity", "P1", "--title", "From beside"});
        follow(stream, 3);
    }
    create(client, "While nobody listened");
    HttpClient again = server.client();
    again.send("GET /v1/events/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " + std::to_string(*seen.rbegin()) +
               "\r\n\r\n");
    again.receive_header();
    follow(again, 4);
    CHECK(seen == std::set<int>{1, 2, 3, 4});
    CHECK(server.stop() == 0);  // a stream that is open does not hold it up
}

TEST_CASE("events are answered as JSON in pages, and as JSON Lines or CSV in a stream", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    for (int i = 0; i < 7; ++i) create(client, "Incident " + std::to_string(i));
    const Json page = json_of(client.get("/v1/events?limit=5&type=incident_created"));
    CHECK(page["result"]["events"].size() == 5);
    const int next = page["result"]["next_after_seq"];
    const Json rest = json_of(client.get("/v1/events?type=incident_created&after_seq=" + std::to_string(next)));
    CHECK(rest["result"]["events"].size() == 2);
    CHECK(rest["result"]["next_after_seq"].is_null());
    const HttpAnswer lines = client.get("/v1/events", {{"Accept", "application/x-ndjson"}});
    CHECK(lines_of(lines.body) == lines_of(daybook.run({"events", "-o", "jsonl"}).out));
    HttpClient other = server.client();
    const HttpAnswer csv = other.get("/v1/events", {{"Accept", "text/csv"}});
    CHECK(csv.body == daybook.run({"events", "-o", "csv"}).out);
    HttpClient third = server.client();
    CHECK(third.get("/v1/events?nosuch=1").status == 422);
    CHECK(third.get("/v1/events?since=yesterday").status == 422);
}

TEST_CASE("checkpoints, proofs, evidence and digests are those of the command line", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    const std::string id = create(client, "Proven", {{"started_at", "2026-02-23T10:00:00Z"}});
    create(client, "Another");
    CHECK(client.get("/v1/log/checkpoint").body == daybook.run({"checkpoint"}).out);
    CHECK(client.get("/v1/log/proof/inclusion?seq=1").body == daybook.run({"proof", "inclusion", "1"}).out);
    CHECK(client.get("/v1/log/proof/consistency?from=1").body == daybook.run({"proof", "consistency", "1"}).out);
    CHECK(client.get("/v1/log/proof/inclusion?seq=99").status == 404);
    CHECK(client.get("/v1/log/proof/inclusion").status == 422);
    write_file(daybook / "evidence", client.get("/v1/incidents/" + id + "/evidence").body);
    CHECK(daybook.run({"verify", "--evidence", (daybook / "evidence").string(), "--key", daybook.out({"checkpoint", "--vkey"})})
              .status == 0);
    CHECK(client.get("/v1/digests/weekly/2026-09.md").body.starts_with("# "));
    CHECK(json_of(client.get("/v1/digests/weekly/2026-09")).is_object());
    CHECK(client.get("/v1/digests/weekly/2099-01").status == 404);
}

TEST_CASE("the description of the interface says what each action of a tool takes", "[serve]") {
    const Program daybook;
    Server server(daybook, {"--rate-limit", "0"});
    HttpClient client = server.client();
    const Json described = json_of(client.get("/openapi.json"));
    const Json& body = described["paths"]["/v1/tools/{tool}"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    std::map<std::string, Json> actions;
    for (const Json& action : body["oneOf"]) {
        const Json& properties = action["properties"];
        const std::string tool = properties["tool"]["const"], name = properties["action"]["const"];
        CHECK(actions.emplace(name, properties["params"]["properties"]).second);
        const HttpAnswer answer = client.post(
            "/v1/tools/" + tool, Json{{"action", name}, {"agent_id", "sofiia"}, {"params", {{"colour", "red"}}}}.dump());
        CHECK(answer.status == 422);  // there is such an action, and it takes no colour
        CHECK(json_of(answer)["error"]["details"]["field"] == "/params/colour");
    }
    CHECK(actions.size() >= 25);
    const Json& list = actions.at("incident_list");
    CHECK(list["limit"]["type"] == "integer");
    CHECK(list["archived"]["type"] == "boolean");
    CHECK(list["since"]["format"] == "date-time");
    CHECK(list["status"]["description"].get<std::string>().find("mitigated") != std::string::npos);
    CHECK(actions.at("followup_add")["links"]["items"]["type"] == "string");
    CHECK_FALSE(list.contains("idempotency_key"));
    CHECK(actions.at("incident_create").contains("idempotency_key"));
}

TEST_CASE("the description of the interface names every route, and every route that it names answers", "[serve]") {
    const Program daybook;
    Server server(daybook, {"--rate-limit", "0"});
    HttpClient client = server.client();
    const Json described = json_of(client.get("/openapi.json"));
    CHECK(described["openapi"] == "3.1.0");
    CHECK(described["paths"].size() >= 20);
    std::set<std::string> ids;
    for (const auto& [path, operations] : described["paths"].items()) {
        std::string target = path;
        for (std::size_t at = target.find('{'); at != std::string::npos; at = target.find('{')) {
            target.replace(at, target.find('}', at) - at + 1, "x");
        }
        for (const auto& [method, operation] : operations.items()) {
            INFO(method << ' ' << path);
            CHECK(ids.insert(operation["operationId"]).second);
            if (path == "/v1/events/stream") continue;  // it does not end
            const HttpAnswer answer = method == "get" ? client.get(target) : client.post(target, "{}");
            CHECK(answer.status != 405);
            if (answer.status == 404) CHECK(answer.body.find("there is nothing at") == std::string::npos);
            const HttpAnswer other = method == "get" ? client.post(target, "{}") : client.get(target);
            CHECK(other.status == 405);
            CHECK(other.headers.count("allow") == 1);
        }
    }
}

TEST_CASE("SIGHUP reads the policies again, and keeps the old ones where the new are wrong", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    const Json wanted{{"action", "incident_create"}, {"agent_id", "nora"}, {"service", "a"}, {"severity", "P1"}, {"title", "t"}};
    call(client, "oncall_tool", wanted, 403);
    std::filesystem::create_directories(daybook / "ops/policy");
    std::string policy = read_file(project_file("ops/policy/rbac.yml"));
    const std::size_t place = policy.find("\n  helion:");
    REQUIRE(place != std::string::npos);
    policy.insert(place, "\n  nora: agent_oncall");
    write_file(daybook / "ops/policy/rbac.yml", policy);
    server.process().signal(SIGHUP);
    server.process().line_with("are read again");
    call(client, "oncall_tool", wanted, 200);
    write_file(daybook / "ops/policy/rbac.yml", "nonsense: [");
    server.process().signal(SIGHUP);
    server.process().line_with("what held before holds on");
    call(client, "oncall_tool", wanted, 200);
}

TEST_CASE("an agent that asks too often is told so, and others are not held up", "[serve]") {
    const Program daybook;
    Server server(daybook, {"--rate-limit", "0.5"});
    HttpClient client = server.client();
    int limited = 0;
    for (int i = 0; i < 30; ++i) {
        const HttpAnswer answer = client.get("/v1/incidents?agent_id=monitor");
        if (answer.status != 429) continue;
        ++limited;
        CHECK(answer.headers.at("retry-after") == "1");
    }
    CHECK(limited >= 10);
    CHECK(client.get("/v1/incidents?agent_id=aistalk").status == 200);
}

TEST_CASE("many clients that write at once lose nothing, and the metrics count them", "[serve]") {
    const Program daybook;
    Server server(daybook, {"--rate-limit", "0"});
    constexpr int clients = 16, each = 20;
    std::vector<std::thread> threads;
    std::atomic<int> done = 0;
    for (int c = 0; c < clients; ++c) {
        threads.emplace_back([&, c] {
            HttpClient client = server.client();
            for (int i = 0; i < each; ++i) {
                const Json body{{"action", "incident_create"},
                                {"agent_id", "sofiia"},
                                {"service", "s"},
                                {"severity", "P2"},
                                {"title", std::to_string(c) + '/' + std::to_string(i)},
                                {"idempotency_key", std::to_string(c) + '-' + std::to_string(i)}};
                done += client.post("/v1/tools/oncall_tool", body.dump()).status == 200 ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(done == clients * each);
    HttpClient client = server.client();
    const std::string metrics = client.get("/metrics").body;
    CHECK(metrics.find("daybook_appended_events_total " + std::to_string(clients * each) + "\n") != std::string::npos);
    CHECK(metrics.find("daybook_sync_seconds_count ") != std::string::npos);
    CHECK(metrics.find("daybook_http_requests_total{method=\"POST\",route=\"/v1/tools/{tool}\",status=\"200\"} " +
                       std::to_string(clients * each)) != std::string::npos);
    CHECK(server.stop() == 0);
    CHECK(daybook.run({"verify"}).status == 0);
    CHECK(lines_of(daybook.out({"incident", "list", "--ids"})).size() == clients * each);
}
