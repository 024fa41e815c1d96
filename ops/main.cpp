// daybook: the one binary. Parses the command line, runs the command that was chosen, and turns what went wrong into a message and
// an exit status. Nothing below this file catches.
#include <csignal>
#include <cstdlib>
#include <iostream>

#include <pwd.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "ops/cli/command_set.hpp"
#include "ops/crash_message.hpp"
#include "ops/visible.hpp"

namespace {

using namespace daybook;

std::string system_user() {
    const passwd* entry = ::getpwuid(::geteuid());
    const std::string name = entry != nullptr ? entry->pw_name : "uid-" + std::to_string(::geteuid());
    return is_actor(name) ? name : "uid-" + std::to_string(::geteuid());
}

struct GlobalOptions {
    std::string data = "daybook-data", agent, now, format, signing_key, witness;
    bool quiet = false, verbose = false, no_input = false;
};

void add_global_options(CLI::App& app, GlobalOptions& options) {
    app.add_option("--data", options.data, "The data directory")->envname("DAYBOOK_DATA")->type_name("DIR")->capture_default_str();
    app.add_option("--agent", options.agent, "Who acts (default: the system's user)")->envname("DAYBOOK_AGENT")->type_name("AGENT");
    app.add_option("--now", options.now, "The time that reports are made for, and when things happened unless they say so")
        ->envname("DAYBOOK_NOW")
        ->type_name("TIME");
    app.add_option("--signing-key", options.signing_key,
                   "The private key to sign with, PEM (default: signing.key in the data directory)")
        ->envname("DAYBOOK_SIGNING_KEY")
        ->type_name("FILE");
    app.add_option("--witness", options.witness,
                   "Where the last checkpoint is kept, outside of the data directory: the journal must extend it")
        ->envname("DAYBOOK_CHECKPOINT_FILE")
        ->type_name("FILE");
    app.add_option("-o,--output", options.format,
                   "table, tsv, json, jsonl, csv or markdown (default: a table on a terminal, tsv in a pipe)")
        ->type_name("FORMAT");
    app.add_flag("-q,--quiet", options.quiet, "Errors only");
    app.add_flag("-v,--verbose", options.verbose, "Details too");
    app.add_flag("--no-input", options.no_input, "Never ask (daybook never does)");
}

Settings settings_of(const GlobalOptions& options) {
    Settings settings;
    settings.data = options.data;
    settings.agent = options.agent.empty() ? system_user() : options.agent;
    if (!is_actor(settings.agent)) {
        throw CommandError(ExitStatus::usage, "--agent must be of [A-Za-z0-9._@:-], 1 to 128: " + settings.agent);
    }
    if (!options.now.empty()) settings.now = time_option("--now", options.now);
    if (!options.format.empty()) {
        settings.format = format_from_text(options.format);
        if (!settings.format)
            throw CommandError(ExitStatus::usage, "-o must be one of " + format_choices() + ", not " + options.format);
    }
    if (!options.signing_key.empty()) settings.signing_key = options.signing_key;
    if (!options.witness.empty()) settings.witness = options.witness;
    settings.quiet = options.quiet;
    settings.verbose = options.verbose;
    return settings;
}

// Before there is a session that could do it.
void say_error(const std::string& text) { std::cerr << "daybook: error: " << visible(text, Breaks::keep) << '\n'; }

// Help with the examples first: what most people look for.
class ExamplesFirst : public CLI::Formatter {
public:
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
        if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
        return make_description(app) + make_footer(app) + '\n' + make_usage(app, std::move(name)) + make_positionals(app) +
               make_groups(app, mode) + make_subcommands(app, mode);
    }
};

// The word that stands where a command was expected and is none; empty where it was simply left out.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word.starts_with('-')) {
            const CLI::Option* option = app.get_option_no_throw(word);
            if (option != nullptr && option->get_items_expected_max() > 0) ++i;
            continue;
        }
        try {
            (void)app.get_subcommand(word);
        } catch (const CLI::OptionNotFound&) {
            return word;
        }
        return "";
    }
    return "";
}

int run(int argc, char** argv) {
    CLI::App app(
        "daybook: an incident journal. Every change is an event that nobody can take back; everything else is made from them.",
        "daybook");
    GlobalOptions options;
    ChosenCommand chosen;
    app.require_subcommand(1);
    app.fallthrough();
    app.formatter(std::make_shared<ExamplesFirst>());
    app.set_version_flag("--version", std::string("daybook ") + DAYBOOK_VERSION);
    add_global_options(app, options);
    add_ingest_commands(app, chosen);
    add_incident_commands(app, chosen);
    add_entry_commands(app, chosen);
    add_query_commands(app, chosen);
    add_projection_commands(app, chosen);
    add_export_commands(app, chosen);
    add_check_commands(app, chosen);
    add_audit_commands(app, chosen);
    add_redact_command(app, chosen);
    add_backup_commands(app, chosen);
    add_doctor_command(app, chosen);
    add_key_commands(app, chosen);
    app.footer(
        "Examples:\n  daybook ingest triage.jsonl\n  daybook incident list --status open\n  daybook timeline "
        "inc_20260223_1000_k3f9\n"
        "  daybook digest weekly --week 2026-08\n"
        "Exit status: 0 done, 1 failure, 2 usage, 3 the answer is no, 4 not permitted, 5 not found, 6 conflict.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {
        return app.exit(success);  // --help, --version
    } catch (const CLI::ParseError& error) {
        const std::string unknown = unknown_command(app, argc, argv);
        say_error(unknown.empty() ? error.what() : "no such command: " + unknown);
        std::cerr << "daybook: `daybook --help` lists the commands, `daybook COMMAND --help` shows examples\n";
        return static_cast<int>(ExitStatus::usage);
    }
    Session session(settings_of(options), std::cout, std::cerr);
    const ExitStatus status = chosen(session);
    std::cout.flush();
    if (!std::cout) throw CommandError(ExitStatus::failure, "standard output could not be written to");
    return static_cast<int>(status);
}

}  // namespace

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    install_crash_message();
    try {
        return run(argc, argv);
    } catch (const CommandError& error) {
        std::cout.flush();
        say_error(error.what());
        return static_cast<int>(error.status());
    } catch (const std::exception& error) {
        std::cout.flush();
        say_error(error.what());
        return static_cast<int>(ExitStatus::failure);
    }
}
