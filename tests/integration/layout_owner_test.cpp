// Whose files an export finds: what a store kept that was never imported, and what another journal wrote, stay as they are.
#include <memory>

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

TEST_CASE("after a restore, an export does not write over events that the layout alone holds yet; once they were imported it does",
          "[layouts]") {
    const Program daybook;
    create(daybook, "before the backup");
    const std::string incident = daybook.out({"incident", "list", "--ids"});
    daybook.out({"-q", "backup", "kept"});
    daybook.out({"-q", "note", incident, "after the backup"});
    daybook.out({"-q", "export", "jsonl", "layout"});
    const std::string before = read_file(daybook / "layout/events.jsonl") + read_file(daybook / "layout/export.json");
    std::filesystem::remove_all(daybook.data());
    daybook.out({"-q", "restore", "kept"});
    const auto refused = [&] {
        const Outcome outcome = daybook.run({"export", "jsonl", "layout"});
        CHECK(outcome.status == 6);
        CHECK(says(outcome, "layout/events.jsonl holds the event "));
        CHECK(says(outcome, "`daybook import jsonl layout`"));
        CHECK(read_file(daybook / "layout/events.jsonl") + read_file(daybook / "layout/export.json") == before);
    };
    refused();
    daybook.out({"-q", "note", incident, "the journal went on"});
    daybook.out({"-q", "note", incident, "and has as many events again"});
    refused();
    daybook.out({"-q", "import", "jsonl", "layout"});
    CHECK(daybook.run({"export", "jsonl", "layout"}).status == 0);
    const std::string after = read_file(daybook / "layout/events.jsonl");
    CHECK(after.find("after the backup") != std::string::npos);
    CHECK(after.find("the journal went on") != std::string::npos);
    CHECK(daybook.run({"export", "jsonl", "layout"}).status == 0);
}

TEST_CASE("an export does not write over a file that stands where an artifact is to go", "[layouts]") {
    const Program daybook;
    create(daybook, "here");
    const std::string incident = daybook.out({"incident", "list", "--ids"});
    daybook.write("notes.txt", "of the journal");
    daybook.out({"-q", "artifact", "attach", incident, "notes.txt"});
    const std::string place = "layout/" + incident + "/notes.txt";
    daybook.write(place, "of somebody");
    const Outcome outcome = daybook.run({"export", "jsonl", "layout"});
    CHECK(outcome.status == 1);
    CHECK(says(outcome, place + " is there already and holds something else"));
    CHECK(read_file(daybook / place) == "of somebody");
    std::filesystem::remove(daybook / place);
    CHECK(daybook.run({"export", "jsonl", "layout"}).status == 0);
    CHECK(read_file(daybook / place) == "of the journal");
}

TEST_CASE("the text of another journal, or of one that went further, is not written over, and its blobs stay", "[layouts]") {
    const Program daybook;
    create(daybook, "here");
    const std::string incident = daybook.out({"incident", "list", "--ids"});
    daybook.out({"-q", "backup", "kept"});
    daybook.write("notes.txt", "the only copy");
    daybook.out({"-q", "artifact", "attach", incident, "notes.txt"});
    daybook.out({"-q", "export", "journal", "text"});
    const auto blobs = [&] {
        const auto all = std::filesystem::directory_iterator(daybook / "text/blobs");
        return std::distance(std::filesystem::begin(all), std::filesystem::end(all));
    };
    const std::string before = read_file(daybook / "text/journal.jsonl");
    const auto refused = [&](const Program& by) {
        const Outcome outcome = by.run({"export", "journal", (daybook / "text").string()});
        CHECK(outcome.status == 6);
        CHECK(says(outcome, "journal.jsonl ends with an event that this journal does not have"));
        CHECK(read_file(daybook / "text/journal.jsonl") == before);
        CHECK(blobs() == 1);
    };
    const Program other;
    create(other, "there");
    refused(other);
    std::filesystem::remove_all(daybook.data());
    daybook.out({"-q", "restore", "kept"});
    refused(daybook);
    // A shorter text of the same journal is what an export is for.
    std::filesystem::remove_all(daybook / "text");
    daybook.out({"-q", "export", "journal", "text"});
    daybook.out({"-q", "note", incident, "later"});
    CHECK(daybook.run({"export", "journal", "text"}).status == 0);
    CHECK(read_file(daybook / "text/journal.jsonl").find("later") != std::string::npos);
}

TEST_CASE("a redaction makes this journal's reports and texts again, and leaves those of others", "[layouts][redact]") {
    const Program daybook;
    daybook.out({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", "secret", "--occurred-at",
                 "2026-02-17T10:00:00Z"});
    daybook.out({"-q", "digest", "weekly", "--week", "2026-08", "--save"});
    daybook.out({"-q", "replay", "--reports", "2026-07..2026-08"});
    daybook.out({"-q", "export", "journal", "text"});
    const std::string weekly = "ops/reports/incidents/weekly/";
    REQUIRE(read_file(daybook / (weekly + "2026-08.md")).find("secret") != std::string::npos);
    daybook.write(weekly + "2026-06.md", "notes on week 6, secret");
    daybook.write(weekly + "2026-05.json", R"({"provenance":{"origin":"another"}})");
    daybook.write("text/journal.jsonl", "my diary");
    const Outcome outcome = daybook.run({"redact", "1", "--reason", "a secret"});
    CHECK(says(outcome, "the journal's text in " + (daybook / "text").string() + " may hold the text yet"));
    CHECK(read_file(daybook / "text/journal.jsonl") == "my diary");
    CHECK(read_file(daybook / (weekly + "2026-08.md")).find("secret") == std::string::npos);
    CHECK(read_file(daybook / (weekly + "2026-06.md")) == "notes on week 6, secret");
    CHECK_FALSE(std::filesystem::exists(daybook / (weekly + "2026-06.json")));
    CHECK(read_file(daybook / (weekly + "2026-05.json")) == R"({"provenance":{"origin":"another"}})");
}

TEST_CASE("a report of a store before daybook is not written over, by the command, the job or a replay", "[layouts][jobs]") {
    const Program daybook;
    create(daybook, "here");
    const std::string file = "ops/reports/incidents/weekly/2026-08.md";
    daybook.write(file, "# Week 8, by hand");
    const std::vector<std::string> now{"--now", "2026-02-23T08:00:00Z"};
    const auto run = [&](std::vector<std::string> command) {
        command.insert(command.begin(), now.begin(), now.end());
        const Outcome outcome = daybook.run(command);
        CHECK(read_file(daybook / file) == "# Week 8, by hand");
        CHECK((outcome.err + outcome.out).find("2026-08.md was not made by daybook, and would be written over") !=
              std::string::npos);
        return outcome.status;
    };
    CHECK(run({"digest", "weekly", "--week", "2026-08", "--save"}) == 6);
    CHECK(run({"jobs", "run", "weekly_incident_digest"}) != 0);
    CHECK(run({"replay", "--reports", "2026-08..2026-08"}) == 0);
}

TEST_CASE("exports to one place take turns, and each writes all that there was when its turn came", "[layouts]") {
    const Program daybook;
    create(daybook, "first");
    for (int round = 0; round < 5; ++round) {
        std::vector<std::unique_ptr<Background>> exports;
        for (int i = 0; i < 4; ++i) {
            std::vector<std::string> command{daybook_program(), "--data", daybook.data().string(), "export"};
            if (i % 2 == 0) command.push_back("jsonl");
            exports.push_back(std::make_unique<Background>(command, daybook.directory().string()));
        }
        for (const auto& each : exports) {
            CHECK(each->wait() == 0);
            INFO(each->said());
            CHECK(each->said().find("another process is writing it") == std::string::npos);
        }
    }
}

TEST_CASE("a backlog of a system before daybook is not written over, by the job or a redaction", "[layouts][jobs]") {
    const Program daybook;
    create(daybook, "here");
    const std::string theirs = R"({"item_id":"bl_old","title":"the only copy"})" + std::string("\n");
    daybook.write("ops/backlog/items.jsonl", theirs);
    const Outcome job = daybook.run({"jobs", "run", "weekly_backlog_generate"});
    CHECK(job.status == 1);
    CHECK(job.out.find("ops/backlog/items.jsonl holds the item bl_old that this journal does not know") != std::string::npos);
    CHECK(says(daybook.run({"redact", "1", "--reason", "a secret"}), "may hold the text yet"));
    CHECK(read_file(daybook / "ops/backlog/items.jsonl") == theirs);
    daybook.write("ops/backlog/items.jsonl", "an item of its own\n");
    CHECK(daybook.run({"jobs", "run", "weekly_backlog_generate"}).out.find("items.jsonl holds a line, 1, that this journal") !=
          std::string::npos);
    std::filesystem::remove(daybook / "ops/backlog/items.jsonl");
    CHECK(daybook.run({"jobs", "run", "weekly_backlog_generate"}).status == 0);
    CHECK(read_file(daybook / "ops/backlog/items.jsonl").empty());
}

TEST_CASE("a saved report that somebody changed is not written over, but by a replay, which says so", "[layouts][jobs]") {
    const Program daybook;
    const auto at = [&](std::vector<std::string> command) {
        command.insert(command.begin(), {"--now", "2026-02-23T08:00:00Z"});
        return daybook.run(command);
    };
    at({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", "5xx"});
    const std::string id = daybook.out({"incident", "list", "--ids"});
    const std::string file = "ops/reports/incidents/weekly/2026-08.md";
    const std::vector<std::string> save{"digest", "weekly", "--week", "2026-08", "--save"},
        job{"jobs", "run", "weekly_incident_digest"}, replay{"replay", "--reports", "2026-08..2026-08", "-o", "json"};
    CHECK(at(save).status == 0);
    const std::string saved = read_file(daybook / file);
    daybook.write(file, saved + "- what we learned\n");
    CHECK(at(save).status == 6);
    daybook.out({"note", id, "something new"});
    CHECK(at(save).status == 6);
    CHECK(says(at(save), "2026-08.md was changed since daybook wrote it, and would be written over: move it away"));
    CHECK(at(job).status == 1);
    daybook.write("ops/policy/intelligence.yml", "correlation: {strong: 75}\n");  // so that no report of before can be made again
    CHECK(at(save).status == 6);
    std::filesystem::remove_all(daybook / "ops/policy");
    CHECK(read_file(daybook / file) == saved + "- what we learned\n");
    CHECK(at(replay).out.find("\"state\":\"edited\"") != std::string::npos);
    CHECK(read_file(daybook / file) == saved);
    CHECK(at(save).status == 0);
    CHECK(at(job).status == 0);
}

TEST_CASE("a report that daybook made and did not save is written over", "[layouts][jobs]") {
    const Program daybook;
    const auto at = [&](std::vector<std::string> command) {
        command.insert(command.begin(), {"--now", "2026-02-23T08:00:00Z"});
        return daybook.run(command);
    };
    daybook.out({"--now", "2026-02-23T07:00:00Z", "incident", "create", "--service", "gateway", "--severity", "P1", "--title",
                 "the secret"});
    const std::string id = daybook.out({"incident", "list", "--ids"});
    const std::string file = "ops/reports/incidents/weekly/2026-09.md";
    const std::vector<std::string> save{"digest", "weekly", "--week", "2026-09", "--save"};
    CHECK(at({"replay", "--reports", "2026-09..2026-09"}).status == 0);
    daybook.out({"note", id, "something new"});
    CHECK(at(save).status == 0);
    CHECK(read_file(daybook / file).find("the secret") != std::string::npos);
    CHECK(daybook.run({"redact", "1", "--reason", "a secret"}).status == 0);
    CHECK(read_file(daybook / file).find("the secret") == std::string::npos);
    daybook.out({"note", id, "something newer"});
    CHECK(at(save).status == 0);
    daybook.write(file, read_file(daybook / file) + "- what we learned\n");
    CHECK(at(save).status == 6);
}
