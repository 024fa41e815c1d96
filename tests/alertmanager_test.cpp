#include <catch2/catch.hpp>

#include "ingest/labelled_alert.hpp"
#include "tests/webhook_desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string fingerprint(const std::string& labels) {
    JsonReader reader;
    return label_fingerprint(**reader.read(labels));
}

std::string entry(const std::string& status, const std::string& start, const std::string& end = "", const std::string& more = "") {
    return R"({"status":")" + status +
           R"(","labels":{"alertname":"Down","service":"gateway","severity":"critical","instance":"a")" + more +
           R"(},"annotations":{},"startsAt":")" + moment(start) + R"(","endsAt":")" +
           (end.empty() ? "0001-01-01T00:00:00Z" : moment(end)) + R"("})";
}
std::string body(const std::string& entries, const std::string& more = "") {
    return R"({"version":"4","groupKey":"{}:{}","status":"firing","receiver":"r","alerts":[)" + entries + "]" + more + "}";
}
std::string firing(const std::string& start) { return body(entry("firing", start)); }
std::string resolved(const std::string& start, const std::string& end) { return body(entry("resolved", start, end)); }

}  // namespace

TEST_CASE("a webhook of Alertmanager becomes the events that are expected, and nothing the second time") {
    WebhookDesk desk;
    CHECK(desk.take(alert_fixture("alertmanager.json")) == "taken taken");
    CHECK(desk.story() == golden("alerts/alertmanager.events.txt", desk.story()));
    const std::uint64_t size = desk.size();
    CHECK(desk.take(alert_fixture("alertmanager.json")) == "duplicate duplicate");
    CHECK(desk.size() == size);
    CHECK(desk.problems() == "");
}

TEST_CASE("a fingerprint is that of Alertmanager, and is made where a sender gives none") {
    CHECK(fingerprint(R"({"alertname":"DemoAlert","server":"ni3","severity":"critical"})") == "8a07086b74f3ba78");
    CHECK(fingerprint(R"({"type":"hermes-heartbeat","alertgroup":"frp_alerts","alertname":"downTimeAlert","frp":"10859",)"
                      R"("severity":"error"})") == "1badb0c76cee4041");
    CHECK(fingerprint("{}") == "cbf29ce484222325");
    CHECK(fingerprint(R"({"alertname":"GatewayHigh5xxRate","cluster":"eu1","env":"prod","instance":"gw-3:8080","job":"gateway",)"
                      R"("service":"gateway","severity":"critical","team":"edge"})") == "74e358eeb5e29711");
    WebhookDesk desk;
    const std::string sample = alert_fixture("alertmanager.json");
    desk.take(sample);
    const std::string without =
        with(with(sample, R"(, "fingerprint": "74e358eeb5e29711")", ""), R"(, "fingerprint": "48fd78e9cb8a1f3b")", "");
    CHECK(desk.take(without) == "duplicate duplicate");
}

TEST_CASE("an alert is a repeat by its start and status alone, whatever the rest says") {
    WebhookDesk desk;
    CHECK(desk.take(firing("10:00")) == "taken");
    CHECK(desk.take(body(with(entry("firing", "10:00"), R"("annotations":{})", R"("annotations":{"summary":"new"})"),
                         R"(,"notification_reason":"repeat interval elapsed")")) == "duplicate");
    CHECK(desk.outcomes.at(0).incident_id == desk.incidents().at(0).id);
    CHECK(desk.take(firing("10:01")) == "taken");
    CHECK(desk.take(firing("10:00")) == "taken");  // not the latest recorded one
    CHECK(desk.overview() == "P1 open");
}

TEST_CASE("an alert that fires again after it was resolved is never lost") {
    WebhookDesk desk;
    desk.take(firing("10:00"));
    CHECK(desk.take(resolved("10:00", "10:10")) == "taken");
    CHECK(desk.take(resolved("10:00", "10:10")) == "duplicate");
    CHECK(desk.overview() == "P1 resolved");
    SECTION("with a new start") {
        CHECK(desk.take(firing("10:20")) == "taken");
        CHECK(desk.overview() == "P1 open");
        CHECK(desk.take(firing("10:20")) == "duplicate");
        CHECK(desk.take(resolved("10:20", "10:25")) == "taken");
    }
    SECTION("with the start that it had") {
        const std::uint64_t before = desk.size();
        CHECK(desk.take(firing("10:00")) == "taken");
        CHECK(desk.types(before) == "alert status_changed");
        CHECK(desk.events(before).at(0).occurred_at == moment("10:10:00.000001"));
        CHECK(desk.overview() == "P1 open");
        CHECK(desk.take(firing("10:00")) == "duplicate");
        CHECK(desk.take(resolved("10:00", "10:10")) == "taken");  // its peer tells the end once more
        CHECK(desk.take(firing("10:00")) == "taken");
        CHECK(desk.take(resolved("10:00", "10:25")) == "taken");
    }
    SECTION("long after, with the start that it had, when its incident was closed") {
        REQUIRE(desk.commands().run(ChangeStatus{desk.incidents()[0].id, IncidentStatus::closed, {}, {}}, Desk::by_ada("11:00")));
        CHECK(desk.take(firing("10:00")) == "taken");
        CHECK(desk.overview() == "P1 closed, P1 open");
        CHECK(desk.take(firing("10:00")) == "duplicate");
        CHECK(desk.problems() == "");
        return;
    }
    CHECK(desk.overview() == "P1 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("an alert that is first told firing once its incident is over does not hide in it") {
    WebhookDesk desk;
    const auto other = [](const std::string& state, const std::string& start, const std::string& end = "") {
        return with(body(entry(state, start, end)), R"("instance":"a")", R"("instance":"b")");
    };
    desk.take(firing("10:00"));
    desk.take(resolved("10:00", "10:10"));
    SECTION("which reopens it, just after it was resolved") {
        const std::uint64_t before = desk.size();
        CHECK(desk.take(other("firing", "10:09")) == "taken");
        CHECK(desk.overview() == "P1 open");
        CHECK(desk.types(before) == "alert status_changed");
        CHECK(desk.events(before).back().occurred_at == moment("10:10:00.000001"));
        CHECK(desk.take(other("firing", "10:09")) == "duplicate");
        CHECK(desk.take(other("resolved", "10:09", "10:30")) == "taken");
        CHECK(desk.overview() == "P1 resolved");
    }
    SECTION("or opens another, where it was closed") {
        REQUIRE(desk.commands().run(ChangeStatus{desk.incidents()[0].id, IncidentStatus::closed, {}, {}}, Desk::by_ada("11:00")));
        CHECK(desk.take(other("firing", "10:09")) == "taken");
        CHECK(desk.overview() == "P1 closed, P1 open");
        CHECK(desk.take(other("firing", "10:09")) == "duplicate");
    }
    CHECK(desk.problems() == "");
}

TEST_CASE("an end in the year 1 is the time of receipt, and what fires again before it is not lost") {
    WebhookDesk desk;
    desk.take(firing("10:00"), "10:01");
    CHECK(desk.take(body(entry("resolved", "10:00")), "10:15") == "taken");
    CHECK(desk.events().back().occurred_at == moment("10:15"));
    CHECK(desk.events().at(2).payload.find(R"("ends_at":"2026-02-23T10:15:00Z")") != std::string::npos);
    CHECK(desk.take(body(entry("resolved", "10:00")), "10:16") == "duplicate");
    CHECK(desk.take(firing("10:13"), "10:17") == "taken");
    CHECK(desk.overview() == "P1 open");
    CHECK(desk.take(with(body(entry("resolved", "10:13")), "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00"), "10:20") ==
          "taken");
    CHECK(desk.overview() == "P1 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("a resolved alert that fits no incident is written down once") {
    WebhookDesk desk;
    CHECK(desk.take(resolved("10:00", "10:10")) == "ignored");
    CHECK(desk.take(resolved("10:00", "10:10")) == "duplicate");
    CHECK(desk.take(resolved("11:00", "11:10")) == "ignored");
    CHECK(desk.types() == "alert_ignored alert_ignored");
    // And is no reason to ignore it once it fits.
    CHECK(desk.take(firing("11:00")) == "taken");
    CHECK(desk.take(resolved("11:00", "11:10")) == "taken");
    CHECK(desk.overview() == "P1 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("nanoseconds are cut, and any offset is taken") {
    WebhookDesk desk;
    CHECK(desk.take(with(firing("10:00"), moment("10:00"), "2026-02-23T04:30:00.123456789-05:30")) == "taken");
    CHECK(desk.events().at(0).occurred_at == "2026-02-23T10:00:00.123456Z");
    CHECK(desk.take(with(firing("10:00"), moment("10:00"), "2026-02-23T10:00:00.1234560Z")) == "duplicate");
}

TEST_CASE("service, env, kind, severity and title come from the labels that the policy names") {
    const auto alert_of = [](const std::string& labels, TriagePolicy policy = {}, const std::string& annotations = "{}") {
        WebhookDesk desk(std::move(policy));
        desk.take(R"({"version":"4","groupKey":"g","status":"firing","alerts":[{"labels":)" + labels + R"(,"annotations":)" +
                  annotations + R"(,"startsAt":"2026-02-23T10:00:00Z"}]})");
        const IncidentRow row = desk.incidents().at(0);
        return row.service + ' ' + row.env + ' ' + *row.kind + ' ' + std::string(to_text(row.state.severity)) + ' ' + row.title;
    };
    CHECK(alert_of(R"({"alertname":"A","service":"s","job":"j","namespace":"n","severity":"critical","env":"test"})") ==
          "s test A P1 A");
    CHECK(alert_of(R"({"alertname":"A","job":"j","namespace":"n","severity":"WARNING"})") == "j prod A P2 A");
    CHECK(alert_of(R"({"alertname":"A","service":"","namespace":"n","severity":"info"})") == "n prod A P3 A");
    CHECK(alert_of(R"({"alertname":"A","severity":"P0","environment":"qa"})") == "unknown qa A P0 A");
    CHECK(alert_of(R"({"severity":"sky"})") == "unknown prod alert P2 alert");
    CHECK(alert_of("{}", {}, R"({"summary":"It is down"})") == "unknown prod alert P2 It is down");
    CHECK(alert_of("{}", {}, R"({"summary":")" + std::string(600, 'x') + R"("})") ==
          "unknown prod alert P2 " + std::string(511, 'x') + "…");
    TriagePolicy policy;
    policy.labels.service = {"app"};
    policy.labels.kind = {"rule"};
    policy.defaults.env = "lab";
    policy.severity_words = {{"sky", Severity::p4}};
    CHECK(alert_of(R"({"app":"a","service":"s","rule":"R","severity":"sky"})", policy) == "a lab R P4 R");
}

TEST_CASE("one bad alert is refused with its place, and the others are taken") {
    WebhookDesk desk;
    const std::string bad = with(entry("firing", "10:02"), moment("10:02"), "yesterday");
    CHECK(desk.take(body(entry("firing", "10:00") + ',' + bad + ',' + entry("resolved", "10:00", "09:00") + ",7")) ==
          "taken refused /alerts/1/startsAt refused /alerts/2/endsAt refused /alerts/3");
    // What is refused can be mended and taken again.
    REQUIRE(desk.letters.size() == 1);
    CHECK(desk.take(desk.letters[0].text) == "refused /alerts/0/startsAt refused /alerts/1/endsAt refused /alerts/2");
    CHECK(desk.take(with(desk.letters[0].text, "yesterday", moment("10:02"))) ==
          "taken refused /alerts/1/endsAt refused /alerts/2");
    CHECK(desk.take(body(with(entry("firing", "10:00"), R"("instance":"a")", R"("instance":3)"))) ==
          "refused /alerts/0/labels/instance");
    CHECK(desk.take(body(with(entry("firing", "10:00"), "firing", "on"))) == "refused /alerts/0/status");
    CHECK(desk.take(body(with(entry("firing", "10:00"), "gateway", std::string(129, 'g')))) == "refused /alerts/0/labels");
    CHECK(desk.problems() == "");
}

TEST_CASE("a body that is no webhook of Alertmanager is refused as a whole") {
    WebhookDesk desk;
    const auto take = [&](const std::string& text) { return desk.take(text, "12:00", AlertFormat::alertmanager); };
    CHECK(take("nonsense") == "no: invalid ");
    CHECK(take("[]") == "no: invalid ");
    CHECK(take("{}") == "no: invalid /alerts");
    CHECK(take(R"({"version":"4","alerts":{}})") == "no: invalid /alerts");
    CHECK(take(R"({"version":"3","alerts":[]})") == "no: invalid /version");
    CHECK(take(R"({"version":4,"alerts":[]})") == "no: invalid /version");
    CHECK(take(body("")) == "");
    std::string many = "0";
    for (int i = 0; i < 10'000; ++i) many += ",0";
    CHECK(take(body(many)) == "no: too_large /alerts");
    CHECK(desk.size() == 0);
}

TEST_CASE("two alerts of one group each have their own state") {
    WebhookDesk desk;
    const std::string other = R"(,"pod":"b")";
    desk.take(body(entry("firing", "10:00") + ',' + entry("firing", "10:00", "", other)));
    CHECK(desk.take(body(entry("resolved", "10:00", "10:10") + ',' + entry("firing", "10:00", "", other))) == "taken duplicate");
    CHECK(desk.overview() == "P1 open");
    CHECK(desk.take(body(entry("resolved", "10:00", "10:10") + ',' + entry("resolved", "10:00", "10:12", other))) ==
          "duplicate taken");
    CHECK(desk.overview() == "P1 resolved");
}

TEST_CASE("what joined the incident that its own is a duplicate of is known there") {
    WebhookDesk desk;
    desk.take(firing("10:00"));
    CommandHandler& commands = desk.commands();
    CreateIncident create;
    create.service = create.title = "other";
    create.started_at = when("09:00");
    const auto original = commands.run(create, Desk::by_ada("09:00"));
    REQUIRE(original);
    REQUIRE(commands.run(LinkIncident{desk.incidents().at(0).id, LinkRelation::duplicate_of, original->incident_id, {}},
                         Desk::by_ada("10:01")));
    CHECK(desk.take(firing("10:05")) == "taken");
    CHECK(desk.outcomes.at(0).incident_id == original->incident_id);
    CHECK(desk.take(firing("10:05")) == "duplicate");
    CHECK(desk.problems() == "");
}

TEST_CASE("a repeat of what fires in a duplicate, and its end, are known there") {
    WebhookDesk desk;
    CommandHandler& commands = desk.commands();
    const auto other = [](const std::string& text) { return with(text, R"("alertname":"Down")", R"("alertname":"Slow")"); };
    desk.take(firing("10:00"));
    desk.take(other(firing("10:01")));
    REQUIRE(commands.run(LinkIncident{desk.incidents().at(1).id, LinkRelation::duplicate_of, desk.incidents().at(0).id, {}},
                         Desk::by_ada("10:02")));
    CHECK(desk.take(other(firing("10:01"))) == "duplicate");
    CHECK(desk.take(other(resolved("10:01", "10:10"))) == "taken");
    CHECK(desk.take(other(resolved("10:01", "10:10"))) == "duplicate");
    CHECK(desk.overview() == "P1 open, P1 resolved");
    CHECK(desk.take(resolved("10:00", "10:11")) == "taken");
    CHECK(desk.overview() == "P1 resolved, P1 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("the end of an alert whose incident a person resolved is known once") {
    WebhookDesk desk;
    desk.take(firing("10:00"));
    REQUIRE(desk.commands().run(ChangeStatus{desk.incidents()[0].id, IncidentStatus::resolved, {}, {}}, Desk::by_ada("10:05")));
    const std::uint64_t before = desk.size();
    CHECK(desk.take(resolved("10:00", "10:10")) == "taken");
    CHECK(desk.take(resolved("10:00", "10:10")) == "duplicate");
    CHECK(desk.types(before) == "alert");
    CHECK(desk.overview() == "P1 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("a storm within one body is escalated, once, also where the latest alert comes first") {
    TriagePolicy policy;
    EscalationPolicy storm;
    storm.name = "storm";
    storm.target = "helion";
    storm.alerts = 5;
    storm.minutes = 10;
    policy.escalation = {storm};
    WebhookDesk desk(policy);
    std::string entries;
    for (const char* minute : {"09", "08", "07", "06", "05", "04"}) {
        if (!entries.empty()) entries += ',';
        entries += entry("firing", "10:" + std::string(minute), "", R"(,"pod":")" + std::string(minute) + '"');
    }
    desk.take(body(entries));
    CHECK(desk.types() == "incident_created alert alert alert alert alert escalated alert");
    CHECK(desk.problems() == "");
}
