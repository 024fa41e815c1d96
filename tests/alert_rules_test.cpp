// Where an alert goes, and what it raises.
#include "tests/alert_desk.hpp"

using namespace daybook;
using namespace daybook::test;

TEST_CASE("a first firing alert opens an incident and joins it") {
    Desk desk;
    CHECK(
        desk.tell(Report::firing("10:00").id("k").severity("P1").alert_text("summary", "s").set_alert("labels", R"({"a":"b"})")) ==
        "taken");
    const auto events = desk.events();
    REQUIRE(events.size() == 2);
    CHECK(events[0].stream.starts_with("inc_20260223_1000_"));
    CHECK(events[0].type == EventType::incident_created);
    CHECK(events[0].payload.find(
              R"("kind":"http_5xx","labels":{"a":"b"},"service":"gateway","severity":"P1","signature":")" + alert_signature() +
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
    CHECK(desk.tell(Report::firing("10:00")
                        .id("k")
                        .told("10:05")
                        .text("agent_id", "monitor")
                        .set("notes", R"(["one","two"])")
                        .set("followups", R"([{"title":"f"}])")
                        .set("escalation", R"({"target":"helion","level":3,"reason":"r"})")) == "taken");
    CHECK(desk.types() == "incident_created alert note note followup escalated");
    const auto events = desk.events();
    const char* keys[] = {"alert_triage:k",   "alert_triage:k#2", "alert_triage:k#3",
                          "alert_triage:k#4", "alert_triage:k#5", "alert_triage:k#6"};
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

TEST_CASE("an alert that fires once its incident is archived opens a new one") {
    AlertDesk desk;
    SECTION("while it is open") { CHECK(desk.overview() == "P2 open"); }
    SECTION("once it is resolved") { desk.become(IncidentStatus::resolved, "10:19"); }
    REQUIRE(desk.commands().run(ArchiveIncident{desk.id(), "a test"}, desk.by_ada("10:20")));
    CHECK(desk.leads_to(Report::firing("10:20:00.000001")) == "1: incident_created alert");
    CHECK(desk.leads_to(Report::firing("10:21").ref("b")) == "1: alert");
    CHECK(desk.leads_to(Report::firing("10:10").ref("late")) == "0: alert");  // of the time before, it changes nothing
    CHECK(desk.problems() == "");
}

TEST_CASE("an archived incident that is still open ends with its alert") {
    AlertDesk desk;
    REQUIRE(desk.commands().run(ArchiveIncident{desk.id(), "a test"}, desk.by_ada("10:20")));
    CHECK(desk.leads_to(Report::resolved("10:30")) == "0: alert status_changed");
    CHECK(desk.problems() == "");
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
    const std::string other =
        desk.commands()
            .run(CreateIncident{"checkout", "prod", Severity::p2, "Checkout", {}, {}, {}, {}, {}, {}, {}}, Desk::by_ada("09:00"))
            ->incident_id;
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
        const std::string third =
            desk.commands()
                .run(CreateIncident{"edge", "prod", Severity::p2, "Edge", {}, {}, {}, {}, {}, {}, {}}, Desk::by_ada("09:00"))
                ->incident_id;
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

TEST_CASE("the longest texts of the schema are taken, in characters of four bytes") {
    Desk desk;
    const auto firemen = [](int count) {
        std::string text;
        while (count-- > 0) text += "\xF0\x9F\x9A\x92";
        return text;
    };
    const auto longest = [&](Report report) {
        return report.id(firemen(128))
            .text("signature", firemen(128))
            .ref(firemen(256))
            .alert_text("fingerprint", firemen(128))
            .alert_text("title", firemen(512));
    };
    CHECK(desk.tell(longest(Report::firing("10:00"))) == "taken");
    CHECK(desk.tell(Report::firing("10:01").text("signature", firemen(128)).ref(firemen(256))) == "taken");
    CHECK(desk.tell(Report::firing("10:02").text("signature", firemen(127) + "x").ref(firemen(255) + "x")) == "taken");
    CHECK(desk.tell(Report::resolved("10:03").text("signature", firemen(127) + "x").ref(firemen(255) + "x")) == "taken");
    CHECK(desk.overview() == "P2 open, P2 resolved");
    CHECK(desk.problems() == "");
}
