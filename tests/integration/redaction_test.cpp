// Redaction through the real binary: every file is searched for the secret, byte by byte.
#include <algorithm>
#include <csignal>
#include <filesystem>

#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "journal/journal.hpp"
#include "journal/redaction.hpp"
#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr const char* marker = "hunter2-SECRET-marker";

std::vector<std::string> files_with_marker(const std::filesystem::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (entry.is_regular_file() && read_file(entry.path()).find(marker) != std::string::npos)
            names.push_back(entry.path().lexically_relative(directory).string());
    }
    return names;
}

std::string all(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += name + '\n';
    return text;
}

// An incident whose texts all hold the marker, and one that has nothing to do with it.
std::string fill(const Program& daybook) {
    const std::string text = marker;
    const std::string id = daybook.out({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", text,
                                        "--summary", "summary " + text, "--label", "token=" + text});
    daybook.out({"-q", "note", id, "the password is " + text});
    write_file(daybook / "dump.txt", std::string(9000, 'x') + text);
    daybook.out({"-q", "artifact", "attach", id, "dump.txt", "--kind", "log"});
    std::filesystem::remove(daybook / "dump.txt");
    daybook.out({"-q", "incident", "update", id, "--title", "again " + text});
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    return id;
}

JournalOptions options_at(std::string_view time, Entropy& entropy) {
    JournalOptions options;
    options.clock = [now = at(time)] { return now; };
    options.entropy = &entropy;
    return options;
}

}  // namespace

TEST_CASE("a secret is in no file any more once its events are redacted", "[redact]") {
    const Program daybook;
    const std::string id = fill(daybook);
    daybook.out({"-q", "export", "jsonl", "layout"});
    daybook.out({"-q", "export", "journal", "text"});
    daybook.out({"--now", "2026-12-31T00:00:00Z", "-q", "digest", "weekly", "--save"});
    daybook.out({"-q", "checkpoint", "--save", "old"});
    daybook.out({"-q", "proof", "inclusion", "2"});
    const std::string before = daybook.out({"incident", "show", id, "-o", "json"});
    const auto holding = files_with_marker(daybook.directory());
    INFO(all(holding));
    for (const char* name : {"layout/events.jsonl", "layout/incidents.jsonl", "text/journal.jsonl", "data/journal/data.mdb"}) {
        CHECK(std::find(holding.begin(), holding.end(), name) != holding.end());
    }

    for (const char* sequence : {"1", "2", "3", "4"}) {
        const Outcome outcome = daybook.run({"redact", sequence, "--reason", "a password", "-o", "json"});
        INFO(outcome.err);
        CHECK(outcome.status == 0);
        CHECK(outcome.out.find("\"seq\":" + std::string(sequence)) != std::string::npos);
    }
    CHECK(all(files_with_marker(daybook.directory())) == "");
    CHECK(std::filesystem::is_empty(daybook / "text/blobs"));

    CHECK(daybook.run({"verify"}).status == 0);
    CHECK(daybook.run({"verify", "--checkpoint", "old"}).status == 0);
    CHECK(daybook.run({"replay", "--check"}).status == 0);
    daybook.out({"-q", "evidence", id, "--to", "evidence"});
    const Outcome evidence =
        daybook.run({"verify", "--evidence", "evidence", "--key", daybook.out({"checkpoint", "--vkey"}), "-o", "json"});
    CHECK(evidence.status == 0);
    CHECK(evidence.out.find("\"redacted\":4") != std::string::npos);
    const std::string after = daybook.out({"incident", "show", id, "-o", "json"});
    CHECK(after.find("\"title\":\"[redacted]\"") != std::string::npos);
    CHECK(after.find("\"labels\":{}") != std::string::npos);
    for (const char* field : {"\"event_count\":", "\"created_at\":", "\"updated_at\":"}) {
        const auto value = [&](const std::string& text) {
            return text.substr(text.find(field), text.find(',', text.find(field)) - text.find(field));
        };
        CHECK(value(after) == value(before));
    }
    const auto lines = lines_of(daybook.out({"timeline", id, "-o", "jsonl"}));
    REQUIRE(lines.size() == 4);
    for (const std::string& line : lines) CHECK(line.find("\"message\":\"[redacted]\"") != std::string::npos);
    CHECK(daybook.run({"artifact", "list", id}).status == 0);

    const Program other;
    other.out({"-q", "import", "journal", (daybook / "text").string()});
    CHECK(other.run({"verify"}).status == 0);
    CHECK(other.out({"incident", "show", id, "-o", "json"}) == after);
}

TEST_CASE("a redaction is refused with the reason, and a dry run changes nothing", "[redact]") {
    const Program daybook;
    CHECK(daybook.run({"redact", "1", "--reason", "x", "--dry-run"}).status == 1);
    CHECK_FALSE(std::filesystem::exists(daybook.data()));
    fill(daybook);
    const std::string stats = daybook.out({"stats", "-o", "json"});
    CHECK(daybook.run({"redact"}).status == 2);
    CHECK(daybook.run({"redact", "1"}).status == 2);
    CHECK(daybook.run({"redact", "1", "--reason", ""}).status == 2);
    CHECK(daybook.run({"redact", "99999", "--reason", "x"}).status == 5);
    CHECK(daybook.run({"redact", "2", "--reason", "x", "--dry-run"}).status == 0);
    CHECK(daybook.run({"redact", "99999", "--reason", "x", "--dry-run"}).status == 5);
    CHECK(daybook.out({"stats", "-o", "json"}) == stats);
    CHECK(daybook.run({"redact", "2", "--reason", "x"}).status == 0);
    CHECK(daybook.run({"redact", "2", "--reason", "x"}).status == 6);
    CHECK(daybook.run({"redact", "--finish"}).err.find("no redaction is unfinished") != std::string::npos);
}

TEST_CASE("a redaction is refused while another process has the journal open", "[redact]") {
    const Program daybook;
    fill(daybook);
    {
        SystemEntropy entropy;
        JournalOptions options = options_at("2026-02-23T10:00:00Z", entropy);
        options.read_only = true;
        const Journal journal(daybook.data() / "journal", options);
        const Outcome outcome = daybook.run({"redact", "2", "--reason", "x"});
        CHECK(outcome.status == 6);
        CHECK(outcome.err.find("another process has the journal") != std::string::npos);
        CHECK(daybook.run({"note", "inc_20260223_1000_none", "x"}).status == 5);  // everything else goes on
    }
    CHECK(daybook.run({"redact", "2", "--reason", "x"}).status == 0);
}

TEST_CASE("a redaction that was cut short is told, and finished", "[redact]") {
    const Program daybook;
    const std::string id = fill(daybook);
    daybook.out({"-q", "export", "jsonl", "layout"});
    for (const std::uint64_t sequence : {1U, 2U, 3U, 4U}) {  // the transaction, and no more
        SystemEntropy entropy;
        Journal journal(daybook.data() / "journal", options_at("2099-01-01T00:00:00Z", entropy));
        REQUIRE(journal.append(redaction({{sequence}, "a password", "ada", "cli", at("2026-02-24T00:00:00Z")})));
    }
    CHECK_FALSE(files_with_marker(daybook.data()).empty());
    CHECK(daybook.run({"verify"}).err.find("a redaction was not finished") != std::string::npos);
    CHECK(daybook.run({"redact", "--finish"}).status == 0);
    CHECK(all(files_with_marker(daybook.directory())) == "");
    CHECK(daybook.run({"verify"}).err.find("not finished") == std::string::npos);
}

TEST_CASE("an export that cannot be written again is named, and waits for its turn", "[redact]") {
    const Program daybook;
    fill(daybook);
    daybook.out({"-q", "export", "jsonl", "layout"});
    std::filesystem::remove(daybook / "layout/events.jsonl");
    std::filesystem::create_directory(daybook / "layout/events.jsonl");  // in its way
    const Outcome outcome = daybook.run({"redact", "2", "--reason", "x"});
    CHECK(outcome.status == 1);
    CHECK(outcome.err.find("the JSONL layout in") != std::string::npos);
    CHECK(daybook.run({"verify"}).err.find("a redaction was not finished") != std::string::npos);
    std::filesystem::remove(daybook / "layout/events.jsonl");
    CHECK(daybook.run({"redact", "--finish"}).status == 0);
    CHECK(daybook.run({"verify"}).err.find("not finished") == std::string::npos);
}

TEST_CASE("a redaction after a restore finds what was written out before the backup", "[redact][backup]") {
    const Program daybook;
    fill(daybook);
    daybook.out({"-q", "export", "jsonl"});
    daybook.out({"-q", "export", "journal"});
    daybook.out({"--now", "2026-12-31T00:00:00Z", "-q", "digest", "weekly", "--save"});
    const bool knows = GENERATE(true, false);
    if (knows) daybook.out({"-q", "export", "jsonl", "elsewhere"});
    daybook.out({"-q", "backup", "backup", "--with-private-key"});
    CHECK(std::filesystem::exists(daybook / "backup/exports.jsonl"));
    if (!knows) std::filesystem::remove(daybook / "backup/exports.jsonl");  // a backup of before
    std::filesystem::remove_all(daybook.data());
    const Outcome restored = daybook.run({"restore", "backup"});
    REQUIRE(restored.status == 0);
    CHECK((restored.err.find("no export of this journal is known") == std::string::npos) == knows);
    CHECK((restored.err.find("exports.jsonl names") != std::string::npos) == knows);
    std::filesystem::remove_all(daybook / "backup");
    for (const char* sequence : {"1", "2", "3", "4"}) {
        const Outcome outcome = daybook.run({"redact", sequence, "--reason", "a password"});
        INFO(outcome.err);
        CHECK(outcome.status == 0);
        CHECK(outcome.err.find("written again: the JSONL layout") != std::string::npos);
    }
    CHECK(all(files_with_marker(daybook.directory())) == "");
}

TEST_CASE("a redaction leaves files alone that are not known to be of its journal, and names them", "[redact]") {
    const Program daybook;
    fill(daybook);
    const Program other;
    fill(other);
    for (const char* command : {"jsonl", "journal"}) other.out({"-q", "export", command});
    std::filesystem::rename(other / "ops", daybook / "ops");
    std::filesystem::rename(other / "daybook-export", daybook / "daybook-export");
    daybook.write("ops/backlog/items.jsonl", "{\"item_id\":\"bl_1\",\"seq\":2}\n");
    const Outcome outcome = daybook.run({"redact", "2", "--reason", "x"});
    INFO(outcome.err);
    CHECK(outcome.status == 0);
    for (const char* directory : {"ops/incidents", "daybook-export", "ops/backlog"}) {
        CHECK(outcome.err.find(std::string(directory) + " holds files that are not known") != std::string::npos);
    }
    CHECK(outcome.err.find("no export of this journal is known") != std::string::npos);
    CHECK(files_with_marker(daybook / "ops").size() > 2);
}

TEST_CASE("the drop folder's files are named where there are any", "[redact]") {
    const Program daybook;
    fill(daybook);
    daybook.write("ops/alerts/incoming/a.jsonl", read_file(project_file("fixtures/triage/monday.jsonl")));
    daybook.out({"-q", "jobs", "run", "alert_triage_loop"});
    const Outcome outcome = daybook.run({"redact", "2", "--reason", "x"});
    CHECK(outcome.err.find("ops/alerts/done holds files") != std::string::npos);
    CHECK(outcome.err.find("ops/alerts/bad holds files") == std::string::npos);
}

TEST_CASE("a redaction is done to its end though nobody reads what it says", "[redact]") {
    const Program daybook;
    fill(daybook);
    const pid_t process = ::fork();
    if (process == 0) {
        int ends[2];
        if (::pipe(ends) != 0) ::_exit(125);
        ::close(ends[0]);
        ::dup2(ends[1], STDOUT_FILENO);
        ::dup2(ends[1], STDERR_FILENO);
        std::signal(SIGPIPE, SIG_DFL);
        ::execl(daybook_program().c_str(), "daybook", "--data", daybook.data().c_str(), "redact", "2", "--reason", "x", nullptr);
        ::_exit(126);
    }
    int status = 0;
    REQUIRE(::waitpid(process, &status, 0) == process);
    CHECK(WIFEXITED(status));
    CHECK(daybook.run({"redact", "2", "--reason", "x"}).status == 6);
    CHECK(daybook.run({"verify"}).err.find("not finished") == std::string::npos);
}

TEST_CASE("nothing is exported to a place that a redaction could not find again", "[redact]") {
    const Program daybook;
    fill(daybook);
    for (const char* layout : {"jsonl", "journal"}) {
        const Outcome outcome = daybook.run({"export", layout, "caf\xe9"});
        CHECK(outcome.status == 1);
        CHECK(outcome.err.find("its name is not valid UTF-8") != std::string::npos);
    }
    CHECK_FALSE(std::filesystem::exists(daybook / "caf\xe9"));
}

TEST_CASE("an artifact that is redacted goes from every directory that exports of one layout put artifacts in", "[redact]") {
    const Program daybook;
    fill(daybook);
    for (const char* artifacts : {"first", "second"}) {
        const Outcome exported = run({"env", std::string("INCIDENT_ARTIFACTS_DIR=") + artifacts, daybook_program(), "--data",
                                      daybook.data().string(), "export", "jsonl", "layout"},
                                     {}, daybook.directory());
        REQUIRE(exported.status == 0);
    }
    REQUIRE(files_with_marker(daybook / "first").size() == 1);
    REQUIRE(files_with_marker(daybook / "second").size() == 1);
    SECTION("by the redaction") { REQUIRE(daybook.run({"redact", "3", "--reason", "a password"}).status == 0); }
    SECTION("by an export that comes before the redaction is finished") {
        {
            SystemEntropy entropy;
            Journal journal(daybook.data() / "journal", options_at("2099-01-01T00:00:00Z", entropy));
            REQUIRE(journal.append(redaction({{3}, "a password", "ada", "cli", at("2026-02-24T00:00:00Z")})));
        }
        REQUIRE(run({"env", "INCIDENT_ARTIFACTS_DIR=second", daybook_program(), "--data", daybook.data().string(), "export",
                     "--jsonl", "layout"},
                    {}, daybook.directory())
                    .status == 0);
        REQUIRE(daybook.run({"redact", "--finish"}).status == 0);
    }
    CHECK(all(files_with_marker(daybook / "first")) == "");
    CHECK(all(files_with_marker(daybook / "second")) == "");
}

TEST_CASE("dead letters are named where there are any", "[redact]") {
    const Program daybook;
    fill(daybook);
    CHECK(daybook.run({"redact", "2", "--reason", "x"}).err.find("dead-letters") == std::string::npos);
    daybook.run({"ingest", "-"}, std::string("{\"no\":\"") + marker + "\"}\n");
    CHECK(daybook.run({"redact", "3", "--reason", "x"}).err.find("dead-letters.jsonl holds lines") != std::string::npos);
}

TEST_CASE("a redacted row of a layout is refused with the way that works", "[redact]") {
    const Program daybook;
    std::filesystem::create_directories(daybook / "layout");
    write_file(daybook / "layout/incidents.jsonl", "");
    write_file(
        daybook / "layout/events.jsonl",
        "{\"incident_id\":\"inc_20260223_1000_abcd\",\"ts\":\"2026-02-23T10:00:00Z\",\"type\":\"redacted\",\"message\":\"x\","
        "\"meta\":{\"redacts\":1}}\n");
    const Outcome outcome = daybook.run({"import", "jsonl", "layout"});
    CHECK(outcome.status == 3);
    CHECK(outcome.err.find("daybook import journal") != std::string::npos);
}

TEST_CASE("a redaction names the events and artifacts that took the text over, and no others", "[redact]") {
    const Program daybook;
    const auto at_ten = [&](std::vector<std::string> command) {
        command.insert(command.begin(), {"-q", "--now", "2026-02-18T10:00:00Z"});
        return daybook.out(command);
    };
    const std::string id =
        at_ten({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", "5xx of the gateway"});
    at_ten({"note", id, "nothing to hide here"});
    at_ten({"followup", "add", id, std::string("Rotate \"the\" key_of *") + marker, "--due", "2026-02-19"});
    daybook.out({"-q", "--now", "2026-02-23T09:00:00Z", "jobs", "run", "weekly_backlog_generate"});
    daybook.out({"-q", "--now", "2026-02-23T09:00:00Z", "postmortem", id, "--save"});
    const auto sequence_of = [&](const std::string& type) {
        const std::string line = lines_of(daybook.out({"events", "--type", type, "-o", "jsonl"})).front();
        return line.substr(7, line.find(',') - 7);  // {"seq":N,
    };
    const std::string promised = sequence_of("followup");
    const std::string item = sequence_of("backlog_item");
    for (const bool dry_run : {true, false}) {
        std::vector<std::string> command{"redact", promised, "--reason", "a key"};
        if (dry_run) command.emplace_back("--dry-run");
        const Outcome outcome = daybook.run(command);
        INFO(outcome.err);
        CHECK(outcome.status == 0);
        CHECK(outcome.err.find("redact them too: seq " + item + " (backlog_item), ") != std::string::npos);
        CHECK(outcome.err.find(" (artifact_attached)") != std::string::npos);
        CHECK(outcome.err.find("(note)") == std::string::npos);
        CHECK(outcome.err.find("(incident_created)") == std::string::npos);
    }
    for (const std::string& line : lines_of(daybook.out({"events", "--type", "artifact_attached", "-o", "jsonl"}))) {
        CHECK(daybook.run({"redact", line.substr(7, line.find(',') - 7), "--reason", "a key"}).status == 0);
    }
    CHECK(daybook.run({"redact", item, "--reason", "a key"}).err.find("redact them too") == std::string::npos);
    CHECK(all(files_with_marker(daybook.directory())) == "");
}
