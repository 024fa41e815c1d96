// The table backlog_items: filled by the job and by exports, checked, mended, redacted.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/postgres_program.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

constexpr const char* monday = "2026-02-23T08:00:00Z";
constexpr const char* all_items = "SELECT to_jsonb(b) FROM backlog_items b ORDER BY seq";

struct Team : MigratedProgram {
    Team() {
        id = out({"-q", "--now", "2026-02-18T10:00:00Z", "incident", "create", "--service", "gateway", "--severity", "P1",
                  "--title", "5xx"});
        promise("Add a canary");
    }
    void promise(const std::string& title) const {
        out({"-q", "--now", "2026-02-18T11:00:00Z", "followup", "add", id, title, "--due", "2026-02-19"});
    }
    Outcome generate(const std::string& backend, const std::string& at_url) const {
        return run_at(at_url, {"--now", monday, "-o", "jsonl", "jobs", "run", "weekly_backlog_generate", "--backend", backend});
    }
    // What the table should hold: the lines of the job's file, in the form of jsonb.
    std::string items_of_file() const {
        std::string rows;
        for (const std::string& line : lines_of(read_file(*this / "ops/backlog/items.jsonl"))) {
            if (!rows.empty()) rows += '\n';
            rows += ask("SELECT to_jsonb(r) FROM jsonb_populate_record(NULL::backlog_items, $line$" + line + "$line$) r");
        }
        return rows;
    }
    std::string id;
};

void must(const Outcome& outcome) {
    INFO(outcome.out << outcome.err);
    REQUIRE(outcome.status == 0);
}

}  // namespace

TEST_CASE("backlog_items holds the lines of items.jsonl, whether they were loaded, exported or brought by the job", "[postgres]") {
    if (no_postgres()) return;
    const Team daybook;
    must(daybook.generate("jsonl", daybook.url()));
    CHECK(daybook.ask(all_items).empty());  // the tables are not the layout that was asked for
    must(daybook.run({"export", "postgres"}));
    CHECK(lines_of(daybook.ask(all_items)).size() == 1);
    CHECK(daybook.ask(all_items) == daybook.items_of_file());

    daybook.promise("Alert on the queue's length");
    must(daybook.generate("postgres", daybook.url()));
    CHECK(lines_of(daybook.ask(all_items)).size() == 2);
    CHECK(daybook.ask(all_items) == daybook.items_of_file());
    CHECK_FALSE(std::filesystem::exists(daybook / "ops/incidents"));

    daybook.promise("Write down who is on call");
    must(daybook.generate("none", daybook.url()));
    const Outcome exported = daybook.run({"export", "postgres", "-o", "json"});
    must(exported);
    CHECK(Json::parse(exported.out)["backlog_items"] == 1);
    CHECK(daybook.ask(all_items) == daybook.items_of_file());
    CHECK(daybook.holds_the_journal());

    const std::string other = PostgresServer::shared().new_database();
    must(daybook.run_at(other, {"migrate", "postgres"}));
    must(daybook.run_at(other, {"export", "postgres"}));
    CHECK(PostgresServer::ask(other, all_items) == daybook.ask(all_items));
}

TEST_CASE("a backlog whose table can't be reached is in its file, and the run says so unless the files are enough", "[postgres]") {
    if (no_postgres()) return;
    const Team daybook;
    const std::string nowhere = "postgresql://daybook@127.0.0.1:1/none";
    const Outcome failed = daybook.generate("postgres", nowhere);
    CHECK(failed.status == 1);
    CHECK(Json::parse(failed.out)["error"].get<std::string>().find("port 1 failed") != std::string::npos);
    CHECK(lines_of(read_file(daybook / "ops/backlog/items.jsonl")).size() == 1);
    must(daybook.generate("auto", nowhere));
    must(daybook.generate("postgres", daybook.url()));  // the next run makes up for it, though nothing is new
    CHECK(daybook.ask(all_items) == daybook.items_of_file());
}

TEST_CASE("a check names a backlog that differs, and a repair mends it", "[postgres]") {
    if (no_postgres()) return;
    const Team daybook;
    daybook.promise("Alert on the queue's length");
    must(daybook.generate("postgres", daybook.url()));
    const std::string whole = daybook.ask(all_items);
    REQUIRE(lines_of(whole).size() == 2);
    for (const std::string damage : {"DELETE FROM backlog_items WHERE seq = (SELECT min(seq) FROM backlog_items)",
                                     "UPDATE backlog_items SET title = 'done already'",
                                     "INSERT INTO backlog_items (seq, item_id) VALUES (900000, 'slipped in')"}) {
        INFO(damage);
        daybook.ask(damage);
        const Outcome check = daybook.run({"export", "postgres", "--check", "-o", "jsonl"});
        CHECK(check.status == 3);
        REQUIRE(lines_of(check.out).size() == 1);
        CHECK(Json::parse(check.out)["incident_id"] == "$backlog");
        must(daybook.run({"export", "postgres", "--repair"}));
        CHECK(daybook.ask(all_items) == whole);
        CHECK(daybook.holds_the_journal());
    }
}

TEST_CASE("a secret that was redacted in a backlog item is in the table no more", "[postgres][redact]") {
    if (no_postgres()) return;
    const Team daybook;
    daybook.promise("Rotate hunter2-marker");
    must(daybook.generate("postgres", daybook.url()));
    const std::string holding = "SELECT count(*) FROM backlog_items b WHERE b::text LIKE '%hunter2%'";
    CHECK(daybook.ask(holding) == "1");
    const std::string sequence = daybook.ask("SELECT seq FROM backlog_items WHERE title LIKE '%hunter2%'");
    must(daybook.run({"redact", sequence, "--reason", "a password"}));
    CHECK(daybook.ask(holding) == "0");
    CHECK(daybook.ask("SELECT title FROM backlog_items WHERE seq = " + sequence) == "[redacted]");
    CHECK(daybook.ask("SELECT count(*) FROM backlog_items") == "2");
    CHECK(daybook.holds_the_journal());
}

TEST_CASE("a table backlog_items that somebody else made keeps its rows until they are moved", "[postgres]") {
    if (no_postgres()) return;
    const Team daybook;
    const std::string url = PostgresServer::shared().new_database();
    PostgresServer::ask(url,
                        "CREATE TABLE backlog_items (id serial PRIMARY KEY, title varchar(80) NOT NULL, created_at timestamp)");
    PostgresServer::ask(url, "INSERT INTO backlog_items (title) VALUES ('theirs')");
    for (int run = 0; run < 2; ++run) must(daybook.run_at(url, {"migrate", "postgres"}));
    CHECK(PostgresServer::ask(url, "SELECT seq, title FROM backlog_items") == "-1|theirs");
    must(daybook.generate("none", url));
    CHECK(daybook.run_at(url, {"export", "postgres"}).status == 6);
    const Outcome repair = daybook.run_at(url, {"export", "postgres", "--repair"});
    CHECK(repair.status == 6);
    CHECK(repair.err.find("move them to a table of another name") != std::string::npos);
    CHECK(PostgresServer::ask(url, "SELECT seq, title FROM backlog_items") == "-1|theirs");
    PostgresServer::ask(url, "CREATE TABLE ideas AS SELECT * FROM backlog_items");
    PostgresServer::ask(url, "DELETE FROM backlog_items");
    must(daybook.run_at(url, {"export", "postgres"}));
    CHECK(PostgresServer::ask(url, "SELECT count(*) FROM backlog_items WHERE seq > 0") == "1");
}
