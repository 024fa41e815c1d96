#include <algorithm>

#include <CLI/CLI.hpp>

#include "ops/cli/command_set.hpp"
#include "ops/completion.hpp"

namespace daybook {
namespace {

// Kinds of values are in capitals: "FILE", "DATE|TIME"; the words that a value may be are not: "auto|triage".
CompletionValue value_of(const std::string& type) {
    CompletionValue value;
    const bool words = std::none_of(type.begin(), type.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (words && type.find('|') != std::string::npos) {
        value.kind = CompletionValue::Kind::choice;
        for (std::size_t start = 0, end = 0; end != std::string::npos; start = end + 1) {
            end = type.find('|', start);
            value.choices.push_back(type.substr(start, end - start));
        }
        return value;
    }
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
    add_verify_command(root, chosen);
    add_completion(root, chosen);
}

}  // namespace daybook
