// Jobs as cron and people run them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ops/jobs/job_lock.hpp"
#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

struct Team : Program {
    Team() {
        out({"-q", "--now", "2026-02-18T10:00:00Z", "incident", "create", "--service", "gateway", "--severity", "P1", "--title",
             "5xx"});
        const std::string id = out({"incident", "list", "--ids"});
        out({"-q", "--now", "2026-02-18T11:00:00Z", "followup", "add", id, "Add a canary", "--due", "2026-02-19"});
    }
    Outcome job(const std::string& now, std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"--now", now, "-o", "jsonl", "jobs"});
        return run(arguments);
    }
    nlohmann::json outputs(const std::string& now, const std::string& task, std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {"run", task});
        return nlohmann::json::parse(job(now, more).out)["outputs"];
    }
    std::size_t events() const { return lines_of(out({"events", "-o", "jsonl"})).size(); }
};

constexpr const char* monday = "2026-02-23T08:00:00Z";

}  // namespace

TEST_CASE("each job does its work, writes down that it ran, and does not do it twice", "[jobs]") {
    const Team daybook;
    CHECK(daybook.outputs(monday, "weekly_incident_digest")["written"] == 1);
    CHECK(std::filesystem::exists(daybook / "ops/reports/incidents/weekly/2026-08.md"));
    CHECK(daybook.outputs(monday, "weekly_incident_digest")["written"] == 0);  // the same bytes
    CHECK(daybook.outputs(monday, "hourly_risk_snapshot")["snapshots"] == 1);
    CHECK(daybook.outputs(monday, "daily_risk_digest")["written"] == 1);
    CHECK(read_file(daybook / "ops/reports/risk/2026-02-23.md")
              .find("| `gateway` | `prod` | 40 | = | 1 active P1 25, 1 unacknowledged P0/P1 10, 1 overdue follow-up 5 |") !=
          std::string::npos);
    CHECK(daybook.outputs(monday, "weekly_platform_priority_digest")["written"] == 1);
    CHECK(std::filesystem::exists(daybook / "ops/reports/platform/2026-08.json"));
    CHECK(daybook.outputs(monday, "weekly_backlog_generate").dump() == R"({"causes":1,"new":1})");
    CHECK(daybook.outputs(monday, "weekly_backlog_generate").dump() == R"({"causes":1,"new":0})");
    CHECK(lines_of(read_file(daybook / "ops/backlog/items.jsonl")).size() == 1);
    CHECK(daybook.outputs(monday, "retention")["off"] == true);
    CHECK(daybook.outputs(monday, "export")["layouts"][0]["incidents"] == 1);
    CHECK(std::filesystem::exists(daybook / "ops/incidents/incidents.jsonl"));
    const auto runs = nlohmann::json::parse(lines_of(daybook.job(monday, {"list"}).out).front());
    CHECK(runs["last_status"].is_null());  // alert_triage_loop has not run
    CHECK(daybook.run({"jobs", "run", "nosuch"}).status == 5);
    CHECK(daybook.run({"verify"}).status == 0);
}

TEST_CASE("a report that is again what it was is written down again, so that a replay makes the last one", "[jobs]") {
    const Team daybook;
    const auto risk = [&](const std::string& time) {
        return daybook.outputs("2026-02-23T16:00:00Z", "daily_risk_digest", {"--for", "2026-02-23T" + time + ":00Z"})["written"];
    };
    CHECK(risk("09:00") == 1);
    const std::string morning = read_file(daybook / "ops/reports/risk/2026-02-23.json");
    CHECK(risk("15:00") == 1);
    CHECK(read_file(daybook / "ops/reports/risk/2026-02-23.json") != morning);
    CHECK(risk("09:00") == 1);
    CHECK(risk("09:00") == 0);
    CHECK(read_file(daybook / "ops/reports/risk/2026-02-23.json") == morning);
    CHECK(daybook.out({"replay", "--reports", "2026-09..2026-09"}).find("changed") == std::string::npos);
    CHECK(read_file(daybook / "ops/reports/risk/2026-02-23.json") == morning);
}

TEST_CASE("a dry run says what a job would do, and writes nothing", "[jobs]") {
    const Team daybook;
    const std::size_t before = daybook.events();
    for (const char* task : {"alert_triage_loop", "daily_risk_digest", "export", "hourly_risk_snapshot", "retention",
                             "weekly_backlog_generate", "weekly_incident_digest", "weekly_platform_priority_digest"}) {
        const Outcome outcome = daybook.job(monday, {"run", task, "--dry-run"});
        INFO(task << outcome.err);
        CHECK(outcome.status == 0);
        CHECK(nlohmann::json::parse(outcome.out)["run_id"].is_null());
    }
    CHECK(daybook.events() == before);
    CHECK_FALSE(std::filesystem::exists(daybook / "ops"));
}

TEST_CASE("the drop folder's files are taken in order, and bad ones are set aside with their reason", "[jobs]") {
    const Team daybook;
    daybook.write("ops/alerts/incoming/1.jsonl", read_file(project_file("fixtures/triage/monday.jsonl")));
    daybook.write("ops/alerts/incoming/2.jsonl", "{\"no\":\"alert\"}\n");
    daybook.write("ops/alerts/incoming/.3.jsonl", "half");
    const auto outputs = daybook.outputs(monday, "alert_triage_loop");
    CHECK(outputs["files"] == 1);
    CHECK(outputs["set_aside"] == 1);
    CHECK(outputs["taken"].get<int>() > 0);
    CHECK(std::filesystem::exists(daybook / "ops/alerts/done/1.jsonl"));
    CHECK(read_file(daybook / "ops/alerts/bad/2.jsonl.reason").starts_with("line 1: "));
    CHECK(std::filesystem::exists(daybook / "ops/alerts/incoming/.3.jsonl"));
    CHECK(daybook.outputs(monday, "alert_triage_loop")["files"] == 0);
}

TEST_CASE("what is refused from the drop folder waits as a dead letter, and is taken once when it is mended there", "[jobs]") {
    const Team daybook;
    const std::string record =
        R"({"schema":"alert_triage/1","triage_id":"tri_1","triaged_at":"2026-02-23T07:00:05Z","agent_id":"monitor","alert":{)"
        R"("alert_ref":"a1","source":"alertmanager","service":"search","env":"prod","severity":"PX","kind":"http_5xx",)"
        R"("state":"firing","title":"Search 5xx","started_at":"2026-02-23T07:00:00Z"}})";
    std::string mended = record;
    mended.replace(mended.find("PX"), 2, "P1");
    daybook.write("ops/alerts/incoming/1.jsonl", record + '\n');
    CHECK(daybook.outputs(monday, "alert_triage_loop", {"--dry-run"})["refused"] == 1);
    CHECK_FALSE(std::filesystem::exists(daybook.data() / "dead-letters.jsonl"));
    CHECK(daybook.outputs(monday, "alert_triage_loop")["refused"] == 1);
    const auto letters = [&] { return read_file(daybook.data() / "dead-letters.jsonl"); };
    REQUIRE(lines_of(letters()).size() == 1);
    CHECK(nlohmann::json::parse(letters())["file"] == "ops/alerts/incoming/1.jsonl");
    CHECK(daybook.run({"doctor"}).out.find("1 letters of what was refused wait") != std::string::npos);
    // Dropped again, as it was and then mended, while the letter is mended too.
    daybook.write("ops/alerts/incoming/1.jsonl", record + '\n');
    CHECK(daybook.outputs(monday, "alert_triage_loop")["refused"] == 1);
    CHECK(lines_of(letters()).size() == 1);
    std::string letter = letters();
    const std::string severity = "\"severity\":\"P";
    letter.replace(letter.find(severity + 'X') + severity.size(), 1, "1");
    write_file(daybook.data() / "dead-letters.jsonl", letter);
    CHECK(daybook.run({"ingest", "--dead-letters"}).status == 0);
    CHECK(letters().empty());
    daybook.write("ops/alerts/incoming/1.jsonl", mended + '\n');
    const auto outputs = daybook.outputs(monday, "alert_triage_loop");
    CHECK(outputs["taken"] == 0);
    CHECK(outputs["duplicate"] == 1);
    CHECK(lines_of(daybook.out({"incident", "list", "--ids"})).size() == 2);
}

TEST_CASE("retention archives what was closed long enough ago, once a policy says how long", "[jobs]") {
    const Team daybook;
    const std::string id = daybook.out({"incident", "list", "--ids"});
    daybook.out({"-q", "--now", "2026-02-18T12:00:00Z", "incident", "close", id});
    daybook.write("ops/policy/retention.yml", "audit_jsonl_days: 30\n");
    CHECK(daybook.outputs("2026-03-20T12:00:00Z", "retention")["archived"] == 0);
    CHECK(daybook.outputs("2026-03-20T12:00:01Z", "retention", {"--dry-run"})["archived"] == 1);
    CHECK(daybook.outputs("2026-03-20T12:00:01Z", "retention")["archived"] == 1);
    CHECK(daybook.outputs("2026-03-20T12:00:01Z", "retention")["archived"] == 0);
    CHECK(daybook.out({"incident", "list", "--ids"}).empty());
}

TEST_CASE("missed runs are made up as the registry says, and no run twice", "[jobs]") {
    const Team daybook;
    daybook.write("ops/task_registry.yml",
                  "tasks:\n  weekly_incident_digest: {schedule: \"0 8 * * 1\", missed: each}\n"
                  "  hourly_risk_snapshot: {schedule: \"0 * * * *\", missed: last}\n");
    CHECK(lines_of(daybook.job(monday, {"due", "--dry-run"}).out).size() == 2);
    CHECK(daybook.job(monday, {"due"}).status == 0);
    CHECK(daybook.job(monday, {"due"}).out.empty());
    const std::string later = daybook.job("2026-03-16T09:30:00Z", {"due"}).out;  // three weeks without power
    CHECK(lines_of(later).size() == 4);
    for (const char* week : {"2026-09", "2026-10", "2026-11"})
        CHECK(std::filesystem::exists(daybook / ("ops/reports/incidents/weekly/" + std::string(week) + ".json")));
}

TEST_CASE("a report that is made again for a time long past makes no other due", "[jobs]") {
    const Team daybook;
    daybook.write("ops/task_registry.yml", "tasks:\n  weekly_incident_digest: {schedule: \"0 8 * * 1\", missed: each}\n");
    CHECK(daybook.job(monday, {"run", "weekly_incident_digest"}).status == 0);
    CHECK(daybook.job("2026-03-02T08:00:10Z", {"run", "weekly_incident_digest"}).status == 0);
    CHECK(daybook.job("2026-03-09T09:00:00Z", {"run", "weekly_incident_digest"}).status == 0);  // by hand, an hour late
    CHECK(daybook.job("2026-03-10T12:00:00Z", {"run", "weekly_incident_digest", "--for", monday}).status == 0);
    CHECK(daybook.job("2026-03-10T12:00:00Z", {"due", "--dry-run"}).out.empty());
    CHECK(lines_of(daybook.job("2026-03-16T08:00:00Z", {"due", "--dry-run"}).out).size() == 1);
}

TEST_CASE("a period whose run failed is owed, though a later one succeeded", "[jobs]") {
    const Team daybook;
    daybook.write("ops/task_registry.yml", "tasks:\n  weekly_incident_digest: {schedule: \"0 8 * * 1\", missed: each}\n");
    daybook.write("ops/reports", "in the way");
    CHECK(daybook.job("2026-02-23T08:00:10Z", {"run", "weekly_incident_digest"}).status == 1);
    std::filesystem::remove(daybook / "ops/reports");
    CHECK(daybook.job("2026-03-02T08:00:10Z", {"run", "weekly_incident_digest"}).status == 0);
    const auto owed = lines_of(daybook.job("2026-03-02T09:00:00Z", {"due"}).out);
    REQUIRE(owed.size() == 1);
    CHECK(nlohmann::json::parse(owed[0])["scheduled_for"] == monday);
    CHECK(std::filesystem::exists(daybook / "ops/reports/incidents/weekly/2026-08.json"));
    CHECK(daybook.job("2026-03-02T09:00:00Z", {"due"}).out.empty());
}

TEST_CASE("a report that is made by hand before its time does not stand for the period that was missed", "[jobs]") {
    const Team daybook;
    daybook.write("ops/task_registry.yml",
                  "tasks:\n  daily_risk_digest: {schedule: \"0 9 * * *\", missed: each}\n"
                  "  weekly_incident_digest: {schedule: \"0 8 * * 1\", missed: each}\n");
    const auto owed = [&](const std::string& now) {
        std::string times;
        for (const std::string& line : lines_of(daybook.job(now, {"due", "--dry-run"}).out))
            times += nlohmann::json::parse(line)["scheduled_for"].get<std::string>().substr(5, 11) + ' ';
        return times;
    };
    const auto run = [&](const std::string& now, const std::string& task) { CHECK(daybook.job(now, {"run", task}).status == 0); };
    run("2026-11-08T09:00:00Z", "daily_risk_digest");
    run("2026-11-09T00:30:00Z", "weekly_incident_digest");  // the first one: nothing is owed of before
    CHECK(owed("2026-11-09T08:30:00Z") == "11-09T08:00 ");
    run("2026-11-09T09:00:00Z", "daily_risk_digest");
    run("2026-11-09T09:00:00Z", "weekly_incident_digest");
    run("2026-11-11T07:00:00Z", "daily_risk_digest");  // by hand; the 10th was missed
    CHECK(owed("2026-11-11T09:30:00Z") == "11-10T09:00 11-11T09:00 ");
    CHECK(daybook.job("2026-11-11T09:30:00Z", {"due"}).status == 0);
    run("2026-11-23T00:30:00Z", "weekly_incident_digest");  // by hand; the 16th was missed
    CHECK(owed("2026-11-23T08:30:00Z").ends_with("11-16T08:00 11-23T08:00 "));
    CHECK(daybook.job("2026-11-23T08:30:00Z", {"due"}).status == 0);
    CHECK(std::filesystem::exists(daybook / "ops/reports/incidents/weekly/2026-46.json"));
    CHECK(owed("2026-11-23T08:30:00Z").empty());
}

TEST_CASE("a job is not made for a time to come", "[jobs]") {
    const Team daybook;
    const Outcome outcome = daybook.job(monday, {"run", "weekly_incident_digest", "--for", "2062-03-11T08:00:00Z"});
    CHECK(outcome.status == 2);
    CHECK(outcome.err.find("2062-03-11T08:00:00Z") != std::string::npos);
    CHECK(lines_of(daybook.out({"events", "--type", "job_started", "-o", "jsonl"})).empty());
}

TEST_CASE("a file of the drop folder that can't be moved is named, and those behind it are taken", "[jobs]") {
    const Team daybook;
    daybook.write("ops/alerts/done", "in the way");
    daybook.write("ops/alerts/incoming/1.jsonl", read_file(project_file("fixtures/triage/monday.jsonl")));
    daybook.write("ops/alerts/incoming/2.jsonl", "{\"no\":\"alert\"}\n");
    std::filesystem::create_symlink("loop.jsonl", daybook / "ops/alerts/incoming/loop.jsonl");
    const Outcome outcome = daybook.job(monday, {"run", "alert_triage_loop"});
    CHECK(outcome.status == 1);
    const auto run = nlohmann::json::parse(outcome.out);
    CHECK(run["error"].get<std::string>().find("ops/alerts/done") != std::string::npos);
    CHECK(run["outputs"]["taken"].get<int>() > 0);
    CHECK(std::filesystem::exists(daybook / "ops/alerts/bad/2.jsonl"));
    std::filesystem::remove(daybook / "ops/alerts/done");
    CHECK(daybook.outputs(monday, "alert_triage_loop")["taken"] == 0);  // known already
    CHECK(std::filesystem::exists(daybook / "ops/alerts/done/1.jsonl"));
}

TEST_CASE("a drop folder that can't be read is no empty one", "[jobs]") {
    const Program daybook;
    CHECK(daybook.run({"jobs", "run", "alert_triage_loop"}).status == 0);  // there is none yet
    daybook.write("ops/alerts/incoming", "a file");
    const Outcome outcome = daybook.run({"jobs", "run", "alert_triage_loop"});
    CHECK(outcome.status != 0);
    CHECK((outcome.out + outcome.err).find("cannot read ops/alerts/incoming: Not a directory") != std::string::npos);
}

TEST_CASE("a job that fails over a name of any bytes leaves a sound journal", "[jobs]") {
    const Team daybook;
    const Outcome outcome = daybook.job(monday, {"run", "export", "--jsonl", "caf\xe9"});
    CHECK(outcome.status == 1);
    CHECK(outcome.out.find("its name is not valid UTF-8") != std::string::npos);
    const auto ends = lines_of(daybook.out({"events", "--type", "job_finished", "-o", "jsonl"}));
    REQUIRE(ends.size() == 1);
    CHECK(nlohmann::json::parse(ends[0])["meta"]["outcome"] == "failed");
    CHECK(daybook.run({"verify"}).status == 0);
}

TEST_CASE("a run ends later than it began", "[jobs]") {
    const Team daybook;
    CHECK(daybook.run({"jobs", "run", "weekly_incident_digest"}).status == 0);
    const auto time_of = [&](const char* type) {
        return nlohmann::json::parse(lines_of(daybook.out({"events", "--type", type, "-o", "jsonl"})).front())["ts"]
            .get<std::string>();
    };
    CHECK(time_of("job_started") < time_of("job_finished"));
}

TEST_CASE("an item of the backlog has the priority of its follow-up", "[jobs]") {
    const Team daybook;
    const std::string id = daybook.out({"-q", "--now", "2026-02-18T10:00:00Z", "incident", "create", "--service", "vault",
                                        "--severity", "P3", "--title", "A key in a log"});
    daybook.out({"-q", "--now", "2026-02-18T11:00:00Z", "followup", "add", id, "Rotate the key", "--due", "2026-02-19",
                 "--priority", "P0"});
    CHECK(daybook.outputs(monday, "weekly_backlog_generate")["new"] == 2);
    for (const std::string& line : lines_of(read_file(daybook / "ops/backlog/items.jsonl"))) {
        const auto item = nlohmann::json::parse(line);
        if (item["title"].get<std::string>().find("Rotate") != std::string::npos) CHECK(item["priority"] == "P0");
    }
    // A promise of an incident that was archived is still owed.
    daybook.out({"-q", "--now", monday, "incident", "archive", id, "--reason", "done"});
    daybook.outputs(monday, "hourly_risk_snapshot");
    const auto risks = lines_of(daybook.out({"events", "--type", "risk_snapshot", "-o", "jsonl"}));
    CHECK(std::any_of(risks.begin(), risks.end(), [](const std::string& risk) { return risk.find("vault") != std::string::npos; }));
}

TEST_CASE("a job runs once at a time, and one that was cut short is told so and runs next time", "[jobs]") {
    const Team daybook;
    {
        const auto lock = JobLock::take(daybook.data(), "export");
        REQUIRE(lock);
        CHECK(daybook.job(monday, {"run", "export"}).status == 6);
    }
    // What a killed run leaves: a start without an end, and no lock.
    const std::string started = daybook.out({"--now", monday, "jobs", "run", "export", "-o", "json"});
    const std::string journal = (daybook / "copy").string();
    daybook.out({"export", "journal", journal});
    std::string text = read_file(journal + "/journal.jsonl");
    text.resize(text.rfind('\n', text.size() - 2) + 1);  // without job_finished
    const Program again;
    std::filesystem::create_directories(again / "copy");
    write_file(again / "copy/journal.jsonl", text);
    again.out({"import", "journal", (again / "copy").string()});
    CHECK(lines_of(again.out({"events", "--type", "job_finished", "-o", "jsonl"})).empty());
    CHECK(again.run({"--now", monday, "jobs", "run", "export"}).status == 0);
    const auto ends = lines_of(again.out({"events", "--type", "job_finished", "-o", "jsonl"}));
    REQUIRE(ends.size() == 2);
    CHECK(nlohmann::json::parse(ends[0])["meta"]["error"] == "it was cut short");
    CHECK(nlohmann::json::parse(ends[1])["meta"]["outcome"] == "succeeded");
}

TEST_CASE("policy check names what is wrong with file, line and key", "[policy]") {
    const Program daybook;
    CHECK(daybook.run({"policy", "check"}).status == 0);
    daybook.write("ops/policy/release_gate.yml", "modes: {prod: loud}\n");
    const Outcome wrong = daybook.run({"policy", "check", "-o", "json"});
    CHECK(wrong.status == 3);
    CHECK(wrong.out.find("ops/policy/release_gate.yml:1: modes.prod must be one of") != std::string::npos);
}
