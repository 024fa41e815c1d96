// Whose files an export finds: what a store kept that was never imported, and what another journal wrote, stay as they are.
#include <catch2/catch.hpp>

#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

const std::string id = "inc_20260223_1000_aaaa";
const std::string rows = R"({"id":")" + id + R"(","service":"gateway","title":"5xx","started_at":"2026-02-23T10:00:00Z"})" + '\n';
const std::string events =
    R"({"incident_id":")" + id + R"(","ts":"2026-02-23T10:01:00Z","type":"note","message":"the only copy"})" + '\n';

// As a store before daybook left it, at the place where `serve` and `export` write.
void keep_store(const Program& daybook) {
    daybook.write("ops/incidents/incidents.jsonl", rows);
    daybook.write("ops/incidents/events.jsonl", events);
}

bool store_is_whole(const Program& daybook) {
    return read_file(daybook / "ops/incidents/incidents.jsonl") == rows &&
           read_file(daybook / "ops/incidents/events.jsonl") == events &&
           !std::filesystem::exists(daybook / "ops/incidents/export.json");
}

void create(const Program& daybook, const std::string& title) {
    daybook.out({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", title});
}

bool says(const Outcome& outcome, const std::string& text) { return outcome.err.find(text) != std::string::npos; }

}  // namespace

TEST_CASE("an export does not write over a store that was not imported, and does once it was", "[layouts]") {
    const Program daybook;
    create(daybook, "new");
    keep_store(daybook);
    for (const auto& command : std::vector<std::vector<std::string>>{{"export"}, {"export", "jsonl"}}) {
        const Outcome outcome = daybook.run(command);
        CHECK(outcome.status == 6);
        CHECK(says(outcome, "incidents.jsonl holds the incident " + id + ", which this journal does not know"));
        CHECK(says(outcome, "`daybook import jsonl ops/incidents`"));
        CHECK(store_is_whole(daybook));
    }
    CHECK(daybook.run({"jobs", "run", "export"}).status != 0);
    CHECK(store_is_whole(daybook));
    daybook.out({"-q", "import", "jsonl", "ops/incidents"});
    for (const auto& command : std::vector<std::vector<std::string>>{{"export"}, {"export", "jsonl"}, {"jobs", "run", "export"}})
        CHECK(daybook.run(command).status == 0);
    CHECK(lines_of(read_file(daybook / "ops/incidents/incidents.jsonl")).size() == 2);
    CHECK(read_file(daybook / "ops/incidents/events.jsonl").find("the only copy") != std::string::npos);
}

TEST_CASE("an export does not write over rows of incidents that are unknown, in whichever file of a layout they stand",
          "[layouts]") {
    const Program daybook;
    create(daybook, "new");
    daybook.write("layout/events.jsonl", events);
    CHECK(daybook.run({"export", "jsonl", "layout"}).status == 6);
    daybook.out({"export", "jsonl", "own"});
    std::filesystem::remove(daybook / "own/export.json");  // as after an export that was cut short
    CHECK(daybook.run({"export", "jsonl", "own"}).status == 0);
    std::filesystem::remove(daybook / "own/export.json");
    write_file(daybook / "own/events.jsonl", read_file(daybook / "own/events.jsonl") + "{\"torn\n");
    const Outcome outcome = daybook.run({"export", "jsonl", "own"});
    CHECK(outcome.status == 6);
    CHECK(says(outcome, "events.jsonl holds a line that this journal does not know, 2,"));
}

TEST_CASE("an export leaves the files of another journal as they are, those of its artifacts too", "[layouts]") {
    const Program daybook;
    const Program other;
    create(daybook, "here");
    create(other, "there");
    const std::string theirs = other.out({"incident", "list", "--ids"});
    other.write("notes.txt", "the only copy");
    other.out({"artifact", "attach", theirs, "notes.txt"});
    const std::string layout = (other / "layout").string();
    other.out({"export", "jsonl", layout});
    const std::string before = read_file(layout + "/export.json") + read_file(layout + "/incidents.jsonl");
    const Outcome outcome = daybook.run({"export", "jsonl", layout});
    CHECK(outcome.status == 6);
    CHECK(says(outcome, "holds the files of another journal"));
    CHECK(daybook.run({"export", "--jsonl", layout}).status == 6);
    CHECK(read_file(layout + "/export.json") + read_file(layout + "/incidents.jsonl") == before);
    CHECK(read_file(layout + '/' + theirs + "/notes.txt") == "the only copy");
    CHECK(other.run({"export", "jsonl", layout}).status == 0);
}

TEST_CASE("serve leaves a store that was not imported as it is, says so and goes on; once it was imported it writes there",
          "[layouts][serve]") {
    const Program daybook;
    keep_store(daybook);
    Server server(daybook);
    HttpClient client = server.client();
    const std::string line = server.process().line_with("the export is late");
    CHECK(line.find("incidents.jsonl holds the incident " + id) != std::string::npos);
    CHECK(line.find("daybook import jsonl ops/incidents") != std::string::npos);
    CHECK(client.get("/readyz").body.find(R"("late":true)") != std::string::npos);
    CHECK(client.get("/metrics").body.find(R"(daybook_export_late{layout="jsonl"} 1)") != std::string::npos);
    const HttpAnswer answer = client.post("/v1/tools/oncall_tool", R"({"action":"incident_list","params":{}})");
    CHECK(answer.status == 200);
    CHECK(store_is_whole(daybook));
    daybook.out({"-q", "import", "jsonl", "ops/incidents"});
    server.process().line_with("the export is up to date again");
    CHECK(read_file(daybook / "ops/incidents/events.jsonl").find("the only copy") != std::string::npos);
    CHECK(server.stop() == 0);
}
