// What people mistype, and what they are told.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string create(const Program& daybook) {
    return daybook.out({"incident", "create", "--service", "gateway", "--title", "Gateway 5xx", "--started-at",
                        "2026-02-23T10:00:00Z", "--occurred-at", "2026-02-23T10:05:00Z"});
}

// Whether the command is refused as a usage error that says all of `words`.
bool is_usage_error(const Program& daybook, const std::vector<std::string>& command, const std::vector<std::string>& words) {
    const Outcome outcome = daybook.run(command);
    UNSCOPED_INFO(outcome.status << ' ' << outcome.err);
    for (const std::string& word : words) {
        if (outcome.err.find(word) == std::string::npos) return false;
    }
    return outcome.status == 2 && outcome.out.empty();
}

}  // namespace

TEST_CASE("an export is not written over what is not one, and names the file; its own it writes again") {
    const Program daybook;
    create(daybook);
    for (const auto& [kind, name] : {std::pair{"jsonl", "events.jsonl"}, {"jsonl", "export.json"}, {"journal", "journal.jsonl"}}) {
        const auto directory = daybook / (std::string("of-") + name);
        std::filesystem::create_directory(directory);
        write_file(directory / name, "{\"mine\":1}\n");
        const Outcome outcome = daybook.run({"export", kind, directory.string()});
        CHECK(outcome.status == 6);
        CHECK(outcome.err.find((directory / name).string() + " is not from an export") != std::string::npos);
        CHECK(read_file(directory / name) == "{\"mine\":1}\n");
        std::filesystem::remove(directory / name);
        write_file(directory / "README", "other files stay");
        CHECK(daybook.run({"export", kind, directory.string()}).status == 0);
        CHECK(daybook.run({"export", kind, directory.string()}).status == 0);
        CHECK(read_file(directory / "README") == "other files stay");
    }
}

TEST_CASE("a file is not written into a directory that is not there, and the directory is not made") {
    const Program daybook;
    const std::string id = create(daybook);
    write_file(daybook / "a.txt", "x");
    daybook.out({"artifact", "attach", id, "a.txt"});
    for (const auto& command : std::vector<std::vector<std::string>>{{"checkpoint", "--save", "absent/x"},
                                                                     {"evidence", id, "--to", "absent/x"},
                                                                     {"artifact", "get", id, "a.txt", "--to", "absent/x"},
                                                                     {"--witness", "absent/x", "checkpoint"}}) {
        const Outcome outcome = daybook.run(command);
        CHECK(outcome.status == 5);
        CHECK(outcome.err.find("there is no directory " + (daybook / "absent").string() + " to write x in") != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(daybook / "absent"));
    }
}

TEST_CASE("a witness that is not there, or is no checkpoint, is named") {
    const Program daybook;
    const std::string id = create(daybook);
    const Outcome absent = daybook.run({"--witness", "absent", "note", id, "x"});
    CHECK(absent.status == 0);
    CHECK(absent.err.find("there is no file absent (--witness), so the journal was not held against it") != std::string::npos);
    write_file(daybook / "notes.txt", "my notes\n");
    const auto status = [&](std::vector<std::string> command) {
        command.insert(command.begin(), {"--witness", "notes.txt"});
        const Outcome outcome = daybook.run(command);
        CHECK(outcome.err.find("notes.txt (--witness) is no checkpoint") != std::string::npos);
        return outcome.status;
    };
    CHECK(status({"note", id, "x"}) == 1);
    CHECK(status({"timeline", id}) == 0);  // reading goes on
    CHECK(status({"verify"}) == 3);
}

TEST_CASE("a mistyped command is named, with the one that was perhaps meant") {
    const Program daybook;
    CHECK(is_usage_error(daybook, {"incident", "lst"},
                         {"no such command: incident lst; did you mean incident list?", "`daybook incident --help`"}));
    CHECK(is_usage_error(daybook, {"-o", "json", "verfiy"}, {"no such command: verfiy; did you mean verify?", "`daybook --help`"}));
    CHECK(daybook.run({"followup", "xyzzy"}).err.find("did you mean") == std::string::npos);
    CHECK(is_usage_error(daybook, {"incident"}, {"A subcommand is required"}));
}

TEST_CASE("a due date that is none is answered with the forms that are taken") {
    const Program daybook;
    const std::string id = create(daybook);
    CHECK(is_usage_error(daybook, {"followup", "add", id, "Add a canary", "--due", "yesterday"},
                         {"--due must be a date such as 2026-03-02", "2026-03-02T12:00:00Z, not yesterday"}));
    CHECK(daybook.run({"incident", "assign", id, "ada"}).err.find("is assigned to ada") != std::string::npos);
    CHECK(daybook.run({"incident", "assign", id, "--nobody"}).err.find("is assigned to nobody any more") != std::string::npos);
}

TEST_CASE("a number that is none, or negative, is refused by the name of its option") {
    const Program daybook;
    const std::string id = create(daybook);
    for (const std::string number : {"-5", "5.5", "0x10", "010", "99999999999999999999", "many"}) {
        for (const auto& command : std::vector<std::vector<std::string>>{{"incident", "list", "--limit", number},
                                                                         {"events", "--limit", number},
                                                                         {"events", "--after-seq", number},
                                                                         {"timeline", id, "--at-seq", number},
                                                                         {"verify", "--quick", "--last", number},
                                                                         {"replay", "--to-seq", number}}) {
            const std::string option = command[command.size() - 2];
            CHECK(is_usage_error(daybook, command, {option + ": must be a whole number such as 20, not " + number}));
        }
    }
    CHECK(is_usage_error(daybook, {"correct", id, "-1", "text"}, {"seq: must be a whole number"}));
    CHECK(daybook.run({"incident", "list", "--limit", "0"}).status == 0);
}

TEST_CASE("a data directory that is a file is named, with what --data is for") {
    const Program daybook;
    write_file(daybook.data(), "not a directory");
    for (const auto& command : std::vector<std::vector<std::string>>{{"stats"}, {"note", "x", "y"}, {"verify"}}) {
        CHECK(is_usage_error(daybook, command, {daybook.data().string() + " is no directory: --data names the directory"}));
    }
}

TEST_CASE("what people write down has happened at most a day from now") {
    const Program daybook;
    const std::string id = create(daybook);
    CHECK(is_usage_error(daybook, {"note", id, "x", "--occurred-at", "2099-02-23T10:00:00Z"},
                         {"--occurred-at 2099-02-23T10:00:00Z is more than 24 hours after now"}));
    CHECK(is_usage_error(daybook, {"incident", "create", "--service", "x", "--title", "y", "--started-at", "2099-02-23T10:00:00Z"},
                         {"--started-at 2099-02-23T10:00:00Z"}));
    CHECK(is_usage_error(daybook, {"incident", "update", id, "--started-at", "2099-02-23T10:00:00Z"}, {"--started-at"}));
    const std::vector<std::string> on_that_day{"--now", "2026-02-23T12:00:00Z", "note", id, "x", "--occurred-at"};
    auto at_the_limit = on_that_day;
    at_the_limit.emplace_back("2026-02-24T12:00:00Z");
    CHECK(daybook.run(at_the_limit).status == 0);
    auto beyond = on_that_day;
    beyond.emplace_back("2026-02-24T12:00:00.000001Z");
    CHECK(is_usage_error(daybook, beyond, {"after now, 2026-02-23T12:00:00Z"}));
    CHECK(daybook.run({"incident", "close", id}).status == 0);
}

TEST_CASE("an option of export that stands before the layout's word is refused, not passed over") {
    const Program daybook;
    daybook.out({"incident", "create", "--service", "a", "--title", "b"});
    const Outcome outcome = daybook.run({"export", "--database-url", "postgresql://nobody@127.0.0.1:1/x", "postgres"});
    CHECK(outcome.status == 2);
    CHECK(outcome.err.find("--database-url stands before `postgres`: put it behind") != std::string::npos);
}

TEST_CASE("an option of export that its layouts do not have is refused with what to type instead, wherever it stands") {
    const Program daybook;
    for (const auto& command :
         std::vector<std::vector<std::string>>{{"export", "--jsonl", "there", "jsonl"}, {"export", "jsonl", "--jsonl", "there"}}) {
        const Outcome outcome = daybook.run(command);
        CHECK(outcome.status == 2);
        CHECK(outcome.err.find("--jsonl is for `daybook export` alone: here it is `daybook export jsonl DIR`") !=
              std::string::npos);
    }
    CHECK(daybook.run({"export", "journal", "--retry-after", "5m"}).err.find("see `daybook export journal --help`") !=
          std::string::npos);
}

TEST_CASE("a mistyped data directory is said, and nothing begins there, unless something can begin with the command") {
    const Program daybook;
    for (const auto& command : std::vector<std::vector<std::string>>{{"note", "inc_20260223_1000_aaaa", "x"},
                                                                     {"incident", "ack", "inc_20260223_1000_aaaa"},
                                                                     {"followup", "done", "fu_0j2k4v6q0a1b2c3d"},
                                                                     {"postmortem", "inc_20260223_1000_aaaa", "--save"},
                                                                     {"correlate", "inc_20260223_1000_aaaa", "--append-note"},
                                                                     {"digest", "weekly", "--save"}}) {
        const Outcome outcome = daybook.run(command);
        INFO(command[0] << ": " << outcome.err);
        CHECK(outcome.status == 1);
        CHECK(outcome.err.find("there is no journal in " + daybook.data().string()) != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(daybook.data()));
    }
    const std::vector<std::string> opening{"incident", "create", "--service", "gateway", "--title", "5xx"};
    const std::string began = "began a new journal in " + daybook.data().string();
    CHECK(daybook.run(opening).err.find(began) != std::string::npos);
    CHECK(daybook.run(opening).err.find(began) == std::string::npos);
}

TEST_CASE("what was given and is empty is not passed over") {
    const Program daybook;
    const std::string id = create(daybook);
    daybook.out({"checkpoint", "--save", "kept"});
    daybook.out({"backup", (daybook / "backup").string()});
    for (const auto& command :
         std::vector<std::vector<std::string>>{{"note", id, "x", "--idempotency-key", ""},
                                               {"note", id, "x", "--expected-version", ""},
                                               {"note", id, "x", "--occurred-at", ""},
                                               {"followup", "add", id, "x", "--due", ""},
                                               {"verify", "--checkpoint", ""},
                                               {"verify", "--checkpoint", "kept", "--key", ""},
                                               {"verify", "--evidence", ""},
                                               {"restore", "backup", "--key", ""},
                                               {"incident", "show", id, "--as-of", ""},
                                               {"incident", "list", "--service", ""},
                                               {"gate", "followup_watch", "--mode", ""},
                                               {"key", "create", "--agent", "ci", "--name", "ci", "--expires", ""},
                                               {"timeline", id, "--witness", ""}}) {
        CHECK(is_usage_error(daybook, command,
                             {command[command.size() - 2] + " is empty (an unset variable?): leave it out, or say what it is"}));
    }
    CHECK(is_usage_error(daybook, {"timeline", ""}, {"incident is empty (an unset variable?): say what it is"}));
    CHECK(daybook.run({"note", id, "x", "--idempotency-key", "k"}).status == 0);
    daybook.out({"incident", "update", id, "--kind", "dns"});
    daybook.out({"incident", "update", id, "--kind", ""});  // its help says what that is: none
    CHECK(daybook.out({"incident", "show", id, "-o", "json"}).find("\"kind\":null") != std::string::npos);
}

TEST_CASE("an option that would count for nothing beside another is refused") {
    const Program daybook;
    const std::string id = create(daybook);
    const std::string key = daybook.out({"checkpoint", "--vkey"});
    daybook.out({"evidence", id, "--to", "evidence"});
    CHECK(is_usage_error(daybook, {"verify", "--evidence", "evidence", "--key", key, "--checkpoint", "absent"}, {"excludes"}));
    CHECK(is_usage_error(daybook, {"verify", "--evidence", "evidence", "--key", key, "--quick"}, {"excludes"}));
    CHECK(is_usage_error(daybook, {"verify", "--key", key}, {"name one, with --checkpoint or --evidence"}));
    for (const auto& other : std::vector<std::vector<std::string>>{
             {"--to-seq", "1"}, {"--as-of", "2026-02-23T10:05:00Z"}, {"--check"}, {"--reports", "2026-08..2026-09"}}) {
        std::vector<std::string> command{"replay", "--rebuild"};
        command.insert(command.end(), other.begin(), other.end());
        CHECK(is_usage_error(daybook, command, {"excludes"}));
    }
    CHECK(is_usage_error(daybook, {"replay", "--projection", "history", "--reports", "2026-08..2026-09"}, {"excludes"}));
    CHECK(daybook.run({"replay", "--rebuild", "--projection", "history"}).status == 0);
}

TEST_CASE("a key that is daybook's own is refused") {
    const Program daybook;
    const std::string id = create(daybook);
    CHECK(is_usage_error(daybook, {"note", id, "x", "--idempotency-key", "run:run_1"},
                         {"must not begin with \"run:\"", "such as \"my-run:\""}));
}

TEST_CASE("an incident that was not there yet is said so by each command that looks back") {
    const Program daybook;
    const std::string id = create(daybook);
    for (const char* moment : {"--as-of", "--known-at"}) {
        for (const auto& command :
             std::vector<std::vector<std::string>>{{"incident", "show", id}, {"timeline", id}, {"followup", "list", id}}) {
            auto words = command;
            words.insert(words.end(), {moment, "2020-01-01T00:00:00Z"});
            const Outcome outcome = daybook.run(words);
            CHECK(outcome.status == 5);
            CHECK(outcome.err.find(id + " was not there yet") != std::string::npos);
        }
    }
    CHECK(daybook.run({"followup", "list", id, "--as-of", "2026-02-23T10:05:00Z"}).status == 0);
    for (const auto& [command, list] :
         {std::pair{std::vector<std::string>{"note", "inc_20260223_1000_aaaa", "x"}, "daybook incident list --ids"},
          {std::vector<std::string>{"followup", "done", "fu_0j2k4v6q0a1b2c3d"}, "daybook followup list"}}) {
        const Outcome outcome = daybook.run(command);
        CHECK(outcome.status == 5);
        CHECK(outcome.err.find(list) != std::string::npos);
    }
}

TEST_CASE("an artifact is not written over a file that somebody may have edited") {
    const Program daybook;
    const std::string id = create(daybook);
    write_file(daybook / "a.txt", "as it was attached");
    daybook.out({"artifact", "attach", id, "a.txt"});
    const std::vector<std::string> get{"artifact", "get", id, "a.txt", "--to", "b.txt"};
    CHECK(daybook.run(get).status == 0);
    CHECK(daybook.run(get).status == 0);  // it holds just that
    for (const char* text : {"as it was attached, and more", "as it was", ""}) {
        write_file(daybook / "b.txt", text);
        const Outcome outcome = daybook.run(get);
        CHECK(outcome.status == 6);
        CHECK(outcome.err.find("b.txt is there already") != std::string::npos);
        CHECK(read_file(daybook / "b.txt") == text);
    }
}

TEST_CASE("a device, a pipe or a directory is not written over, and a link leads to the file that is") {
    const Program daybook;
    const std::string id = create(daybook);
    write_file(daybook / "a.txt", "x");
    daybook.out({"artifact", "attach", id, "a.txt"});
    REQUIRE(::mkfifo((daybook / "pipe").c_str(), 0600) == 0);
    std::filesystem::create_directory(daybook / "folder");
    std::filesystem::create_symlink("pipe", daybook / "to-pipe");
    for (const std::string name : {"pipe", "to-pipe", "folder"}) {
        for (const auto& command : std::vector<std::vector<std::string>>{
                 {"evidence", id, "--to", name}, {"checkpoint", "--save", name}, {"artifact", "get", id, "a.txt", "--to", name}}) {
            CHECK(is_usage_error(daybook, command, {name + " is no file", "nothing was written"}));
        }
    }
    CHECK(std::filesystem::is_fifo(daybook / "pipe"));
    CHECK(std::filesystem::is_symlink(daybook / "to-pipe"));
    CHECK(is_usage_error(daybook, {"evidence", id, "--to", "/proc/self/fd/1"}, {"/proc/self/fd/1 is no file"}));

    std::filesystem::create_directory(daybook / "elsewhere");
    std::filesystem::create_symlink("elsewhere/w.cp", daybook / "witness");  // it will be there
    std::string before;
    for (const char* text : {"first", "second"}) {
        daybook.out({"-q", "note", id, text});
        daybook.out({"--witness", "witness", "checkpoint"});
        CHECK(std::filesystem::is_symlink(daybook / "witness"));
        const std::string kept = read_file(daybook / "elsewhere/w.cp");
        CHECK(kept != before);
        before = kept;
    }
    std::filesystem::create_symlink("absent/w.cp", daybook / "to-nowhere");
    const Outcome nowhere = daybook.run({"--witness", "to-nowhere", "checkpoint"});
    CHECK(nowhere.status == 1);
    CHECK(nowhere.err.find("cannot make absent/w.cp") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(daybook / "absent"));
}

TEST_CASE("an incident that is archived while it is open is told to be out of sight") {
    const Program daybook;
    const std::string id = create(daybook);
    const std::string warning = id + " is still open";
    CHECK(daybook.run({"incident", "archive", id, "--reason", "a test", "--dry-run"}).err.find(warning) == std::string::npos);
    CHECK(daybook.run({"incident", "archive", id, "--reason", "a test"}).err.find(warning) != std::string::npos);
    const std::string over = create(daybook);
    daybook.out({"incident", "close", over});
    CHECK(daybook.run({"incident", "archive", over, "--reason", "a test"}).err.find("still") == std::string::npos);
}

TEST_CASE("a report is not printed in a form that it does not have, nor made of a name that is no text") {
    const Program daybook;
    const std::string id = create(daybook);
    for (const auto& command : std::vector<std::vector<std::string>>{{"gate", "followup_watch"}, {"recurrence"}}) {
        auto words = command;
        words.insert(words.end(), {"-o", "json", "--env", "\xff"});
        CHECK(is_usage_error(daybook, words, {"--env must be UTF-8, not \\xff"}));
    }
    CHECK(is_usage_error(daybook, {"postmortem", id, "-o", "csv"}, {"a postmortem is printed as json or markdown"}));
    CHECK(is_usage_error(daybook, {"digest", "weekly", "-o", "tsv"}, {"a digest is printed as json or markdown"}));
    CHECK(daybook.out({"postmortem", id, "-o", "json"}).front() == '{');
}

TEST_CASE("an incident of last week that is opened only now is said to be in this week's digest") {
    const Program daybook;
    const auto create = [&](std::vector<std::string> more) {
        more.insert(more.begin(),
                    {"--now", "2026-02-23T09:00:00Z", "incident", "create", "--service", "gateway", "--title", "5xx"});
        return daybook.run(more);
    };
    CHECK(create({"--started-at", "2026-02-20T10:00:00Z"}).err.find("is in no weekly digest") != std::string::npos);
    CHECK(create({"--started-at", "2026-02-20T10:00:00Z", "--occurred-at", "2026-02-20T10:00:00Z"}).err.find("no weekly digest") ==
          std::string::npos);
    CHECK(create({"--started-at", "2026-02-23T08:00:00Z"}).err.find("no weekly digest") == std::string::npos);
}
