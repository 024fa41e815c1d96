#include "ops/cli/program.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "ops/cli/command_set.hpp"
#include "ops/crash_message.hpp"
#include "ops/visible.hpp"

namespace daybook {
namespace {

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

// A standard stream that is closed keeps its number: the next file that is opened, such as the journal's, would get it, and what is
// printed would go into that. Reading from it, or writing to it, fails as before.
void keep_standard_numbers() {
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(number, F_GETFD) < 0) (void)::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

// Help with the examples first: what most people look for.
class ExamplesFirst : public CLI::Formatter {
public:
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
        if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
        return make_description(app) + make_footer(app) + '\n' + make_usage(app, std::move(name)) + make_positionals(app) +
               make_groups(app, mode) + make_subcommands(app, mode);
    }
};

// How many letters must be put in, left out or changed to make one word of another (Levenshtein).
std::size_t distance(const std::string& from, const std::string& to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t changed = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

// The command that `word` was perhaps to be; empty where it is like none.
std::string nearest(const std::string& word, const std::vector<const CLI::App*>& commands) {
    std::string found;
    std::size_t least = std::min<std::size_t>(3, word.size());
    for (const CLI::App* command : commands) {
        const std::size_t mistakes = distance(word, command->get_name());
        if (mistakes >= least) continue;
        least = mistakes;
        found = command->get_name();
    }
    return found;
}

// What is to be said of the words of a command when there is none of that name; nothing where there is.
struct UnknownCommand {
    std::string message, help;
};
std::optional<UnknownCommand> unknown_command(const CLI::App& root, int argc, char** argv) {
    const CLI::App* app = &root;
    std::string above;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word.starts_with('-')) {
            const CLI::Option* option = root.get_option_no_throw(word);
            if (option != nullptr && option->get_items_expected_max() > 0) ++i;
            continue;
        }
        const auto commands = app->get_subcommands([](const CLI::App*) { return true; });
        if (commands.empty()) return std::nullopt;  // it is an argument
        const auto known = std::find_if(commands.begin(), commands.end(), [&](auto* one) { return one->get_name() == word; });
        if (known == commands.end()) {
            const std::string near = nearest(word, commands);
            return UnknownCommand{"no such command: " + above + word + (near.empty() ? "" : "; did you mean " + above + near + '?'),
                                  above};
        }
        app = *known;
        above += word + ' ';
    }
    return std::nullopt;
}

// What was given and is empty would count as not given: `--key "$KEY"` would believe any key where KEY is unset. Where the empty
// text says something, the option's help tells what.
void refuse_empty(const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
        const auto& given = option->results();
        if (std::find(given.begin(), given.end(), "") == given.end()) continue;
        if (option->get_description().find("; empty: ") != std::string::npos) continue;
        throw CommandError(ExitStatus::usage, option->get_name() + " is empty (an unset variable?): " +
                                                  (option->get_required() ? "" : "leave it out, or ") + "say what it is");
    }
    for (const CLI::App* command : app.get_subcommands()) refuse_empty(*command);
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
    add_intelligence_commands(app, chosen);
    add_gate_command(app, chosen);
    add_job_commands(app, chosen);
    add_export_commands(app, chosen);
    add_migrate_command(app, chosen);
    add_check_commands(app, chosen);
    add_audit_commands(app, chosen);
    add_redact_command(app, chosen);
    add_backup_commands(app, chosen);
    add_doctor_command(app, chosen);
    add_serve_command(app, chosen);
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
        const auto unknown = unknown_command(app, argc, argv);
        say_error(unknown ? unknown->message : error.what());
        std::cerr << "daybook: `daybook " << (unknown ? unknown->help : "")
                  << "--help` lists the commands, `daybook COMMAND --help` shows examples\n";
        return static_cast<int>(ExitStatus::usage);
    }
    refuse_empty(app);
    Session session(settings_of(options), std::cout, std::cerr);
    const ExitStatus status = chosen(session);
    std::cout.flush();
    if (!std::cout) throw CommandError(ExitStatus::failure, "standard output could not be written to");
    return static_cast<int>(status);
}

}  // namespace

int run_program(int argc, char** argv) {
    keep_standard_numbers();
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

}  // namespace daybook
