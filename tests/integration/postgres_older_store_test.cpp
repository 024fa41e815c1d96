// What becomes of the tables of a store before daybook: `import postgres`, `migrate postgres` and `export postgres --repair`, in
// whatever order, lose nothing and double nothing.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "projections/postgres.hpp"
#include "tests/integration/postgres_program.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

constexpr const char* incident = "inc_20260216_0910_aaaa1111";
constexpr const char* next_step = "`daybook import postgres` takes them in; mend or remove in the tables what it refuses";

// With the tables of an older store in a database of its own, and the file of the artifact that they speak of.
class OlderStore : public PostgresProgram {
public:
    explicit OlderStore(const std::string& statements) : PostgresProgram(PostgresServer::shared().new_database()) {
        tell(statements);
        write(std::string("ops/incidents/") + incident + "/log.txt", "some bytes");
    }
    void tell(const std::string& statements) const {
        postgres::Options options;
        options.url = url();
        postgres::Connection(options).execute(statements);
    }
    void must(const std::vector<std::string>& command) const {
        const Outcome outcome = run(command);
        INFO(outcome.out << outcome.err);
        REQUIRE(outcome.status == 0);
    }
    // "4 taken, 0 duplicate, 1 refused"
    std::string imported() const {
        const Outcome outcome = run({"-o", "json", "import", "postgres"});
        INFO(outcome.err);
        const Json counts = Json::parse(outcome.out);
        CHECK(outcome.status == (counts["refused"] == 0 ? 0 : 3));
        return counts["taken"].dump() + " taken, " + counts["duplicate"].dump() + " duplicate, " + counts["refused"].dump() +
               " refused";
    }
};

// Some columns of the layout that daybook always fills in, and some that it does not know.
constexpr const char* with_ids = R"(
CREATE TABLE incidents (id text PRIMARY KEY, service text, title text, started_at timestamptz, event_count integer, team text);
CREATE TABLE incident_events (event_id uuid PRIMARY KEY, incident_id text REFERENCES incidents (id), ts timestamptz, type text,
    message text, author text, ticket text);
CREATE TABLE incident_artifacts (id serial PRIMARY KEY, incident_id text REFERENCES incidents (id), kind text, format text, path text,
    created_by text, created_at timestamptz, description text);
INSERT INTO incidents VALUES ('inc_20260216_0910_aaaa1111', 'gateway', 'Gateway 5xx', '2026-02-16 09:10Z', 2, 'core');
INSERT INTO incident_events VALUES
    ('0d8f3c1e-0000-4000-8000-000000000001', 'inc_20260216_0910_aaaa1111', '2026-02-16 09:12Z', 'note', 'it is new', 'anna', 'OPS-17'),
    ('0d8f3c1e-0000-4000-8000-000000000002', 'inc_20260216_0910_aaaa1111', '2026-02-16 09:13Z', 'action', 'rolled back', 'ben', NULL);
INSERT INTO incident_artifacts (incident_id, kind, format, path, created_by, created_at, description) VALUES
    ('inc_20260216_0910_aaaa1111', 'log', 'txt', 'x/inc_20260216_0910_aaaa1111/log.txt', 'anna', '2026-02-16 10:00Z', 'the proxy log');
)";

// Columns under names that the layout has in another table alone.
constexpr const char* with_times = R"(
CREATE TABLE incidents (id text PRIMARY KEY, service text, severity text, title text, started_at timestamp, priority integer);
CREATE TABLE incident_events (id bigserial PRIMARY KEY, incident_id text REFERENCES incidents (id), ts timestamp, type text,
    message text, actor text, meta jsonb, created_at timestamp DEFAULT now());
CREATE TABLE incident_artifacts (id serial PRIMARY KEY, incident_id text REFERENCES incidents (id), kind text, format text, path text,
    created_at timestamp, updated_at timestamp);
INSERT INTO incidents VALUES ('inc_20260216_0910_aaaa1111', 'gateway', 'P1', 'Gateway 5xx', '2026-02-16 09:10', 1);
INSERT INTO incident_events (incident_id, ts, type, message, actor) VALUES
    ('inc_20260216_0910_aaaa1111', '2026-02-16 09:12', 'note', 'it is new', NULL),
    ('inc_20260216_0910_aaaa1111', '2026-02-16 09:14', 'followup', 'write a canary', 'anna');
INSERT INTO incident_artifacts (incident_id, kind, format, path, created_at, updated_at) VALUES
    ('inc_20260216_0910_aaaa1111', 'log', 'txt', 'x/inc_20260216_0910_aaaa1111/log.txt', '2026-02-16 10:00', '2026-02-16 10:05');
)";

}  // namespace

TEST_CASE("an older store's columns that daybook does not know are kept, whichever others it has, before a migration and after it",
          "[postgres]") {
    if (no_postgres()) return;
    const bool migrated_first = GENERATE(false, true);
    const OlderStore store(with_ids);
    if (migrated_first) store.must({"migrate", "postgres"});
    CHECK(store.imported() == "4 taken, 0 duplicate, 0 refused");
    store.must({"migrate", "postgres"});
    CHECK(store.imported() == "0 taken, 4 duplicate, 0 refused");
    store.must({"export", "postgres", "--repair"});
    CHECK(store.imported() == "0 taken, 6 duplicate, 0 refused");  // creation and attachment have rows now
    CHECK(store.holds_the_journal());
    CHECK(store.ask("SELECT meta ->> 'team' FROM incidents") == "core");
    CHECK(store.ask("SELECT event_id, meta -> 'meta' FROM incident_events WHERE type IN ('note', 'action') ORDER BY ts") ==
          "0d8f3c1e-0000-4000-8000-000000000001|{\"author\": \"anna\", \"ticket\": \"OPS-17\"}\n"
          "0d8f3c1e-0000-4000-8000-000000000002|{\"author\": \"ben\"}");
    CHECK(store.ask("SELECT meta -> 'meta' ->> 'description' FROM incident_events WHERE type = 'artifact_attached'") ==
          "the proxy log");
    CHECK(store.ask("SELECT count(*), min(created_by) FROM incident_artifacts") == "1|anna");
}

TEST_CASE("a migration leaves columns that are not the layout's as they are, so that an import after it takes nothing twice",
          "[postgres]") {
    if (no_postgres()) return;
    const OlderStore store(with_times);
    store.tell("INSERT INTO incidents VALUES ('inc_20260217_0910_cccc1111', 'a', 'P9', 'to mend', '2026-02-17 09:10', 5)");
    CHECK(store.imported() == "4 taken, 0 duplicate, 1 refused");
    store.must({"migrate", "postgres"});
    CHECK(store.run({"export", "postgres", "--repair"}).status == 6);
    store.ask("UPDATE incidents SET severity = 'P1' WHERE severity = 'P9'");
    CHECK(store.imported() == "1 taken, 4 duplicate, 0 refused");
    store.must({"export", "postgres", "--repair"});
    CHECK(store.ask("SELECT string_agg(type, ' ' ORDER BY seq) FROM incident_events WHERE incident_id LIKE '%aaaa1111'") ==
          "incident_created note followup artifact_attached");
    CHECK(store.ask("SELECT count(*) FROM incidents WHERE priority < 3") == "1");
    CHECK(store.ask("SELECT string_agg(data_type, ', ' ORDER BY table_name, column_name) FROM information_schema.columns WHERE "
                    "(table_name, column_name) IN (('incident_events', 'created_at'), ('incident_artifacts', 'updated_at'), "
                    "('incident_artifacts', 'created_at'))") ==
          "timestamp with time zone, timestamp without time zone, timestamp without time zone");
}

TEST_CASE("a repair takes nothing away that the journal does not have: rows that the import refused, or that came after it",
          "[postgres]") {
    if (no_postgres()) return;
    const OlderStore store(with_times);
    std::filesystem::remove(store / (std::string("ops/incidents/") + incident + "/log.txt"));
    store.ask("UPDATE incident_events SET actor = 'Anna Smith' WHERE actor = 'anna'");
    CHECK(store.imported() == "2 taken, 0 duplicate, 2 refused");
    store.must({"migrate", "postgres"});
    const auto refused = [&](const std::string& what) {
        const std::string rows =
            "SELECT (SELECT string_agg(e::text, ' ' ORDER BY id) FROM incident_events e), (SELECT string_agg(a::text, ' ') FROM "
            "incident_artifacts a)";
        const std::string before = store.ask(rows);
        for (const auto& [option, status] : {std::pair("--check", 3), std::pair("--repair", 6)}) {
            const Outcome outcome = store.run({"export", "postgres", option});
            INFO(outcome.err);
            CHECK(outcome.status == status);
            CHECK(outcome.err.find("the tables hold " + what + ": " + next_step) != std::string::npos);
        }
        CHECK(store.ask(rows) == before);
    };
    const std::string incident_of = std::string("incident_id ") + incident;
    refused("2 rows that this journal does not have, such as incident_events, " + incident_of + ", id 2");
    store.ask("UPDATE incident_events SET actor = 'anna' WHERE id = 2");
    CHECK(store.imported() == "2 taken, 1 duplicate, 1 refused");
    refused("1 row that this journal does not have, such as incident_artifacts, " + incident_of + ", id 1");
    store.write(std::string("ops/incidents/") + incident + "/log.txt", "some bytes");
    CHECK(store.imported() == "2 taken, 2 duplicate, 0 refused");
    store.tell(std::string("INSERT INTO incident_events (seq, incident_id, ts, type, message) VALUES (-9, '") + incident +
               "', '2026-02-16 09:20', 'note', 'by the older program, after the import')");
    refused("1 row that this journal does not have, such as incident_events, " + incident_of + ", id 3");
    store.ask("DELETE FROM incident_events WHERE id = 3");
    store.must({"export", "postgres", "--repair"});
    CHECK(store.holds_the_journal());
    CHECK(store.ask("SELECT string_agg(type || ' ' || actor, ', ' ORDER BY seq) FROM incident_events") ==
          "incident_created import, note import, followup anna, artifact_attached import");
}

TEST_CASE("a row that is refused is told by what it is found by in its table, and by what is wrong with it", "[postgres]") {
    if (no_postgres()) return;
    const OlderStore store(with_times);
    store.tell(
        "UPDATE incident_events SET actor = 'Anna Smith' WHERE id = 2;"
        "ALTER TABLE incidents ADD COLUMN meta jsonb;"
        "INSERT INTO incidents VALUES ('inc_20260217_0910_cccc1111', 'a', 'P2', 't', '2026-02-17 09:10', 5, "
        "                              '{\"a\": [{\"id\": \"x\"}], \"chat\": 1234567890123456789}');"
        "INSERT INTO incident_events (incident_id, ts, type, message, meta) VALUES"
        " ('inc_20260216_0910_aaaa1111', '2026-02-16 09:12', 'note', 'x', '{\"incident_id\": \"y\", \"message\": "
        "9007199254740993}'),"
        " (NULL, '2026-02-16 09:12', 'note', 'of none', NULL)");
    const Outcome outcome = store.run({"import", "postgres"});
    INFO(outcome.err);
    CHECK(outcome.status == 3);
    const std::string event = std::string("incident_events, incident_id ") + incident + ", id ";
    for (const std::string& says : std::vector<std::string>{
             "incidents, id inc_20260217_0910_cccc1111: refused at /meta/chat: an integer beyond 2^53-1",
             event + "2: refused at /actor: actor must be of", event + "3: refused at /meta/message: an integer beyond 2^53-1",
             "incident_events, id 4: refused at /incident_id: "}) {
        INFO(says);
        CHECK(outcome.err.find(says) != std::string::npos);
    }
    CHECK(outcome.err.find("byte") == std::string::npos);

    store.must({"migrate", "postgres"});
    const auto repair = [&] { return store.run({"export", "postgres", "--repair"}).err; };
    CHECK(
        repair().find("the tables hold rows of 1 incident that this journal does not have, such as inc_20260217_0910_cccc1111: ") !=
        std::string::npos);
    store.ask("DELETE FROM incidents WHERE id = 'inc_20260217_0910_cccc1111'");
    CHECK(repair().find("the tables hold rows of no incident: ") != std::string::npos);
    store.ask("DELETE FROM incident_events WHERE incident_id IS NULL");
    CHECK(repair().find("the tables hold 2 rows that this journal does not have, such as " + event) != std::string::npos);
}

TEST_CASE("a check of tables that hold what the journal says, but not whose they are, says just that", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    daybook.ask("TRUNCATE daybook_export");
    const Outcome check = daybook.run({"export", "postgres", "--check"});
    CHECK(check.status == 3);
    CHECK(check.out.empty());
    CHECK(check.err.find("no journal has been exported to these tables, and they hold what this one says: `daybook export postgres "
                         "--repair` makes them this journal's") != std::string::npos);
    CHECK(daybook.run({"export", "postgres", "--repair"}).status == 0);
    CHECK(daybook.holds_the_journal());
}
