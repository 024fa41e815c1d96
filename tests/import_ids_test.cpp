// An event_id that the journal has already: the same event once more is a duplicate, another event a conflict.
#include <catch2/catch.hpp>

#include "journal/redaction.hpp"
#include "tests/layout_fixture.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

const std::string id = stream_name(1);
const std::string other = stream_name(2);

std::string incident(const std::string& name) {
    return R"({"id":")" + name + R"(","service":"gateway","title":"5xx","started_at":"2026-02-23T10:00:00Z"})" + '\n';
}
std::string event(const std::string& name, const std::string& time, const std::string& type, const std::string& message) {
    return R"({"event_id":"1","incident_id":")" + name + R"(","ts":"2026-02-23T)" + time + R"(Z","type":")" + type +
           R"(","message":")" + message + "\"}\n";
}
const std::string first = event(id, "10:01:00", "note", "a text");

const std::string had_already = " has the event_id 1 already: give this row another, or none";

}  // namespace

TEST_CASE("an event_id that another event has is refused as a conflict, in one import and in the next", "[import_ids]") {
    const std::vector<std::pair<std::string, std::string>> others{
        {event(other, "10:01:00", "note", "a text"), "of " + id},
        {event(id, "10:01:00", "decision", "a text"), "of type note"},
        {event(id, "10:02:00", "note", "a text"), "at 2026-02-23T10:01:00Z"},
        {event(id, "10:01:00", "note", "another text"), "with another message"}};
    for (const auto& [row, difference] : others) {
        const std::string incidents = incident(id) + incident(other);
        const TemporaryDirectory at_once, store, other_store;
        write_layout(at_once.path(), incidents, first + row);
        write_layout(store.path(), incidents, first);
        write_layout(other_store.path(), incidents, row);
        LayoutFixture once, twice;
        const ImportCounts counts = once.import_from(at_once.path());
        CHECK(counts.lines.refused == 1);
        CHECK(counts.lines.duplicate == 0);
        CHECK(once.refusals() == std::vector<std::string>{"events.jsonl:2 /event_id: event 2, " + difference + "," + had_already});
        twice.import_from(store.path());
        const ImportCounts next = twice.import_from(other_store.path());
        CHECK(next.lines.refused == 1);
        REQUIRE(twice.refusals().size() == 1);
        CHECK(twice.refusals()[0].starts_with("events.jsonl:1 /event_id: event 2, " + difference));
    }
}

TEST_CASE("a row once more with its event_id is a duplicate, of whatever type", "[import_ids]") {
    for (const std::string type : {"note", "page_sent", "acknowledged", "incident_archived"}) {
        const TemporaryDirectory directory;
        const std::string row = event(id, "10:01:00.123456789", type, "a text");
        write_layout(directory.path(), incident(id), row + row);
        LayoutFixture fixture;
        CHECK(fixture.import_from(directory.path()).lines.duplicate == 1);
        CHECK(fixture.import_from(directory.path()).lines.duplicate == 3);
        CHECK(fixture.refusals().empty());
    }
}

TEST_CASE("what was exported is a duplicate, before and after a correction, a redaction and a row of another program",
          "[import_ids]") {
    LayoutFixture fixture;
    const TemporaryDirectory store, before, after;
    write_layout(store.path(), incident(id), first);
    fixture.import_from(store.path());
    fixture.append(id, note("a password"));
    fixture.append(id, StatusChanged{});
    fixture.export_to(before.path());
    EntryCorrected corrected;
    corrected.corrects = 2;
    corrected.message = "a better text";
    fixture.append(id, corrected);
    REQUIRE(fixture.journal()->append(redaction({{3}, "a password", "ada", "cli", fixture.journal().now()})));
    fixture.export_to(after.path());
    write_file(after / "events.jsonl", read_file(after / "events.jsonl") + R"({"incident_id":")" + id +
                                           R"(","ts":"2026-02-23T11:00:00Z","type":"note","message":"of another program"})" + '\n');
    for (const TemporaryDirectory* layout : {&before, &after, &before}) {
        const ImportCounts counts = fixture.import_from(layout->path());
        CHECK(fixture.refusals().empty());
        CHECK(counts.lines.taken == (layout == &after ? 2 : 0));  // the row and its incident
        CHECK(counts.events == (layout == &after ? 1 : 0));
    }
}

TEST_CASE("what corrects a row that is refused corrects no other event", "[import_ids]") {
    std::string refused = event(id, "10:02:00", "note", "another text");
    refused.insert(1, "\"seq\":7,");
    const TemporaryDirectory directory;
    write_layout(directory.path(), incident(id),
                 R"({"seq":6,)" + first.substr(1) + refused + R"({"seq":8,"incident_id":")" + id +
                     R"(","ts":"2026-02-23T10:03:00Z","type":"entry_corrected","message":"x","meta":{"corrects":7}})" + '\n');
    LayoutFixture fixture;
    fixture.import_from(directory.path());
    REQUIRE(fixture.refusals().size() == 2);
    CHECK(fixture.refusals()[1] == "events.jsonl:3 /meta/corrects: no earlier row of this incident has the seq 7");
}
