#include "ops/completion.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <ranges>

#include <fmt/format.h>

#include "ops/completion_skeletons.hpp"

namespace daybook {
namespace {

using Kind = CompletionValue::Kind;

bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("_.:=-").find(c) != std::string_view::npos;
    });
}

std::string joined(const std::vector<std::string>& parts, std::string_view between = " ") {
    std::string out;
    for (const std::string& part : parts) {
        if (!out.empty()) out += between;
        out += part;
    }
    return out;
}

std::string choices_of(const CompletionValue& value) {
    assert(!value.choices.empty() && std::ranges::all_of(value.choices, is_word));
    return joined(value.choices);
}

// The first line of a help text.
std::string_view summary(std::string_view help) { return help.substr(0, help.find('\n')); }

// One word in single quotes. bash and zsh leave the quotes for a quote and enter them again, fish has escapes.
std::string quoted(std::string_view text, Shell shell) {
    std::string out = "'";
    for (const char c : text) {
        if (shell == Shell::fish && (c == '\'' || c == '\\')) out += '\\';
        out += c;
        if (shell != Shell::fish && c == '\'') out += "\\''";
    }
    return out + "'";
}

using Parts = std::map<std::string_view, std::string>;

// The skeleton with the parts in it; what is filled in is not looked at again.
std::string fill(std::string_view skeleton, const Parts& parts) {
    std::string out;
    while (true) {
        const std::size_t open = skeleton.find('@');
        out += skeleton.substr(0, open);
        if (open == std::string_view::npos) return out;
        const std::size_t close = skeleton.find('@', open + 1);
        const std::string_view name = skeleton.substr(open + 1, close - open - 1);
        if (const auto part = parts.find(name); part != parts.end()) {
            out += part->second;
            skeleton.remove_prefix(close + 1);
        } else {
            out += '@';  // one of the shell's own
            skeleton.remove_prefix(open + 1);
        }
    }
}

// A command with the way to it: "daybook incident list".
struct Place {
    std::string path;
    const CompletionCommand* command;
    bool root;
};

void collect(std::vector<Place>& places, const CompletionCommand& command, const std::string& path) {
    assert(is_word(command.name));
    for (const CompletionOption& option : command.options) {
        assert(std::ranges::all_of(option.names, is_word));
    }
    places.push_back({path, &command, places.empty()});
    for (const CompletionCommand& child : command.commands) collect(places, child, path + ' ' + child.name);
}

// What all three shells have in common.
class Script {
public:
    Script(Shell shell, const CompletionCommand& root) : shell_(shell), name_(root.name) { collect(places_, root, root.name); }
    virtual ~Script() = default;
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;
    virtual std::string text() const = 0;

protected:
    // Patterns that match "path option" for each name of an option; those of the root do so at each path.
    std::string patterns(const Place& place, const CompletionOption& option, std::string_view between) const {
        const std::string any = shell_ == Shell::fish ? "*" : "'*'";
        std::vector<std::string> all;
        all.reserve(option.names.size());
        for (const std::string& name : option.names) {
            all.push_back('\'' + place.path + (place.root ? any : "") + ' ' + name + '\'');
        }
        return joined(all, between);
    }
    // Those of the deepest commands come first: they may use a name that the root uses otherwise.
    template <class Visit>
    void for_value_options(Visit visit) const {
        for (const Place& place : std::views::reverse(places_)) {
            for (const CompletionOption& option : place.command->options) {
                if (option.takes_value) visit(place, option);
            }
        }
    }

    Shell shell_;
    std::string name_;
    std::vector<Place> places_;
};

// bash and zsh: one function, in which `case` leads from the words to what fits.
class CaseScript : public Script {
public:
    using Script::Script;
    std::string text() const override {
        const bool bash = shell_ == Shell::bash;
        Parts parts{{"name", name_}, {"steps", steps()}, {"values", values()}};
        parts["global"] = bash ? bash_flags(*places_.front().command) : zsh_flags(*places_.front().command);
        for (const Place& place : places_) parts["places"] += bash ? bash_place(place) : zsh_place(place);
        return fill(bash ? bash_skeleton : zsh_skeleton, parts);
    }

private:
    std::string offer(const CompletionValue& value) const {
        switch (value.kind) {
            case Kind::none: return "";
            case Kind::file: return '_' + name_ + "_files";
            case Kind::directory: return '_' + name_ + "_files -d";
            case Kind::incident: return '_' + name_ + "_incidents";
            case Kind::choice:
                return shell_ == Shell::bash ? "words='" + choices_of(value) + '\'' : "compadd -- " + choices_of(value);
        }
        return "";
    }
    // Lines of `case "$path $word"`: an option is followed by its value, a subcommand leads on.
    std::string steps() const {
        std::string out;
        for_value_options([&](const Place& place, const CompletionOption& option) {
            out += fmt::format("            {}) skip=$word ;;\n", patterns(place, option, " | "));
        });
        const char* variable = shell_ == Shell::bash ? "path" : "place";
        for (const Place& place : places_) {
            if (!place.root) out += fmt::format("            '{}') {}='{}' ;;\n", place.path, variable, place.path);
        }
        return out;
    }
    // Lines of `case "$path $previous"`: what the value of an option is.
    std::string values() const {
        std::string out;
        for_value_options([&](const Place& place, const CompletionOption& option) {
            const std::string action = offer(option.value);
            out += fmt::format("        {}) value=1{}{} ;;\n", patterns(place, option, " | "), action.empty() ? "" : "; ", action);
        });
        return out;
    }
    // What stands at an argument's place: nothing but its own, where it is not an option that is begun.
    std::string argument(const Place& place) const {
        const std::string action = offer(place.command->argument);
        if (action.empty() || !place.command->commands.empty()) return "";
        return fmt::format("            [[ $current == -* ]] || {}\n", action);
    }

    static std::string bash_flags(const CompletionCommand& command) {
        std::vector<std::string> names;
        for (const CompletionOption& option : command.options) names.insert(names.end(), option.names.begin(), option.names.end());
        return joined(names);
    }
    std::string bash_place(const Place& place) const {
        std::string out = fmt::format("            '{}')\n", place.path);
        if (!place.root) out += fmt::format("                flags='{}'\n", bash_flags(*place.command));
        std::vector<std::string> names;
        names.reserve(place.command->commands.size());
        for (const CompletionCommand& child : place.command->commands) names.push_back(child.name);
        if (!names.empty()) out += fmt::format("                words='{}'\n", joined(names));
        const std::string rest = argument(place);
        return out + (rest.empty() ? "" : "    " + rest) + "                ;;\n";
    }

    // `name:help`, as _describe takes it.
    static std::string zsh_entry(std::string_view name, std::string_view help) {
        std::string entry;
        for (const char c : name) entry += c == ':' ? std::string("\\:") : std::string(1, c);
        return quoted(entry + ':' + std::string(summary(help)), Shell::zsh);
    }
    static std::string zsh_flags(const CompletionCommand& command) {
        std::vector<std::string> entries;
        for (const CompletionOption& option : command.options) {
            for (const std::string& name : option.names) entries.push_back(zsh_entry(name, option.help));
        }
        return joined(entries);
    }
    std::string zsh_place(const Place& place) const {
        std::string out = fmt::format("        '{}')\n", place.path);
        if (!place.root) out += fmt::format("            flags=({})\n", zsh_flags(*place.command));
        std::vector<std::string> entries;
        entries.reserve(place.command->commands.size());
        for (const CompletionCommand& child : place.command->commands) entries.push_back(zsh_entry(child.name, child.help));
        if (!entries.empty()) out += fmt::format("            subcommands=({})\n", joined(entries));
        return out + argument(place) + "            ;;\n";
    }
};

class FishScript : public Script {
public:
    explicit FishScript(const CompletionCommand& root) : Script(Shell::fish, root) {}
    std::string text() const override {
        Parts parts{{"name", name_}, {"steps", steps()}};
        for (const Place& place : places_) parts["places"] += lines(place);
        return fill(fish_skeleton, parts);
    }

private:
    std::string steps() const {
        std::string out;
        for_value_options([&](const Place& place, const CompletionOption& option) {
            out += fmt::format("            case {}\n                set skip $word\n", patterns(place, option, " "));
        });
        for (const Place& place : places_) {
            if (!place.root) out += fmt::format("            case '{}'\n                set place '{}'\n", place.path, place.path);
        }
        return out;
    }
    std::string offer(const CompletionValue& value) const {
        switch (value.kind) {
            case Kind::none: return "";
            case Kind::file: return " -F";
            case Kind::directory: return " -a '(__fish_complete_directories)'";
            case Kind::incident: return " -a '(__" + name_ + "_incidents)'";
            case Kind::choice: return " -a '" + choices_of(value) + "'";
        }
        return "";
    }
    std::string option(const CompletionOption& option) const {
        std::string out;
        for (const std::string& name : option.names) {
            assert(name.size() == 2 || name.starts_with("--"));
            out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
        }
        if (option.takes_value) out += (option.value.kind == Kind::file ? " -r" : " -x") + offer(option.value);
        return out + " -d " + quoted(summary(option.help), Shell::fish);
    }
    std::string lines(const Place& place) const {
        const std::string always = "complete -c " + name_;
        const std::string here = always + " -n '__" + name_ + "_at " + place.path + "'";
        std::string out;
        for (const CompletionOption& each : place.command->options) out += (place.root ? always : here) + option(each) + '\n';
        for (const CompletionCommand& child : place.command->commands) {
            out += fmt::format("{} -a {} -d {}\n", here, child.name, quoted(summary(child.help), Shell::fish));
        }
        const std::string argument = offer(place.command->argument);
        if (place.command->commands.empty() && !argument.empty()) out += here + argument + '\n';
        return out;
    }
};

}  // namespace

std::optional<Shell> shell_from_text(std::string_view text) {
    if (text == "bash") return Shell::bash;
    if (text == "zsh") return Shell::zsh;
    if (text == "fish") return Shell::fish;
    return std::nullopt;
}

std::string completion_script(Shell shell, const CompletionCommand& root) {
    if (shell == Shell::fish) return FishScript(root).text();
    return CaseScript(shell, root).text();
}

}  // namespace daybook
