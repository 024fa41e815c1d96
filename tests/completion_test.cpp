#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "ops/completion.hpp"
#include "tests/support.hpp"

namespace daybook {
namespace {

using Kind = CompletionValue::Kind;

// A small daybook, with the cases that differ.
CompletionCommand example() {
    CompletionCommand list{.name = "list", .help = "List incidents, it's fast\nmore"};
    list.options = {{{"--status"}, "Only: these", true, {Kind::choice, {"open", "mitigated", "all"}}},
                    {{"--ids"}, "Ids alone; @name@ stays", false, {}}};
    CompletionCommand show{.name = "show", .help = "Show one [all] of it", .argument = {Kind::incident, {}}};
    CompletionCommand incident{.name = "incident", .help = "Incidents", .commands = {list, show}};
    CompletionCommand ingest{.name = "ingest", .help = "Take alerts", .argument = {Kind::file, {}}};
    CompletionCommand backup{.name = "backup", .help = "Copy", .argument = {Kind::directory, {}}};
    CompletionCommand completion{.name = "completion", .help = "Scripts", .argument = {Kind::choice, {"bash", "zsh", "fish"}}};
    CompletionCommand root{.name = "daybook", .help = "A journal"};
    root.options = {{{"-o", "--output"}, "Form", true, {Kind::choice, {"table", "json", "jsonl"}}},
                    {{"--data"}, "Where", true, {Kind::directory, {}}},
                    {{"--agent"}, "Who", true, {}},
                    {{"-q", "--quiet"}, "Say less", false, {}}};
    root.commands = {incident, ingest, backup, completion};
    return root;
}

bool is_there(const std::string& shell) { return test::run({"sh", "-c", "command -v " + shell + " >/dev/null"}).status == 0; }

// A directory with the scripts, a program that prints ids, and some files.
class Desk {
public:
    Desk() {
        test::write_file(directory_ / "daybook.bash", completion_script(Shell::bash, example()));
        test::write_file(directory_ / "daybook.zsh", completion_script(Shell::zsh, example()));
        test::write_file(directory_ / "daybook.fish", completion_script(Shell::fish, example()));
        test::write_file(directory_ / "daybook",
                         "#!/bin/sh\n"
                         "[ \"$1\" = --data ] && { echo \"inc_20260101_0000_$2\"; shift 2; }\n"
                         "[ \"$*\" = 'incident list --ids' ] && echo inc_20260223_1000_aaaa && echo inc_20260224_1000_bbbb\n");
        std::filesystem::permissions(directory_ / "daybook", std::filesystem::perms::owner_all);
        std::filesystem::create_directory(directory_ / "folder one");
        test::write_file(directory_ / "fo*.json", "");
    }
    std::filesystem::path path() const { return directory_.path(); }

    // What bash offers for `words`, of which the last is being typed.
    std::vector<std::string> bash(const std::vector<std::string>& words) const {
        // The words come as arguments, split as bash does it.
        std::vector<std::string> command{"bash",
                                         "--norc",
                                         "--noprofile",
                                         "-uc",
                                         "source ./daybook.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
                                         "[[ $(complete -p daybook) == 'complete -F _daybook daybook' ]] || echo not registered; "
                                         "_daybook; [[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\\n' \"${COMPREPLY[@]}\"",
                                         "bash"};
        command.insert(command.end(), words.begin(), words.end());
        return lines(test::run(command, {}, path()));
    }
    // What fish offers, without the descriptions.
    std::vector<std::string> fish(const std::string& line) const {
        const std::string script = "set -x PATH . $PATH; source daybook.fish; complete -C '" + line + "'";
        return lines(test::run({"fish", "--no-config", "-c", script}, {}, path()));
    }
    // What zsh offers: its own functions are replaced by some that print what they were given.
    std::vector<std::string> zsh(const std::vector<std::string>& before) const {
        std::vector<std::string> command{
            "zsh", "-fc",
            "compdef() { :; }; compset() { :; }; _files() { print -- files $*; };"
            "compadd() { if [[ $1 == -a ]]; then print -l -- ${(P)2}; else shift; print -l -- $*; fi; };"
            "_describe() { print -l -- ${(P)2}; };"
            "source ./daybook.zsh; words=(\"$@\"); CURRENT=$#; _daybook",
            "zsh"};
        command.insert(command.end(), before.begin(), before.end());
        return lines(test::run(command, {}, path()));
    }

private:
    static std::vector<std::string> lines(const test::Outcome& outcome) {
        std::vector<std::string> all;
        std::string line;
        for (const char c : outcome.out + outcome.err) {
            if (c == '\n') {
                all.push_back(line);
                line.clear();
            } else if (c == '\t') {  // fish's descriptions
                line += '|';
            } else {
                line += c;
            }
        }
        if (!line.empty()) all.push_back(line);
        std::sort(all.begin(), all.end());
        return all;
    }
    test::TemporaryDirectory directory_;
};

using Words = std::vector<std::string>;
const Words both_ids{"inc_20260223_1000_aaaa", "inc_20260224_1000_bbbb"};

}  // namespace

TEST_CASE("every shell that is here accepts its completion script") {
    const Desk desk;
    CHECK(test::run({"bash", "-n", (desk.path() / "daybook.bash").string()}).err == "");
    if (is_there("zsh")) {
        const auto outcome = test::run({"zsh", "-n", (desk.path() / "daybook.zsh").string()});
        CHECK(outcome.status == 0);
        CHECK(outcome.err == "");
    }
    if (is_there("fish")) {
        const auto outcome = test::run({"fish", "--no-execute", (desk.path() / "daybook.fish").string()});
        CHECK(outcome.status == 0);
        CHECK(outcome.err == "");
    }
}

TEST_CASE("bash completes commands, subcommands and options") {
    const Desk desk;
    CHECK(desk.bash({"daybook", "inc"}) == Words{"incident"});
    CHECK(desk.bash({"daybook", ""}) == Words{"backup", "completion", "incident", "ingest"});
    CHECK(desk.bash({"daybook", "incident", ""}) == Words{"list", "show"});
    CHECK(desk.bash({"daybook", "incident", "list", "--s"}) == Words{"--status"});
    CHECK(desk.bash({"daybook", "incident", "list", "--"}) ==
          Words{"--agent", "--data", "--ids", "--output", "--quiet", "--status"});
    CHECK(desk.bash({"daybook", "-"}) == Words{"--agent", "--data", "--output", "--quiet", "-o", "-q"});
    CHECK(desk.bash({"daybook", "nothing", "like", "x"}) == Words{});
    CHECK(desk.bash({"daybook", "incident", "list", ""}) == Words{});
}

TEST_CASE("bash completes the values of options, also after an equals sign, and passes over them") {
    const Desk desk;
    CHECK(desk.bash({"daybook", "incident", "list", "--status", "m"}) == Words{"mitigated"});
    CHECK(desk.bash({"daybook", "incident", "list", "--status", "=", "m"}) == Words{"mitigated"});
    CHECK(desk.bash({"daybook", "incident", "list", "--status", "="}) == Words{"all", "mitigated", "open"});
    CHECK(desk.bash({"daybook", "-o", "j"}) == Words{"json", "jsonl"});
    CHECK(desk.bash({"daybook", "incident", "list", "-o", "t"}) == Words{"table"});
    CHECK(desk.bash({"daybook", "--agent", "incident", "b"}) == Words{"backup"});
    CHECK(desk.bash({"daybook", "--agent", "=", "incident", "b"}) == Words{"backup"});
    CHECK(desk.bash({"daybook", "-q", "incident", "s"}) == Words{"show"});
    CHECK(desk.bash({"daybook", "--agent", ""}) == Words{});
}

TEST_CASE("bash completes files, folders, choices and the ids of incidents") {
    const Desk desk;
    CHECK(desk.bash({"daybook", "ingest", "fo"}) == Words{"fo*.json", "folder one"});
    CHECK(desk.bash({"daybook", "backup", "fo"}) == Words{"folder one"});
    CHECK(desk.bash({"daybook", "completion", ""}) == Words{"bash", "fish", "zsh"});
    CHECK(desk.bash({"./daybook", "incident", "show", ""}) == both_ids);
    CHECK(desk.bash({"./daybook", "incident", "show", "inc_20260224"}) == Words{"inc_20260224_1000_bbbb"});
    CHECK(desk.bash({"./daybook", "--data", "here", "incident", "show", "inc_20260101"}) == Words{"inc_20260101_0000_here"});
    CHECK(desk.bash({"./absent", "incident", "show", ""}) == Words{});
}

TEST_CASE("what is typed before the cursor is not evaluated") {
    const Desk desk;
    for (const char* hostile : {"$(touch ran)", "`touch ran`", "';touch ran;'", "*", "[", "\\", "--data=$(touch ran)"}) {
        desk.bash({"daybook", hostile, ""});
        desk.bash({"daybook", hostile});
        desk.bash({"./daybook", "--data", hostile, "incident", "show", hostile});
        if (is_there("zsh")) desk.zsh({"./daybook", "--data", hostile, "incident", "show", hostile});
    }
    CHECK(!std::filesystem::exists(desk.path() / "ran"));
}

TEST_CASE("fish completes as bash does, with the help beside it") {
    if (!is_there("fish")) return test::skip("no fish");
    const Desk desk;
    CHECK(desk.fish("daybook inc") == Words{"incident|Incidents"});
    CHECK(desk.fish("daybook incident l") == Words{"list|List incidents, it's fast"});
    CHECK(desk.fish("daybook incident list --i") == Words{"--ids|Ids alone; @name@ stays"});
    CHECK(desk.fish("daybook --agent incident ba") == Words{"backup|Copy"});
    CHECK(desk.fish("daybook incident list --status m") == Words{"mitigated|Only: these"});
    CHECK(desk.fish("daybook incident list -o js") == Words{"jsonl|Form", "json|Form"});
    CHECK(desk.fish("daybook ingest fold") == Words{"folder one/"});
    CHECK(desk.fish("daybook backup fo") == Words{"folder one/|Directory"});
    CHECK(desk.fish("daybook incident show ") == both_ids);
    CHECK(desk.fish("daybook --data=here incident show inc_20260101") == Words{"inc_20260101_0000_here"});
    CHECK(desk.fish("daybook --data here incident show inc_20260101") == Words{"inc_20260101_0000_here"});
}

TEST_CASE("zsh completes as bash does, with the help beside it") {
    if (!is_there("zsh")) return test::skip("no zsh");
    const Desk desk;
    CHECK(desk.zsh({"daybook", "incident", ""}) == Words{"list:List incidents, it's fast", "show:Show one [all] of it"});
    CHECK(desk.zsh({"daybook", "incident", "list", "-"}) == Words{"--agent:Who", "--data:Where", "--ids:Ids alone; @name@ stays",
                                                                  "--output:Form", "--quiet:Say less", "--status:Only: these",
                                                                  "-o:Form", "-q:Say less"});
    CHECK(desk.zsh({"daybook", "incident", "list", "--status", ""}) == Words{"all", "mitigated", "open"});
    CHECK(desk.zsh({"daybook", "incident", "list", "--status=m"}) == Words{"all", "mitigated", "open"});
    CHECK(desk.zsh({"daybook", "--agent", "incident", "incident", ""}).size() == 2);
    CHECK(desk.zsh({"daybook", "ingest", ""}) == Words{"files"});
    CHECK(desk.zsh({"daybook", "backup", ""}) == Words{"files -/"});
    CHECK(desk.zsh({"./daybook", "incident", "show", ""}) == both_ids);
    CHECK(desk.zsh({"./daybook", "--data", "here", "incident", "show", ""}).front() == "inc_20260101_0000_here");
    CHECK(desk.zsh({"./daybook", "--data=here", "incident", "show", ""}).front() == "inc_20260101_0000_here");
}

}  // namespace daybook
