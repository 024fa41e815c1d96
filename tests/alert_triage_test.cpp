#include <catch2/catch.hpp>

#include "ingest/alert_triage.hpp"
#include "tests/desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// The example of section 3, on one line.
constexpr const char* example =
    R"({"schema":"alert_triage/1","triage_id":"tri_20260223_1000_k3f9","triaged_at":"2026-02-23T10:00:05Z","agent_id":"monitor",)"
    R"("decision":"create","incident_id":null,"signature":null,)"
    R"("alert":{"alert_ref":"alrt_7781","source":"alertmanager","service":"gateway","env":"prod","severity":"P1","kind":"http_5xx",)"
    R"("state":"firing","title":"Gateway 5xx rate >5%","summary":"5xx at 7.2% for 10m","started_at":"2026-02-23T10:00:00Z","ended_at":null,)"
    R"("labels":{"cluster":"node1"},"annotations":{"runbook_url":"https://example.org/rb/5xx"},"metrics":{"rate_5xx":0.072},"links":[]},)"
    R"("followups":[{"title":"Add a canary to gateway deploys","owner":"sofiia","priority":"P1","due_at":"2026-03-02T10:00:00Z"}],)"
    R"("escalation":{"level":1,"target":"helion","reason":"P1 in prod"},"notes":["Rollback of 2.7.1 started"]})";

using Read = Result<std::variant<AlertReport, TriageRunReport>>;

Read read(std::string_view line) {
    JsonReader reader;
    Sha256 sha256;
    const auto value = reader.read(line);
    if (!value) return value.refusal();
    return read_alert_triage(**value, "feed", sha256);
}

AlertReport report_of(std::string_view line) {
    auto report = read(line);
    if (!report) throw std::runtime_error("refused: " + report.refusal().message);
    return std::get<AlertReport>(*report);
}
AlertReport report_of(const Report& report) { return report_of(report.line()); }

// The place of what is wrong with a record.
std::string refused_at(std::string_view line) {
    const auto report = read(line);
    if (report) return "taken";
    CHECK(report.refusal().code == RefusalCode::invalid);
    CHECK_FALSE(report.refusal().message.empty());
    return report.refusal().field;
}

// The same of the record of one alert with one field changed.
std::string record_at(const std::string& name, const std::string& json) {
    return refused_at(Report::firing("10:00").set(name, json).line());
}
std::string alert_at(const std::string& name, const std::string& json) {
    return refused_at(Report::firing("10:00").set_alert(name, json).line());
}

std::string text(std::size_t size) { return '"' + std::string(size, 'x') + '"'; }

std::string digest_of(std::string_view line) {
    JsonReader reader;
    return to_hex(Sha256()({canonical(**reader.read(line))}));
}

}  // namespace

TEST_CASE("the example of the specification becomes this report") {
    const AlertReport report = report_of(example);
    CHECK(report.input.key == "alert_triage:tri_20260223_1000_k3f9");
    REQUIRE(report.input.sha256);
    CHECK(to_hex(*report.input.sha256) == digest_of(example));
    CHECK(report.actor == "monitor");
    CHECK(report.source == "alert_triage");
    CHECK(report.decision == AlertReport::Decision::create);
    CHECK_FALSE(report.incident_id);
    CHECK(report.signature == default_signature("prod", "gateway", "http_5xx"));
    CHECK(format_time(report.alert_at) == "2026-02-23T10:00:00Z");
    CHECK(format_time(report.reported_at) == "2026-02-23T10:00:05Z");
    CHECK(report.encoded_alert.type == EventType::alert);
    CHECK(
        report.encoded_alert.text ==
        R"({"alert_ref":"alrt_7781","annotations":{"runbook_url":"https://example.org/rb/5xx"},"env":"prod","fingerprint":"alrt_7781",)"
        R"("input_sha256":")" +
            digest_of(example) +
            R"(","kind":"http_5xx","labels":{"cluster":"node1"},"links":[],"metrics":{"rate_5xx":0.072},)"
            R"("service":"gateway","severity":"P1","source":"alertmanager","starts_at":"2026-02-23T10:00:00Z","state":"firing",)"
            R"("summary":"5xx at 7.2% for 10m","title":"Gateway 5xx rate >5%"})");
    REQUIRE(report.followups.size() == 1);
    CHECK(report.followups[0].title == "Add a canary to gateway deploys");
    CHECK(report.followups[0].owner == "sofiia");
    CHECK(report.followups[0].priority == Severity::p1);
    REQUIRE(report.followups[0].due_at);
    CHECK(format_time(*report.followups[0].due_at) == "2026-03-02T10:00:00Z");
    CHECK_FALSE(report.followups[0].links);
    REQUIRE(report.escalation);
    CHECK(report.escalation->level == 1);
    CHECK(report.escalation->target == "helion");
    CHECK(report.escalation->reason == "P1 in prod");
    CHECK(report.notes == std::vector<std::string>{"Rollback of 2.7.1 started"});
}

TEST_CASE("a signature is the start of the SHA-256 over env, service and kind") {
    CHECK(default_signature("a", "b", "c") == "ea7fb08b7a2dc461");  // printf 'a\nb\nc' | sha256sum
}

TEST_CASE("what a record leaves out has these defaults") {
    const AlertReport report = report_of(
        R"({"schema":"alert_triage/1","triaged_at":"2026-02-23T10:00:05Z","alert":{"service":"s","kind":"k","title":"t","started_at":"2026-02-23T10:00:00Z"}})");
    CHECK(report.actor == "feed");
    CHECK(report.decision == AlertReport::Decision::automatic);
    CHECK(report.alert.env == "prod");
    CHECK(report.alert.severity == Severity::p2);
    CHECK(report.alert.state == AlertState::firing);
    CHECK(report.alert.source == "alert_triage");
    CHECK(report.alert.fingerprint == report.signature);
    CHECK(report.alert.alert_ref == report.signature);
    CHECK(report.alert.labels.text == "{}");
    CHECK(report.alert.annotations.text == "{}");
    CHECK_FALSE(report.alert.metrics);
    CHECK_FALSE(report.alert.links);
    CHECK_FALSE(report.alert.evidence);
    CHECK_FALSE(report.alert.summary);
    CHECK_FALSE(report.alert.meta);
    CHECK(report.followups.empty());
    CHECK(report.notes.empty());
    CHECK_FALSE(report.escalation);

    const AlertReport more = report_of(
        Report::firing("10:00").set("followups", R"([{"title":"f"}])").set("escalation", R"({"target":"helion","more":1})"));
    CHECK(more.followups.at(0).priority == Severity::p2);
    CHECK_FALSE(more.followups[0].owner);
    CHECK_FALSE(more.followups[0].due_at);
    CHECK(more.escalation->level == 1);
    CHECK(more.escalation->reason.empty());
}

TEST_CASE("an alert's identity is its fingerprint, else its alert_ref, else the signature") {
    const auto identity = [](const Report& report) { return report_of(report).alert.fingerprint; };
    CHECK(identity(Report::firing("10:00").ref("r").alert_text("fingerprint", "f")) == "f");
    CHECK(identity(Report::firing("10:00").ref("r")) == "r");
    CHECK(identity(Report::firing("10:00").ref("r").alert_text("fingerprint", "")) == "r");
    CHECK(identity(Report::firing("10:00").ref("").text("signature", "sig")) == "sig");
    CHECK(identity(Report::firing("10:00").set_alert("alert_ref", "")) == default_signature("prod", "gateway", "http_5xx"));
}

TEST_CASE("a signature that is given counts, an empty one does not") {
    CHECK(report_of(Report::firing("10:00").text("signature", "mine")).signature == "mine");
    CHECK(report_of(Report::firing("10:00").text("signature", "")).signature == default_signature("prod", "gateway", "http_5xx"));
}

TEST_CASE("null stands for absent where the schema says so") {
    const Report report = Report::firing("10:00")
                              .set("triage_id", "null")
                              .set("decision", "null")
                              .set("incident_id", "null")
                              .set("signature", "null")
                              .set("escalation", "null")
                              .set_alert("summary", "null")
                              .set_alert("ended_at", "null")
                              .set("followups", R"([{"title":"t","owner":null,"due_at":null}])");
    CHECK(refused_at(report.line()) == "taken");
}

TEST_CASE("null is refused where the schema knows none") {
    for (const char* name : {"schema", "triaged_at", "agent_id", "alert", "followups", "notes", "meta"}) {
        CHECK(record_at(name, "null") == std::string("/") + name);
    }
    for (const char* name : {"alert_ref", "fingerprint", "source", "service", "env", "severity", "kind", "state", "title",
                             "started_at", "labels", "annotations", "metrics", "links", "evidence"}) {
        CHECK(alert_at(name, "null") == std::string("/alert/") + name);
    }
    CHECK(record_at("followups", R"([{"title":"t","priority":null}])") == "/followups/0/priority");
    CHECK(record_at("followups", R"([{"title":"t","links":null}])") == "/followups/0/links");
    CHECK(record_at("escalation", R"({"target":"t","level":null})") == "/escalation/level");
    CHECK(record_at("escalation", R"({"target":"t","reason":null})") == "/escalation/reason");
}

TEST_CASE("a missing field is refused with its place") {
    CHECK(refused_at("[]") == "");
    CHECK(refused_at("{}") == "/schema");
    CHECK(record_at("schema", "") == "/schema");
    CHECK(record_at("triaged_at", "") == "/triaged_at");
    CHECK(refused_at(R"({"schema":"alert_triage/1","triaged_at":"2026-02-23T10:00:05Z"})") == "/alert");
    for (const char* name : {"service", "kind", "title", "started_at"}) CHECK(alert_at(name, "") == std::string("/alert/") + name);
    CHECK(record_at("followups", "[{}]") == "/followups/0/title");
    CHECK(record_at("escalation", "{}") == "/escalation/target");
}

TEST_CASE("a field of the wrong type is refused with its place") {
    for (const char* name : {"triage_id", "triaged_at", "agent_id", "decision", "incident_id", "signature", "alert", "followups",
                             "escalation", "notes", "meta"}) {
        CHECK(record_at(name, "7") == std::string("/") + name);
    }
    for (const char* name : {"alert_ref", "fingerprint", "source", "service", "env", "severity", "kind", "state", "title",
                             "summary", "started_at", "ended_at", "labels", "annotations", "metrics", "links", "evidence"}) {
        CHECK(alert_at(name, "7") == std::string("/alert/") + name);
    }
    CHECK(alert_at("labels", R"({"a":"b","c/d":1})") == "/alert/labels/c~1d");
    CHECK(alert_at("annotations", R"({"a":null})") == "/alert/annotations/a");
    CHECK(alert_at("metrics", R"({"a":"1"})") == "/alert/metrics/a");
    CHECK(alert_at("metrics", R"({"a":1,"b":0.5})") == "taken");
    CHECK(alert_at("links", R"(["a",1])") == "/alert/links/1");
    CHECK(record_at("notes", R"(["a",{}])") == "/notes/1");
    CHECK(record_at("followups", R"([{"title":"t"},7])") == "/followups/1");
    CHECK(record_at("followups", R"([{"title":"t","owner":7}])") == "/followups/0/owner");
    CHECK(record_at("followups", R"([{"title":"t","priority":"high"}])") == "/followups/0/priority");
    CHECK(record_at("followups", R"([{"title":"t","due_at":"soon"}])") == "/followups/0/due_at");
    CHECK(record_at("followups", R"([{"title":"t","links":[1]}])") == "/followups/0/links/0");
    CHECK(record_at("escalation", R"({"target":"t","level":"1"})") == "/escalation/level");
    CHECK(record_at("escalation", R"({"target":"t","level":0.5})") == "/escalation/level");
    CHECK(record_at("escalation", R"({"target":"t","level":-1})") == "/escalation/level");
    CHECK(record_at("escalation", R"({"target":7})") == "/escalation/target");
}

TEST_CASE("a field that the schema does not know is refused with its place") {
    CHECK(record_at("severity", R"("P1")") == "/severity");
    CHECK(alert_at("starts_at", R"("2026-02-23T10:00:00Z")") == "/alert/starts_at");
    CHECK(record_at("followups", R"([{"title":"t","due_date":"2026-03-01"}])") == "/followups/0/due_date");
    CHECK(record_at("a/b~c", "1") == "/a~1b~0c");
}

TEST_CASE("an empty or too long text is refused with its place, the longest is taken") {
    CHECK(record_at("triage_id", text(128)) == "taken");
    CHECK(record_at("triage_id", text(129)) == "/triage_id");
    CHECK(record_at("signature", text(128)) == "taken");
    CHECK(record_at("signature", text(129)) == "/signature");
    CHECK(record_at("agent_id", text(128)) == "taken");
    CHECK(record_at("agent_id", text(129)) == "/agent_id");
    CHECK(record_at("agent_id", R"("")") == "/agent_id");
    CHECK(record_at("agent_id", R"("a b")") == "/agent_id");
    CHECK(alert_at("alert_ref", text(256)) == "taken");
    CHECK(alert_at("alert_ref", text(257)) == "/alert/alert_ref");
    CHECK(alert_at("fingerprint", text(128)) == "taken");
    CHECK(alert_at("fingerprint", text(129)) == "/alert/fingerprint");
    for (const char* name : {"source", "service", "env", "kind"}) {
        CHECK(alert_at(name, text(128)) == "taken");
        CHECK(alert_at(name, text(129)) == std::string("/alert/") + name);
        CHECK(alert_at(name, text(0)) == std::string("/alert/") + name);
    }
    CHECK(alert_at("title", text(512)) == "taken");
    CHECK(alert_at("title", text(513)) == "/alert/title");
    CHECK(alert_at("title", text(0)) == "/alert/title");
    CHECK(alert_at("summary", text(16384)) == "taken");
    CHECK(alert_at("summary", text(16385)) == "/alert/summary");
    CHECK(record_at("notes", '[' + text(16384) + ']') == "taken");
    CHECK(record_at("notes", '[' + text(16385) + ']') == "/notes/0");
    CHECK(record_at("followups", R"([{"title":)" + text(513) + "}]") == "/followups/0/title");
    CHECK(record_at("followups", R"([{"title":""}])") == "/followups/0/title");
    CHECK(record_at("escalation", R"({"target":""})") == "/escalation/target");
    CHECK(record_at("escalation", R"({"target":)" + text(129) + "}") == "/escalation/target");
}

TEST_CASE("a word that is none of the schema's is refused with its place") {
    CHECK(record_at("schema", R"("alert_triage/2")") == "/schema");
    CHECK(record_at("decision", R"("open")") == "/decision");
    CHECK(record_at("decision", R"("")") == "/decision");
    CHECK(alert_at("severity", R"("P5")") == "/alert/severity");
    CHECK(alert_at("severity", R"("p1")") == "/alert/severity");
    CHECK(alert_at("state", R"("ok")") == "/alert/state");
    for (const char* id : {"inc_1", "inc_20260223_1000_ABCD", "inc_20260223_1000_abc", "inc_20260223_1000_abcdefghijklmnopq", ""}) {
        CHECK(record_at("incident_id", std::string("\"") + id + '"') == "/incident_id");
    }
    for (const char* word : {"auto", "create", "update", "resolve", "ignore"})
        CHECK(record_at("decision", std::string("\"") + word + '"') == "taken");
}

TEST_CASE("a time without an offset, or one that is none, is refused with its place") {
    for (const char* time : {"2026-02-23T10:00:00", "2026-02-23", "2026-02-30T10:00:00Z", "yesterday", "1771840800", ""}) {
        const std::string json = std::string("\"") + time + '"';
        CHECK(record_at("triaged_at", json) == "/triaged_at");
        CHECK(alert_at("started_at", json) == "/alert/started_at");
        CHECK(alert_at("ended_at", json) == "/alert/ended_at");
    }
    CHECK(format_time(report_of(Report::firing("10:00").alert_text("started_at", "2026-02-23T11:30:00.1234567+02:00")).alert_at) ==
          "2026-02-23T09:30:00.123456Z");
}

TEST_CASE("an alert that ended before it started is refused") {
    CHECK(alert_at("ended_at", R"("2026-02-23T09:59:59.999999Z")") == "/alert/ended_at");
    CHECK(alert_at("ended_at", R"("2026-02-23T10:00:00Z")") == "taken");
}

TEST_CASE("an alert occurs when it starts; resolved, when it ends, else when it was triaged") {
    CHECK(format_time(report_of(Report::firing("10:00")).alert_at) == "2026-02-23T10:00:00Z");
    CHECK(format_time(report_of(Report::firing("10:00").alert_text("ended_at", moment("10:30"))).alert_at) ==
          "2026-02-23T10:00:00Z");
    CHECK(format_time(report_of(Report::resolved("10:30")).alert_at) == "2026-02-23T10:30:00Z");
    CHECK(format_time(report_of(Report::resolved("10:30").told("10:45").set_alert("ended_at", "")).alert_at) ==
          "2026-02-23T10:45:00Z");
    CHECK(format_time(report_of(Report::resolved("10:30").told("10:45")).reported_at) == "2026-02-23T10:45:00Z");
}

TEST_CASE("the decision to resolve makes the alert a resolved one") {
    const AlertReport report = report_of(Report::firing("10:00").told("10:20").decision("resolve"));
    CHECK(report.alert.state == AlertState::resolved);
    CHECK(format_time(report.alert_at) == "2026-02-23T10:20:00Z");
    CHECK(report.encoded_alert.text.find(R"("state":"resolved")") != std::string::npos);
}

TEST_CASE("a record without an id is keyed by its contents, whatever the order and the spaces") {
    const std::string line =
        R"({"schema":"alert_triage/1","triaged_at":"2026-02-23T10:00:05Z","alert":{"service":"s","kind":"k","title":"t","started_at":"2026-02-23T10:00:00Z"}})";
    const std::string same =
        R"({ "alert": {"kind":"k", "service":"s","started_at":"2026-02-23T10:00:00Z","title":"\u0074"},"triaged_at":"2026-02-23T10:00:05Z","schema":"alert_triage/1"})";
    CHECK(report_of(line).input.key == "alert_triage:" + digest_of(line));
    CHECK(report_of(same).input.key == report_of(line).input.key);
    CHECK(report_of(Report::firing("10:00").id("")).input.key.size() == std::string("alert_triage:").size() + 64);
    CHECK(report_of(Report::firing("10:00").id("x")).input.key == "alert_triage:x");
}

TEST_CASE("of an id that no key has room for its digest stands in the key") {
    std::string id;
    for (int i = 0; i < 128; ++i) id += "\xF0\x9F\x9A\x92";
    const auto key = report_of(Report::firing("10:00").id(id)).input.key;
    CHECK(key == "alert_triage:" + to_hex(Sha256()({id})));
}

TEST_CASE("empty notes are left out") {
    CHECK(report_of(Report::firing("10:00").set("notes", R"(["","a",""])")).notes == std::vector<std::string>{"a"});
}

TEST_CASE("a record's meta goes into its alert") {
    CHECK(report_of(Report::firing("10:00").set("meta", R"({"b":1,"a":[]})")).alert.meta->text == R"({"a":[],"b":1})");
}

TEST_CASE("the counts of a triage run are read") {
    const auto read_run =
        read(R"({"schema":"alert_triage_run/1","run_id":"r1","agent_id":"monitor","started_at":"2026-02-23T10:00:00Z",)"
             R"("finished_at":"2026-02-23T10:01:00Z","processed":5,"created":1,"updated":2,"ignored":1,"errors":1,"more":true})");
    REQUIRE(read_run);
    const auto& report = std::get<TriageRunReport>(*read_run);
    CHECK(report.input.key == "alert_triage:run:r1");
    CHECK(report.actor == "monitor");
    CHECK(report.run.run_id == "r1");
    CHECK(report.run.processed == 5);
    CHECK(report.run.errors == 1);
    CHECK(report.run.input_sha256 == to_hex(*report.input.sha256));

    const auto run_at = [](const std::string& rest) {
        return refused_at(R"({"schema":"alert_triage_run/1","started_at":"2026-02-23T10:00:00Z")" + rest + '}');
    };
    const std::string finished = R"(,"finished_at":"2026-02-23T10:01:00Z")";
    CHECK(run_at("") == "/finished_at");
    CHECK(run_at(finished) == "taken");
    CHECK(run_at(finished + R"(,"processed":"5")") == "/processed");
    CHECK(run_at(finished + R"(,"errors":null)") == "/errors");
    CHECK(run_at(finished + R"(,"run_id":7)") == "/run_id");
    CHECK(run_at(finished + R"(,"run_id":)" + text(1000)) == "taken");
}
