#include <catch2/catch.hpp>

#include "ingest/alert_report.hpp"
#include "tests/desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// A desk that has heard of a first alert, at 10:00, which opened an incident.
struct AlertDesk : Desk {
    explicit AlertDesk(TriagePolicy with = {}) : Desk(std::move(with)) { CHECK(tell(Report::firing("10:00")) == "taken"); }

    std::string id(std::size_t place = 0) { return incidents().at(place).id; }
    // The types of what a record led to, in front of them the place of its incident, from 0: "0: alert note".
    std::string leads_to(const Report& report) {
        const std::uint64_t before = size();
        const std::string answer = tell(report);
        if (answer != "taken" && answer != "ignored") return answer;
        const auto news = events(before);
        for (const SeenEvent& event : news) CHECK(event.stream == news[0].stream);
        std::string place = "new";
        const auto rows = incidents();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (rows[i].id == news[0].stream) place = std::to_string(i);
        }
        return (news[0].stream == "$triage" ? news[0].stream : place) + ": " + types(before);
    }
    void become(IncidentStatus status, std::string_view time, std::size_t place = 0) {
        REQUIRE(commands().run(ChangeStatus{id(place), status, {}, {}}, by_ada(time)));
    }
    void set(Severity severity, std::string_view time) { REQUIRE(commands().run(ChangeSeverity{id(), severity, {}, {}}, by_ada(time))); }
    std::string resolved_at(std::size_t place = 0) {
        const auto at = incidents().at(place).state.resolved_at;
        return at == RecordHeader::no_time ? "never" : format_time(from_micros(at)).substr(11);
    }
};

std::string signature() { return default_signature("prod", "gateway", "http_5xx"); }

// An incident that people opened, with the signature of the alerts here.
std::string opened_by_people(Desk& desk, std::string_view time) {
    CreateIncident command;
    command.service = "gateway";
    command.title = "Customers complain";
    command.signature = signature();
    return desk.commands().run(command, Desk::by_ada(time))->incident_id;
}

}  // namespace

TEST_CASE("a first firing alert opens an incident and joins it") {
    Desk desk;
    CHECK(desk.tell(Report::firing("10:00").id("k").severity("P1").alert_text("summary", "s").set_alert("labels", R"({"a":"b"})")) == "taken");
    const auto events = desk.events();
    REQUIRE(events.size() == 2);
    CHECK(events[0].stream.starts_with("inc_20260223_1000_"));
    CHECK(events[0].type == EventType::incident_created);
    CHECK(events[0].payload.find(R"("kind":"http_5xx","labels":{"a":"b"},"service":"gateway","severity":"P1","signature":")" + signature() +
                                 R"(","started_at":"2026-02-23T10:00:00Z","summary":"s","title":"Gateway 5xx")") != std::string::npos);
    CHECK(events[1].stream == events[0].stream);
    CHECK(events[1].type == EventType::alert);
    for (const SeenEvent& event : events) {
        CHECK(event.occurred_at == "2026-02-23T10:00:00Z");
        CHECK(event.actor == "feed");
        CHECK(event.source == "alert_triage");
    }
    CHECK(desk.problems() == "");
}

TEST_CASE("everything that a record leads to has its key, its place in it, and its cause") {
    Desk desk;
    CHECK(desk.tell(Report::firing("10:00").id("k").told("10:05").text("agent_id", "monitor").set("notes", R"(["one","two"])")
                        .set("followups", R"([{"title":"f"}])").set("escalation", R"({"target":"helion","level":3,"reason":"r"})")) == "taken");
    CHECK(desk.types() == "incident_created alert note note followup escalated");
    const auto events = desk.events();
    const char* keys[] = {"alert_triage:k", "alert_triage:k#2", "alert_triage:k#3", "alert_triage:k#4", "alert_triage:k#5", "alert_triage:k#6"};
    const std::uint64_t causes[] = {0, 1, 2, 2, 2, 2};
    for (std::size_t i = 0; i < events.size(); ++i) {
        CHECK(events[i].key == keys[i]);
        CHECK(events[i].cause == causes[i]);
        CHECK(events[i].actor == "monitor");
        CHECK(events[i].occurred_at == (i < 2 ? moment("10:00") : moment("10:05")));
    }
    CHECK(events[2].payload == R"({"message":"one"})");
    CHECK(events[5].payload == R"({"level":3,"policy":"alert_triage","reason":"r","target":"helion"})");

    const std::uint64_t before = desk.size();
    CHECK(desk.tell(Report::firing("10:10").id("l").ref("b").set("notes", R"(["three"])")) == "taken");
    const auto joined = desk.events(before);
    REQUIRE(joined.size() == 2);
    CHECK(joined[0].key == "alert_triage:l");
    CHECK(joined[0].cause == 0);
    CHECK(joined[1].key == "alert_triage:l#2");
    CHECK(joined[1].cause == joined[0].sequence);
}

TEST_CASE("a record that was taken is a duplicate, and with other contents a conflict") {
    Desk desk;
    const Report report = Report::firing("10:00").id("k");
    CHECK(desk.tell(report) == "taken");
    CHECK(desk.tell(report) == "duplicate");
    CHECK(desk.tell(Report(report).severity("P0")) == "idempotency_conflict /idempotency_key");
    CHECK(desk.tell(Report::firing("10:00")) == "taken");  // without an id: keyed by its contents
    CHECK(desk.tell(Report::firing("10:00")) == "duplicate");
    CHECK(desk.tell(Report::firing("10:00").set("notes", "[]")) == "taken");
    CHECK(desk.overview() == "P2 open");
}

TEST_CASE("a firing alert joins the active incident of its signature") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:05").ref("b")) == "0: alert");
    desk.become(IncidentStatus::mitigated, "10:10");
    CHECK(desk.leads_to(Report::firing("12:00").ref("c")) == "0: alert");
    CHECK(desk.overview() == "P2 mitigated");
    CHECK(desk.leads_to(Report::firing("12:00").kind("latency")) == "1: incident_created alert");
    CHECK(desk.leads_to(Report::firing("12:00").alert_text("env", "staging")) == "2: incident_created alert");
    CHECK(desk.leads_to(Report::firing("12:00").text("signature", "mine")) == "3: incident_created alert");
    CHECK(desk.leads_to(Report::firing("12:00").kind("other").text("signature", "mine")) == "3: alert");
    CHECK(desk.problems() == "");
}

TEST_CASE("an alert joins an active incident that began shortly after it, but not one that began long after") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("09:30").ref("b")) == "0: alert");
    CHECK(desk.leads_to(Report::firing("09:29:59.999999").ref("c")) == "1: incident_created alert");
    CHECK(desk.problems() == "");
}

TEST_CASE("an alert up to 30 minutes after the resolution reopens the newest incident") {
    AlertDesk desk;
    desk.become(IncidentStatus::resolved, "10:20");
    const std::uint64_t before = desk.size();
    SECTION("at the resolution") { CHECK(desk.leads_to(Report::firing("10:20")) == "0: alert status_changed"); }
    SECTION("30 minutes after") { CHECK(desk.leads_to(Report::firing("10:50")) == "0: alert status_changed"); }
    SECTION("a microsecond later") {
        CHECK(desk.leads_to(Report::firing("10:50:00.000001")) == "1: incident_created alert");
        CHECK(desk.overview() == "P2 resolved, P2 open");
        return;
    }
    const auto reopened = desk.events(before).at(1);
    CHECK(reopened.payload == R"({"from":"resolved","reason":"the alert came back","to":"open"})");
    CHECK(reopened.occurred_at == desk.events(before).at(0).occurred_at);
    CHECK(reopened.cause == before + 1);
    CHECK(desk.overview() == "P2 open");
    CHECK(desk.resolved_at() == "never");
    CHECK(desk.problems() == "");
}

TEST_CASE("how long an incident can be reopened is policy") {
    TriagePolicy policy;
    policy.reopen_minutes = 5;
    AlertDesk desk(policy);
    desk.become(IncidentStatus::resolved, "10:20");
    CHECK(desk.leads_to(Report::firing("10:25:00.000001")) == "1: incident_created alert");
    AlertDesk other(policy);
    other.become(IncidentStatus::resolved, "10:20");
    CHECK(other.leads_to(Report::firing("10:25")) == "0: alert status_changed");
}

TEST_CASE("a change of severity after the resolution does not keep an incident from being reopened") {
    AlertDesk desk;
    desk.become(IncidentStatus::resolved, "10:20");
    desk.set(Severity::p3, "10:40");
    CHECK(desk.leads_to(Report::firing("10:30").severity("P4")) == "0: alert status_changed");
    CHECK(desk.overview() == "P3 open");
    CHECK(desk.problems() == "");
}

TEST_CASE("a closed incident is not reopened") {
    AlertDesk desk;
    SECTION("from open") { desk.become(IncidentStatus::closed, "10:20"); }
    SECTION("from resolved") {
        desk.become(IncidentStatus::resolved, "10:20");
        desk.become(IncidentStatus::closed, "10:21");
    }
    CHECK(desk.leads_to(Report::firing("10:30")) == "1: incident_created alert");
    CHECK(desk.overview() == "P2 closed, P2 open");
}

TEST_CASE("only the newest incident of a signature is reopened") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("11:00").decision("create").ref("b")) == "1: incident_created alert");
    desk.become(IncidentStatus::resolved, "11:10", 0);
    desk.become(IncidentStatus::closed, "11:05", 1);
    CHECK(desk.leads_to(Report::firing("11:15")) == "2: incident_created alert");
}

TEST_CASE("an alert joins an older active incident rather than reopen the newest") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:05").decision("create").ref("b")) == "1: incident_created alert");
    desk.become(IncidentStatus::resolved, "10:10", 1);
    CHECK(desk.leads_to(Report::firing("10:20").ref("c")) == "0: alert");
    CHECK(desk.overview() == "P2 open, P2 resolved");
}

TEST_CASE("a late alert from inside a past incident's interval joins it and changes no status") {
    AlertDesk desk;
    desk.become(IncidentStatus::resolved, "10:20");
    desk.become(IncidentStatus::closed, "10:40");
    CHECK(desk.leads_to(Report::firing("10:00").ref("b")) == "0: alert");
    CHECK(desk.leads_to(Report::firing("10:20").ref("c")) == "0: alert");
    CHECK(desk.leads_to(Report::firing("10:20:00.000001").ref("d")) == "1: incident_created alert");  // it was resolved by then
    CHECK(desk.overview() == "P2 closed, P2 open");
    CHECK(desk.problems() == "");
}

TEST_CASE("a late alert joins the incident of its moment, also where another is active by now") {
    AlertDesk desk;
    desk.become(IncidentStatus::closed, "10:20");
    CHECK(desk.leads_to(Report::firing("10:30")) == "1: incident_created alert");
    CHECK(desk.leads_to(Report::firing("10:15").ref("late")) == "0: alert");
    CHECK(desk.leads_to(Report::firing("10:25").ref("between")) == "1: alert");
    CHECK(desk.overview() == "P2 closed, P2 open");
}

TEST_CASE("alerts with the signature of a duplicate join the other incident") {
    AlertDesk desk;
    const std::string other = desk.commands().run(CreateIncident{"checkout", "prod", Severity::p2, "Checkout", {}, {}, {}, {}, {}, {}, {}}, Desk::by_ada("09:00"))->incident_id;
    REQUIRE(desk.commands().run(LinkIncident{desk.id(0), LinkRelation::duplicate_of, other, {}}, Desk::by_ada("10:10")));
    CHECK(desk.leads_to(Report::firing("10:15").ref("b")) == "1: alert");
    SECTION("also when the duplicate is closed") {
        desk.become(IncidentStatus::closed, "10:20", 0);
        CHECK(desk.leads_to(Report::firing("11:30").ref("c")) == "1: alert");
        CHECK(desk.leads_to(Report::resolved("11:40").ref("c")) == "1: alert");
    }
    SECTION("and their resolutions do too") {
        CHECK(desk.leads_to(Report::resolved("10:30").ref("b")) == "1: alert");
        CHECK(desk.overview() == "P2 open, P2 open");  // people opened it
    }
    SECTION("by way of others") {
        const std::string third = desk.commands().run(CreateIncident{"edge", "prod", Severity::p2, "Edge", {}, {}, {}, {}, {}, {}, {}}, Desk::by_ada("09:00"))->incident_id;
        REQUIRE(desk.commands().run(LinkIncident{other, LinkRelation::duplicate_of, third, {}}, Desk::by_ada("10:20")));
        CHECK(desk.leads_to(Report::firing("10:25").ref("c")) == "2: alert");
    }
    SECTION("when the other is reopened") {
        desk.become(IncidentStatus::closed, "10:20", 0);
        desk.become(IncidentStatus::resolved, "10:30", 1);
        CHECK(desk.leads_to(Report::firing("10:45").ref("c")) == "1: alert status_changed");
    }
    CHECK(desk.problems() == "");
}

TEST_CASE("an alert worse than the incident and than every earlier alert raises the severity") {
    AlertDesk desk;
    const std::uint64_t before = desk.size();
    CHECK(desk.leads_to(Report::firing("10:05").ref("b").severity("P0")) == "0: alert severity_changed");
    const auto raise = desk.events(before).at(1);
    CHECK(raise.payload == R"({"from":"P2","reason":"a worse alert","to":"P0"})");
    CHECK(raise.occurred_at == moment("10:05"));
    CHECK(raise.cause == before + 1);
    CHECK(desk.leads_to(Report::firing("10:06").ref("c").severity("P0")) == "0: alert");
    CHECK(desk.leads_to(Report::firing("10:07").ref("d").severity("P3")) == "0: alert");
    CHECK(desk.overview() == "P0 open");
}

TEST_CASE("a resolved alert raises nothing") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:01").ref("b")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:05").ref("b").severity("P0")) == "0: alert");
}

TEST_CASE("what a person lowered stays lowered until something worse comes") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:05").ref("b").severity("P1")) == "0: alert severity_changed");
    desk.set(Severity::p4, "10:10");
    CHECK(desk.leads_to(Report::firing("10:15").ref("c").severity("P1")) == "0: alert");
    CHECK(desk.leads_to(Report::firing("10:15").ref("d").severity("P2")) == "0: alert");
    CHECK(desk.leads_to(Report::firing("10:15").ref("e").severity("P0")) == "0: alert severity_changed");
    CHECK(desk.overview() == "P0 open");
}

TEST_CASE("a person's severity that is worse than all alerts stays") {
    AlertDesk desk;
    desk.set(Severity::p0, "10:10");
    CHECK(desk.leads_to(Report::firing("10:15").ref("b").severity("P1")) == "0: alert");
    CHECK(desk.overview() == "P0 open");
}

TEST_CASE("a raise is told no earlier than the last change, so that the order of changes holds") {
    AlertDesk desk;
    desk.set(Severity::p3, "10:30");
    const std::uint64_t before = desk.size();
    CHECK(desk.leads_to(Report::firing("10:10").ref("b").severity("P0")) == "0: alert severity_changed");
    CHECK(desk.events(before).at(1).occurred_at == moment("10:30"));
}

TEST_CASE("a late alert that is worse raises the past incident, as it would have done in time") {
    AlertDesk desk;
    desk.become(IncidentStatus::closed, "10:20");
    CHECK(desk.leads_to(Report::firing("10:10").ref("b").severity("P1")) == "0: alert severity_changed");
    CHECK(desk.overview() == "P1 closed");
    CHECK(desk.problems() == "");
}

TEST_CASE("an alert that reopens an incident can raise it too") {
    AlertDesk desk;
    desk.become(IncidentStatus::resolved, "10:20");
    CHECK(desk.leads_to(Report::firing("10:30").severity("P1")) == "0: alert status_changed severity_changed");
    CHECK(desk.overview() == "P1 open");
    CHECK(desk.problems() == "");
}

TEST_CASE("an incident that alerts opened is resolved when all its alerts are") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:05").ref("b")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:20").ref("a")) == "0: alert");
    CHECK(desk.overview() == "P2 open");
    const std::uint64_t before = desk.size();
    CHECK(desk.leads_to(Report::resolved("10:30").ref("b")) == "0: alert status_changed");
    const auto resolution = desk.events(before).at(1);
    CHECK(resolution.payload == R"({"from":"open","reason":"all its alerts are resolved","to":"resolved"})");
    CHECK(resolution.occurred_at == moment("10:30"));
    CHECK(resolution.cause == before + 1);
    CHECK(desk.overview() == "P2 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("the resolution is when the last alert was over, in whatever order they were told") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:05").ref("b")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:40").ref("b")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:10").ref("a")) == "0: alert status_changed");
    CHECK(desk.resolved_at() == "10:40:00Z");
}

TEST_CASE("a resolution lies no earlier than the last change of the incident") {
    AlertDesk desk;
    desk.become(IncidentStatus::mitigated, "10:30");
    CHECK(desk.leads_to(Report::resolved("10:20")) == "0: alert status_changed");
    CHECK(desk.resolved_at() == "10:30:00Z");
    CHECK(desk.events().back().payload.find(R"("from":"mitigated")") != std::string::npos);
}

TEST_CASE("a resolution from before the alert fired again does not count") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:30")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:20")) == "0: alert");
    CHECK(desk.overview() == "P2 open");
    CHECK(desk.leads_to(Report::resolved("10:30")) == "0: alert status_changed");  // at the same moment, resolved wins
}

TEST_CASE("a resolved alert without an end is over when it was triaged") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::resolved("10:20").set_alert("ended_at", "").told("10:25")) == "0: alert status_changed");
    CHECK(desk.resolved_at() == "10:25:00Z");
}

TEST_CASE("an incident that flaps is resolved and reopened as one") {
    AlertDesk desk;
    for (const char* minute : {"10", "20", "30", "40", "50"}) {
        CHECK(desk.leads_to(Report::resolved("10:" + std::string(minute))) == "0: alert status_changed");
        CHECK(desk.leads_to(Report::firing("10:" + std::string(minute) + ":30")) == "0: alert status_changed");
    }
    CHECK(desk.overview() == "P2 open");
    CHECK(desk.problems() == "");
}

TEST_CASE("auto_resolve can be switched off") {
    TriagePolicy policy;
    policy.auto_resolve = false;
    AlertDesk desk(policy);
    CHECK(desk.leads_to(Report::resolved("10:20")) == "0: alert");
    CHECK(desk.overview() == "P2 open");
}

TEST_CASE("an incident that people opened is not resolved by its alerts") {
    Desk desk;
    opened_by_people(desk, "09:00");
    CHECK(desk.tell(Report::firing("10:00")) == "taken");
    CHECK(desk.tell(Report::resolved("10:20")) == "taken");
    CHECK(desk.types() == "incident_created alert alert");
    CHECK(desk.overview() == "P2 open");
}

TEST_CASE("a resolved alert that fits no active incident is ignored") {
    AlertDesk desk;
    const std::uint64_t before = desk.size();
    CHECK(desk.leads_to(Report::resolved("10:20").kind("latency").id("k").set("notes", R"(["n"])").set("followups", R"([{"title":"f"}])")) ==
          "$triage: alert_ignored");
    const auto ignored = desk.events(before).at(0);
    CHECK(ignored.occurred_at == moment("10:20"));
    CHECK(ignored.key == "alert_triage:k");
    CHECK(ignored.payload.find(R"("reason":"resolved, and no active incident has its signature")") != std::string::npos);
    CHECK(ignored.payload.find(R"("signature":")" + default_signature("prod", "gateway", "latency")) != std::string::npos);
    CHECK(ignored.payload.find(R"("kind":"latency")") != std::string::npos);

    desk.become(IncidentStatus::resolved, "10:20");
    CHECK(desk.leads_to(Report::resolved("10:30")) == "$triage: alert_ignored");
    CHECK(desk.tell(Report::resolved("10:30")) == "duplicate");
    CHECK(desk.problems() == "");
}

TEST_CASE("an unknown resolved alert joins the active incident of its signature") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::resolved("10:20").ref("b")) == "0: alert");
    CHECK(desk.overview() == "P2 open");
}

TEST_CASE("a resolved alert goes to the active incident in which it fires") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:05").decision("create").ref("b")) == "1: incident_created alert");
    CHECK(desk.leads_to(Report::resolved("10:20").ref("a")) == "0: alert status_changed");
    CHECK(desk.leads_to(Report::resolved("10:20").ref("b")) == "1: alert status_changed");
}

TEST_CASE("create always opens an incident") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:05").decision("create")) == "1: incident_created alert");
    CHECK(desk.leads_to(Report::firing("10:05").decision("create").text("incident_id", desk.id())) == "2: incident_created alert");
    CHECK(desk.leads_to(Report::resolved("10:06").decision("create").ref("c")) == "3: incident_created alert status_changed");
    CHECK(desk.overview() == "P2 open, P2 open, P2 open, P2 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("update goes to the incident that it names, whatever its signature and status") {
    AlertDesk desk;
    const auto update = [&](std::string_view time) { return Report::firing(time).decision("update").kind("latency").text("incident_id", desk.id()); };
    CHECK(desk.leads_to(update("10:05").set("notes", R"(["n"])")) == "0: alert note");
    desk.become(IncidentStatus::closed, "10:20");
    CHECK(desk.leads_to(update("10:30").ref("b")) == "0: alert");
    CHECK(desk.overview() == "P2 closed");
    CHECK(desk.problems() == "");
}

TEST_CASE("update without an incident goes to the active one, and opens one where there is none") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:05").ref("b").decision("update")) == "0: alert");
    CHECK(desk.leads_to(Report::firing("10:05").kind("latency").decision("update")) == "1: incident_created alert");
}

TEST_CASE("resolve resolves the incident that it names, whatever alerts still fire") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:05").ref("b")) == "0: alert");
    const std::uint64_t before = desk.size();
    CHECK(desk.leads_to(Report::firing("10:00").told("10:30").decision("resolve").kind("latency").text("incident_id", desk.id())) == "0: alert status_changed");
    CHECK(desk.events(before).at(1).payload == R"({"from":"open","reason":"the triage resolved it","to":"resolved"})");
    CHECK(desk.resolved_at() == "10:30:00Z");
    CHECK(desk.leads_to(Report::firing("10:00").told("10:40").decision("resolve").text("incident_id", desk.id())) == "0: alert");  // it is
    CHECK(desk.problems() == "");
}

TEST_CASE("resolve without an incident goes to the active one, also of people, and opens none") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::resolved("10:20").decision("resolve")) == "0: alert status_changed");
    CHECK(desk.leads_to(Report::resolved("10:30").decision("resolve")) == "$triage: alert_ignored");
    Desk people;
    opened_by_people(people, "09:00");
    CHECK(people.tell(Report::resolved("10:20").decision("resolve")) == "taken");
    CHECK(people.overview() == "P2 resolved");
}

TEST_CASE("a decision to resolve from before the last change is a conflict") {
    AlertDesk desk;
    desk.set(Severity::p1, "10:30");
    CHECK(desk.tell(Report::resolved("10:29:59.999999").decision("resolve")) == "conflict /alert/ended_at");
    CHECK(desk.tell(Report::resolved("10:30").decision("resolve")) == "taken");
}

TEST_CASE("update and resolve refuse an incident that does not exist") {
    AlertDesk desk;
    for (const char* decision : {"update", "resolve"}) {
        const std::uint64_t before = desk.size();
        CHECK(desk.tell(Report::firing("10:05").decision(decision).text("incident_id", "inc_20260223_1000_nosuch")) == "not_found /incident_id");
        CHECK(desk.size() == before);
    }
    CHECK(desk.tell(Report::firing("10:05").text("incident_id", "inc_20260223_1000_nosuch")) == "taken");  // daybook decides by itself
}

TEST_CASE("ignore makes an alert_ignored, and nothing else") {
    AlertDesk desk;
    const std::uint64_t before = desk.size();
    CHECK(desk.leads_to(Report::firing("10:05").decision("ignore").set("notes", R"(["n"])").set("escalation", R"({"target":"t"})")
                            .text("incident_id", desk.id())) == "$triage: alert_ignored");
    CHECK(desk.events(before).at(0).payload.find(R"("reason":"the triage decided to ignore it")") != std::string::npos);
    CHECK(desk.decided(desk.id()).firing_alerts == 1);
}

TEST_CASE("the longest texts of the schema are taken, in characters of four bytes") {
    Desk desk;
    const auto firemen = [](int count) {
        std::string text;
        while (count-- > 0) text += "\xF0\x9F\x9A\x92";
        return text;
    };
    const auto longest = [&](Report report) {
        return report.id(firemen(128)).text("signature", firemen(128)).ref(firemen(256)).alert_text("fingerprint", firemen(128)).alert_text("title", firemen(512));
    };
    CHECK(desk.tell(longest(Report::firing("10:00"))) == "taken");
    CHECK(desk.tell(Report::firing("10:01").text("signature", firemen(128)).ref(firemen(256))) == "taken");
    CHECK(desk.tell(Report::firing("10:02").text("signature", firemen(127) + "x").ref(firemen(255) + "x")) == "taken");
    CHECK(desk.tell(Report::resolved("10:03").text("signature", firemen(127) + "x").ref(firemen(255) + "x")) == "taken");
    CHECK(desk.overview() == "P2 open, P2 resolved");
    CHECK(desk.problems() == "");
}
