// After an import, status, severity and moments of an incident are those of its row (ingest/missing_events.hpp).
#include <map>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "tests/layout_fixture.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

const std::string id = "inc_20260223_1000_aaaa";

std::string time_at(int minute) { return format_time(at("2026-02-23T10:00:00Z") + std::chrono::minutes(minute)); }

std::string row_with(const std::string& columns) {
    return R"({"id":")" + id + R"(","service":"gateway","title":"5xx","started_at":")" + time_at(0) + '"' + columns + "}\n";
}
std::string event(int minute, const std::string& type, const std::string& meta = "{}") {
    return R"({"incident_id":")" + id + R"(","ts":")" + time_at(minute) + R"(","type":")" + type + R"(","message":"m","meta":)" +
           meta + "}\n";
}
std::string to_status(int minute, const std::string& status) {
    return event(minute, "status_changed", R"({"to":")" + status + "\"}");
}

struct Ending {
    std::vector<std::string> types;
    std::vector<std::string> refusals;
    std::string row;
    std::uint64_t again = 0;  // events that a second import wrote
};

Ending import(const std::string& incidents, const std::string& events) {
    const TemporaryDirectory directory;
    write_layout(directory.path(), incidents, events);
    LayoutFixture fixture;
    fixture.import_from(directory.path());
    Ending ending{fixture.types(), fixture.refusals(), fixture.row_of(id)};
    ending.again = fixture.import_from(directory.path()).events;
    return ending;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

using Types = std::vector<std::string>;

}  // namespace

TEST_CASE("an incident that its events never resolved is resolved as its row says", "[import_state]") {
    const Ending ending = import(row_with(R"(,"status":"resolved","resolved_at":")" + time_at(30) + '"'), event(1, "note"));
    CHECK(ending.types == Types{"incident_created", "note", "status_changed"});
    CHECK(member(ending.row, "resolved_at") == quoted(time_at(30)));
    CHECK(ending.again == 0);
}

TEST_CASE("ended_at stands for a missing resolved_at", "[import_state]") {
    const Ending ending = import(row_with(R"(,"status":"resolved","ended_at":")" + time_at(30) + '"'), "");
    CHECK(member(ending.row, "resolved_at") == quoted(time_at(30)));
}

TEST_CASE("ended_at that is closed_at once more resolves nothing", "[import_state]") {
    const Ending ending = import(
        row_with(R"(,"status":"closed","resolved_at":null,"closed_at":")" + time_at(30) + R"(","ended_at":")" + time_at(30) + '"'),
        "");
    CHECK(member(ending.row, "status") == "\"closed\"");
    CHECK(member(ending.row, "resolved_at") == "null");
    CHECK(ending.types == Types{"incident_created", "status_changed"});
}

TEST_CASE("severity, acknowledgement, assignee, texts and archive follow the row", "[import_state]") {
    const Ending ending = import(row_with(R"(,"severity":"P0","assignee":"ada","summary":"new","acknowledged_at":")" + time_at(2) +
                                          R"(","archived_at":")" + time_at(90) + R"(","duplicate_of":"inc_20260223_1000_bbbb")"),
                                 event(0, "incident_created", R"({"severity":"P3","title":"Old","summary":"old"})"));
    CHECK(ending.refusals.empty());
    CHECK(member(ending.row, "severity") == "\"P0\"");
    CHECK(member(ending.row, "assignee") == "\"ada\"");
    CHECK(member(ending.row, "title") == "\"5xx\"");
    CHECK(member(ending.row, "summary") == "\"new\"");
    CHECK(member(ending.row, "acknowledged_at") == quoted(time_at(2)));
    CHECK(member(ending.row, "archived_at") == quoted(time_at(90)));
    CHECK(member(ending.row, "duplicate_of") == "\"inc_20260223_1000_bbbb\"");
    CHECK(ending.again == 0);
}

TEST_CASE("what was added says that it is synthesised", "[import_state]") {
    const TemporaryDirectory directory;
    write_layout(directory.path(), row_with(R"(,"status":"mitigated","mitigated_at":")" + time_at(3) + '"'), event(1, "note"));
    LayoutFixture fixture;
    fixture.import_from(directory.path());
    CHECK(fixture.payload_at(3) == R"({"from":"open","meta":{"synthesised":true},"to":"mitigated"})");
}

TEST_CASE("a moment too many is taken away by opening the incident again", "[import_state]") {
    const Ending ending =
        import(row_with(R"(,"status":"resolved","mitigated_at":null,"acknowledged_at":null,"resolved_at":")" + time_at(9) + '"'),
               event(1, "acknowledged") + to_status(2, "mitigated") + to_status(9, "resolved"));
    CHECK(member(ending.row, "status") == "\"resolved\"");
    CHECK(member(ending.row, "mitigated_at") == "null");
    CHECK(member(ending.row, "acknowledged_at") == "null");
    CHECK(member(ending.row, "resolved_at") == quoted(time_at(9)));
    CHECK(ending.again == 0);
}

TEST_CASE("a column that is not there says nothing", "[import_state]") {
    const Ending ending = import(row_with(""), event(1, "acknowledged") + to_status(2, "mitigated") + to_status(9, "resolved"));
    CHECK(ending.types == Types{"incident_created", "acknowledged", "status_changed", "status_changed"});
}

TEST_CASE("a row that contradicts itself is refused", "[import_state]") {
    const auto refusal = [](const std::string& columns) {
        const Ending ending = import(row_with(columns), "");
        CHECK(ending.types.empty());
        return ending.refusals.size() == 1 ? ending.refusals[0] : std::string();
    };
    CHECK(refusal(R"(,"ended_at":")" + time_at(-1) + '"') == "incidents.jsonl:1 /ended_at: ended_at lies before started_at");
    CHECK(refusal(R"(,"resolved_at":")" + time_at(-1) + '"').starts_with("incidents.jsonl:1 /resolved_at"));
    CHECK(refusal(R"(,"status":"open","resolved_at":")" + time_at(1) + '"') ==
          "incidents.jsonl:1 /resolved_at: resolved_at is set, though the status is open");
    CHECK(refusal(R"(,"status":"mitigated","ended_at":")" + time_at(1) + '"').starts_with("incidents.jsonl:1 /ended_at"));
}

TEST_CASE("an incident that has gone on in daybook since is not led back", "[import_state]") {
    const TemporaryDirectory directory;
    write_layout(directory.path(), row_with(R"(,"status":"open")"), event(1, "note"));
    LayoutFixture fixture;
    fixture.import_from(directory.path());
    StatusChanged resolved;
    resolved.to = IncidentStatus::resolved;
    fixture.append(id, resolved);
    CHECK(fixture.import_from(directory.path()).events == 0);
}

TEST_CASE("a row that has changed since leads its incident on", "[import_state]") {
    const TemporaryDirectory directory;
    write_layout(directory.path(), row_with(R"(,"status":"mitigated","mitigated_at":")" + time_at(3) + '"'), event(1, "note"));
    LayoutFixture fixture;
    fixture.import_from(directory.path());
    write_layout(directory.path(),
                 row_with(R"(,"status":"resolved","mitigated_at":")" + time_at(3) + R"(","resolved_at":")" + time_at(7) + '"'),
                 event(1, "note"));
    CHECK(fixture.import_from(directory.path()).events == 1);
    CHECK(member(fixture.row_of(id), "resolved_at") == quoted(time_at(7)));
}

TEST_CASE("whatever the events and the row say, the incident ends as its row", "[import_state]") {
    rc::prop("for any history", [] {
        const std::vector<std::string> statuses{"open", "mitigated", "resolved", "closed"};
        std::string events;
        const int count = *rc::gen::inRange(0, 6);
        for (int i = 1; i <= count; ++i) {
            const int what = *rc::gen::inRange(0, 6);
            if (what < 4) events += to_status(i, statuses[static_cast<std::size_t>(what)]);
            if (what == 4) events += event(i, "acknowledged");
            if (what == 5) events += event(i, "severity_changed", R"({"to":"P1"})");
        }
        const auto status = *rc::gen::inRange<std::size_t>(0, 4);
        std::map<std::string, std::string> wanted{{"status", quoted(statuses[status])},
                                                  {"severity", *rc::gen::element<std::string>("\"P1\"", "\"P4\"")}};
        const auto moment = [&](const std::string& name, bool must, bool may) {
            const bool there = must || (may && *rc::gen::arbitrary<bool>());
            wanted[name] = there ? quoted(time_at(*rc::gen::inRange(0, 8))) : "null";
        };
        moment("acknowledged_at", false, true);
        moment("mitigated_at", status == 1, status > 1);
        moment("resolved_at", status == 2, status > 2);
        moment("closed_at", status == 3, false);
        std::string columns;
        for (const auto& [name, value] : wanted) columns += ",\"" + name + "\":" + value;
        const Ending ending = import(row_with(columns), events);
        RC_ASSERT(ending.refusals.empty());
        for (const auto& [name, value] : wanted) RC_ASSERT(member(ending.row, name) == value);
        RC_ASSERT(ending.again == 0u);
    });
}
