// What people ask the tables: the real data's figures, the views, the queries of ops/postgres/queries.md, a dump that is restored.
#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/postgres_program.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

void must(const Outcome& outcome) {
    INFO(outcome.out << outcome.err);
    REQUIRE(outcome.status == 0);
}

// "a|1\nb|2" as {"a":1,"b":2}
Json counts_of(const std::string& rows) {
    Json counts;
    for (const std::string& row : lines_of(rows)) {
        const std::size_t bar = row.find('|');
        counts[row.substr(0, bar)] = std::stoll(row.substr(bar + 1));
    }
    return counts;
}

}  // namespace

TEST_CASE("the figures of GitHub's status page come out of the tables by SQL as another program counted them", "[postgres]") {
    const auto directory = shared_data("github-status");
    if (no_postgres()) return;
    if (!directory) return skip("../shared/data is not there");
    const Json expected = Json::parse(read_file(*directory / "expect.json"));
    const MigratedProgram daybook;
    daybook.out({"-q", "import", "jsonl", directory->string()});
    must(daybook.run({"export", "postgres"}));
    CHECK(daybook.ask("SELECT count(*) FROM incidents") == expected["incidents"].dump());
    CHECK(daybook.ask("SELECT count(*) FROM incident_events") == expected["events"].dump());
    CHECK(daybook.ask("SELECT max(event_count) FROM incidents") == expected["events_max"].dump());
    CHECK(counts_of(daybook.ask("SELECT severity, count(*) FROM incidents GROUP BY 1")) == expected["by_severity"]);
    CHECK(counts_of(daybook.ask("SELECT status, count(*) FROM incidents GROUP BY 1")) == expected["by_status"]);
    CHECK(counts_of(daybook.ask("SELECT type, count(*) FROM incident_events GROUP BY 1")) == expected["by_type"]);
    CHECK(daybook.ask("SELECT sum(reopened) FROM weekly_counts") == expected["reopened"].dump());
    Json weeks = Json::object();
    for (const std::string& row : lines_of(daybook.ask("SELECT week, to_jsonb(w) - 'week' FROM weekly_counts w"))) {
        weeks[row.substr(0, row.find('|'))] = Json::parse(row.substr(row.find('|') + 1));
    }
    CHECK(weeks == expected["weeks"]);
    const std::string seconds = "floor(extract(epoch FROM resolved_at - started_at))";
    const std::string ttr = daybook.ask(
        "SELECT jsonb_build_object('n', count(*), 'sum', sum(s)::bigint, 'p50', percentile_disc(0.5) WITHIN "
        "GROUP (ORDER BY s)::bigint, 'p90', percentile_disc(0.9) WITHIN GROUP (ORDER BY s)::bigint) FROM "
        "(SELECT " +
        seconds + " AS s FROM incidents WHERE status = 'resolved') r");
    CHECK(Json::parse(ttr) == expected["ttr_all"]);
    const std::string before = daybook.ask("SELECT sum(hashtext(xmin::text)) FROM incident_events");
    must(daybook.run({"export", "postgres"}));
    CHECK(daybook.ask("SELECT sum(hashtext(xmin::text)) FROM incident_events") == before);
    CHECK(daybook.holds_the_journal());
}

TEST_CASE("the outages of a real monitor come out of the tables by SQL as another program counted them", "[postgres]") {
    const auto file = shared_data("upptime/triage.jsonl");
    if (no_postgres()) return;
    if (!file) return skip("../shared/data is not there");
    const Json expected = Json::parse(read_file(file->parent_path() / "expect.json"));
    const MigratedProgram daybook;
    daybook.out({"-q", "ingest", file->string()});
    must(daybook.run({"export", "postgres"}));
    CHECK(daybook.ask("SELECT count(*) FROM incidents") == expected["incidents"].dump());
    CHECK(daybook.ask("SELECT count(*) FROM open_incidents") == expected["open_at_end"].dump());
    CHECK(daybook.ask("SELECT sum(reopened) FROM weekly_counts") == expected["reopened"].dump());
    CHECK(daybook.ask("SELECT sum(resolved) FROM weekly_counts") == expected["resolved"].dump());
}

TEST_CASE("the views say what the commands say", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    const std::string id = lines_of(daybook.out({"incident", "list", "--ids"})).front();
    const auto add = [&](const std::string& title, const std::string& due) {
        return daybook.out({"-q", "followup", "add", id, title, "--owner", "helion", "--due", due, "-o", "json"});
    };
    const std::string moved = Json::parse(add("moved away", "2026-03-01"))["id"];
    const std::string done = Json::parse(add("done", "2026-03-02"))["id"];
    add("late", "2026-03-03");
    daybook.out({"-q", "followup", "update", moved, "--due", "2099-01-01", "--title", "moved far away"});
    daybook.out({"-q", "followup", "done", done});
    must(daybook.run({"export", "postgres"}));
    const auto sorted = [](std::vector<std::string> lines) {
        std::sort(lines.begin(), lines.end());
        return lines;
    };
    CHECK(sorted(lines_of(daybook.ask("SELECT id FROM open_incidents"))) ==
          sorted(lines_of(daybook.out({"incident", "list", "--status", "open", "--ids"}))));
    std::vector<std::string> overdue;
    for (const std::string& line :
         lines_of(daybook.out({"--now", "2026-03-16T09:00:00Z", "followup", "list", "--overdue", "-o", "jsonl"}))) {
        const Json row = Json::parse(line);
        overdue.push_back(row["followup_id"].get<std::string>() + '|' + row["title"].get<std::string>());
    }
    REQUIRE_FALSE(overdue.empty());
    CHECK(sorted(lines_of(daybook.ask("SELECT followup_id, title FROM overdue_followups_at('2026-03-16T09:00:00Z')"))) ==
          sorted(overdue));
    CHECK(daybook.ask("SELECT title, due_at, status FROM incident_followups WHERE followup_id = '" + moved + "'") ==
          "moved far away|2099-01-02 00:00:00+00|open");
    const Json digest =
        Json::parse(daybook.out({"--now", "2026-03-16T09:00:00Z", "digest", "weekly", "--week", "2026-08", "-o", "json"}));
    const Json week = Json::parse(daybook.ask("SELECT to_jsonb(w) FROM weekly_counts w WHERE week = '2026-08'"));
    for (const char* name : {"opened", "acknowledged", "mitigated", "resolved", "closed", "reopened"}) {
        INFO(name);
        CHECK(week[name] == digest["counts"][name]);
    }
    CHECK(lines_of(daybook.ask("SELECT message FROM incident_timeline('" + id + "')")).size() >=
          lines_of(daybook.out({"timeline", id, "-o", "jsonl"})).size());
}

TEST_CASE("a row of before with any text for a due date keeps nobody from what is overdue", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    const std::string id = lines_of(daybook.out({"incident", "list", "--ids"})).front();
    const auto add = [&](const std::string& title) {
        return std::string(
            Json::parse(daybook.out({"-q", "followup", "add", id, title, "--due", "2026-03-01", "-o", "json"}))["id"]);
    };
    const std::string odd = add("odd"), sound = add("sound");
    daybook.out({"-q", "followup", "update", odd, "--due", "2026-03-02", "--priority", "P1"});
    must(daybook.run({"export", "postgres"}));
    const auto due_of = [&](const std::string& changes) {
        daybook.ask("UPDATE incident_events SET meta = jsonb_set(meta, '{changes}', '" + changes +
                    "') WHERE type = 'followup_updated'");
        CHECK(daybook.ask("SELECT followup_id FROM overdue_followups WHERE followup_id = '" + sound + "'") == sound);
        return daybook.ask("SELECT priority, due_at FROM incident_followups WHERE followup_id = '" + odd + "'");
    };
    for (const char* text :
         {"next sprint", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "2026-03-02T00:00:00+99:00", "tomorrow", ""})
        CHECK(due_of(R"({"due_at":{"to":")" + std::string(text) + R"("},"priority":{"to":"urgent"}})") == "P2|");
    CHECK(due_of(R"({"due_at":{"to":"2026-03-05T10:00:00.5+02:00"},"priority":{"to":"P0"}})") == "P0|2026-03-05 08:00:00.5+00");
    CHECK(due_of(R"(["due_at"])") == "P2|2026-03-02 00:00:00+00");
    CHECK(due_of(R"({"due_at":"2026-03-05"})") == "P2|2026-03-02 00:00:00+00");
}

TEST_CASE("the ten queries of queries.md run, and read indexed JSON", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    must(daybook.run({"export", "postgres"}));
    const std::string page = read_file(project_file("ops/postgres/queries.md"));
    int queries = 0;
    for (std::size_t at = page.find("```sql\n"); at != std::string::npos; at = page.find("```sql\n", at + 1)) {
        const std::size_t start = at + 7;
        const std::string query = page.substr(start, page.find(";\n```", start) - start);
        INFO(query);
        CHECK_NOTHROW(daybook.ask(query));
        ++queries;
    }
    CHECK(queries == 10);
    CHECK(daybook.ask("SELECT count(*) FROM weekly_counts") != "0");
}

TEST_CASE("a database that was dumped and restored elsewhere goes on from where it was", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    must(daybook.run({"export", "postgres"}));
    const auto programs = *PostgresServer::programs();
    const Outcome dump = test::run({(programs / "pg_dump").string(), daybook.url()});
    must(dump);
    daybook.out({"-q", "note", lines_of(daybook.out({"incident", "list", "--ids"})).front(), "after the dump"});
    must(daybook.run({"export", "postgres"}));
    const std::string restored = PostgresServer::shared().new_database();
    must(test::run({(programs / "psql").string(), "-q", "-v", "ON_ERROR_STOP=1", restored}, dump.out));
    const Outcome exported = daybook.run_at(restored, {"export", "postgres", "-o", "json"});
    must(exported);
    CHECK(Json::parse(exported.out)["events"] == 1);
    must(daybook.run_at(restored, {"export", "postgres", "--check"}));
    must(daybook.run_at(restored, {"migrate", "postgres"}));

    // The three tables alone, as the runbook dumps them: they are not this journal's until somebody says so.
    const Outcome three = test::run(
        {(programs / "pg_dump").string(), "-t", "incidents", "-t", "incident_events", "-t", "incident_artifacts", daybook.url()});
    must(three);
    const std::string partly = PostgresServer::shared().new_database();
    must(test::run({(programs / "psql").string(), "-q", "-v", "ON_ERROR_STOP=1", partly}, three.out));
    CHECK(daybook.run_at(partly, {"export", "postgres"}).err.find("migrate postgres") != std::string::npos);
    must(daybook.run_at(partly, {"migrate", "postgres"}));
    CHECK(daybook.run_at(partly, {"export", "postgres"}).status == 6);
    must(daybook.run_at(partly, {"export", "postgres", "--repair"}));
    must(daybook.run_at(partly, {"export", "postgres"}));
    must(daybook.run_at(partly, {"export", "postgres", "--check"}));
}
