#include <catch2/catch.hpp>

#include "tests/webhook_desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

const std::string routing_key = "0123456789abcdef0123456789abcdef";

std::string event(const std::string& action, const std::string& dedup_key = "db", const std::string& more = "",
                  const std::string& key = routing_key) {
    return R"({"routing_key":")" + key + R"(","event_action":")" + action + '"' +
           (dedup_key.empty() ? "" : R"(,"dedup_key":")" + dedup_key + '"') + more + '}';
}
std::string payload(const std::string& time = "", const std::string& severity = "error") {
    return R"(,"payload":{"summary":"Disk full","source":"db-1","severity":")" + severity + '"' +
           (time.empty() ? "" : R"(,"timestamp":")" + moment(time) + '"') + '}';
}
std::string trigger(const std::string& time = "", const std::string& severity = "error") {
    return event("trigger", "db", payload(time, severity));
}

}  // namespace

TEST_CASE("an event of PagerDuty becomes the events that are expected, and its routing key is not among them") {
    WebhookDesk desk;
    CHECK(desk.take(alert_fixture("pagerduty.json")) == "taken");
    CHECK(desk.outcomes.at(0).dedup_key == "prod/gateway/5xx");
    CHECK(desk.incidents().at(0).signature == "prod/gateway/5xx");
    CHECK(desk.story() == golden("alerts/pagerduty.events.txt", desk.story()));
    CHECK(desk.story().find(routing_key) == std::string::npos);
    CHECK(desk.take(alert_fixture("pagerduty.json")) == "duplicate");
    CHECK(desk.take(event("resolve", "prod/gateway/5xx")) == "taken");
    CHECK(desk.story().find(routing_key) == std::string::npos);
    CHECK(desk.problems() == "");
}

TEST_CASE("triggers of a dedup_key fold into the active incident, acknowledge it and resolve it") {
    WebhookDesk desk;
    CHECK(desk.take(trigger(), "10:00") == "taken");
    CHECK(desk.take(trigger(), "10:01") == "duplicate");
    CHECK(desk.take(trigger("", "critical"), "10:02") == "taken");  // it got worse
    CHECK(desk.overview() == "P1 open");
    CHECK(desk.take(trigger("10:03", "critical"), "10:03") == "taken");
    CHECK(desk.take(trigger("10:03", "critical"), "10:04") == "duplicate");

    std::uint64_t before = desk.size();
    CHECK(desk.take(event("acknowledge"), "10:05") == "taken");
    CHECK(desk.types(before) == "acknowledged");
    CHECK(desk.events(before).at(0).occurred_at == moment("10:05"));
    CHECK(desk.take(event("acknowledge"), "10:06") == "duplicate");
    CHECK(desk.outcomes.at(0).incident_id == desk.incidents().at(0).id);

    before = desk.size();
    CHECK(desk.take(event("resolve"), "10:10") == "taken");
    CHECK(desk.types(before) == "alert status_changed");
    const std::string alert = desk.events(before).at(0).payload;
    CHECK(alert.find(R"("service":"db-1")") != std::string::npos);
    CHECK(alert.find(R"("severity":"P1")") != std::string::npos);
    CHECK(alert.find(R"("starts_at":"2026-02-23T10:03:00Z")") != std::string::npos);
    CHECK(alert.find(R"("title":"Disk full")") != std::string::npos);
    CHECK(desk.overview() == "P1 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("a trigger after a resolve opens a new incident, and never reopens") {
    WebhookDesk desk;
    desk.take(trigger(), "10:00");
    desk.take(event("resolve"), "10:10");
    CHECK(desk.take(trigger(), "10:11") == "taken");
    CHECK(desk.overview() == "P2 resolved, P2 open");
    desk.take(event("resolve"), "10:20");
    CHECK(desk.take(trigger("10:05"), "10:21") == "taken");  // whatever time it gives
    CHECK(desk.overview() == "P2 resolved, P2 resolved, P2 open");
    CHECK(desk.take(event("resolve"), "10:02") == "taken");  // what comes later is later
    CHECK(desk.overview() == "P2 resolved, P2 resolved, P2 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("a trigger whose incident is archived opens a new incident, and both can end") {
    WebhookDesk desk;
    desk.take(trigger(), "10:00");
    REQUIRE(desk.commands().run(ArchiveIncident{desk.incidents().at(0).id, "a test"}, desk.by_ada("10:05")));
    CHECK(desk.take(trigger(), "10:06") == "taken");
    CHECK(desk.overview() == "P2 open, P2 open");
    CHECK(desk.take(trigger(), "10:07") == "duplicate");
    CHECK(desk.take(event("resolve"), "10:10") == "taken");
    CHECK(desk.overview() == "P2 open, P2 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("what is acknowledged or resolved with nothing open is ignored, and written down once") {
    WebhookDesk desk;
    CHECK(desk.take(event("resolve"), "10:00") == "ignored");
    CHECK(desk.take(event("acknowledge"), "10:01") == "ignored");
    CHECK(desk.take(event("resolve"), "10:02") == "duplicate");
    CHECK(desk.types() == "alert_ignored alert_ignored");
    CHECK(desk.take(trigger(), "10:03") == "taken");
    CHECK(desk.take(event("acknowledge"), "10:04") == "taken");
    CHECK(desk.take(event("resolve"), "10:05") == "taken");
    CHECK(desk.problems() == "");
}

TEST_CASE("a resolve counts in the incident in which its alert fires, also where a person resolved that") {
    WebhookDesk desk;
    desk.take(trigger(), "10:00");
    REQUIRE(desk.commands().run(ChangeStatus{desk.incidents().at(0).id, IncidentStatus::resolved, {}, {}}, desk.by_ada("10:05")));
    const std::uint64_t before = desk.size();
    CHECK(desk.take(event("resolve"), "10:10") == "taken");
    CHECK(desk.types(before) == "alert");
    CHECK(desk.take(event("resolve"), "10:11") == "ignored");
    CHECK(desk.problems() == "");
}

TEST_CASE("a dedup_key holds within its routing key") {
    WebhookDesk desk;
    const std::string other = "ffffffffffffffffffffffffffffffff";
    desk.take(trigger(), "10:00");
    CHECK(desk.take(event("resolve", "db", "", other), "10:01") == "ignored");
    CHECK(desk.take(event("trigger", "db", payload(), other), "10:02") == "taken");
    CHECK(desk.overview() == "P2 open, P2 open");
    CHECK(desk.take(event("resolve", "db", "", other), "10:03") == "taken");
    CHECK(desk.overview() == "P2 open, P2 resolved");
    CHECK(desk.take(event("acknowledge"), "10:04") == "taken");
    CHECK(desk.problems() == "");
}

TEST_CASE("a trigger joins an incident of its signature that others opened") {
    WebhookDesk desk;
    CHECK(desk.tell(Report::firing("10:00").text("signature", "db")) == "taken");
    CHECK(desk.take(trigger("10:01"), "10:01") == "taken");
    CHECK(desk.overview() == "P2 open");
    CHECK(desk.take(event("resolve"), "10:02") == "taken");
    CHECK(desk.overview() == "P2 open");  // the other alert still fires
}

TEST_CASE("a trigger without a dedup_key is given one, the same for the same event") {
    WebhookDesk desk;
    CHECK(desk.take(event("trigger", "", payload("10:00")), "10:00") == "taken");
    const std::string made = desk.outcomes.at(0).dedup_key;
    CHECK(made.size() == 32);
    CHECK(desk.take(event("trigger", "", payload("10:00")), "10:01") == "duplicate");
    CHECK(desk.outcomes.at(0).dedup_key == made);
    CHECK(desk.take(event("resolve", made), "10:05") == "taken");
    CHECK(desk.take(event("trigger", "", payload("10:06")), "10:06") == "taken");
    CHECK(desk.outcomes.at(0).dedup_key != made);
}

TEST_CASE("a time of PagerDuty may have an offset without a colon") {
    WebhookDesk desk;
    CHECK(desk.take(with(trigger("10:00"), moment("10:00"), "2026-02-23T12:00:00.250+0200")) == "taken");
    CHECK(desk.events().at(0).occurred_at == "2026-02-23T10:00:00.250000Z");
    for (const char* time : {"2026-02-23T10:00:00", "2026-02-23", "+0000", "2026-02-23T10:00:00+00", "2026-02-23T10:00:00 0000"}) {
        CHECK(desk.take(with(trigger("10:00"), moment("10:00"), time)) == "refused /payload/timestamp");
    }
}

TEST_CASE("a wrong event of PagerDuty is refused with its place") {
    WebhookDesk desk;
    const std::string good = trigger("10:00");
    const auto refused = [&](std::string_view from, std::string_view to) {
        return desk.take(with(good, from, to), "12:00", AlertFormat::pagerduty);
    };
    CHECK(refused("\"trigger\"", "\"shout\"") == "refused /event_action");
    CHECK(refused("\"event_action\":\"trigger\",", "") == "refused /event_action");
    CHECK(refused("\"routing_key\":\"" + routing_key + "\",", "") == "refused /routing_key");
    CHECK(refused("\"db\"", "\"" + std::string(256, 'd') + "\"") == "refused /dedup_key");
    CHECK(refused("\"summary\":\"Disk full\",", "") == "refused /payload/summary");
    CHECK(refused("Disk full", std::string(1025, 'x')) == "refused /payload/summary");
    CHECK(refused("\"source\":\"db-1\",", "") == "refused /payload/source");
    CHECK(refused("\"error\"", "\"bad\"") == "refused /payload/severity");
    CHECK(refused("payload", "load") == "refused /payload");
    CHECK(desk.take(event("resolve", "")) == "refused /dedup_key");
    CHECK(desk.take(event("acknowledge", "")) == "refused /dedup_key");
    CHECK(desk.letters.at(0).text == event("acknowledge", ""));
    CHECK(desk.size() == 0);
    CHECK(desk.take(event("trigger", std::string(255, 'd'), payload())) == "taken");
    CHECK(desk.take(with(event("trigger", "long", payload()), "Disk full", std::string(1024, 'x'))) == "taken");
    CHECK(desk.problems() == "");
}
