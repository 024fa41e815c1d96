// The Postgres layout through the real binary, in a real PostgreSQL.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "projections/postgres.hpp"
#include "tests/desk.hpp"
#include "tests/integration/postgres_program.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

constexpr const char* all_rows =
    "SELECT to_jsonb(r) FROM incidents r UNION ALL SELECT to_jsonb(r) FROM incident_events r UNION ALL SELECT to_jsonb(r) FROM "
    "incident_artifacts r UNION ALL SELECT to_jsonb(r) FROM daybook_export r ORDER BY 1";

std::int64_t number_of(const Outcome& outcome, const char* name) {
    INFO(outcome.out << outcome.err);
    REQUIRE(outcome.status == 0);
    return Json::parse(outcome.out)[name];
}

Outcome export_json(const PostgresProgram& daybook) { return daybook.run({"-o", "json", "export", "postgres"}); }

// An incident with an artifact, follow-ups and every awkward character.
std::string fill(const PostgresProgram& daybook) {
    const std::string id = daybook.out({"incident", "create", "--service", "gateway", "--severity", "P1", "--title",
                                        "5xx \"quoted\" \\ back\tslash", "--label", "team=core"});
    daybook.out({"-q", "note", id, "line one\nline two\r\n\\.\n\xF0\x9F\x94\xA5 'single' \x01"});
    write_file(daybook / "dump.txt", "some bytes");
    daybook.out({"-q", "artifact", "attach", id, "dump.txt", "--kind", "log"});
    daybook.out({"-q", "followup", "add", id, "Add a canary", "--owner", "sofiia", "--priority", "P1", "--due", "2026-01-02"});
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    return id;
}

}  // namespace

TEST_CASE("the tables hold the rows of the JSONL layout, whether they were loaded or came one by one", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    const std::string other = PostgresServer::shared().new_database();
    REQUIRE(daybook.run_at(other, {"migrate", "postgres"}).status == 0);
    REQUIRE(daybook.run_at(other, {"export", "postgres"}).status == 1);  // there is no journal
    const std::string id = fill(daybook);
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    daybook.out({"-q", "incident", "resolve", id});
    daybook.out({"-q", "incident", "archive", id, "--reason", "a drill"});
    const Outcome second = export_json(daybook);
    CHECK(number_of(second, "events") == 2);
    CHECK(number_of(second, "incidents") == 1);
    REQUIRE(daybook.run_at(other, {"export", "postgres"}).status == 0);
    CHECK(PostgresServer::ask(other, all_rows) == daybook.ask(all_rows));
    CHECK(daybook.holds_the_journal());

    daybook.out({"-q", "export", "jsonl", "layout"});
    std::size_t lines = 0;
    for (const auto& [file, table] : {std::pair("incidents.jsonl", "incidents"), std::pair("events.jsonl", "incident_events"),
                                      std::pair("artifacts.jsonl", "incident_artifacts")}) {
        for (const std::string& line : lines_of(read_file(daybook / ("layout/" + std::string(file))))) {
            const Json row = Json::parse(line);
            const std::string key = row.contains("seq") ? "seq" : row.contains("artifact_id") ? "artifact_id" : "id";
            const std::string value = row[key].is_number() ? row[key].dump() : row[key].get<std::string>();
            const Json stored = Json::parse(
                daybook.ask("SELECT to_jsonb(r) FROM " + std::string(table) + " r WHERE " + key + "::text = '" + value + "'"));
            CHECK(stored.size() == row.size());
            for (const auto& [name, field] : row.items()) {
                const bool is_time = name == "ts" || name.ends_with("_at");
                if (is_time && field.is_string()) {
                    CHECK(at(stored[name].get<std::string>()) == at(field.get<std::string>()));
                } else {
                    CHECK(stored[name] == field);
                }
            }
            ++lines;
        }
    }
    CHECK(std::to_string(lines) ==
          daybook.ask("SELECT (SELECT count(*) FROM incidents) + (SELECT count(*) FROM incident_events) + (SELECT "
                      "count(*) FROM incident_artifacts)"));
    CHECK(daybook.ask("SELECT count(*) FROM incidents WHERE archived_at IS NOT NULL AND status = 'resolved'") == "1");
    CHECK(daybook.ask("SELECT count(*) FROM incidents WHERE labels @> '{\"team\":\"core\"}'") == "1");
    CHECK(daybook.ask("SELECT count(*) FROM incident_events WHERE meta @> '{\"title\":\"Add a canary\"}' AND type = 'followup'") ==
          "1");
}

TEST_CASE("an export again changes nothing, and only who exported may go on", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    fill(daybook);
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    const std::string versions =
        "SELECT sum(xmin::text::bigint), sum(hashtext(xmin::text)) FROM (SELECT xmin FROM incidents UNION ALL "
        "SELECT xmin FROM incident_events UNION ALL SELECT xmin FROM daybook_export) all_rows";
    const std::string before = daybook.ask(versions);
    const Outcome again = export_json(daybook);
    CHECK(number_of(again, "events") == 0);
    CHECK(number_of(again, "incidents") == 0);
    CHECK(daybook.ask(versions) == before);

    PostgresProgram stranger(daybook.url());
    fill(stranger);
    for (const auto& command : std::vector<std::vector<std::string>>{{"export", "postgres"},
                                                                     {"export", "postgres", "--check"},
                                                                     {"export", "postgres", "--repair"},
                                                                     {"export", "postgres", "--dry-run"}}) {
        const Outcome refused = stranger.run(command);
        CHECK(refused.status == 6);
        CHECK(refused.err.find("another journal") != std::string::npos);
    }
    CHECK(daybook.ask(versions) == before);

    // A journal that was restored from an older backup, and went on.
    daybook.out({"backup", "monday"});
    daybook.out({"-q", "note", daybook.out({"incident", "list", "--ids", "--limit", "1"}), "after the backup"});
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    std::filesystem::remove_all(daybook.data());
    daybook.out({"restore", "monday"});
    CHECK(daybook.run({"export", "postgres"}).err.find("older backup") != std::string::npos);
    daybook.out({"-q", "note", daybook.out({"incident", "list", "--ids", "--limit", "1"}), "another future"});
    CHECK(daybook.run({"export", "postgres"}).err.find("one of the two was restored") != std::string::npos);
}

TEST_CASE("a check names what differs, and a repair mends just that", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    CHECK(daybook.run({"export", "postgres", "--check"}).status == 1);  // no journal yet
    const std::string id = fill(daybook);
    CHECK(daybook.run({"export", "postgres", "--check"}).status == 3);
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    CHECK(daybook.holds_the_journal());
    const std::string whole = daybook.ask(all_rows);
    const std::string untouched =
        "SELECT sum(hashtext(xmin::text)) FROM incidents WHERE id NOT IN ('" + id + "', 'inc_20200101_0000_gone')";
    const std::string other = daybook.ask("SELECT id FROM incidents WHERE id <> '" + id + "' ORDER BY id LIMIT 1");
    const std::string same = daybook.ask(untouched);
    for (const std::string& damage : std::vector<std::string>{
             "DELETE FROM incident_events WHERE incident_id = '" + id + "' AND type = 'note'",
             "UPDATE incident_events SET message = 'nothing happened' WHERE incident_id = '" + id + "' AND type = 'note'",
             "UPDATE incident_events SET meta = meta || '{\"x\":1}' WHERE incident_id = '" + id + "' AND type = 'note'",
             "UPDATE incident_events SET ts = ts + interval '1 microsecond' WHERE incident_id = '" + id + "' AND type = 'note'",
             "UPDATE incidents SET status = 'closed' WHERE id = '" + id + "'", "DELETE FROM incident_artifacts",
             "WITH gone AS (DELETE FROM incident_events WHERE incident_id = '" + id +
                 "'), files AS (DELETE FROM incident_artifacts) "
                 "DELETE FROM incidents WHERE id = '" +
                 id + "'",
             "INSERT INTO incident_events (seq, incident_id, ts, type, message) VALUES (900000, '" + id +
                 "', now(), 'note', 'slipped in')",
             "INSERT INTO incidents (id, title) VALUES ('inc_20200101_0000_gone', 'nobody knows')"}) {
        INFO(damage);
        daybook.ask(damage);
        const Outcome check = daybook.run({"export", "postgres", "--check"});
        CHECK(check.status == 3);
        CHECK(lines_of(check.out).size() == 1);
        const bool is_strange = damage.starts_with("INSERT INTO incidents");
        CHECK(check.out.starts_with(is_strange ? "inc_20200101_0000_gone" : id));
        CHECK(daybook.run({"export", "postgres", "--repair"}).status == 0);
        CHECK(daybook.holds_the_journal());
        CHECK(daybook.ask(all_rows) == whole);
        CHECK(daybook.ask(untouched) == same);
    }
    // An event that got to another incident.
    daybook.ask("UPDATE incident_events SET incident_id = '" + other + "' WHERE incident_id = '" + id + "' AND type = 'note'");
    CHECK(lines_of(daybook.run({"export", "postgres", "--check"}).out).size() == 2);
    CHECK(daybook.run({"export", "postgres", "--repair"}).status == 0);
    CHECK(daybook.ask(all_rows) == whole);
    // Tables that are behind are held against the journal as it was there.
    daybook.out({"-q", "note", id, "not yet exported"});
    CHECK(daybook.holds_the_journal());
}

TEST_CASE("what has all levels that an input may have goes through tables, files, a journal's text and evidence, and comes back",
          "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    const std::string deep = R"({"a":)" + std::string(62, '[') + std::string(62, ']') + '}';
    write_file(daybook / "deep.jsonl", Report::firing("10:00").set("meta", deep).line() + '\n');
    daybook.out({"-q", "ingest", "deep.jsonl"});
    const std::string id = daybook.out({"incident", "list", "--ids"});
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    CHECK(daybook.holds_the_journal());
    daybook.ask("UPDATE incident_events SET meta = '{}'");
    CHECK(daybook.run({"export", "postgres", "--repair"}).status == 0);
    CHECK(daybook.ask("SELECT count(*) FROM incident_events WHERE meta -> 'meta' = '" + deep + "'") == "1");
    daybook.out({"-q", "export", "jsonl", "layout"});
    daybook.out({"-q", "note", id, "going on"});
    daybook.out({"-q", "export", "jsonl", "layout"});
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    daybook.out({"-q", "export", "journal", "text"});
    daybook.out({"-q", "export", "journal", "text"});
    daybook.out({"evidence", id, "--to", "evidence.jsonl"});

    const std::string meta = "SELECT meta FROM incident_events WHERE type = 'alert'";
    const std::vector<std::vector<std::string>> imports{{"import", "jsonl", (daybook / "layout").string()},
                                                        {"import", "journal", (daybook / "text").string()},
                                                        {"import", "postgres"}};
    for (const auto& command : imports) {
        const MigratedProgram copy;
        const Outcome outcome = copy.run_at(daybook.url(), command);
        INFO(command.at(1) << '\n' << outcome.err);
        CHECK(outcome.status == 0);
        CHECK(copy.run({"export", "postgres"}).status == 0);
        CHECK(copy.ask(meta) == daybook.ask(meta));
    }
    daybook.out({"verify", "--evidence", "evidence.jsonl", "--key", daybook.out({"checkpoint", "--vkey"})});
}

TEST_CASE("the migration brings an older store's tables up to date, rows stay, and the journal takes them in", "[postgres]") {
    if (no_postgres()) return;
    PostgresProgram daybook(PostgresServer::shared().new_database());
    postgres::Options options;
    options.url = daybook.url();
    postgres::Connection(options).execute(read_file(project_file("fixtures/postgres/older_store.sql")));
    const Outcome before_migration = daybook.run({"-o", "json", "import", "postgres"});
    INFO(before_migration.err);
    CHECK(number_of(before_migration, "taken") == 6);
    for (int run = 0; run < 2; ++run) {
        const Outcome outcome = daybook.run({"migrate", "postgres"});
        INFO(outcome.err);
        REQUIRE(outcome.status == 0);
        CHECK(daybook.ask("SELECT count(*), min(started_at), max(meta ->> 'ticket') FROM incidents") ==
              "2|2026-02-16 09:10:00+00|17");
        CHECK(daybook.ask("SELECT string_agg(seq::text, ' ' ORDER BY ts, id) FROM incident_events") == "-4 -3 -2 -1");
        CHECK(daybook.ask("SELECT count(*) FROM information_schema.columns WHERE table_name = 'incidents'") == "25");
    }
    const Outcome again = daybook.run({"-o", "json", "import", "postgres"});
    CHECK(number_of(again, "duplicate") == 6);
    CHECK(number_of(again, "taken") == 0);

    const Outcome refused = daybook.run({"export", "postgres"});
    CHECK(refused.status == 6);
    CHECK(refused.err.find("import postgres") != std::string::npos);
    const Outcome preview = daybook.run({"export", "postgres", "--check"});
    CHECK(preview.status == 3);
    CHECK(lines_of(preview.out).size() == 2);
    daybook.ask(
        "INSERT INTO incidents (id, service, title, started_at) VALUES ('inc_20260301_0000_late', 'a', 'not imported', now())");
    CHECK(daybook.run({"export", "postgres", "--repair"}).status == 6);
    CHECK(daybook.ask("SELECT count(*) FROM incidents") == "3");
    CHECK(daybook.run({"import", "postgres"}).status == 0);
    const Outcome repaired = daybook.run({"export", "postgres", "--repair"});
    INFO(repaired.err);
    REQUIRE(repaired.status == 0);
    CHECK(daybook.holds_the_journal());
    CHECK(daybook.ask("SELECT count(*), min(seq) > 0, count(event_id) = count(*) FROM incident_events WHERE type = 'note'") ==
          "4|t|t");
    CHECK(daybook.ask("SELECT meta ->> 'team' FROM incidents WHERE service = 'billing'") == "money");
    daybook.out({"-q", "note", "inc_20260217_0800_bbbb2222", "going on"});
    CHECK(number_of(export_json(daybook), "events") == 1);
    CHECK(daybook.holds_the_journal());

    // The round trip: out of the tables into an empty journal, and the same rows again.
    PostgresProgram copy(PostgresServer::shared().new_database());
    REQUIRE(copy.run({"migrate", "postgres"}).status == 0);
    REQUIRE(copy.run_at(daybook.url(), {"import", "postgres"}).status == 0);
    REQUIRE(copy.run({"export", "postgres"}).status == 0);
    for (const char* rows : {"SELECT to_jsonb(r) - 'seq' - 'id' FROM incident_events r ORDER BY event_id",
                             "SELECT to_jsonb(r) - 'team' FROM incidents r ORDER BY id"}) {
        CHECK(copy.ask(rows) == daybook.ask(rows));
    }
}

TEST_CASE("what the import refuses of older tables keeps them from a repair, which says so, until it is mended or removed",
          "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    daybook.ask(
        "INSERT INTO incidents (id, service, title, started_at, severity) VALUES "
        "('inc_20260301_0000_aaaa', 'a', 'good', now(), 'P2'), ('inc_20260301_0000_bbbb', 'a', 'to mend', now(), 'P9'), "
        "('legacy-17', 'a', 'to remove', now(), 'P2')");
    CHECK(daybook.run({"import", "postgres"}).status == 3);
    for (const auto& command : std::vector<std::vector<std::string>>{{"export", "postgres"}, {"export", "postgres", "--repair"}}) {
        const Outcome refused = daybook.run(command);
        INFO(refused.err);
        CHECK(refused.status == 6);
        CHECK(refused.err.find("`daybook import postgres` takes them in; mend or remove in the tables what it refuses") !=
              std::string::npos);
    }
    daybook.ask("UPDATE incidents SET severity = 'P1' WHERE severity = 'P9'");
    daybook.ask("DELETE FROM incidents WHERE id = 'legacy-17'");
    CHECK(daybook.run({"import", "postgres"}).status == 0);
    CHECK(daybook.run({"export", "postgres", "--repair"}).status == 0);
    CHECK(daybook.holds_the_journal());
}

TEST_CASE("a trigger of older tables that changes rows is named by the migration and by the repair that it spoils", "[postgres]") {
    if (no_postgres()) return;
    const PostgresProgram daybook(PostgresServer::shared().new_database());
    postgres::Options options;
    options.url = daybook.url();
    postgres::Connection(options).execute(
        "CREATE TABLE incidents (id text PRIMARY KEY, service text, title text, started_at timestamptz, updated_at timestamptz);"
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.updated_at = now(); RETURN NEW; END';"
        "CREATE TRIGGER touch BEFORE UPDATE ON incidents FOR EACH ROW EXECUTE FUNCTION touch();"
        "CREATE TRIGGER told AFTER UPDATE ON incidents FOR EACH ROW EXECUTE FUNCTION touch();"
        "INSERT INTO incidents VALUES ('inc_20260216_0910_aaaa1111', 'a', 't', '2026-02-16 09:10Z', '2026-02-16 09:10Z')");
    const Outcome imported = daybook.run({"import", "postgres"});
    INFO(imported.err);
    const Outcome migrated = daybook.run({"migrate", "postgres"});
    INFO(migrated.err);
    REQUIRE(migrated.status == 0);
    CHECK(migrated.err.find("the trigger touch may change the rows of incidents on their way in") != std::string::npos);
    CHECK(migrated.err.find("told") == std::string::npos);
    const Outcome spoiled = daybook.run({"export", "postgres", "--repair"});
    INFO(spoiled.err);
    CHECK(spoiled.status == 1);
    CHECK(spoiled.err.find("its row differs in updated_at: what changes it may be a trigger") != std::string::npos);
    daybook.ask("ALTER TABLE incidents DISABLE TRIGGER touch");
    CHECK(daybook.run({"migrate", "postgres"}).err.find("trigger") == std::string::npos);
    CHECK(daybook.run({"export", "postgres", "--repair"}).status == 0);
    CHECK(daybook.holds_the_journal());
}

TEST_CASE("the migration's SQL is printed without a connection, and psql takes it", "[postgres]") {
    if (no_postgres()) return;
    PostgresProgram daybook(PostgresServer::shared().new_database());
    const Outcome printed =
        daybook.run_at("postgresql://nobody:s3cret-word@127.0.0.1:1/none", {"migrate", "postgres", "--dry-run"});
    REQUIRE(printed.status == 0);
    CHECK(printed.out.find("s3cret-word") == std::string::npos);
    const Outcome taken =
        test::run({(*PostgresServer::programs() / "psql").string(), "-q", "-v", "ON_ERROR_STOP=1", daybook.url()}, printed.out);
    INFO(taken.err);
    CHECK(taken.status == 0);
    fill(daybook);
    CHECK(daybook.run({"export", "postgres"}).status == 0);
    const std::string indexes = daybook.ask("SELECT string_agg(indexdef, E'\\n') FROM pg_indexes WHERE schemaname = 'public'");
    for (const char* index : {"(service, status)", "(started_at)", "(incident_id, ts)", "(type, ts)", "USING gin (meta"}) {
        CHECK(indexes.find(index) != std::string::npos);
    }
    CHECK(daybook.ask("SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text LIKE 'incident%'") ==
          "3");
    CHECK(daybook.ask(
              "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = 'incidents'::regclass AND convalidated") ==
          "2");
    CHECK(daybook.run({"migrate", "postgres"}).status == 0);
    CHECK(daybook.holds_the_journal());
}
