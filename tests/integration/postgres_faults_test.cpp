// What goes wrong between daybook and PostgreSQL: what is said, and that nothing is lost or doubled.
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/desk.hpp"
#include "tests/integration/file_system.hpp"
#include "tests/integration/postgres_program.hpp"
#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string feed(std::size_t records, const std::string& name) {
    std::string lines;
    for (std::size_t i = 0; i < records; ++i) {
        const std::string number = name + std::to_string(i);
        lines += Report::firing("10:00").id(number).ref(number).kind("k" + std::to_string(i % 500)).line() + '\n';
    }
    return lines;
}

void ingest(const PostgresProgram& daybook, std::size_t records, const std::string& name) {
    write_file(daybook / "feed.jsonl", feed(records, name));
    daybook.out({"-q", "ingest", "feed.jsonl"});
}

}  // namespace

TEST_CASE("each mistake with a database is told with what to do, without the password, and the journal stays as it is",
          "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    ingest(daybook, 10, "a");
    PostgresServer& server = PostgresServer::shared();
    const std::string database = daybook.url().substr(daybook.url().rfind('/') + 1);
    daybook.ask("DROP ROLE IF EXISTS guest");
    daybook.ask("CREATE ROLE guest LOGIN PASSWORD 'guest-password'");
    const std::string empty = server.new_database();
    const std::string stats = daybook.out({"stats", "-o", "json"});
    struct Mistake {
        std::string url, says;
    };
    const std::string port = std::to_string(server.port());
    for (const auto& [url, says] : std::vector<Mistake>{
             {server.url(database, "daybook", "wrong-password"), "give the right password"},
             {server.url(database, "nobody_there", "wrong-password"), "password"},
             {server.url("no_database"), "names a database and a role that there are"},
             {"postgresql://daybook:correct-horse@127.0.0.1:" + std::to_string(free_port()) + "/x", "see that the server runs"},
             {"postgresql://daybook:correct-horse@no.such.host.invalid/x", "host and port"},
             {"postgresql://daybook:correct/horse@127.0.0.1:" + port + "/x", "the database's URL can't be read"},
             {"postgresql://daybook:correct-horse@127.0.0.1:x/y", "the database's URL can't be read"},
             {"mysql://daybook:correct-horse@127.0.0.1/y", "the database's URL can't be read"},
             {daybook.url() + "?sslmode=require", "see sslmode"},
             {server.url(database, "guest", "guest-password"), "grant this role"},
             {empty, "run `daybook migrate postgres`"}}) {
        for (const auto& command :
             std::vector<std::vector<std::string>>{{"export", "postgres"}, {"export", "--backend", "postgres"}}) {
            const Outcome outcome = daybook.run_at(url, command);
            INFO(url << '\n' << outcome.err);
            CHECK(outcome.status == 1);
            CHECK(outcome.err.find(says) != std::string::npos);
            CHECK(lines_of(outcome.err).size() == 1);
            for (const char* secret : {"correct", "horse", "wrong-password", "guest-password"}) {
                CHECK(outcome.err.find(secret) == std::string::npos);
                CHECK(outcome.out.find(secret) == std::string::npos);
            }
        }
    }
    CHECK(daybook.run_at("", {"export", "postgres"}).status == 2);
    CHECK(daybook.out({"stats", "-o", "json"}) == stats);
    CHECK_FALSE(std::filesystem::exists(daybook.data() / "exports.jsonl"));  // nothing got there
    daybook.ask("DROP TABLE incident_artifacts");
    CHECK(daybook.run({"export", "postgres"}).err.find("run `daybook migrate postgres`") != std::string::npos);
    // Who may write rows and own nothing can export too, only slower.
    REQUIRE(daybook.run({"migrate", "postgres"}).status == 0);
    daybook.ask(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON incidents, incident_events, incident_artifacts, backlog_items, daybook_export TO "
        "guest");
    const Outcome as_guest = daybook.run_at(server.url(database, "guest", "guest-password"), {"export", "postgres"});
    INFO(as_guest.err);
    CHECK(as_guest.status == 0);
    CHECK(daybook.holds_the_journal());
    daybook.ask("DROP OWNED BY guest");
}

TEST_CASE("who owns the tables can export to them also without the right to make anything in their schema", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    ingest(daybook, 10, "a");
    daybook.ask("DROP ROLE IF EXISTS app");
    daybook.ask("CREATE ROLE app LOGIN PASSWORD 'app-password'");
    for (const char* table : {"incidents", "incident_events", "incident_artifacts", "backlog_items", "daybook_export"})
        daybook.ask(std::string("ALTER TABLE ") + table + " OWNER TO app");
    REQUIRE(daybook.ask("SELECT has_schema_privilege('app', 'public', 'CREATE')") == "f");
    const std::string database = daybook.url().substr(daybook.url().rfind('/') + 1);
    const std::string as_app = PostgresServer::shared().url(database, "app", "app-password");
    for (const char* name : {"b", "c"}) {
        const Outcome outcome = daybook.run_at(as_app, {"export", "postgres"});
        INFO(outcome.err);
        CHECK(outcome.status == 0);
        CHECK(daybook.holds_the_journal());
        ingest(daybook, 10, name);
    }
    CHECK(daybook.ask("SELECT count(*) FROM pg_index WHERE indisprimary AND indrelid = 'incidents'::regclass") == "1");
    daybook.ask("REASSIGN OWNED BY app TO daybook");
    daybook.ask("DROP OWNED BY app");
}

TEST_CASE("what in an older store's tables stops a migration is named, with what to do about it", "[postgres]") {
    if (no_postgres()) return;
    struct Oddity {
        std::vector<std::string> tables, says;
    };
    for (const auto& [tables, says] : std::vector<Oddity>{
             {{"CREATE TABLE incidents (id text)", "INSERT INTO incidents VALUES ('inc_1'), ('inc_1')"},
              {"(Key (id)=(inc_1) is duplicated)", "at ALTER TABLE incidents ADD PRIMARY KEY (id)", "remove what is there twice"}},
             {{"CREATE TABLE incident_events (id serial PRIMARY KEY)",
               "CREATE TABLE comments (event_id integer REFERENCES incident_events (id))"},
              {"constraint comments_event_id_fkey on table comments", "at ALTER TABLE incident_events DROP CONSTRAINT",
               "drop what depends on it, run this again, and make it anew"}},
             {{"CREATE TABLE incidents (id text, service varchar(20))", "CREATE VIEW mine AS SELECT service FROM incidents"},
              {"on view mine depends on column", "at ALTER TABLE incidents ALTER COLUMN service", "drop what depends on it"}},
             {{"CREATE TABLE incidents (id text, started_at text)", "INSERT INTO incidents VALUES ('inc_1', 'after lunch')"},
              {"at ALTER TABLE incidents ALTER COLUMN started_at", "mend it, or rename the column"}}}) {
        const PostgresProgram daybook(PostgresServer::shared().new_database());
        for (const std::string& statement : tables) daybook.ask(statement);
        const Outcome outcome = daybook.run({"migrate", "postgres"});
        CHECK(outcome.status == 1);
        INFO(outcome.err);
        for (const std::string& text : says) CHECK(outcome.err.find(text) != std::string::npos);
        CHECK(lines_of(outcome.err).size() == 1);
    }
}

TEST_CASE("a constraint or an encoding of the tables that does not allow what the journal says is named, and no row's text",
          "[postgres]") {
    if (no_postgres()) return;
    PostgresServer& server = PostgresServer::shared();
    const PostgresProgram daybook(server.new_database());
    daybook.ask(
        "CREATE TABLE incidents (id text PRIMARY KEY, status text CHECK (status IN ('open', 'resolved')), title text UNIQUE)");
    REQUIRE(daybook.run({"migrate", "postgres"}).status == 0);
    const auto create = [&](const std::string& title) {
        return daybook.out({"incident", "create", "--service", "a", "--severity", "P1", "--title", title});
    };
    const std::string id = create("hunter2-marker");
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    const auto refused = [&](const std::string& constraint, const std::string& advice) {
        const Outcome outcome = daybook.run({"export", "postgres"});
        INFO(outcome.err);
        CHECK(outcome.status == 1);
        CHECK(outcome.err.find('"' + constraint + '"') != std::string::npos);
        CHECK(outcome.err.find("incidents") != std::string::npos);
        CHECK(outcome.err.find(advice) != std::string::npos);
        CHECK(outcome.err.find("--check") == std::string::npos);
        CHECK(outcome.err.find("hunter2") == std::string::npos);
        daybook.ask("ALTER TABLE incidents DROP CONSTRAINT " + constraint);
        CHECK(daybook.run({"export", "postgres"}).status == 0);
    };
    daybook.out({"-q", "incident", "mitigate", id});
    refused("incidents_status_check", "drop that constraint, or let it allow what the journal says");
    create("hunter2-marker");
    refused("incidents_title_key", "drop the constraint if it is not daybook's");

    const std::string latin = server.url("latin_" + std::to_string(server.port()));
    PostgresServer::ask(server.url("postgres"), "CREATE DATABASE latin_" + std::to_string(server.port()) +
                                                    " ENCODING LATIN1 LOCALE 'C' TEMPLATE template0");
    const Outcome migrated = daybook.run_at(latin, {"migrate", "postgres"});
    CHECK(migrated.status == 0);
    CHECK(migrated.err.find("the database has the encoding LATIN1") != std::string::npos);
    daybook.out({"-q", "note", id, "\xF0\x9F\x94\xA5"});
    const Outcome outcome = daybook.run_at(latin, {"export", "postgres"});
    CHECK(outcome.status == 1);
    CHECK(outcome.err.find("export to a database with the encoding UTF8") != std::string::npos);
}

TEST_CASE("a full disk of the server is told as such, and the export goes on when there is room", "[postgres]") {
    if (no_postgres()) return;
    const TemporaryDirectory directory;
    std::filesystem::permissions(directory.path(), std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
    const SmallFileSystem disk(directory / "disk", 13 << 20);
    if (!disk.mounted()) return skip("no file system can be mounted here");
    PostgresServer& server = PostgresServer::shared();
    std::filesystem::create_directory(disk / "space");
    server.give(disk / "space");
    PostgresServer::ask(server.url("postgres"), "CREATE TABLESPACE small LOCATION '" + (disk / "space").string() + "'");
    {
        PostgresProgram daybook(server.new_database("small"));
        REQUIRE(daybook.run({"migrate", "postgres"}).status == 0);
        ingest(daybook, 20'000, "a");
        const Outcome outcome = daybook.run({"export", "postgres"});
        INFO(outcome.err);
        CHECK(outcome.status == 1);
        CHECK(outcome.err.find("disk is full: make room there") != std::string::npos);
        CHECK(daybook.out({"verify"}).find("error") == std::string::npos);
        REQUIRE(disk.remount(256 << 20));
        CHECK(daybook.run({"export", "postgres"}).status == 0);
        CHECK(daybook.holds_the_journal());
        const std::string database = daybook.url().substr(daybook.url().rfind('/') + 1);
        PostgresServer::ask(server.url("postgres"), "DROP DATABASE " + database + " WITH (FORCE)");
    }
    PostgresServer::ask(server.url("postgres"), "DROP TABLESPACE small");
}

TEST_CASE("a server that is frozen is given up after the timeout", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    ingest(daybook, 10, "a");
    PostgresServer& server = PostgresServer::shared();
    server.signal(SIGSTOP);
    const Outcome outcome = daybook.run_at(daybook.url() + "?connect_timeout=2", {"export", "postgres"});
    server.signal(SIGCONT);
    INFO(outcome.err);
    CHECK(outcome.status == 1);
    CHECK(outcome.err.find("timeout expired") != std::string::npos);
    server.wait_until_ready();
    // Somebody else holds the lock.
    const std::string lock = "BEGIN; LOCK TABLE daybook_export IN EXCLUSIVE MODE; SELECT pg_sleep(60);";
    Background holder({(*PostgresServer::programs() / "psql").string(), daybook.url(), "-c", lock});
    REQUIRE(becomes_true([&] {
        return daybook.ask(
                   "SELECT count(*) FROM pg_locks WHERE relation = 'daybook_export'::regclass AND mode = 'ExclusiveLock'") == "1";
    }));
    const Outcome blocked = daybook.run({"export", "postgres", "--statement-timeout", "1"});
    CHECK(blocked.status == 1);
    CHECK(blocked.err.find("timeout") != std::string::npos);
    daybook.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()");
    holder.wait();
    CHECK(daybook.run({"export", "postgres"}).status == 0);
}

TEST_CASE("the TLS parameters of the URL hold: a certificate that its root does not vouch for is refused", "[postgres]") {
    if (no_postgres()) return;
    const TemporaryDirectory directory;
    std::filesystem::permissions(directory.path(), std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
    const auto make_certificate = [&](const std::string& name) {
        return test::run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=daybook",
                          "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", (directory / (name + ".key")).string(), "-out",
                          (directory / (name + ".crt")).string()});
    };
    if (make_certificate("server").status != 0 || make_certificate("other").status != 0) return skip("there is no openssl");
    PostgresServer server;
    for (const char* file : {"server.key", "server.crt"}) server.give(directory / file);
    server.stop();
    server.start(
        {"ssl=on", "ssl_key_file=" + (directory / "server.key").string(), "ssl_cert_file=" + (directory / "server.crt").string()});
    const PostgresProgram daybook(server.new_database());
    const auto with_root = [&](const std::string& name) {
        return daybook.url() + "?sslmode=verify-full&sslrootcert=" + (directory / name).string();
    };
    CHECK(daybook.run_at(with_root("server.crt"), {"migrate", "postgres"}).status == 0);
    CHECK(PostgresServer::ask(with_root("server.crt"), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t");
    const Outcome refused = daybook.run_at(with_root("other.crt"), {"migrate", "postgres"});
    CHECK(refused.status == 1);
    CHECK(refused.err.find("see sslmode, sslrootcert") != std::string::npos);
}

TEST_CASE("two exports at once take turns, whether it is the first or a later one", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    for (const char* name : {"a", "b"}) {
        ingest(daybook, 5'000, name);
        Background one(daybook.command({"export", "postgres"}, daybook.url()), daybook.directory().string());
        Background two(daybook.command({"export", "postgres"}, daybook.url()), daybook.directory().string());
        CHECK(one.wait() == 0);
        CHECK(two.wait() == 0);
        CHECK(daybook.holds_the_journal());
    }
}

// DAYBOOK_KILLS: how many (10, or 50 as the issue wants); DAYBOOK_SEED: the points in time.
TEST_CASE("killed at random points during loads and increments, nothing is lost and nothing is doubled", "[postgres][kill]") {
    if (no_postgres()) return;
    const char* kills_text = std::getenv("DAYBOOK_KILLS");
    const char* seed_text = std::getenv("DAYBOOK_SEED");
    const int kills = kills_text != nullptr ? std::atoi(kills_text) : 10;
    const unsigned seed = seed_text != nullptr ? static_cast<unsigned>(std::atoi(seed_text)) : std::random_device()();
    WARN("seed " << seed << " (DAYBOOK_SEED), " << kills << " kills (DAYBOOK_KILLS)");
    std::mt19937 random(seed);
    PostgresServer& server = PostgresServer::shared();
    const MigratedProgram daybook;
    ingest(daybook, 20'000, "base");
    int killed_daybook = 0, killed_backend = 0, stopped_server = 0;
    for (int kill = 0; kill < kills; ++kill) {
        const bool load = kill % 3 == 0;
        if (load) {
            daybook.ask("TRUNCATE incidents, incident_events, incident_artifacts, backlog_items, daybook_export");
        } else {
            ingest(daybook, 3'000, "more" + std::to_string(kill) + "-");
        }
        const auto begun = std::chrono::steady_clock::now();
        Background exporting(daybook.command({"export", "postgres"}, daybook.url()), daybook.directory().string());
        // The random point: not a wait for anything.
        const auto point = begun + std::chrono::microseconds(random() % (load ? 900'000 : 400'000));
        std::this_thread::sleep_until(point);
        switch (random() % 3) {
            case 0:
                exporting.signal(SIGKILL);
                ++killed_daybook;
                break;
            case 1: killed_backend += server.kill_backend(daybook.url()) ? 1 : 0; break;
            default:
                server.stop(random() % 2 == 0);
                server.start();
                ++stopped_server;
        }
        exporting.wait();
        server.wait_until_ready();
        INFO("kill " << kill << ", " << (load ? "load" : "increment"));
        const Outcome after = daybook.run({"export", "postgres"});
        INFO(after.err);
        REQUIRE(after.status == 0);
        REQUIRE(daybook.holds_the_journal());
    }
    INFO(killed_daybook << " of daybook, " << killed_backend << " of a backend, " << stopped_server << " of the server");
    CHECK(daybook.ask(
              "SELECT count(*) = count(DISTINCT seq) AND count(*) = (SELECT seq FROM daybook_export) FROM incident_events") == "t");
}
