#include <catch2/catch.hpp>

#include "tests/desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

EscalationPolicy storm() {
    EscalationPolicy policy;
    policy.name = "storm";
    policy.target = "helion";
    policy.alerts = 3;
    policy.minutes = 10;
    return policy;
}
EscalationPolicy prod_p1() {
    EscalationPolicy policy;
    policy.name = "prod-p1";
    policy.target = "sofiia";
    policy.level = 2;
    policy.cooldown_minutes = 30;
    policy.severity = Severity::p1;
    policy.env = "prod";
    return policy;
}

// A desk whose records are each another alert.
struct EscalationDesk : Desk {
    explicit EscalationDesk(std::vector<EscalationPolicy> policies) : Desk(TriagePolicy{30, true, std::move(policies)}) {}

    // Who was told by a record: "helion 1", or "nobody".
    std::string told(Report report) {
        const std::uint64_t before = size();
        REQUIRE(tell(report.ref("alert-" + std::to_string(++alerts_))) == "taken");
        std::string text;
        JsonReader reader;
        for (const SeenEvent& event : events(before)) {
            if (event.type != EventType::escalated) continue;
            const auto payload = reader.read(event.payload);
            text += (text.empty() ? "" : ", ") + std::string((*payload)->find("target")->text()) + ' ' +
                    std::to_string((*payload)->find("level")->integer);
        }
        return text.empty() ? "nobody" : text;
    }
    std::string id() { return incidents().at(0).id; }
    void acknowledge(std::string_view time) { REQUIRE(commands().run(Acknowledge{id(), {}}, by_ada(time))); }

private:
    int alerts_ = 0;
};

}  // namespace

TEST_CASE("by default nothing is escalated") {
    EscalationDesk desk({});
    for (int minute = 10; minute < 30; ++minute)
        CHECK(desk.told(Report::firing("10:" + std::to_string(minute)).severity("P0")) == "nobody");
}

TEST_CASE("so many firing alerts of a signature within so many minutes are escalated") {
    EscalationDesk desk({storm()});
    CHECK(desk.told(Report::firing("10:00")) == "nobody");
    CHECK(desk.told(Report::firing("10:05")) == "nobody");
    CHECK(desk.told(Report::firing("10:06").kind("latency")) == "nobody");  // another signature
    const std::uint64_t before = desk.size();
    CHECK(desk.told(Report::firing("10:10")) == "helion 1");
    const SeenEvent escalated = desk.events(before).at(1);
    CHECK(escalated.payload == R"({"level":1,"policy":"storm","reason":"3 alerts within 10 minutes","target":"helion"})");
    CHECK(escalated.occurred_at == moment("10:10:01"));  // when it was triaged
    CHECK(escalated.cause == before + 1);
    CHECK(desk.problems() == "");
}

TEST_CASE("alerts that lie further apart are not escalated, nor are resolved ones") {
    EscalationDesk desk({storm()});
    CHECK(desk.told(Report::firing("10:00")) == "nobody");
    CHECK(desk.told(Report::firing("10:05")) == "nobody");
    CHECK(desk.told(Report::firing("10:10:00.000001")) == "nobody");
    CHECK(desk.told(Report::resolved("10:11")) == "nobody");
    CHECK(desk.told(Report::firing("10:15:00.000001")) == "nobody");
    CHECK(desk.told(Report::firing("10:16")) == "helion 1");
}

TEST_CASE("alerts count by their own clock, in whatever order they come") {
    EscalationDesk desk({storm()});
    CHECK(desk.told(Report::firing("10:08")) == "nobody");
    CHECK(desk.told(Report::firing("10:00").told("11:00")) == "nobody");
    CHECK(desk.told(Report::firing("10:09").told("11:30")) == "helion 1");
}

TEST_CASE("a storm that is told in any order is escalated, once") {
    EscalationPolicy policy = storm();
    policy.alerts = 4;
    const auto told = [&](const std::vector<std::string>& minutes) {
        EscalationDesk desk({policy});
        std::string text;
        for (const std::string& minute : minutes) text += desk.told(Report::firing("10:" + minute)) == "nobody" ? "-" : "!";
        CHECK(desk.problems() == "");
        return text;
    };
    CHECK(told({"04", "05", "06", "07", "08", "09"}) == "---!--");
    CHECK(told({"09", "08", "07", "06", "05", "04"}) == "---!--");
    CHECK(told({"09", "04", "08", "05", "07", "06"}) == "---!--");
    CHECK(told({"20", "15", "10", "09", "04", "03"}) == "------");  // no four within ten minutes
    CHECK(told({"20", "15", "10", "09", "04", "11"}) == "-----!");  // 10:09 to 10:15, or 10:10 to 10:20
}

TEST_CASE("a storm in an older incident is escalated, whatever quiet incident of its signature began after it") {
    EscalationDesk desk({storm()});
    CHECK(desk.told(Report::firing("08:00")) == "nobody");
    CHECK(desk.told(Report::firing("09:00").decision("create")) == "nobody");
    REQUIRE(desk.commands().run(ChangeStatus{desk.incidents().at(1).id, IncidentStatus::resolved, {}, {}}, Desk::by_ada("09:10")));
    CHECK(desk.told(Report::firing("12:00")) == "nobody");
    CHECK(desk.told(Report::firing("12:01")) == "nobody");
    CHECK(desk.told(Report::firing("12:02")) == "helion 1");
    CHECK(desk.problems() == "");
}

TEST_CASE("a policy for many alerts finds them behind many other entries") {
    EscalationPolicy many = storm();
    many.alerts = 300;
    many.minutes = 60;
    EscalationDesk desk({many});
    std::string lines;
    for (int i = 0; i < 299; ++i) {
        const std::string seconds = std::to_string(10 + i % 50);
        lines += Report::firing("10:0" + std::to_string(i % 10) + ':' + seconds)
                     .id("r" + std::to_string(i))
                     .ref("x" + std::to_string(i))
                     .set("notes", R"(["n"])")
                     .line() +
                 '\n';
    }
    CHECK(desk.ingest(lines).taken == 299);
    CHECK(desk.told(Report::firing("10:10")) == "helion 1");
}

TEST_CASE("an alert that is bad enough in its env is escalated at once") {
    EscalationDesk desk({prod_p1()});
    CHECK(desk.told(Report::firing("10:00").severity("P2")) == "nobody");
    CHECK(desk.told(Report::firing("10:00").severity("P0").alert_text("env", "staging")) == "nobody");
    CHECK(desk.told(Report::firing("10:00").severity("P1").kind("a")) == "sofiia 2");
    CHECK(desk.told(Report::firing("10:00").severity("P0").kind("b")) == "sofiia 2");
    CHECK(desk.events().back().payload == R"({"level":2,"policy":"prod-p1","reason":"P0 in prod","target":"sofiia"})");
}

TEST_CASE("a level is escalated once in its cooldown") {
    EscalationDesk desk({prod_p1()});
    CHECK(desk.told(Report::firing("10:00").severity("P1")) == "sofiia 2");  // told at 10:00:01
    CHECK(desk.told(Report::firing("10:10").severity("P1")) == "nobody");
    CHECK(desk.told(Report::firing("10:30").severity("P1").told("10:30:00.999999")) == "nobody");
    CHECK(desk.told(Report::firing("10:30").severity("P1").told("10:30:01")) == "sofiia 2");
    CHECK(desk.told(Report::firing("10:40").severity("P1")) == "nobody");  // the cooldown began anew
}

TEST_CASE("an escalation that is told late does not shorten the cooldown") {
    EscalationDesk desk({prod_p1()});
    CHECK(desk.told(Report::firing("10:00").severity("P1")) == "sofiia 2");
    CHECK(desk.told(Report::firing("09:40").severity("P2").set("escalation", R"({"level":2,"target":"helion"})")) == "helion 2");
    CHECK(desk.told(Report::firing("10:20").severity("P1")) == "nobody");
}

TEST_CASE("every policy that fits is taken, each level once") {
    EscalationPolicy same_level = prod_p1();
    same_level.name = "again";
    same_level.target = "monitor";
    EscalationDesk desk({storm(), prod_p1(), same_level});
    CHECK(desk.told(Report::firing("10:00")) == "nobody");
    CHECK(desk.told(Report::firing("10:01")) == "nobody");
    CHECK(desk.told(Report::firing("10:02")) == "helion 1");
    CHECK(desk.told(Report::firing("10:03").severity("P1")) == "sofiia 2");  // although the storm goes on
    CHECK(desk.told(Report::firing("10:04").severity("P1").kind("latency")) == "sofiia 2");
}

TEST_CASE("an acknowledged incident is escalated only when it is raised") {
    EscalationDesk desk({prod_p1()});
    CHECK(desk.told(Report::firing("10:00")) == "nobody");
    desk.acknowledge("10:05");
    CHECK(desk.told(Report::firing("10:10").severity("P1")) == "sofiia 2");  // raised from P2
    CHECK(desk.told(Report::firing("11:10").severity("P1")) == "nobody");
    CHECK(desk.told(Report::firing("11:20").severity("P0")) == "sofiia 2");
}

TEST_CASE("a reopening clears the acknowledgement, so that the incident is escalated again") {
    EscalationDesk desk({prod_p1()});
    CHECK(desk.told(Report::firing("10:00").severity("P1")) == "sofiia 2");
    desk.acknowledge("10:05");
    REQUIRE(desk.commands().run(ChangeStatus{desk.id(), IncidentStatus::resolved, {}, {}}, Desk::by_ada("10:40")));
    CHECK(desk.told(Report::firing("10:50").severity("P1")) == "sofiia 2");
}

TEST_CASE("a record's own escalation is always appended, and starts the cooldown") {
    EscalationDesk desk({prod_p1()});
    const auto own = [](Report report) { return report.set("escalation", R"({"level":2,"target":"helion","reason":"r"})"); };
    CHECK(desk.told(own(Report::firing("10:00").severity("P1"))) == "helion 2");
    CHECK(desk.events().back().payload == R"({"level":2,"policy":"alert_triage","reason":"r","target":"helion"})");
    CHECK(desk.told(Report::firing("10:20").severity("P1")) == "nobody");
    CHECK(desk.told(own(Report::firing("10:21").severity("P1"))) == "helion 2");
    CHECK(desk.told(Report::firing("10:40").severity("P1")) == "nobody");
    CHECK(desk.told(Report::firing("10:52").severity("P1")) == "sofiia 2");
    desk.acknowledge("10:55");
    CHECK(desk.told(own(Report::firing("10:56"))) == "helion 2");
    CHECK(desk.told(own(Report::resolved("10:57"))) == "helion 2");
}

TEST_CASE("a record's own escalation of another level keeps no policy from its own") {
    EscalationDesk desk({prod_p1()});
    CHECK(desk.told(Report::firing("10:00").severity("P1").set("escalation", R"({"level":1,"target":"helion"})")) ==
          "helion 1, sofiia 2");
}
