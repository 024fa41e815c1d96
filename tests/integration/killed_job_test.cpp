// A job's process that dies half-way: kill -9 while it waits for a lock that the test holds in the real PostgreSQL.
#include <csignal>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "projections/postgres.hpp"
#include "tests/integration/postgres_program.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

constexpr const char* monday = "2026-02-23T08:01:00Z";
constexpr const char* later = "2026-02-23T08:04:00Z";  // `export` is due each five minutes: it was due at 08:00, and is still

struct Team : MigratedProgram {
    Team() {
        out({"-q", "incident", "create", "--service", "gateway", "--severity", "P1", "--title", "5xx"});
        write("ops/task_registry.yml", "tasks:\n  export: {schedule: \"*/5 * * * *\"}\n");
    }
    std::vector<std::string> at(const std::string& now, std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"--now", now, "-o", "jsonl", "jobs"});
        return arguments;
    }
    Json last_status() const { return Json::parse(out(at(monday, {"list"})))["last_status"]; }
    std::vector<Json> ends() const {
        std::vector<Json> all;
        const std::string lines = out({"events", "--type", "job_finished", "-o", "jsonl"});
        if (lines.empty()) return all;
        for (const std::string& line : lines_of(lines)) all.push_back(Json::parse(line)["meta"]);
        return all;
    }
};

}  // namespace

TEST_CASE("a job that is killed half-way is told as cut short, holds nothing, and runs next time", "[jobs][postgres]") {
    if (no_postgres()) return;
    const Team daybook;
    CHECK(daybook.last_status().is_null());
    postgres::Options options;
    options.url = daybook.url();
    {
        postgres::Connection test(options);
        postgres::Transaction held(test);
        test.execute("LOCK TABLE daybook_export IN ACCESS EXCLUSIVE MODE");
        Background job(daybook.command(daybook.at(monday, {"run", "export", "--backend", "postgres"}), daybook.url()),
                       daybook.directory().string());
        REQUIRE(becomes_true([&] {
            return daybook.ask("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'daybook_export'::regclass") == "1";
        }));
        CHECK(daybook.last_status() == "running");
        CHECK(daybook.run(daybook.at(monday, {"run", "export"})).status == 6);
        job.signal(SIGKILL);
        CHECK(job.wait() == 128 + SIGKILL);
        CHECK(daybook.last_status() == "cut_short");
        CHECK(daybook.ends().empty());
    }

    const Outcome due = daybook.run(daybook.at(later, {"due", "--backend", "postgres"}));
    INFO(due.out << due.err);
    CHECK(due.status == 0);
    CHECK(Json::parse(due.out)["scheduled_for"] == "2026-02-23T08:00:00Z");
    CHECK(daybook.last_status() == "succeeded");
    const auto ends = daybook.ends();
    REQUIRE(ends.size() == 2);
    CHECK(ends[0]["outcome"] == "failed");
    CHECK(ends[0]["error"] == "it was cut short");
    CHECK(ends[1]["outcome"] == "succeeded");
    CHECK(daybook.ask("SELECT count(*) FROM incidents") == "1");
    CHECK(daybook.holds_the_journal());
    CHECK(daybook.run(daybook.at(later, {"due", "--dry-run"})).out.empty());
    CHECK(daybook.run(daybook.at(later, {"run", "export", "--backend", "postgres"})).status == 0);
    CHECK(daybook.run({"verify"}).status == 0);
    CHECK(daybook.ask("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = current_database() "
                      "AND l.relation = 'daybook_export'::regclass") == "0");
}
