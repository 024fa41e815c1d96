// What resolves an incident, what is ignored, and what the triage may decide itself.
#include "tests/alert_desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// An incident that people opened, with the signature of the alerts here.
std::string opened_by_people(Desk& desk, std::string_view time) {
    CreateIncident command;
    command.service = "gateway";
    command.title = "Customers complain";
    command.signature = alert_signature();
    return desk.commands().run(command, Desk::by_ada(time))->incident_id;
}

}  // namespace

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
    CHECK(desk.leads_to(
              Report::resolved("10:20").kind("latency").id("k").set("notes", R"(["n"])").set("followups", R"([{"title":"f"}])")) ==
          "$triage: alert_ignored");
    const auto ignored = desk.events(before).at(0);
    CHECK(ignored.occurred_at == moment("10:20"));
    CHECK(ignored.key == "alert_triage:k");
    CHECK(ignored.payload.find(R"("reason":"resolved, and no active incident has its signature")") != std::string::npos);
    CHECK(ignored.payload.find(R"("signature":")" + default_signature("prod", "gateway", "latency")) != std::string::npos);
    CHECK(ignored.payload.find(R"("kind":"latency")") != std::string::npos);

    CHECK(desk.leads_to(Report::resolved("10:20")) == "0: alert status_changed");
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

TEST_CASE("an end that is told once its incident is over counts there, and changes no status") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:05").ref("b")) == "0: alert");
    desk.become(IncidentStatus::resolved, "10:20");
    CHECK(desk.leads_to(Report::resolved("10:25").ref("b")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:26")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:27")) == "$triage: alert_ignored");  // it fires no more
    CHECK(desk.overview() == "P2 resolved");
    CHECK(desk.resolved_at() == "10:20:00Z");
    // So that nothing keeps it open once it is reopened.
    CHECK(desk.leads_to(Report::firing("10:30")) == "0: alert status_changed");
    CHECK(desk.leads_to(Report::resolved("10:40")) == "0: alert status_changed");
    CHECK(desk.overview() == "P2 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("an end counts where its alert fires, rather than in an active incident that does not know it") {
    AlertDesk desk;
    desk.become(IncidentStatus::closed, "10:20");
    CHECK(desk.leads_to(Report::firing("10:30").ref("b")) == "1: incident_created alert");
    SECTION("unless the triage wants an active one resolved") {
        CHECK(desk.leads_to(Report::resolved("10:40").decision("resolve")) == "1: alert status_changed");
        return;
    }
    CHECK(desk.leads_to(Report::resolved("10:40")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:41")) == "1: alert");
    CHECK(desk.overview() == "P2 closed, P2 open");
    CHECK(desk.problems() == "");
}

TEST_CASE("an end from before the start of the incident that its alert joined counts there") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("09:40").ref("b")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("09:50").ref("b")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:20")) == "0: alert status_changed");
    CHECK(desk.problems() == "");
}

TEST_CASE("an incident that becomes a duplicate while its alert fires ends with it") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:01").kind("latency").ref("b")) == "1: incident_created alert");
    REQUIRE(desk.commands().run(LinkIncident{desk.id(1), LinkRelation::duplicate_of, desk.id(0), {}}, Desk::by_ada("10:05")));
    CHECK(desk.leads_to(Report::resolved("10:20").kind("latency").ref("b")) == "1: alert status_changed");
    CHECK(desk.leads_to(Report::resolved("10:21")) == "0: alert status_changed");
    CHECK(desk.overview() == "P2 resolved, P2 resolved");
    // What fires from now on, and its end, are the other's.
    CHECK(desk.leads_to(Report::firing("10:30").kind("latency").ref("b")) == "0: alert status_changed");
    CHECK(desk.leads_to(Report::resolved("10:40").kind("latency").ref("b")) == "0: alert status_changed");
    CHECK(desk.problems() == "");
}

TEST_CASE("an alert that fires in a duplicate and again in the other incident ends in the other first") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:01").kind("latency").ref("b")) == "1: incident_created alert");
    REQUIRE(desk.commands().run(LinkIncident{desk.id(1), LinkRelation::duplicate_of, desk.id(0), {}}, Desk::by_ada("10:05")));
    CHECK(desk.leads_to(Report::firing("10:10").kind("latency").ref("b")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:20").kind("latency").ref("b")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:21")) == "0: alert status_changed");
    CHECK(desk.leads_to(Report::resolved("10:30").kind("latency").ref("b")) == "1: alert status_changed");
    CHECK(desk.problems() == "");
}

TEST_CASE("create always opens an incident") {
    AlertDesk desk;
    CHECK(desk.leads_to(Report::firing("10:05").decision("create")) == "1: incident_created alert");
    CHECK(desk.leads_to(Report::firing("10:05").decision("create").text("incident_id", desk.id())) == "2: incident_created alert");
    CHECK(desk.leads_to(Report::resolved("10:06").decision("create").ref("c")) == "3: incident_created alert status_changed");
    CHECK(desk.overview() == "P2 open, P2 open, P2 open, P2 resolved");
    CHECK(desk.problems() == "");
}

TEST_CASE("update goes to the incident that it names, whatever its signature, also late") {
    AlertDesk desk;
    const auto update = [&](std::string_view time) {
        return Report::firing(time).decision("update").kind("latency").text("incident_id", desk.id());
    };
    CHECK(desk.leads_to(update("10:05").set("notes", R"(["n"])")) == "0: alert note");
    desk.become(IncidentStatus::closed, "10:20");
    CHECK(desk.leads_to(update("10:20").ref("b")) == "0: alert");
    CHECK(desk.leads_to(update("09:00").ref("c")) == "0: alert");
    CHECK(desk.leads_to(Report::resolved("10:40").decision("update").ref("b").text("incident_id", desk.id())) == "0: alert");
    CHECK(desk.overview() == "P2 closed");
    CHECK(desk.problems() == "");
}

TEST_CASE("an update that fires once its incident is over is not buried there") {
    AlertDesk desk;
    const auto update = [&](std::string_view time) {
        return Report::firing(time).decision("update").kind("latency").ref("b").severity("P0").text("incident_id", desk.id());
    };
    SECTION("it reopens one that was resolved up to 30 minutes before") {
        desk.become(IncidentStatus::resolved, "10:20");
        CHECK(desk.leads_to(update("10:50")) == "0: alert status_changed severity_changed");
        CHECK(desk.overview() == "P0 open");
    }
    SECTION("a microsecond later it opens one") {
        desk.become(IncidentStatus::resolved, "10:20");
        CHECK(desk.leads_to(update("10:50:00.000001")) == "1: incident_created alert");
        CHECK(desk.overview() == "P2 resolved, P0 open");
    }
    SECTION("it opens one where that was closed, or joins the active one of its signature") {
        desk.become(IncidentStatus::closed, "10:20");
        CHECK(desk.leads_to(update("10:21")) == "1: incident_created alert");
        CHECK(desk.leads_to(update("10:22").ref("c")) == "1: alert");
    }
    SECTION("likewise where that was archived") {
        REQUIRE(desk.commands().run(ArchiveIncident{desk.id(), "a test"}, desk.by_ada("10:20")));
        CHECK(desk.leads_to(update("10:21")) == "1: incident_created alert");
    }
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
    CHECK(desk.leads_to(Report::firing("10:00").told("10:30").decision("resolve").kind("latency").text("incident_id", desk.id())) ==
          "0: alert status_changed");
    CHECK(desk.events(before).at(1).payload == R"({"from":"open","reason":"the triage resolved it","to":"resolved"})");
    CHECK(desk.resolved_at() == "10:30:00Z");
    CHECK(desk.leads_to(Report::firing("10:00").told("10:40").decision("resolve").text("incident_id", desk.id())) ==
          "0: alert");  // it is
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
        CHECK(desk.tell(Report::firing("10:05").decision(decision).text("incident_id", "inc_20260223_1000_nosuch")) ==
              "not_found /incident_id");
        CHECK(desk.size() == before);
    }
    CHECK(desk.tell(Report::firing("10:05").text("incident_id", "inc_20260223_1000_nosuch")) ==
          "taken");  // daybook decides by itself
}

TEST_CASE("ignore makes an alert_ignored, and nothing else") {
    AlertDesk desk;
    const std::uint64_t before = desk.size();
    CHECK(desk.leads_to(Report::firing("10:05")
                            .decision("ignore")
                            .set("notes", R"(["n"])")
                            .set("escalation", R"({"target":"t"})")
                            .text("incident_id", desk.id())) == "$triage: alert_ignored");
    CHECK(desk.events(before).at(0).payload.find(R"("reason":"the triage decided to ignore it")") != std::string::npos);
    CHECK(desk.decided(desk.id()).firing_alerts == 1);
}
