// Shell completion: from a description of the commands to a script for bash, zsh or fish.
//
//   source <(daybook completion bash)         bash 4 or later; needs no bash-completion
//   source <(daybook completion zsh)          or as _daybook in a folder of $fpath
//   daybook completion fish | source
//
// Each script walks the words before the cursor from command to subcommand, passes over the values of options, and then
// offers what fits. The ids of incidents come from `daybook incident list --ids`, of the program that is typed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

enum class Shell { bash, zsh, fish };

std::optional<Shell> shell_from_text(std::string_view text);

// What an argument, or an option's value, is completed with.
struct CompletionValue {
    enum class Kind { none, file, directory, incident, choice };
    Kind kind = Kind::none;
    std::vector<std::string> choices;  // of `choice`
};

// Names, options and choices are words of [A-Za-z0-9_.:=-]: they stand in scripts (asserted). Help is any text.
struct CompletionOption {
    std::vector<std::string> names;  // as typed: "-o", "--output"
    std::string help;
    bool takes_value = false;
    CompletionValue value;
};

struct CompletionCommand {
    std::string name;
    std::string help;
    std::vector<CompletionOption> options;  // those of the root hold in every command
    std::vector<CompletionCommand> commands;
    CompletionValue argument;  // in a command without subcommands: what its arguments are
};

// The script that completes `root`. Ends with a line break.
std::string completion_script(Shell shell, const CompletionCommand& root);

}  // namespace daybook
