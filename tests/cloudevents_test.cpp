#include <catch2/catch.hpp>

#include "journal/base64.hpp"
#include "tests/webhook_desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// A structured event; `more` are further members.
std::string event(const std::string& id, const std::string& type, const std::string& data, const std::string& more = "") {
    return R"({"specversion":"1.0","source":"/loop","id":")" + id + R"(","type":")" + type + '"' + more +
           (data.empty() ? "" : R"(,"data":)" + data) + '}';
}
std::string plain(const std::string& id, const std::string& what, const std::string& data = R"({"service":"gateway"})",
                  const std::string& more = "") {
    return event(id, "org.example.alert." + what, data, more);
}

}  // namespace

TEST_CASE("a CloudEvent with a plain alert becomes the events that are expected, once") {
    WebhookDesk desk;
    CHECK(desk.take(alert_fixture("cloudevent.json")) == "taken");
    CHECK(desk.events().at(0).key == "cloudevents:/triage/loop triage-881-3");
    CHECK(desk.take(alert_fixture("cloudevent.json")) == "duplicate");
    CHECK(desk.outcomes.at(0).sequence == Sequence{1});
    // A batch, of which one event tells of no alert, and one is the end of the alert above.
    CHECK(desk.take(alert_fixture("cloudevents.json"), "10:20") == "refused /0/type taken");
    CHECK(desk.story() == golden("alerts/cloudevents.events.txt", desk.story()));
    CHECK(desk.overview() == "P1 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("the data of a CloudEvent is any of the other formats, by its type or its content") {
    const std::string triage = Report::firing("10:00").id("t1").line();
    for (const char* type : {"dev.daybook.alert_triage", "com.example.triage.record", "org.example.something"}) {
        WebhookDesk desk;
        CHECK(desk.take(event("1", type, triage)) == "taken");
        CHECK(desk.events().at(0).key == "cloudevents:/loop 1");
        CHECK(desk.events().at(0).source == "alert_triage");
        CHECK(desk.take(event("1", type, triage)) == "duplicate");
    }
    WebhookDesk desk;
    CHECK(desk.take(event("1", "io.prometheus.alertmanager.v4", alert_fixture("alertmanager.json"))) == "taken taken");
    CHECK(desk.events().at(0).source == "alertmanager");
    CHECK(desk.events().at(0).key == "cloudevents:/loop 1/74e358eeb5e29711 firing");
    CHECK(desk.take(event("1", "io.prometheus.alertmanager.v4", alert_fixture("alertmanager.json"))) == "duplicate duplicate");
    CHECK(desk.take(event("2", "x", alert_fixture("alertmanager.json"))) == "duplicate duplicate");  // the alerts are known
    CHECK(desk.take(event("3", "x", alert_fixture("grafana.json"))) == "taken");
    CHECK(desk.take(event("4", "x", alert_fixture("pagerduty.json"))) == "taken");
    CHECK(desk.outcomes.at(0).dedup_key == "prod/gateway/5xx");
    CHECK(desk.take(event("5", "com.grafana.alert", "{}")) == "refused /data/alerts");
    CHECK(desk.take(event("6", "x", plain("7", "fired"))) == "refused /type");  // not within another
    CHECK(desk.problems() == "");
}

TEST_CASE("data_base64 holds what data would") {
    WebhookDesk desk;
    const std::string sample = alert_fixture("grafana.json");
    CHECK(desk.take(event("1", "x", "", R"(,"data_base64":")" + to_base64(sample) + '"')) == "taken");
    CHECK(desk.take(event("2", "x", "", R"(,"data_base64":"e30")")) == "refused /data_base64");
    CHECK(desk.take(event("3", "x", "", R"(,"data_base64":7)")) == "refused /data_base64");
    CHECK(desk.take(event("4", "x", "", R"(,"data_base64":")" + to_base64("nonsense") + '"')) == "refused /data_base64");
    CHECK(desk.take(event("5", "x", "{}", R"(,"data_base64":"e30=")")) == "refused /data_base64");
}

TEST_CASE("a bad alert inside a CloudEvent is refused with its place in the event, and can be mended") {
    WebhookDesk desk;
    const std::string bad = with(alert_fixture("alertmanager.json"), "2026-02-23T09:59:00+01:00", "soon");
    CHECK(desk.take(event("1", "x", bad)) == "taken refused /data/alerts/1/startsAt");
    const std::string text = desk.letters.at(0).text;
    CHECK(desk.take(text) == "refused /data/alerts/0/startsAt");
    CHECK(desk.take(with(text, "soon", "2026-02-23T09:59:00+01:00")) == "taken");
    CHECK(desk.take(with(text, "soon", "2026-02-23T09:59:00+01:00")) == "duplicate");
    CHECK(desk.take(event("1", "x", alert_fixture("alertmanager.json"))) == "duplicate duplicate");
    CHECK(desk.take('[' + plain("2", "fired") + ',' + plain("3", "fired", "{}") + ",7]") ==
          "taken refused /1/data/service refused /2");
    CHECK(desk.take(with(desk.letters.at(0).text, R"("data":{})", R"("data":{"service":"s"})")) == "taken");
}

TEST_CASE("a plain alert fires, is acknowledged and resolved by its dedup_key or by what it is of") {
    WebhookDesk desk;
    CHECK(desk.take(plain("1", "fired", R"({"service":"db","severity":"critical","dedup_key":"k"})",
                          R"(,"time":"2026-02-23T10:00:00Z")")) == "taken");
    CHECK(desk.take(plain("2", "acknowledged", R"({"dedup_key":"k"})")) == "taken");
    CHECK(desk.types() == "incident_created alert acknowledged");
    CHECK(desk.take(plain("3", "resolved", R"({"dedup_key":"k"})", R"(,"time":"2026-02-23T10:05:00Z")")) == "taken");
    CHECK(desk.events().back().occurred_at == moment("10:05"));
    CHECK(desk.overview() == "P1 resolved");
    CHECK(desk.take(plain("4", "acknowledged", R"({"dedup_key":"k"})")) == "ignored");
    CHECK(desk.take(plain("4", "acknowledged", R"({"dedup_key":"k"})")) == "duplicate");
    CHECK(desk.take(plain("5", "firing", R"({"kind":"lag"})",
                          R"(,"subject":"queue","severitynumber":13,"time":"2026-02-23T10:10:00Z")")) == "taken");
    CHECK(desk.take(plain("6", "resolved", R"({"kind":"lag","service":"queue"})", R"(,"time":"2026-02-23T10:20:00Z")")) == "taken");
    CHECK(desk.overview() == "P1 resolved, P3 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("an event that lacks what CloudEvents wants is refused with the attribute") {
    WebhookDesk desk;
    const std::string good = plain("1", "fired");
    const auto refused = [&](std::string_view from, std::string_view to) {
        return desk.take(with(good, from, to), "12:00", AlertFormat::cloudevents);
    };
    CHECK(refused("\"specversion\":\"1.0\",", "") == "refused /specversion");
    CHECK(refused("\"1.0\"", "\"0.3\"") == "refused /specversion");
    CHECK(refused("\"1.0\"", "1.5") == "refused /specversion");
    CHECK(refused("\"id\":\"1\"", "\"id\":\"\"") == "refused /id");
    CHECK(refused("\"id\":\"1\"", "\"id\":null") == "refused /id");
    CHECK(refused("\"source\":\"/loop\",", "") == "refused /source");
    CHECK(refused("org.example.alert.fired", "org.example.deploy.done") == "refused /type");
    CHECK(refused("\"id\":\"1\"", R"("id":"1","time":"today")") == "refused /time");
    CHECK(refused("\"id\":\"1\"", R"("id":"1","datacontenttype":"text/xml")") == "refused /datacontenttype");
    CHECK(refused("\"id\":\"1\"", R"("id":"1","MyAttribute":"x")") == "refused /MyAttribute");
    CHECK(refused("\"id\":\"1\"", R"("id":"1","extra":{})") == "refused /extra");
    CHECK(refused(R"({"service":"gateway"})", "null") == "refused /data");
    CHECK(refused(R"({"service":"gateway"})", "[]") == "refused /data");
    CHECK(refused(R"({"service":"gateway"})", R"({"service":7})") == "refused /data/service");
    CHECK(desk.take("7", "12:00", AlertFormat::cloudevents) == "no: invalid ");
    CHECK(desk.take("[]", "12:00", AlertFormat::cloudevents) == "");
    CHECK(desk.size() == 0);
    CHECK(refused("\"id\":\"1\"", R"("id":"1","datacontenttype":"application/problem+json; charset=utf-8","extra":true)") ==
          "taken");
}

TEST_CASE("an event in binary mode has its attributes in the headers") {
    WebhookDesk desk;
    const std::vector<WebhookHeader> headers{
        {"Content-Type", "application/json"},   {"CE-SpecVersion", "1.0"},          {"ce-id", "9"}, {"ce-source", "/lo%6Fp"},
        {"ce-type", "org.example.alert.fired"}, {"ce-time", "2026-02-23T10:00:00Z"}};
    CHECK(desk.take(R"({"service":"gateway"})", "12:00", AlertFormat::cloudevents, headers) == "taken");
    CHECK(desk.events().at(0).key == "cloudevents:/loop 9");
    CHECK(desk.take(R"({"service":"gateway"})", "12:00", AlertFormat::automatic, headers) == "duplicate");
    CHECK(desk.take(plain("9", "fired")) == "duplicate");  // the same event in structured mode
    CHECK(desk.take("{}", "12:00", AlertFormat::cloudevents, {{"ce-specversion", "1.0"}}) == "refused /id");
    CHECK(desk.take("{}", "12:00", AlertFormat::cloudevents, {{"ce-specversion", "%ff"}}) == "no: invalid ");
    // Other formats pay no heed to such headers.
    CHECK(desk.take(alert_fixture("grafana.json"), "12:00", AlertFormat::grafana, headers) == "taken");
}
