#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>

#include <CLI/CLI.hpp>

#include "journal/json.hpp"
#include "journal/own_keys.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/named.hpp"
#include "ops/late_entries.hpp"
#include "ops/whole_number.hpp"
#include "projections/object_text.hpp"

namespace daybook {
namespace {

// What an option says, each value with its end; a time is the same in each offset.
std::string value_of(const CLI::Option& option) {
    const std::string name = option.get_name();
    std::string values;
    for (const std::string& value : option.results()) {
        if (name == "--occurred-at" || name == "--started-at") {
            values += format_time(time_option(name, value)) + '\n';
        } else if (name == "--due") {
            values += format_time(due_option(name, value)) + '\n';
        } else {
            values += value + '\n';
        }
    }
    return values;
}

// Of the RFC 8785 text of the command and of what it was given.
Digest digest_of_input(const CLI::App& command, const WriteOptions::Meant& meant) {
    std::map<std::string, std::string> given{{"command", command.get_name()}};
    if (command.get_parent() != nullptr) given["of"] = command.get_parent()->get_name();
    for (const CLI::Option* option : command.get_options()) {
        const std::string name = option->get_name();
        const bool is_input = name != "--idempotency-key" && name != "--expected-version" && name != "--dry-run";
        if (is_input && option->count() != 0) given[name] = value_of(*option);
    }
    for (const auto& [name, value] : meant) given[name] = value + '\n';
    std::string text;
    ObjectText object(text);
    for (const auto& [name, value] : given) object.text(name, value);
    object.finish();
    Sha256 sha256;
    return sha256({text});
}

}  // namespace

WriteOptions::WriteOptions(CLI::App& command) : command_(command) {
    command.add_option("--occurred-at", occurred_at_, "When it happened, for what is written down later (default: now)")
        ->type_name("TIME");
    command.add_option("--idempotency-key", key_, "The same key again writes nothing; with another input it is refused")
        ->type_name("KEY");
    command
        .add_option("--expected-version", expected_version_, "Refuse unless the incident is at this version: a number, none or any")
        ->type_name("N");
    command.add_flag("--dry-run", dry_run_, "Check and decide, write nothing");
}

CommandContext WriteOptions::context(Session& session, const Meant& meant) const {
    CommandContext context;
    context.actor = session.settings().agent;
    context.source = "cli";
    context.dry_run = dry_run_;
    context.by_clock = occurred_at_.empty();
    context.occurred_at = context.by_clock ? session.now() : happened_option(session, "--occurred-at", occurred_at_);
    if (!expected_version_.empty() && expected_version_ != "any") {
        const auto version = whole_number(expected_version_);
        if (expected_version_ != "none" && !version) {
            throw CommandError(ExitStatus::usage, "--expected-version must be a number, none or any, not " + expected_version_);
        }
        context.expected_version = version.value_or(0);
    }
    if (!key_.empty()) {
        if (const auto refusal = refuse_own_key(key_)) throw CommandError(ExitStatus::usage, "--idempotency-key " + *refusal);
        context.idempotency_key = key_;
        context.input_sha256 = digest_of_input(command_, meant);
    }
    return context;
}

std::string text_argument(const std::string& text) {
    if (text != "-") return text;
    std::string all{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
    if (!all.empty() && all.back() == '\n') all.pop_back();
    return all;
}

void print_outcome(Session& session, const CommandOutcome& outcome, const std::string& done) {
    if (outcome.appended.first) {
        const auto warning = missing_in_digests(*session.journal_to_read().snapshot(), outcome.appended.first);
        if (warning) session.messages().say(MessageKind::warning, *warning);
    }
    if (session.settings().format) {
        session.print({{"incident_id", ""}, {"id", ""}, {"seq", ""}, {"version", ""}, {"duplicate", ""}, {"written", ""}},
                      {outcome.incident_id, outcome.subject_id.empty() ? Cell() : Cell(outcome.subject_id),
                       outcome.appended.first ? Cell(outcome.appended.first) : Cell(), outcome.version, outcome.appended.duplicate,
                       outcome.appended.count});
        return;
    }
    if (outcome.appended.duplicate) {
        session.messages().say(MessageKind::notice, "nothing was written: this key was taken before, at seq " +
                                                        std::to_string(outcome.appended.first.value));
    } else if (outcome.dry_run) {
        session.messages().say(MessageKind::notice, "it would be taken (dry run: nothing was written)");
    } else if (outcome.appended.count == 0) {
        session.messages().say(MessageKind::notice, "nothing had to be written: " +
                                                        (outcome.subject_id.empty() ? outcome.incident_id : outcome.subject_id) +
                                                        " is so already");
    } else {
        session.messages().say(MessageKind::notice, done + " (seq " + std::to_string(outcome.appended.first.value) + ")");
    }
}

}  // namespace daybook
