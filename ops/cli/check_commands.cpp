#include <algorithm>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "journal/verify.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/completion.hpp"

namespace daybook {
namespace {

void add_verify(CLI::App& root, ChosenCommand& chosen) {
    struct Options {
        std::string checkpoint, evidence, key;
    };
    auto o = std::make_shared<Options>();
    CLI::App* app = root.add_subcommand("verify", "Work everything out anew from the events, and compare");
    app->add_option("--checkpoint", o->checkpoint, "Also: the journal extends this checkpoint")->type_name("FILE");
    app->add_option("--evidence", o->evidence, "Instead: check this evidence, with --key; no journal is needed")->type_name("FILE");
    app->add_option("--key", o->key,
                    "The public key that signed, as `daybook checkpoint --vkey` prints it (default: the journal's)")
        ->type_name("VKEY");
    app->footer(
        "Examples:\n  daybook verify\n  daybook verify --checkpoint monday.checkpoint\n"
        "  daybook verify --evidence k3f9.evidence --key VKEY\nExit status 3 when something is not as it must be.");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            if (!o->evidence.empty()) return verify_evidence_file(session, o->evidence, o->key);
            const Journal& journal = session.journal_to_read();
            const bool extends = (o->checkpoint.empty() || journal_extends(session, o->checkpoint, o->key)) && !session.forked();
            Progress bar(session.progress_screen(), "Verifying", journal.snapshot()->size(), "events");
            std::uint64_t done = 0;
            VerifyOptions options;
            options.make_indexes = [] {
                std::vector<std::unique_ptr<TransactionalIndex>> indexes;
                indexes.push_back(std::make_unique<DecisionIndex>());
                return indexes;
            };
            options.index_tables = DecisionIndex::table_names();
            options.scratch = session.settings().data / ("verify-" + std::to_string(::getpid()));
            options.progress = [&](std::uint64_t events, std::uint64_t) {
                bar.advance(events - std::min(done, events));
                done = std::max(done, events);
            };
            struct Cleaner {
                std::filesystem::path path;
                ~Cleaner() {
                    std::error_code ignored;
                    std::filesystem::remove_all(path, ignored);
                }
            } cleaner{options.scratch};
            const Verification verification = verify(journal, options);
            bar.finish();
            for (const Finding& finding : verification.findings) {
                session.messages().say(MessageKind::error, std::string(to_text(finding.kind)) + ": " + finding.text);
            }
            for (const std::string& notice : verification.notices) session.messages().say(MessageKind::warning, notice);
            session.print(
                {{"sound", ""}, {"journal_size", "events"}, {"root_hash", "root"}, {"findings", ""}, {"notices", ""}},
                {verification.sound() && extends, verification.size, verification.root ? Cell(to_hex(*verification.root)) : Cell(),
                 verification.findings_count, verification.notices_count});
            if (!verification.sound()) {
                session.messages().say(MessageKind::error,
                                       "the journal is damaged: keep it as it is, and restore a backup or import a journal.jsonl");
            }
            return verification.sound() && extends ? ExitStatus::done : ExitStatus::no;
        };
    });
}

CompletionValue value_of(const std::string& type) {
    CompletionValue value;
    if (type.find("INCIDENT") != std::string::npos) value.kind = CompletionValue::Kind::incident;
    if (type == "FILE") value.kind = CompletionValue::Kind::file;
    if (type == "DIR") value.kind = CompletionValue::Kind::directory;
    return value;
}

// What the shells need to know of a command and those below it.
CompletionCommand describe(const CLI::App& app) {
    CompletionCommand command;
    command.name = app.get_name();
    command.help = app.get_description();
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_positional()) {
            if (command.argument.kind == CompletionValue::Kind::none) command.argument = value_of(option->get_type_name());
            continue;
        }
        CompletionOption described;
        for (const std::string& name : option->get_snames()) described.names.push_back('-' + name);
        for (const std::string& name : option->get_lnames()) described.names.push_back("--" + name);
        described.help = option->get_description();
        described.takes_value = option->get_items_expected_max() > 0;
        described.value = value_of(option->get_type_name());
        command.options.push_back(std::move(described));
    }
    for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; }))
        command.commands.push_back(describe(*below));
    return command;
}

void add_completion(CLI::App& root, ChosenCommand& chosen) {
    auto shell = std::make_shared<std::string>();
    CLI::App* app = root.add_subcommand("completion", "The completion script of a shell");
    app->add_option("shell", *shell, "bash, zsh or fish")->required()->type_name("SHELL");
    app->footer("Examples:\n  source <(daybook completion bash)\n  daybook completion fish | source");
    app->callback([shell, &root, &chosen] {
        chosen = [shell, &root](Session& session) {
            const auto known = shell_from_text(*shell);
            if (!known) throw CommandError(ExitStatus::usage, "the shell must be bash, zsh or fish, not " + *shell);
            CompletionCommand described = describe(root);
            described.name = "daybook";
            session.out() << completion_script(*known, described);
            return ExitStatus::done;
        };
    });
}

}  // namespace

void add_check_commands(CLI::App& root, ChosenCommand& chosen) {
    add_verify(root, chosen);
    add_completion(root, chosen);
}

}  // namespace daybook
