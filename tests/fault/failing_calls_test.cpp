// Each write, sync, rename, open and truncate of a command fails once. Then the caller is told, or what was asked for is done; the
// journal is whole; and the same command, run again, does what it was to do.
#include <algorithm>
#include <array>
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/fault/fault.hpp"
#include "tests/fault/system_calls.hpp"
#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

constexpr const char* token = "the-one-token";
constexpr const char* secret = "hunter2-SECRET";

// One command, and how it is seen that it has done what it was to do.
struct Case {
    const char* name;
    Words command;
    std::string makes = {};       // a file, below the directory, that is as it must be where the command says so
    bool removes_secret = false;  // no file has the secret after it
};

// A data directory in which everything has happened once, so that each command has something to do.
std::string fill(const Program& daybook) {
    const std::string incident =
        daybook.out({"-q", "incident", "create", "--service", "gateway", "--severity", "P1", "--title", "Gateway 5xx"});
    daybook.out({"-q", "note", incident, std::string(5000, 'x')});
    daybook.out({"-q", "note", incident, secret});
    daybook.write("plan.md", "# Plan\n");
    daybook.out({"-q", "artifact", "attach", incident, "plan.md"});
    daybook.out({"-q", "followup", "add", incident, "Add a canary", "--priority", "P2"});
    daybook.out({"-q", "export", "jsonl", "layout"});
    daybook.out({"-q", "note", incident, "not yet exported, and not yet in the views"});
    const std::string firing = read_file(project_file("fixtures/triage/monday.jsonl"));
    std::string line = firing.substr(0, firing.find('\n') + 1);
    const std::string title = "\"title\":\"";
    daybook.write("feed.jsonl", line.insert(line.find(title) + title.size(), std::string(token) + ' '));
    return incident;
}

std::vector<Case> cases(const std::string& incident) {
    return {
        {"note", {"note", incident, token, "--idempotency-key", "k"}},
        {"ingest", {"ingest", "feed.jsonl"}},
        {"rebuild", {"replay", "--rebuild"}},
        {"export jsonl", {"export", "jsonl", "layout"}, "layout/events.jsonl"},
        {"export journal", {"export", "journal", "text"}, "text/journal.jsonl"},
        {"checkpoint", {"checkpoint", "--save", "checkpoint"}, "checkpoint"},
        {"digest", {"--now", "2030-01-01T00:00:00Z", "digest", "weekly", "--save"}},
        {"backup", {"backup", "backup"}, "backup/checkpoint"},
        {"key", {"key", "create", "--name", "laptop", "--agent", "helion"}},
        {"redact", {"redact", "3", "--reason", "a password"}, "", true},
    };
}

bool holds(const fs::path& directory, const std::string& text) {
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
        if (entry.is_regular_file() && read_file(entry.path()).find(text) != std::string::npos) return true;
    }
    return false;
}

// The directory of `filled`, again and again as it was, at the same path.
class Again {
public:
    explicit Again(const Program& filled) : filled_(filled) {
        fs::copy(filled_.directory(), kept_ / "all", fs::copy_options::recursive);
    }
    void restore() const {
        for (const auto& entry : fs::directory_iterator(filled_.directory())) fs::remove_all(entry.path());
        fs::copy(kept_ / "all", filled_.directory(), fs::copy_options::recursive);
    }

private:
    const Program& filled_;
    TemporaryDirectory kept_;
};

class Checker {
public:
    Checker(const Program& daybook, const Case& one) : daybook_(daybook), case_(one) {}

    Words command() const {
        Words words{daybook_program(), "--data", daybook_.data().string(), "-q"};
        words.insert(words.end(), case_.command.begin(), case_.command.end());
        return words;
    }
    void remember_result() {
        if (!case_.makes.empty()) expected_ = read_file(daybook_ / case_.makes);
        tokens_ = times_in(events(), token);
    }
    // What is wrong after the command ended like that with a call that failed; empty where nothing is.
    std::string after(const Outcome& outcome) const {
        if (outcome.status >= 128) return "it was killed";
        if (outcome.status != 0 && outcome.err.find("daybook: error: ") == std::string::npos) return "it failed without a word";
        if (outcome.status == 0 && !is_done()) return "it said that all is well, and it is not";
        const std::size_t tokens = times_in(events(), token);
        if (tokens != 0 && tokens != tokens_) return "its input is there in part, or twice";
        if (const std::string wrong = unsound(); !wrong.empty()) return wrong;
        const Outcome again = daybook_.run(with_quiet(case_.command));
        const bool may_refuse = (case_.removes_secret || !case_.makes.empty()) && again.status == 6;  // it was done before
        if (again.status != 0 && !may_refuse) return "run again it failed: " + again.err;
        if (case_.removes_secret) (void)daybook_.run({"redact", "--finish"});
        if (!is_done()) return "run again it did not do what it was to do";
        return unsound();
    }

private:
    static Words with_quiet(Words words) {
        words.insert(words.begin(), "-q");
        return words;
    }
    std::string events() const { return daybook_.out({"events", "-o", "jsonl"}); }
    bool is_done() const {
        if (times_in(events(), token) != tokens_) return false;
        if (case_.removes_secret && holds(daybook_.directory(), secret)) return false;
        return case_.makes.empty() || read_file(daybook_ / case_.makes) == expected_;
    }
    std::string unsound() const {
        const Outcome verify = daybook_.run({"verify"});
        if (verify.status != 0) return "verify: " + verify.err;
        const Outcome views = daybook_.run({"replay", "--check"});
        return views.status == 0 ? "" : "replay --check: " + views.err;
    }

    const Program& daybook_;
    const Case& case_;
    std::string expected_;
    std::size_t tokens_ = 0;  // how often the events have the token once it is done
};

}  // namespace

TEST_CASE("a system call that fails once is told or does no harm, and the command does its work when it is run again",
          "[fault][calls]") {
    if (!can_trace()) return skip("strace is not there, or may not trace");
    Choices choices;
    INFO(choices.said());
    const Program daybook;
    const std::string incident = fill(daybook);
    const Again again(daybook);
    constexpr std::array<const char*, 3> errors{"EIO", "ENOSPC", "EDQUOT"};
    std::size_t failures = 0;
    for (const Case& one : cases(incident)) {
        Checker checker(daybook, one);
        const auto calls = calls_of(checker.command(), daybook.directory());
        checker.remember_result();
        std::vector<std::pair<SystemCall, const char*>> all;
        for (const SystemCall& call : calls) {
            for (const char* error : errors) all.emplace_back(call, error);
        }
        std::shuffle(all.begin(), all.end(), choices.random);
        all.resize(std::min(all.size(), rounds(6, all.size())));
        std::size_t told = 0;
        for (const auto& [call, error] : all) {
            again.restore();
            const Outcome outcome = run_with_failure(checker.command(), call, error, daybook.directory());
            told += outcome.status != 0 ? 1 : 0;
            const std::string wrong = checker.after(outcome);
            INFO(one.name << ", " << call.name << ' ' << call.number << ' ' << error << ": status " << outcome.status << ' '
                          << outcome.err);
            if (!wrong.empty())
                report(std::string(one.name) + ' ' + call.name + ' ' + std::to_string(call.number) + ' ' + error + ": " + wrong +
                       ' ' + outcome.err);
            CHECK(wrong == "");
        }
        again.restore();
        failures += all.size();
        report(std::string(one.name) + ": " + std::to_string(calls.size()) + " calls, " + std::to_string(all.size()) +
               " failures, " + std::to_string(told) + " of them told");
    }
    CHECK(failures > 0);
}

TEST_CASE("a commit whose last write fails is told as unknown, the journal verifies, and the next one goes well",
          "[fault][calls]") {
    if (!can_trace()) return skip("strace is not there, or may not trace");
    const Program daybook;
    const std::string incident = fill(daybook);
    const Again again(daybook);
    for (const Case& one : cases(incident)) {
        if (one.name != std::string("note") && one.name != std::string("ingest")) continue;
        Checker checker(daybook, one);
        const auto calls = calls_of(checker.command(), daybook.directory());
        checker.remember_result();
        SystemCall last;
        for (const SystemCall& call : calls) {
            if (call.name == "pwrite64") last = std::max(last, call);
        }
        REQUIRE(last.number != 0);
        for (const char* error : {"EIO", "ENOSPC"}) {
            again.restore();
            const Outcome outcome = run_with_failure(checker.command(), last, error, daybook.directory());
            INFO(one.name << ": " << outcome.err);
            CHECK(outcome.status == 1);
            CHECK(outcome.err.find("it is not known whether the last events are on disk") != std::string::npos);
            CHECK(checker.after(outcome) == "");
        }
        again.restore();
    }
}

TEST_CASE("a rebuild in which the opening of a file fails says so, or does its work, and never waits for itself",
          "[fault][calls]") {
    if (!can_trace()) return skip("strace is not there, or may not trace");
    const Program daybook;
    (void)fill(daybook);
    const Again again(daybook);
    const Case one{"rebuild", {"replay", "--rebuild"}};
    const Checker checker(daybook, one);
    for (const SystemCall& call : calls_of(checker.command(), daybook.directory())) {
        if (call.name != "openat") continue;
        again.restore();
        const Outcome outcome = run_with_failure(checker.command(), call, "EIO", daybook.directory());
        INFO("openat " << call.number << ": status " << outcome.status << ' ' << outcome.err);
        CHECK((outcome.status == 0 || outcome.status == 1));
        CHECK(checker.after(outcome) == "");
    }
}
