// What a server answers to alert sources, and keeps of what it refuses.
#include <chrono>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "journal/hmac.hpp"
#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

TEST_CASE("an alert source that sends too often is told to come again, with 503 and never with a 4xx", "[serve]") {
    const Program daybook;
    Server server(daybook, {"--rate-limit", "0.5"});
    HttpClient client = server.client();
    const std::string alerts = read_file(project_file("fixtures/alerts/alertmanager.json"));
    int later = 0;
    for (int i = 0; i < 30; ++i) {
        const HttpAnswer answer = client.post("/v1/ingest/alertmanager?agent_id=helion", alerts);
        CHECK((answer.status == 200 || answer.status == 503));
        if (answer.status == 200) continue;
        ++later;
        CHECK(answer.headers.at("retry-after") == "1");
        CHECK(Json::parse(answer.body)["error"]["code"] == "rate_limited");
    }
    CHECK(later >= 10);
    const Json paths = Json::parse(client.get("/openapi.json").body)["paths"];
    CHECK(paths["/v1/ingest/alertmanager"]["post"]["responses"].contains("503"));
    CHECK_FALSE(paths["/v1/ingest/alertmanager"]["post"]["responses"].contains("429"));
    CHECK(paths["/v1/tools/{tool}"]["post"]["responses"].contains("429"));
}

TEST_CASE("a body that is refused as a whole waits in the dead letters until it is mended", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    const auto letters = daybook.data() / "dead-letters.jsonl";
    const std::string alertmanager = "/v1/ingest/alertmanager?agent_id=helion";
    std::string alerts = read_file(project_file("fixtures/alerts/alertmanager.json"));
    alerts.replace(alerts.find("\"alerts\""), 8, "\"alarms\"");
    CHECK(client.post(alertmanager, alerts).status == 422);
    CHECK(client.post(alertmanager, alerts).status == 422);  // the same is not added again
    CHECK(client.post(alertmanager, "no json").status == 422);
    CHECK(client.post("/v2/enqueue?agent_id=helion", "\xff").status == 400);
    const auto lines = lines_of(read_file(letters));
    REQUIRE(lines.size() == 3);
    const Json letter = Json::parse(lines[0]);
    CHECK(letter["record"] == Json::parse(alerts));
    CHECK(letter["file"] == "/v1/ingest/alertmanager");
    CHECK(letter["field"] == "/alerts");
    CHECK(Json::parse(lines[1])["text"] == "no json");
    CHECK(Json::parse(lines[2])["hex"] == "ff");
    std::string mended = read_file(letters);
    mended.replace(mended.find("\"alarms\""), 8, "\"alerts\"");
    write_file(letters, mended);
    const Outcome again = daybook.run({"ingest", "--dead-letters"});
    CHECK(again.err.find("4 read, 2 taken, 0 duplicate, 0 ignored, 2 refused") != std::string::npos);
    CHECK(lines_of(read_file(letters)).size() == 2);
}

TEST_CASE("nothing is kept of who may not ingest, nor of what Grafana did not sign or is over the limit", "[serve]") {
    const Program daybook;
    write_secret(daybook / "secret", "a secret\n");
    const auto nothing_kept = [&] { return !std::filesystem::exists(daybook.data() / "dead-letters.jsonl"); };
    {
        Server server(daybook, {"--grafana-key-file", (daybook / "secret").string()});
        HttpClient client = server.client();
        CHECK(client.post("/v1/ingest/alertmanager?agent_id=monitor", "no json").status == 403);
        CHECK(client.post("/v1/ingest/grafana?agent_id=helion", "no json").status == 401);
        CHECK(server.client().post("/v1/ingest/triage?agent_id=helion", std::string((std::size_t{8} << 20) + 1, ' ')).status ==
              413);
        CHECK(nothing_kept());
    }
    daybook.out({"-q", "key", "create", "--name", "pager", "--agent", "helion"});
    Server server(daybook);
    HttpClient client = server.client();
    CHECK(client.post("/v1/ingest/alertmanager?agent_id=helion", "no json").status == 401);
    CHECK(nothing_kept());
}

TEST_CASE("a caller's key passes for none of daybook's own, so that an alert is never a repeat of a note", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    const auto create = [&](const std::string& key) {
        const Json call{{"action", "incident_create"},
                        {"agent_id", "helion"},
                        {"params", {{"service", "gateway"}, {"title", "t"}, {"idempotency_key", key}}}};
        return client.post("/v1/tools/oncall_tool", call.dump());
    };
    for (const char* word : {"alert_triage", "alertmanager", "backlog", "cloudevents", "correlate", "daily_risk_digest", "grafana",
                             "import", "pagerduty", "risk_snapshot", "run", "weekly_incident_digest"}) {
        const HttpAnswer answer = create(std::string(word) + ":/s 1");
        INFO(word << ": " << answer.body);
        CHECK(answer.status == 422);
        CHECK(Json::parse(answer.body)["error"]["details"]["field"] == "/params/idempotency_key");
    }
    const HttpAnswer taken = client.post("/v1/ingest/cloudevents?agent_id=helion",
                                         R"({"specversion":"1.0","id":"1","source":"/s","type":"org.example.alert.fired","data":)"
                                         R"({"service":"gateway","severity":"P0"}})");
    CHECK(Json::parse(taken.body)["result"]["records"][0]["outcome"] == "taken");
    for (const char* key : {"run", "my-run:1", "running:1", "Run:1"}) CHECK(create(key).status == 200);
}

TEST_CASE("all that is refused of one webhook waits in one letter", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    Json body{{"version", "4"}, {"groupKey", "g"}, {"commonAnnotations", {{"a", std::string(200'000, 'x')}}}};
    for (int i = 0; i < 300; ++i) body["alerts"].push_back({{"startsAt", "never"}, {"n", i}});
    const HttpAnswer answer = client.post("/v1/ingest/alertmanager?agent_id=helion", body.dump());
    CHECK(Json::parse(answer.body)["result"]["records"].size() == 300);
    CHECK(client.post("/v1/ingest/alertmanager?agent_id=helion", body.dump()).status == 200);  // the same is not added again
    const auto lines = lines_of(read_file(daybook.data() / "dead-letters.jsonl"));
    REQUIRE(lines.size() == 1);
    const Json letter = Json::parse(lines[0]);
    CHECK(letter["record"] == body);
    CHECK(letter["field"] == "/alerts/0/startsAt");
    CHECK(letter["reasons"].size() == 300);
    CHECK(letter["reasons"][299]["field"] == "/alerts/299/startsAt");
}

TEST_CASE("what Grafana signed long ago, or for a time to come, is not taken", "[serve]") {
    const Program daybook;
    write_secret(daybook / "grafana.key", "a secret\n");
    Server server(daybook, {"--grafana-key-file", "grafana.key"});
    HttpClient client = server.client();
    const std::string body = read_file(project_file("fixtures/alerts/grafana.json"));
    const auto deliver = [&](const std::string& timestamp) {
        const std::string signature = to_hex(hmac_sha256("a secret", {timestamp, ":", body}));
        return client.post("/v1/ingest/grafana?agent_id=helion", body,
                           {{"X-Grafana-Alerting-Signature", signature}, {"X-Grafana-Alerting-Timestamp", timestamp}});
    };
    const auto in = [](std::chrono::seconds later) {
        const auto now = std::chrono::system_clock::now() + later;
        return std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
    };
    const std::vector<std::string> wrong{
        "1577836800", in(std::chrono::minutes(-6)), in(std::chrono::minutes(6)), "", "soon", "-5", "9223372036854775807",
        in({}) + ".5"};
    for (const std::string& timestamp : wrong) {
        const HttpAnswer answer = deliver(timestamp);
        INFO(timestamp << ' ' << answer.body);
        CHECK(answer.status == 401);
    }
    CHECK(deliver("1577836800").body.find("more than 5 minutes off this server's clock") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(daybook.data() / "dead-letters.jsonl"));
    CHECK(deliver(in(std::chrono::minutes(-4))).status == 200);
    CHECK(deliver(in(std::chrono::minutes(4))).status == 200);
}

TEST_CASE("Grafana's key is for its owner alone, ends at its line's end, and is read again on SIGHUP", "[serve]") {
    const Program daybook;
    write_file(daybook / "grafana.key", "first\r\nmore\r\n");
    std::filesystem::permissions(daybook / "grafana.key", std::filesystem::perms(0644));
    const Outcome open = daybook.run({"serve", "--listen", "127.0.0.1:0", "--grafana-key-file", "grafana.key"});
    CHECK(open.status == 1);
    CHECK(open.err.find("grafana.key has mode 0644, which lets others at it: `chmod 600") != std::string::npos);
    write_secret(daybook / "grafana.key", "first\r\nmore\r\n");
    Server server(daybook, {"--grafana-key-file", "grafana.key"});
    HttpClient client = server.client();
    const std::string body = read_file(project_file("fixtures/alerts/grafana.json"));
    const auto deliver = [&](std::string_view key) {
        return client
            .post("/v1/ingest/grafana?agent_id=helion", body, {{"X-Grafana-Alerting-Signature", to_hex(hmac_sha256(key, {body}))}})
            .status;
    };
    CHECK(deliver("first") == 200);
    write_secret(daybook / "grafana.key", "second");
    server.process().signal(SIGHUP);
    server.process().line_with("are read again");
    CHECK(deliver("first") == 401);
    CHECK(deliver("second") == 200);
    write_secret(daybook / "grafana.key", "\n");
    server.process().signal(SIGHUP);
    server.process().line_with("what held before holds on");
    CHECK(deliver("second") == 200);
}

TEST_CASE("Grafana may send with PUT", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    const std::string body = read_file(project_file("fixtures/alerts/grafana.json"));
    const auto put = [&](const std::string& path) {
        client.send("PUT " + path + "?agent_id=helion HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
        return client.receive().value();
    };
    CHECK(Json::parse(put("/v1/ingest/grafana").body)["result"]["records"][0]["outcome"] == "taken");
    CHECK(put("/v1/ingest/alertmanager").status == 405);
    CHECK(client.get("/v1/ingest/grafana").headers.at("allow") == "POST, PUT");
}
