// Redaction and the places that were exported to: the tables, and what is not this journal's any more.
#include <catch2/catch.hpp>

#include "tests/integration/postgres_program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

bool says(const Outcome& outcome, const std::string& text) {
    UNSCOPED_INFO(outcome.err);
    return outcome.err.find(text) != std::string::npos;
}

// An incident, and a note whose seq is 2 that holds a secret.
void write_secret(const PostgresProgram& daybook) {
    const std::string id = daybook.out({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", "5xx"});
    daybook.out({"-q", "note", id, "the password is hunter2-marker"});
}

Outcome redact(const PostgresProgram& daybook) { return daybook.run({"redact", "2", "--reason", "a password"}); }

bool is_finished(const PostgresProgram& daybook) { return !says(daybook.run({"verify"}), "not finished"); }

constexpr const char* holding = "SELECT count(*) FROM incident_events r WHERE r::text LIKE '%hunter2%'";

}  // namespace

TEST_CASE("what is redacted is redacted in the tables too, by the redaction itself or by the next export", "[postgres][redact]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    const std::string id =
        daybook.out({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", "hunter2-marker"});
    daybook.out({"-q", "note", id, "the password is hunter2-marker"});
    write_file(daybook / "hunter2-marker.txt", "secret");
    daybook.out({"-q", "artifact", "attach", id, "hunter2-marker.txt", "--kind", "log"});
    daybook.out({"-q", "note", id, "harmless"});
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    const std::string holding =
        "SELECT (SELECT count(*) FROM incidents r WHERE r::text LIKE '%hunter2%') || ' ' || (SELECT count(*) FROM "
        "incident_events r WHERE r::text LIKE '%hunter2%') || ' ' || (SELECT count(*) FROM incident_artifacts r WHERE "
        "r::text LIKE '%hunter2%')";
    CHECK(daybook.ask(holding) == "1 3 1");
    const Outcome first = daybook.run({"redact", "2", "--reason", "a password"});
    INFO(first.err);
    CHECK(first.status == 0);
    CHECK(first.err.find("correct-horse") == std::string::npos);
    CHECK(daybook.ask(holding) == "1 2 1");
    // Without the password the tables can't be reached: that is said, and the rest is done.
    const Outcome second = daybook.Program::run({"redact", "3", "--reason", "a password"});
    CHECK(second.status == 1);
    CHECK(second.err.find("may hold the text yet") != std::string::npos);
    CHECK(daybook.ask(holding) == "1 2 1");
    CHECK(daybook.run({"redact", "--finish"}).status == 0);
    CHECK(daybook.ask(holding) == "1 1 0");
    CHECK(daybook.Program::run({"redact", "1", "--reason", "a password"}).status == 1);
    CHECK(daybook.run({"export", "postgres"}).status == 0);
    CHECK(daybook.ask(holding) == "0 0 0");
    CHECK(daybook.ask("SELECT message FROM incident_events ORDER BY seq") == "[redacted]\n[redacted]\n[redacted]\nharmless");
    CHECK(daybook.run({"redact", "--finish"}).status == 0);
    CHECK(daybook.holds_the_journal());
    CHECK(read_file(daybook.data() / "exports.jsonl").find("correct-horse") == std::string::npos);
}

TEST_CASE("a redaction is finished though a database that was exported to is gone", "[postgres][redact]") {
    if (no_postgres()) return;
    PostgresServer& server = PostgresServer::shared();
    const MigratedProgram daybook;
    write_secret(daybook);
    const std::string old = server.new_database();
    REQUIRE(daybook.run_at(old, {"migrate", "postgres"}).status == 0);
    REQUIRE(daybook.run_at(old, {"export", "postgres"}).status == 0);
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    PostgresServer::ask(server.url("postgres"), "DROP DATABASE " + old.substr(old.rfind('/') + 1));
    const Outcome outcome = redact(daybook);
    CHECK(says(outcome, "there is no such place any more; if it was moved, write it again"));
    CHECK(outcome.status == 0);
    CHECK(is_finished(daybook));
    CHECK(daybook.ask(holding) == "0");
}

TEST_CASE("a database that refused an export is not one of the journal's, and one that became another's is left as it is",
          "[postgres][redact]") {
    if (no_postgres()) return;
    const MigratedProgram theirs;
    write_secret(theirs);
    REQUIRE(theirs.run({"export", "postgres"}).status == 0);
    const PostgresProgram daybook(PostgresServer::shared().new_database());
    REQUIRE(daybook.run({"migrate", "postgres"}).status == 0);
    write_secret(daybook);
    for (const auto& command : std::vector<std::vector<std::string>>{{"export", "postgres"},
                                                                     {"export", "postgres", "--repair"},
                                                                     {"export", "--backend", "postgres"},
                                                                     {"jobs", "run", "export", "--backend", "postgres"}}) {
        CHECK(daybook.run_at(theirs.url(), command).status != 0);
        CHECK_FALSE(std::filesystem::exists(daybook.data() / "exports.jsonl"));
    }
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    daybook.ask("TRUNCATE incidents, incident_events, incident_artifacts, backlog_items, daybook_export");
    REQUIRE(theirs.run_at(daybook.url(), {"export", "postgres"}).status == 0);
    const Outcome outcome = redact(daybook);
    CHECK(says(outcome, "it is another journal's by now"));
    CHECK(outcome.status == 0);
    CHECK(is_finished(daybook));
    CHECK(daybook.ask(holding) == "1");
}

TEST_CASE("a directory that another journal exported to since is left as it is by a redaction", "[postgres][redact]") {
    const PostgresProgram daybook(""), other("");
    write_secret(daybook);
    write_secret(other);
    const std::string layout = (daybook / "layout").string();
    daybook.out({"-q", "export", "jsonl", layout});
    std::filesystem::remove_all(layout);
    other.out({"-q", "export", "jsonl", layout});
    const Outcome outcome = redact(daybook);
    CHECK(says(outcome, "it is another journal's by now"));
    CHECK(outcome.status == 0);
    CHECK(is_finished(daybook));
    CHECK(read_file(layout + "/events.jsonl").find("hunter2") != std::string::npos);
}

TEST_CASE("a redaction finds the tables with DATABASE_URL also where its parameters are others than at the export",
          "[postgres][redact]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    write_secret(daybook);
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    const Outcome outcome =
        daybook.run_at(daybook.url() + "?sslmode=prefer&connect_timeout=9", {"redact", "2", "--reason", "a password"});
    INFO(outcome.err);
    CHECK(outcome.status == 0);
    CHECK(daybook.ask(holding) == "0");
    CHECK(is_finished(daybook));
}

TEST_CASE("a place can be forgotten, and no redaction asks for it any more", "[postgres][redact]") {
    if (no_postgres()) return;
    PostgresServer& server = PostgresServer::shared();
    const MigratedProgram daybook;
    write_secret(daybook);
    daybook.out({"-q", "export", "journal", "text"});
    const std::string kept = server.url(daybook.url().substr(daybook.url().rfind('/') + 1));
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    write_file(daybook / "text/journal.jsonl", "somebody's diary");
    const auto finish = [&](std::vector<std::string> options) {
        options.insert(options.begin(), {"redact", "--finish"});
        return daybook.run_at("", options);  // the tables want a password
    };
    CHECK(daybook.run_at("", {"redact", "2", "--reason", "a password"}).status == 1);
    CHECK(says(finish({}), "`--forget PLACE`"));
    const Outcome unknown = finish({"--forget", "elsewhere"});
    CHECK(unknown.status == 5);
    CHECK(says(unknown, "exports.jsonl names the places"));
    CHECK_FALSE(is_finished(daybook));
    const Outcome finished = finish({"--forget", "text", "--forget", kept});
    CHECK(finished.status == 0);
    CHECK(says(finished, "forgotten, and left as it is: the tables at"));
    CHECK(finished.err.find("correct-horse") == std::string::npos);
    CHECK(is_finished(daybook));
    CHECK(read_file(daybook.data() / "exports.jsonl").empty());
    CHECK(read_file(daybook / "text/journal.jsonl") == "somebody's diary");
    CHECK(daybook.run({"redact", "2", "--forget", "text"}).status == 2);
}

TEST_CASE("a redaction by a role that may not vacuum says who is to do it", "[postgres][redact]") {
    if (no_postgres()) return;
    PostgresServer& server = PostgresServer::shared();
    const MigratedProgram daybook;
    write_secret(daybook);
    daybook.ask("DROP ROLE IF EXISTS writer");
    daybook.ask("CREATE ROLE writer LOGIN PASSWORD 'writer-password'");
    daybook.ask(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON incidents, incident_events, incident_artifacts, backlog_items, daybook_export TO "
        "writer");
    const std::string url = server.url(daybook.url().substr(daybook.url().rfind('/') + 1), "writer", "writer-password");
    REQUIRE(daybook.run_at(url, {"export", "postgres"}).status == 0);
    const Outcome outcome = daybook.run_at(url, {"redact", "2", "--reason", "a password"});
    CHECK(outcome.status == 0);
    CHECK(says(outcome, "as their owner, run VACUUM incidents, incident_events, incident_artifacts, backlog_items"));
    CHECK(daybook.ask(holding) == "0");
    daybook.ask("DROP OWNED BY writer");
    // The owner is told nothing of it.
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    CHECK_FALSE(says(daybook.run({"redact", "1", "--reason", "a password"}), "run VACUUM"));
}
