// INCIDENT_BACKEND: where the layouts go, by `export` and under `serve`, with PostgreSQL coming and going.
#include <csignal>
#include <optional>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "projections/postgres.hpp"
#include "tests/integration/postgres_program.hpp"
#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

std::string create(const PostgresProgram& daybook, const std::string& title) {
    return daybook.out({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", title});
}

// How many events the files in ops/incidents hold; the files belong together.
std::uint64_t size_of_files(const Program& daybook) {
    const auto file = daybook / "ops/incidents/export.json";
    if (!std::filesystem::exists(file)) return 0;
    return Json::parse(read_file(file))["size"];
}

std::uint64_t journal_size(const Program& daybook) { return Json::parse(daybook.out({"stats", "-o", "json"}))["journal_size"]; }

// A server on a free port that follows, started by way of env(1).
class Following {
public:
    Following(const PostgresProgram& daybook, std::vector<std::string> options)
        : process_(command(daybook, std::move(options)), daybook.directory().string()) {
        const std::string line = process_.line_with("listening on http://");
        port_ = static_cast<std::uint16_t>(std::stoul(line.substr(line.find("127.0.0.1:") + 10)));
    }
    Json ready() const { return Json::parse(HttpClient(port_).get("/readyz").body); }
    Json state_of(const std::string& layout) const {
        const Json now = ready();
        for (const Json& one : now["exports"]) {
            if (one["layout"] == layout) return one;
        }
        return Json::object({{"lag_events", -1}, {"late", false}});
    }
    std::string metrics() const { return HttpClient(port_).get("/metrics").body; }
    Background& process() { return process_; }
    int stop() {
        process_.signal(SIGTERM);
        return process_.wait();
    }

private:
    static std::vector<std::string> command(const PostgresProgram& daybook, std::vector<std::string> options) {
        std::vector<std::string> words{"serve", "--listen", "127.0.0.1:0", "--log", "json"};
        words.insert(words.end(), options.begin(), options.end());
        return daybook.command(words, daybook.url());
    }
    Background process_;
    std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("export without a word writes what INCIDENT_BACKEND says, and auto heals both layouts", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    const std::string away = "postgresql://daybook:correct-horse@127.0.0.1:" + std::to_string(free_port()) + "/x";
    const std::string id = create(daybook, "one");
    const auto export_to = [&](const std::string& backend, const std::string& url) {
        return daybook.run_at(url, {"export", "--backend", backend});
    };
    CHECK(export_to("auto", daybook.url()).status == 0);
    CHECK(size_of_files(daybook) == 0);
    CHECK(daybook.ask("SELECT seq FROM daybook_export") == "1");
    daybook.out({"-q", "note", id, "the database goes away"});
    const Outcome late = export_to("postgres", away);
    CHECK(late.status == 1);
    CHECK(size_of_files(daybook) == 0);
    const Outcome fallen_back = export_to("auto", away);
    INFO(fallen_back.err);
    CHECK(fallen_back.status == 0);
    CHECK(fallen_back.err.find("the JSONL layout has it all") != std::string::npos);
    CHECK(size_of_files(daybook) == 2);
    daybook.out({"-q", "note", id, "and comes back"});
    CHECK(export_to("auto", daybook.url()).status == 0);
    CHECK(size_of_files(daybook) == 3);
    CHECK(daybook.holds_the_journal());
    daybook.out({"-q", "note", id, "files alone"});
    CHECK(daybook.run_at("", {"export"}).status == 0);
    CHECK(size_of_files(daybook) == 4);
    CHECK(daybook.ask("SELECT seq FROM daybook_export") == "3");
    CHECK(daybook.run_at("", {"export", "--backend", "sqlite"}).status == 2);
    CHECK(daybook.run_at("", {"export", "--backend", "postgres"}).status == 2);
    // What fails for another reason than a lost connection is told, and the files are written all the same.
    const std::string wrong = PostgresServer::shared().url("no_database");
    daybook.out({"-q", "note", id, "wrong database"});
    CHECK(export_to("auto", wrong).status == 1);
    CHECK(size_of_files(daybook) == 5);
}

TEST_CASE("under serve with auto, an outage of the database leaves both layouts complete, and nothing twice", "[postgres][serve]") {
    if (no_postgres()) return;
    PostgresServer& server = PostgresServer::shared();
    const MigratedProgram daybook;
    const std::string id = create(daybook, "before");
    Following serving(daybook, {"--backend", "auto", "--retry-after", "1"});
    CHECK(becomes_true([&] { return daybook.ask("SELECT seq FROM daybook_export") == "1"; }));
    CHECK(size_of_files(daybook) == 0);

    server.stop();
    daybook.out({"-q", "note", id, "while it is away"});
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    CHECK(becomes_true([&] { return size_of_files(daybook) == journal_size(daybook); }));
    CHECK(becomes_true([&] { return serving.state_of("postgres")["late"] == true; }));
    CHECK(serving.state_of("postgres")["lag_events"] > 0);
    CHECK(serving.ready()["ok"] == true);
    CHECK(serving.metrics().find("daybook_export_late{layout=\"postgres\"} 1") != std::string::npos);

    server.start();
    CHECK(becomes_true([&] { return serving.state_of("postgres")["lag_events"] == 0; }));
    CHECK(serving.state_of("postgres")["late"] == false);
    daybook.out({"-q", "note", id, "after it came back"});
    CHECK(becomes_true(
        [&] { return serving.state_of("postgres")["lag_events"] == 0 && serving.state_of("jsonl")["lag_events"] == 0; }));
    CHECK(size_of_files(daybook) == journal_size(daybook));
    CHECK(daybook.holds_the_journal());
    CHECK(daybook.ask("SELECT count(*) FROM incident_events") ==
          std::to_string(lines_of(read_file(daybook / "ops/incidents/events.jsonl")).size()));
    const std::string said = serving.process().said();
    CHECK(said.find("the export is late") != std::string::npos);
    CHECK(said.find("up to date again") != std::string::npos);
    CHECK(said.find("correct-horse") == std::string::npos);
    CHECK(serving.stop() == 0);
}

TEST_CASE("serve keeps the JSONL layout up to date unless told otherwise, and postgres alone catches up after an outage",
          "[postgres][serve]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    const std::string id = create(daybook, "one");
    {
        Following serving(daybook, {});
        daybook.out({"-q", "note", id, "two"});
        CHECK(becomes_true([&] { return size_of_files(daybook) == 2; }));
        CHECK(serving.stop() == 0);
    }
    {
        Following serving(daybook, {"--backend", "none"});
        CHECK(serving.ready()["exports"].empty());
        CHECK(serving.stop() == 0);
    }
    PostgresServer& server = PostgresServer::shared();
    server.stop();
    Following serving(daybook, {"--backend", "postgres", "--retry-after", "1"});
    CHECK(becomes_true([&] { return serving.state_of("postgres")["late"] == true; }));
    daybook.out({"-q", "note", id, "three"});
    CHECK(serving.ready()["exports"].size() == 1);
    server.start();
    CHECK(becomes_true([&] { return daybook.ask("SELECT count(*) FROM incident_events") == "3"; }));
    CHECK(size_of_files(daybook) == 2);
    CHECK(daybook.holds_the_journal());
    CHECK(serving.stop() == 0);
}

TEST_CASE("a server that was restarted while nothing happened has the next event within a moment, and nothing is late",
          "[postgres][serve]") {
    if (no_postgres()) return;
    PostgresServer& server = PostgresServer::shared();
    const MigratedProgram daybook;
    const std::string id = create(daybook, "one");
    Following serving(daybook, {"--backend", "auto"});
    REQUIRE(becomes_true([&] { return daybook.ask("SELECT seq FROM daybook_export") == "1"; }));
    server.stop();
    server.start();
    daybook.out({"-q", "note", id, "two"});
    CHECK(becomes_true([&] { return daybook.ask("SELECT seq FROM daybook_export") == "2"; }));
    CHECK(serving.state_of("postgres")["late"] == false);
    CHECK(size_of_files(daybook) == 0);
    CHECK(serving.process().said().find("is late") == std::string::npos);
    CHECK(serving.stop() == 0);
}

TEST_CASE("an export that stays late for another reason says that one too", "[postgres][serve]") {
    if (no_postgres()) return;
    PostgresServer& server = PostgresServer::shared();
    const std::string name = "late_" + std::to_string(server.port());
    const PostgresProgram daybook(server.url(name));
    create(daybook, "one");
    Following serving(daybook, {"--backend", "postgres", "--retry-after", "1"});
    serving.process().line_with("does not exist: see that the URL names a database");
    PostgresServer::ask(server.url("postgres"), "CREATE DATABASE " + name);
    serving.process().line_with("run `daybook migrate postgres`");
    REQUIRE(daybook.run({"migrate", "postgres"}).status == 0);
    serving.process().line_with("the export is up to date again");
    CHECK(serving.stop() == 0);
}

TEST_CASE("the job of exports tells what is wrong with each layout", "[postgres][jobs]") {
    if (no_postgres()) return;
    const PostgresProgram daybook(PostgresServer::shared().url("no_database"));
    create(daybook, "one");
    daybook.write("ops", "in the way of the files");
    const Outcome outcome = daybook.run({"-o", "jsonl", "jobs", "run", "export", "--backend", "auto"});
    CHECK(outcome.status == 1);
    CHECK(Json::parse(outcome.out)["error"].get<std::string>().find("role that there are; cannot make") != std::string::npos);
}

TEST_CASE("export postgres --follow brings each event within a moment, also after the server was away", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    const std::string id = create(daybook, "one");
    Background following(daybook.command({"export", "postgres", "--follow"}, daybook.url()), daybook.directory().string());
    following.line_with("following it");
    daybook.out({"-q", "note", id, "two"});
    CHECK(becomes_true([&] { return daybook.ask("SELECT count(*) FROM incident_events") == "2"; }));
    PostgresServer& server = PostgresServer::shared();
    server.stop();
    daybook.out({"-q", "note", id, "three"});
    following.line_with("trying again until it works");
    server.start();
    CHECK(becomes_true([&] { return daybook.ask("SELECT count(*) FROM incident_events") == "3"; }));
    following.signal(SIGINT);
    CHECK(following.wait() == 0);
    CHECK(daybook.holds_the_journal());
}

TEST_CASE("a follower that another transaction was in the way of tries again", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    const std::string id = create(daybook, "one");
    Background following(daybook.command({"export", "postgres", "--follow", "--statement-timeout", "1"}, daybook.url()),
                         daybook.directory().string());
    following.line_with("following it");
    {
        postgres::Options options;
        options.url = daybook.url();
        postgres::Connection holder(options);
        holder.execute("BEGIN; LOCK TABLE daybook_export IN EXCLUSIVE MODE");
        daybook.out({"-q", "note", id, "two"});
        following.line_with("trying again until it works");
    }
    CHECK(becomes_true([&] { return daybook.ask("SELECT count(*) FROM incident_events") == "2"; }));
    following.signal(SIGINT);
    CHECK(following.wait() == 0);
}

TEST_CASE("a migration waits for an export before it takes any lock that the export will want", "[postgres]") {
    if (no_postgres()) return;
    const MigratedProgram daybook;
    std::optional<Background> migrating;
    {
        postgres::Options options;
        options.url = daybook.url();
        postgres::Connection exporting(options);
        exporting.execute("BEGIN; LOCK TABLE daybook_export IN EXCLUSIVE MODE");
        migrating.emplace(daybook.command({"migrate", "postgres"}, daybook.url()), daybook.directory().string());
        REQUIRE(becomes_true([&] { return daybook.ask("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1"; }));
        CHECK(daybook.ask("SELECT count(*) FROM pg_locks WHERE relation IN ('incidents'::regclass, 'incident_events'::regclass)") ==
              "0");
        exporting.execute("SELECT * FROM incidents FOR UPDATE; COMMIT");
    }
    CHECK(migrating->wait() == 0);
}
