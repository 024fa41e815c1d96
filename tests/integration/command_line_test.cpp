// The command line as its users meet it: what it prints, where, and with which exit status.
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

const char* const morning = "2026-02-23T10:05:00Z";

std::string create(const Program& daybook) {
    return daybook.out({"--now", morning, "incident", "create", "--service", "gateway", "--severity", "P1", "--title",
                        "Gateway 5xx", "--started-at", "2026-02-23T10:00:00Z"});
}

}  // namespace

TEST_CASE("create prints the incident's id and nothing else to standard output") {
    const Program daybook;
    const std::string id = create(daybook);
    CHECK(is_incident_id(id));
    CHECK(id.starts_with("inc_20260223_1000_"));
    CHECK(daybook.out({"incident", "list", "--ids"}) == id);
}

TEST_CASE("each kind of failure has its own exit status") {
    const Program daybook;
    CHECK(daybook.run({"incident", "list"}).status == 1);  // there is no journal
    CHECK(daybook.run({}).status == 2);
    CHECK(daybook.run({"nonsense"}).status == 2);
    CHECK(daybook.run({"incident", "create", "--service", "x"}).status == 2);
    const std::string id = create(daybook);
    CHECK(daybook.run({"incident", "severity", id, "P9"}).status == 2);
    CHECK(daybook.run({"incident", "show", "inc_20260223_1000_aaaa"}).status == 5);
    CHECK(daybook.run({"followup", "done", "fu_nothing"}).status == 5);
    CHECK(daybook.run({"incident", "close", id, "--expected-version", "7"}).status == 6);
    CHECK(daybook.run({"incident", "close", id}).status == 0);
    CHECK(daybook.run({"incident", "resolve", id}).status == 6);
    CHECK(daybook.run({"ingest", "-"}, "no json\n").status == 3);
}

TEST_CASE("what a person names and is not there is not found, whatever it is and whichever command it is for") {
    const Program daybook;
    create(daybook);
    for (const std::string id : {"inc_20260223_1000_aaaa", "incident 7"}) {
        for (const auto& command : std::vector<std::vector<std::string>>{{"incident", "show", id},
                                                                         {"incident", "ack", id},
                                                                         {"incident", "link", id, "caused_by", id + "b"},
                                                                         {"incident", "diff", id, "--from", "1"},
                                                                         {"timeline", id},
                                                                         {"events", "--incident", id},
                                                                         {"note", id, "text"},
                                                                         {"correct", id, "1", "text"},
                                                                         {"followup", "add", id, "title"},
                                                                         {"followup", "list", id},
                                                                         {"artifact", "list", id},
                                                                         {"evidence", id}}) {
            const Outcome outcome = daybook.run(command);
            INFO(command.front() << ' ' << command[1]);
            CHECK(outcome.status == 5);
            CHECK(outcome.err.starts_with("daybook: error: no such incident"));
            CHECK(outcome.err.find(id) != std::string::npos);
        }
    }
    CHECK(daybook.run({"events", "--incident", "$jobs"}).status == 0);  // a stream without events yet
    const std::string id = daybook.out({"incident", "list", "--ids"});
    for (const auto& command : std::vector<std::vector<std::string>>{{"ingest", "absent"},
                                                                     {"import", "jsonl", "absent"},
                                                                     {"import", "journal", "absent"},
                                                                     {"artifact", "attach", id, "absent"},
                                                                     {"verify", "--checkpoint", "absent"},
                                                                     {"restore", "absent"}}) {
        const Outcome outcome = daybook.run(command);
        INFO(command.front());
        CHECK(outcome.status == 5);
        CHECK(outcome.err.find("there is no absent") != std::string::npos);
    }
}

TEST_CASE("a file or a data directory that this user may not read is a matter of permission, and is named") {
    const Program daybook;
    create(daybook);
    write_file(daybook / "feed.jsonl", "");
    std::filesystem::permissions(daybook / "feed.jsonl", std::filesystem::perms::none);
    std::filesystem::permissions(daybook.directory(), std::filesystem::perms::all);
    const auto as_nobody = [&](const std::vector<std::string>& arguments) {
        return without_root([&] {
            const Outcome outcome = daybook.run(arguments);
            return std::to_string(outcome.status) + ' ' + outcome.err;
        });
    };
    for (const auto& command : std::vector<std::vector<std::string>>{{"stats"}, {"verify"}, {"note", "x", "y"}}) {
        const std::string answer = as_nobody(command);
        CHECK(answer.starts_with("4 daybook: error: this user may not look at " + daybook.data().string()));
    }
    CHECK(as_nobody({"ingest", "feed.jsonl"})
              .starts_with("4 daybook: error: this user may not read feed.jsonl: check owner and mode"));
}

TEST_CASE("an error says what happened, to which thing, on standard error alone") {
    const Program daybook;
    create(daybook);
    const Outcome outcome = daybook.run({"incident", "show", "inc_20260223_1000_aaaa"});
    CHECK(outcome.out.empty());
    CHECK(outcome.err.starts_with("daybook: error: no such incident: inc_20260223_1000_aaaa"));
    const Outcome unknown = daybook.run({"incidents", "list"});
    CHECK(unknown.err.starts_with("daybook: error: no such command: incidents"));
}

TEST_CASE("help shows examples before the options") {
    const Program daybook;
    for (const auto& command :
         std::vector<std::vector<std::string>>{{"ingest"}, {"incident", "list"}, {"followup", "add"}, {"replay"}}) {
        auto arguments = command;
        arguments.push_back("--help");
        const std::string help = daybook.out(arguments);
        CHECK(help.find("daybook " + command.front()) < help.find("Options:"));
    }
}

TEST_CASE("ingest -o json ends with the counts") {
    const Program daybook;
    const auto file = project_file("fixtures/triage/monday.jsonl").string();
    CHECK(daybook.out({"ingest", file, "-o", "json"}) == R"({"read":33,"taken":31,"duplicate":0,"ignored":2,"refused":0})");
    CHECK(daybook.out({"ingest", file, "-o", "json"}) == R"({"read":33,"taken":0,"duplicate":33,"ignored":0,"refused":0})");
    CHECK(daybook.out({"ingest", "-", "-o", "json"}, read_file(file)) ==
          R"({"read":33,"taken":0,"duplicate":33,"ignored":0,"refused":0})");
}

TEST_CASE("incident show -o json is the incident's line of incidents.jsonl") {
    const Program daybook;
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    daybook.out({"export", "jsonl", "layout"});
    const auto lines = lines_of(read_file(daybook / "layout/incidents.jsonl"));
    REQUIRE(lines.size() > 5);
    for (const std::string& line : lines) {
        const std::string id = line.substr(7, line.find('"', 7) - 7);  // {"id":"inc_…
        CHECK(daybook.out({"incident", "show", id, "-o", "json"}) == line);
    }
}

TEST_CASE("the timelines -o jsonl are the lines of events.jsonl") {
    const Program daybook;
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    daybook.out({"export", "jsonl", "layout"});
    std::vector<std::string> timelines;
    for (const std::string& id : lines_of(daybook.out({"incident", "list", "--ids"}))) {
        for (std::string& line : lines_of(daybook.out({"timeline", id, "-o", "jsonl"}))) timelines.push_back(std::move(line));
    }
    auto exported = lines_of(read_file(daybook / "layout/events.jsonl"));
    std::sort(timelines.begin(), timelines.end());
    std::sort(exported.begin(), exported.end());
    CHECK(timelines == exported);
}

TEST_CASE("--now sets when things happened and never when they were recorded") {
    const Program daybook;
    const std::string id = create(daybook);
    const std::string line = daybook.out({"timeline", id, "-o", "jsonl"});
    CHECK(line.find("\"ts\":\"2026-02-23T10:05:00Z\"") != std::string::npos);
    CHECK(line.find("\"recorded_at\":\"2026-02-23T10:05:00Z\"") == std::string::npos);
}

TEST_CASE("a timeline shows what was corrected with what holds instead, as far as was known") {
    const Program daybook;
    const std::string id = create(daybook);
    daybook.out({"note", id, "Rollback of 2.7.1 started"});
    daybook.out({"note", id, "Traffic is back"});
    daybook.out({"correct", id, "2", "It was 2.7.2"});
    const auto what = [](const std::string& line) { return line.substr(line.rfind('\t') + 1); };
    auto lines = lines_of(daybook.out({"timeline", id}));
    REQUIRE(lines.size() == 4);
    CHECK(what(lines[1]) == "[corrected by 4: It was 2.7.2] Rollback of 2.7.1 started");
    CHECK(what(lines[2]) == "Traffic is back");
    CHECK(what(lines[3]) == "[corrects 2] It was 2.7.2");
    CHECK(what(lines_of(daybook.out({"timeline", id, "--at-seq", "3"}))[1]) == "Rollback of 2.7.1 started");
    daybook.out({"correct", id, "4", "It was 2.8"});  // the newest holds, whatever it names
    lines = lines_of(daybook.out({"timeline", id}));
    CHECK(what(lines[1]) == "[corrected by 5: It was 2.8] Rollback of 2.7.1 started");
    CHECK(what(lines[3]) == "[corrected by 5: It was 2.8] [corrects 2] It was 2.7.2");
    CHECK(daybook.out({"timeline", id, "-o", "jsonl"}).find("[corrected") == std::string::npos);  // programs read `meta.corrects`
}

TEST_CASE("the same idempotency key writes once, and refuses another input") {
    const Program daybook;
    const std::string id = create(daybook);
    CHECK(daybook.run({"note", id, "rollback", "--idempotency-key", "k1"}).status == 0);
    const Outcome again = daybook.run({"note", id, "rollback", "--idempotency-key", "k1"});
    CHECK(again.status == 0);
    CHECK(again.err.find("this key was taken before, at seq 2") != std::string::npos);
    CHECK(daybook.run({"note", id, "something else", "--idempotency-key", "k1"}).status == 6);
    CHECK(lines_of(daybook.out({"timeline", id})).size() == 2);
}

TEST_CASE("an idempotency key stands for the text and the bytes that were read, and not for the word that says where from") {
    const Program daybook;
    const std::string id = create(daybook);
    const auto note = [&](const std::string& text) { return daybook.run({"note", id, "-", "--idempotency-key", "n"}, text); };
    CHECK(note("first text\n").status == 0);
    CHECK(note("first text").err.find("this key was taken before, at seq 2") != std::string::npos);
    CHECK(note("second, quite another text\n").status == 6);
    CHECK(daybook.run({"note", id, "first text", "--idempotency-key", "n"}).status == 0);
    const auto correct = [&](const std::string& text) {
        return daybook.run({"correct", id, "2", "-", "--idempotency-key", "c"}, text).status;
    };
    CHECK(correct("1st text") == 0);
    CHECK(correct("1st text") == 0);
    CHECK(correct("third text") == 6);
    const auto attach = [&](const std::string& bytes, const std::string& file = "r.md") {
        write_file(daybook / file, bytes);
        return daybook.run({"artifact", "attach", id, file, "--idempotency-key", "a"}).status;
    };
    CHECK(attach("a draft") == 0);
    CHECK(attach("a draft") == 0);
    CHECK(attach("the end") == 6);
    CHECK(attach("a draft", "s.md") == 6);  // another name
    CHECK(daybook.run({"artifact", "attach", id, "-", "--name", "r.md", "--idempotency-key", "a"}, "a draft").status == 0);
    CHECK(lines_of(daybook.out({"timeline", id})).size() == 4);
}

TEST_CASE("a repeat under an idempotency key is one however its times are written, and whatever else it is asked to check") {
    const Program daybook;
    const std::string id = create(daybook);
    const auto repeat = [&](std::vector<std::string> command, const std::vector<std::string>& options = {}) {
        command.insert(command.end(), options.begin(), options.end());
        command.insert(command.end(), {"--idempotency-key", command.front()});
        const Outcome outcome = daybook.run(command);
        INFO(outcome.err);
        CHECK(outcome.status == 0);
        return outcome.err.find("this key was taken before") != std::string::npos;
    };
    const std::vector<std::string> note{"note", id, "rollback", "--occurred-at", "2026-02-23T10:10:00Z"};
    CHECK_FALSE(repeat(note));
    CHECK(repeat(note, {"--dry-run"}));
    CHECK(repeat(note, {"--expected-version", "any"}));
    CHECK(repeat(note, {"--expected-version", "1"}));
    CHECK(repeat({"note", id, "rollback", "--occurred-at", "2026-02-23T11:10:00+01:00"}));
    const std::vector<std::string> promise{"followup", "add", id, "Add a canary", "--due"};
    const auto due = [&](const char* when) {
        auto command = promise;
        command.emplace_back(when);
        return command;
    };
    CHECK_FALSE(repeat(due("2026-03-02")));
    CHECK(repeat(due("2026-03-03T01:00:00+01:00")));
}

TEST_CASE("a dry run writes nothing") {
    const Program daybook;
    const std::string id = create(daybook);
    CHECK(daybook.run({"incident", "close", id, "--dry-run"}).status == 0);
    CHECK(daybook.run({"incident", "show", "inc_20260223_1000_aaaa", "-o", "json"}).status == 5);
    CHECK(daybook.run({"ingest", "--dry-run", project_file("fixtures/triage/monday.jsonl").string()}).status == 0);
    CHECK(daybook.out({"events", "-o", "jsonl"}).find("\"seq\":2") == std::string::npos);
}

TEST_CASE("a dry run where there is no journal yet leaves nothing behind, and says what would be") {
    const Program daybook;
    const std::string feed = project_file("fixtures/triage/monday.jsonl").string();
    const auto says = [&](const std::vector<std::string>& arguments) {
        const Outcome outcome = daybook.run(arguments);
        CHECK(outcome.status == 0);
        CHECK_FALSE(std::filesystem::exists(daybook.data()));
        return outcome.err;
    };
    CHECK(says({"ingest", "--dry-run", feed}).find("dry run, nothing was written: 33 read, 31 taken") != std::string::npos);
    CHECK(says({"incident", "create", "--dry-run", "--service", "x", "--title", "y"}).find("would be taken") != std::string::npos);
    const Program other;
    other.out({"-q", "ingest", feed});
    other.out({"-q", "export", "jsonl", (daybook / "layout").string()});
    const std::string import = says({"import", "jsonl", "layout", "--dry-run"});
    CHECK(import.find("events would be written") != std::string::npos);
    CHECK(import.find("events were written") == std::string::npos);
    CHECK(import.find("there is no journal in " + daybook.data().string() + " yet: tried with an empty one") != std::string::npos);
}

TEST_CASE("an invalid policy is found before a data directory is made") {
    const Program daybook;
    std::filesystem::create_directories(daybook / "ops/policy");
    write_file(daybook / "ops/policy/triage.yml", "auto_resolv: true\n");
    CHECK(daybook.run({"ingest", "-"}, "").status == 1);
    CHECK_FALSE(std::filesystem::exists(daybook.data()));
}

TEST_CASE("ingest reads on in standard input where it stands, whatever that is") {
    const Program daybook;
    write_file(daybook / "feed.jsonl", "{\"mine\":1}\n" + read_file(project_file("fixtures/triage/monday.jsonl")));
    const std::string ingest = daybook_program() + " --data data ingest -";
    const Outcome rest = run({"sh", "-c", "{ read -r first; exec " + ingest + "; } < feed.jsonl"}, {}, daybook.directory());
    CHECK(rest.err.find("33 read, 31 taken") != std::string::npos);
    const std::string socket =
        "import socket, subprocess, sys\n"
        "ours, theirs = socket.socketpair()\n"
        "with subprocess.Popen(sys.argv[1].split(), stdin=theirs) as ingest:\n"
        "    theirs.close()\n"
        "    ours.sendall(open('feed.jsonl', 'rb').read())\n"
        "    ours.close()\n"
        "sys.exit(ingest.returncode)\n";
    const Outcome again = run({"python3", "-c", socket, ingest}, {}, daybook.directory());
    INFO(again.err);
    CHECK(again.err.find("standard input:1: refused") != std::string::npos);
    CHECK(again.err.find("34 read, 0 taken") != std::string::npos);
}

TEST_CASE("text from outside cannot command a terminal") {
    const Program daybook;
    const std::string id = create(daybook);
    daybook.out({"note", id, "\x1b[31mred\x1b]0;title\x07"});
    CHECK(daybook.out({"-o", "table", "timeline", id}).find('\x1b') == std::string::npos);
    CHECK(daybook.out({"timeline", id}).find('\x1b') == std::string::npos);
    const Outcome outcome = daybook.run({"incident", "show", "\x1b[31mx"});
    CHECK(outcome.err.find('\x1b') == std::string::npos);
    // What JSON lets stand bare: U+009B, which begins a sequence as ESC [ does, and U+202E, which turns text round.
    daybook.out({"incident", "severity", id, "P0"});
    daybook.out({"incident", "update", id, "--title",
                 "\xC2\x9B"
                 "31m \xE2\x80\xAE"});
    for (const auto& report : std::vector<std::vector<std::string>>{{"postmortem", id}, {"gate", "followup_watch"}}) {
        std::vector<std::string> command{"python3",         "-c",     "import pty, sys; pty.spawn(sys.argv[1:])",
                                         daybook_program(), "--data", daybook.data().string()};
        command.insert(command.end(), report.begin(), report.end());
        command.insert(command.end(), {"-o", "json"});
        const std::string shown = run(command).out;
        CHECK(shown.find("\\u009b31m \\u202e") != std::string::npos);
        CHECK(shown.find("\xC2\x9B") == std::string::npos);
        CHECK(shown.find("\xE2\x80\xAE") == std::string::npos);
    }
}

TEST_CASE("no export carries on what was damaged: it names the event, and nothing is put in the place of the last one") {
    const Program daybook;
    const std::string id = create(daybook);
    daybook.out({"note", id, "Rollback of 2.7.1 started"});
    for (const char* kind : {"jsonl", "journal"}) daybook.out({"export", kind, kind});
    const std::string events = read_file(daybook / "jsonl/events.jsonl");
    std::string bytes = read_file(daybook.data() / "journal/data.mdb");
    for (std::size_t at = 0; (at = bytes.find("2.7.1", at)) != std::string::npos;) bytes.replace(at, 5, "2.7.9");
    write_file(daybook.data() / "journal/data.mdb", bytes);
    for (const auto& command :
         std::vector<std::vector<std::string>>{{"export", "jsonl", "jsonl"}, {"export", "journal", "journal"}, {"evidence", id}}) {
        const Outcome outcome = daybook.run(command);
        CHECK(outcome.status == 1);
        CHECK(outcome.err.find("event 2 is damaged, it does not hash to its leaf: run `daybook verify`") != std::string::npos);
    }
    CHECK(read_file(daybook / "jsonl/events.jsonl") == events);
    CHECK(read_file(daybook / "journal/journal.jsonl").find("2.7.9") == std::string::npos);
}

TEST_CASE("what is printed while a standard stream is closed goes into no file") {
    const Program daybook;
    create(daybook);
    const std::string lock = read_file(daybook.data() / "journal/users.lock");
    const std::string command = daybook_program() + " --data data -o json incident create --service a --title b";
    CHECK(run({"sh", "-c", command + " >&-"}, {}, daybook.directory()).status == 1);
    CHECK(run({"sh", "-c", command + " <&- >&- 2>&-"}, {}, daybook.directory()).status == 1);
    CHECK(read_file(daybook.data() / "journal/users.lock") == lock);
    CHECK(run({"sh", "-c", daybook_program() + " --data data ingest - <&-"}, {}, daybook.directory()).err.find("standard input") !=
          std::string::npos);
    CHECK(daybook.run({"verify"}).status == 0);
}

TEST_CASE("an artifact comes back as it was attached, by its id and by its name") {
    const Program daybook;
    const std::string id = create(daybook);
    const std::string text = "# Postmortem\n\nIt was DNS.\n";
    write_file(daybook / "pm.md", text);
    const std::string artifact = daybook.out({"artifact", "attach", id, "pm.md", "--kind", "postmortem"});
    CHECK(daybook.run({"artifact", "get", artifact}).out == text);
    CHECK(daybook.run({"artifact", "get", id, "pm.md"}).out == text);
    CHECK(daybook.run({"artifact", "get", id, "pm.md", "--to", "copy.md"}).status == 0);
    CHECK(read_file(daybook / "copy.md") == text);
    CHECK(daybook.run({"artifact", "attach", id, "-", "--name", "../evil.md"}, "x").status == 2);
    CHECK(daybook.run({"artifact", "attach", id, "-", "--name", "run.sh"}, "x").status == 2);
    CHECK(daybook.run({"artifact", "get", id, "other.md"}).status == 5);
    daybook.out({"export", "jsonl", "layout"});
    CHECK(read_file(daybook / ("layout/" + id + "/pm.md")) == text);
}

TEST_CASE("follow-ups are promised, changed and done") {
    const Program daybook;
    const std::string id = create(daybook);
    const std::string followup =
        daybook.out({"followup", "add", id, "Add a canary", "--owner", "sofiia", "--priority", "P1", "--due", "2026-03-02"});
    const std::string before = daybook.out({"--now", "2026-03-03T00:00:00Z", "followup", "list", "-o", "json"});
    CHECK(before.find("\"due_at\":\"2026-03-03T00:00:00Z\"") != std::string::npos);  // a bare date is over when the day is
    CHECK(before.find("\"overdue\":false") != std::string::npos);
    CHECK(daybook.out({"--now", "2026-03-03T00:00:01Z", "followup", "list", "--overdue"}).starts_with(followup));
    daybook.out({"followup", "update", followup, "--owner", "helion", "--no-due"});
    daybook.out({"followup", "done", followup});
    CHECK(daybook.out({"followup", "list", "--open"}).empty());
    CHECK(daybook.out({"followup", "list", id, "-o", "json"}).find("\"owner\":\"helion\"") != std::string::npos);
}

TEST_CASE("the completion scripts are what their shells accept") {
    const Program daybook;
    write_file(daybook / "completion.bash", daybook.out({"completion", "bash"}) + "\n");
    CHECK(test::run({"bash", "-n", (daybook / "completion.bash").string()}).status == 0);
    CHECK(daybook.run({"completion", "cmd.exe"}).status == 2);
}
