// The rules for alerts, as a team sees them: records go in by the real binary, incidents come out.
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// A feed of one service, minute by minute on 2026-02-23.
class Feed {
public:
    // `time` is HH:MM or HH:MM:SS.ffffff; `more` are further members of the alert, `around` of the record.
    Feed& firing(const std::string& ref, const std::string& time, const std::string& severity = "P2",
                 const std::string& around = "") {
        return record(ref, time, severity, "firing", "", around);
    }
    Feed& resolved(const std::string& ref, const std::string& start, const std::string& end, const std::string& around = "") {
        return record(ref, start, "P2", "resolved", ",\"ended_at\":\"" + moment(end) + '"', around);
    }
    void into(const Program& daybook) {
        const Outcome outcome = daybook.run({"-q", "ingest", "-"}, text_);
        if (outcome.status != 0) throw std::runtime_error(outcome.err);
        text_.clear();
    }
    const std::string& text() const { return text_; }
    static std::string moment(const std::string& time) { return "2026-02-23T" + (time.size() == 5 ? time + ":00" : time) + "Z"; }

private:
    Feed& record(const std::string& ref, const std::string& time, const std::string& severity, const std::string& state,
                 const std::string& more, const std::string& around) {
        text_ += R"({"schema":"alert_triage/1","triage_id":"t)" + std::to_string(++count_) +
                 R"(","triaged_at":"2026-02-23T23:00:00Z","agent_id":"monitor",)" + R"("alert":{"alert_ref":")" + ref +
                 R"(","service":"gateway","kind":"http_5xx","title":"5xx","severity":")" + severity + R"(","state":")" + state +
                 R"(","started_at":")" + moment(time) + '"' + more + "}" + around + "}\n";
        return *this;
    }
    std::string text_;
    int count_ = 0;
};

// Each incident as `severity status`, oldest start first.
std::vector<std::string> incidents(const Program& daybook) {
    std::vector<std::string> all;
    for (const std::string& line : lines_of(daybook.out({"incident", "list"}))) {
        const std::size_t first = line.find('\t');
        const std::size_t second = line.find('\t', first + 1);
        all.insert(all.begin(), line.substr(first + 1, second - first - 1) + ' ' +
                                    line.substr(second + 1, line.find('\t', second + 1) - second - 1));
    }
    return all;
}

std::string only_id(const Program& daybook) { return daybook.out({"incident", "list", "--ids"}); }

std::string types_of(const Program& daybook, const std::string& id) {
    std::string types;
    for (const std::string& line : lines_of(daybook.out({"timeline", id}))) {
        const std::size_t type = line.find('\t', line.find('\t') + 1) + 1;
        types += (types.empty() ? "" : " ") + line.substr(type, line.find('\t', type) - type);
    }
    return types;
}

using Incidents = std::vector<std::string>;

}  // namespace

TEST_CASE("a firing alert opens an incident, and the next of its signature joins it") {
    const Program daybook;
    Feed().firing("a", "10:00").firing("b", "10:05").into(daybook);
    CHECK(incidents(daybook) == Incidents{"P2 open"});
    CHECK(types_of(daybook, only_id(daybook)) == "incident_created alert alert");
}

TEST_CASE("an incident is resolved when all its alerts are, and not before") {
    const Program daybook;
    Feed feed;
    feed.firing("a", "10:00").firing("b", "10:05").resolved("a", "10:00", "10:20").into(daybook);
    CHECK(incidents(daybook) == Incidents{"P2 open"});
    feed.resolved("b", "10:05", "10:10").into(daybook);
    CHECK(incidents(daybook) == Incidents{"P2 resolved"});
    // Told out of order: it was over when the last one was.
    CHECK(daybook.out({"incident", "show", only_id(daybook), "-o", "json"}).find("\"resolved_at\":\"2026-02-23T10:20:00Z\"") !=
          std::string::npos);
}

TEST_CASE("an alert within 30 minutes of the resolution reopens, at 30 minutes too, and a microsecond later opens anew") {
    const Program at_thirty;
    Feed().firing("a", "10:00").resolved("a", "10:00", "10:10").firing("a", "10:40").into(at_thirty);
    CHECK(incidents(at_thirty) == Incidents{"P2 open"});
    const Program later;
    Feed().firing("a", "10:00").resolved("a", "10:00", "10:10").firing("a", "10:40:00.000001").into(later);
    CHECK(incidents(later) == Incidents{"P2 resolved", "P2 open"});
}

TEST_CASE("an incident that was closed is not reopened by an alert") {
    const Program daybook;
    Feed feed;
    feed.firing("a", "10:00").resolved("a", "10:00", "10:10").into(daybook);
    daybook.out({"incident", "close", only_id(daybook), "--occurred-at", "2026-02-23T10:15:00Z"});
    feed.firing("a", "10:20").into(daybook);
    CHECK(incidents(daybook) == Incidents{"P2 closed", "P2 open"});
}

TEST_CASE("a late alert from inside a past incident joins it and changes no status") {
    const Program daybook;
    Feed().firing("a", "10:00").resolved("a", "10:00", "10:30").firing("a", "12:00").firing("b", "10:15", "P0").into(daybook);
    CHECK(incidents(daybook) == Incidents{"P0 resolved", "P2 open"});  // it says how bad that incident was
}

TEST_CASE("a worse alert raises the severity, and what a person lowered stays lowered") {
    const Program daybook;
    Feed feed;
    feed.firing("a", "10:00", "P2").firing("b", "10:01", "P1").into(daybook);
    CHECK(incidents(daybook) == Incidents{"P1 open"});
    daybook.out({"incident", "severity", only_id(daybook), "P3", "--occurred-at", "2026-02-23T10:02:00Z"});
    feed.firing("c", "10:03", "P1").into(daybook);
    CHECK(incidents(daybook) == Incidents{"P3 open"});
    feed.firing("d", "10:04", "P0").into(daybook);
    CHECK(incidents(daybook) == Incidents{"P0 open"});
}

TEST_CASE("alerts of a duplicate join the incident that it duplicates") {
    const Program daybook;
    Feed feed;
    feed.firing("a", "10:00").into(daybook);
    const std::string original = only_id(daybook);
    feed.firing("b", "11:00", "P2", R"(,"decision":"create")").into(daybook);
    const std::string duplicate = lines_of(daybook.out({"incident", "list", "--ids"})).front();
    REQUIRE(duplicate != original);
    daybook.out({"incident", "link", duplicate, "duplicate_of", original});
    feed.firing("c", "11:30").into(daybook);
    CHECK(types_of(daybook, original) == "incident_created alert alert");
    CHECK(incidents(daybook).size() == 2);
}

TEST_CASE("a resolved alert that fits no active incident is written down as ignored, and opens nothing") {
    const Program daybook;
    Feed().resolved("a", "10:00", "10:10").into(daybook);
    CHECK(incidents(daybook).empty());
    CHECK(types_of(daybook, "$triage") == "alert_ignored");
}

TEST_CASE("an incident that a person opened is not resolved by its alerts") {
    const Program daybook;
    Feed feed;
    feed.firing("a", "10:00").into(daybook);
    const std::string line = daybook.out({"incident", "show", only_id(daybook), "-o", "json"});
    const std::size_t at = line.find("\"signature\":\"") + 13;
    const std::string signature = line.substr(at, 16);
    const Program by_hand;
    by_hand.out({"incident", "create", "--service", "gateway", "--title", "5xx", "--signature", signature, "--started-at",
                 "2026-02-23T09:59:00Z"});
    Feed().firing("a", "10:00").resolved("a", "10:00", "10:10").into(by_hand);
    CHECK(incidents(by_hand) == Incidents{"P2 open"});
}

TEST_CASE("decisions are followed: create, update, resolve, ignore") {
    const Program daybook;
    Feed feed;
    feed.firing("a", "10:00").firing("b", "10:01", "P2", R"(,"decision":"create")").into(daybook);
    CHECK(incidents(daybook).size() == 2);
    const std::string older = lines_of(daybook.out({"incident", "list", "--ids"})).back();
    feed.firing("c", "10:02", "P2", R"(,"decision":"update","incident_id":")" + older + '"')
        .resolved("c", "10:02", "10:05", R"(,"decision":"resolve","incident_id":")" + older + '"')
        .firing("d", "10:06", "P2", R"(,"decision":"ignore")")
        .into(daybook);
    CHECK(incidents(daybook) == Incidents{"P2 resolved", "P2 open"});
    CHECK(types_of(daybook, older) == "incident_created alert alert alert status_changed");
    CHECK(types_of(daybook, "$triage") == "alert_ignored");
    feed.firing("e", "10:07", "P2", R"(,"decision":"update","incident_id":"inc_20260223_1000_none")");
    const Outcome outcome = daybook.run({"ingest", "-"}, feed.text());
    CHECK(outcome.status == 3);
    CHECK(outcome.err.find("no such incident: inc_20260223_1000_none") != std::string::npos);
}

TEST_CASE("a policy escalates a storm once per cooldown, and not while somebody is on it") {
    const Program daybook;
    std::filesystem::create_directories(daybook / "ops/policy");
    write_file(daybook / "ops/policy/triage.yml",
               "escalation:\n  - name: storm\n    after: {alerts: 3, minutes: 10}\n    target: helion\n    cooldown_minutes: 60\n");
    Feed feed;
    feed.firing("a", "10:00").firing("b", "10:01").into(daybook);
    const std::string id = only_id(daybook);
    CHECK(types_of(daybook, id).find("escalated") == std::string::npos);
    feed.firing("c", "10:02").firing("d", "10:03").into(daybook);
    CHECK(types_of(daybook, id) == "incident_created alert alert alert escalated alert");
    const Program calm;
    std::filesystem::create_directories(calm / "ops/policy");
    write_file(calm / "ops/policy/triage.yml", read_file(daybook / "ops/policy/triage.yml"));
    Feed again;
    again.firing("a", "10:00").into(calm);
    calm.out({"incident", "ack", only_id(calm), "--occurred-at", "2026-02-23T10:00:30Z"});
    again.firing("b", "10:01").firing("c", "10:02").into(calm);
    CHECK(types_of(calm, only_id(calm)).find("escalated") == std::string::npos);
}

TEST_CASE("a policy with a wrong key is refused with file, line and key") {
    const Program daybook;
    std::filesystem::create_directories(daybook / "ops/policy");
    write_file(daybook / "ops/policy/triage.yml", "reopen_minutes: 30\nauto_resolv: true\n");
    const Outcome outcome = daybook.run({"ingest", "-"}, "");
    CHECK(outcome.status == 1);
    CHECK(outcome.err.find("the triage policy is invalid, nothing was taken: " + (daybook / "ops/policy/triage.yml").string() +
                           ":2: auto_resolv") != std::string::npos);
}

TEST_CASE("ingest -v says which policy it goes by") {
    const Program daybook;
    const std::string file = (daybook / "ops/policy/triage.yml").string();
    CHECK(daybook.run({"-v", "ingest", "-"}, "").err.find("the default: there is no " + file) != std::string::npos);
    std::filesystem::create_directories(daybook / "ops/policy");
    write_file(file, "reopen_minutes: 5\n");
    CHECK(daybook.run({"-v", "ingest", "-"}, "").err.find("the triage policy is " + file) != std::string::npos);
    CHECK(daybook.run({"ingest", "-"}, "").err.find("policy") == std::string::npos);
}

TEST_CASE("what is refused waits in the dead letters until it is mended") {
    const Program daybook;
    Feed feed;
    feed.firing("a", "10:00", "P2").firing("b", "10:01", "P7");
    const Outcome refused = daybook.run({"ingest", "-", "-o", "json"}, feed.text() + "no json\n");
    CHECK(refused.status == 3);
    CHECK(refused.out.find(R"("taken":1,"duplicate":0,"ignored":0,"refused":2)") != std::string::npos);
    CHECK(refused.err.find("standard input:2: refused") != std::string::npos);
    CHECK(refused.err.find("/alert/severity") != std::string::npos);
    const auto letters = daybook.data() / "dead-letters.jsonl";
    CHECK(lines_of(read_file(letters)).size() == 2);
    daybook.run({"ingest", "-"}, feed.text() + "no json\n");
    CHECK(lines_of(read_file(letters)).size() == 2);  // the same lines are not added again
    std::string mended = read_file(letters);
    const std::size_t at = mended.find("\"severity\":\"P7\"");
    REQUIRE(at != std::string::npos);
    mended.replace(at, 15, "\"severity\":\"P1\"");
    write_file(letters, mended);
    CHECK(daybook.run({"ingest", "--dead-letters"}).status == 3);  // one is still no JSON
    CHECK(incidents(daybook) == Incidents{"P1 open"});
    CHECK(lines_of(read_file(letters)).size() == 1);
}

TEST_CASE("without dead letters there is nothing to do, and nothing is made") {
    const Program daybook;
    CHECK(daybook.run({"ingest", "--dead-letters"}).status == 1);  // there is no journal
    CHECK_FALSE(std::filesystem::exists(daybook.data()));
    daybook.out({"ingest", "-"}, "");
    CHECK(daybook.run({"ingest", "--dead-letters"}).err.find("0 read, 0 taken") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(daybook.data() / "dead-letters.jsonl"));
}

TEST_CASE("Ctrl-C ends an ingest behind its last whole line, says how far it got, and the next one goes on from there") {
    const Program daybook;
    const std::string feed = project_file("fixtures/triage/monday.jsonl").string();
    // A pipe that stays open: whoever waits for more must hear of Ctrl-C too. It is pressed once the journal is there.
    const std::string script = R"(set -m
        "$0" --data "$1" ingest - < <(cat "$2"; printf '{"half": '; exec sleep 5 2>/dev/null) &
        ingest=$!
        for try in {1..600}; do [ -e "$1/journal/data.mdb" ] && break; sleep 0.05; done
        sleep 0.5
        kill -INT $ingest
        wait $ingest)";
    const Outcome outcome = test::run({"bash", "-c", script, daybook_program(), daybook.data().string(), feed});
    CHECK(outcome.status == 130);
    CHECK(outcome.err.find(" 0 refused") != std::string::npos);  // half a line is none
    CHECK(outcome.err.find("stopped by Ctrl-C: run it again to go on from there") != std::string::npos);
    CHECK(daybook.run({"ingest", feed}).status == 0);
    CHECK(daybook.run({"ingest", feed}).err.find("33 read, 0 taken, 33 duplicate") != std::string::npos);
    CHECK(daybook.run({"verify"}).status == 0);
}

TEST_CASE("records in any order never corrupt state, and once more change nothing") {
    const std::string feed = read_file(project_file("fixtures/triage/monday.jsonl"));
    auto lines = lines_of(feed);
    std::reverse(lines.begin(), lines.end());
    std::string reversed;
    for (const std::string& line : lines) reversed += line + "\n";
    const Program daybook;
    daybook.run({"-q", "ingest", "-"}, reversed);
    CHECK(daybook.run({"verify"}).status == 0);
    CHECK(daybook.run({"replay", "--check"}).status == 0);
    const std::string before = daybook.out({"stats", "-o", "json"});
    daybook.run({"-q", "ingest", "-"}, feed);
    daybook.run({"-q", "ingest", "-"}, reversed);
    CHECK(daybook.run({"verify"}).status == 0);
    // Only what was refused in the wrong order may be taken now.
    CHECK(daybook.out({"stats", "-o", "json"}).find("\"left_out\":0") != std::string::npos);
    CHECK(!before.empty());
}
