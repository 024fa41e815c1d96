// A policy file as it is read: YAML, whose errors name file, line and key.
//
// Internal to the readers of policies: it throws PolicyError, and yaml-cpp throws too; `read_policy` turns both into a Refusal.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "journal/result.hpp"
#include "journal/types.hpp"

namespace daybook {

struct PolicyError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// One mapping of the file, which knows its name and complains about keys that it does not know. A key that is left out has the
// fallback. Everything throws PolicyError.
class PolicySection {
public:
    // `path`: of the keys that lead to it, "labels" or "escalation[0]"; empty for the whole file.
    PolicySection(const YAML::Node& node, std::string file, std::string path);

    // Also that none stands there twice.
    void allow_only(std::initializer_list<std::string_view> keys) const;
    bool has(const char* key) const { return node_.IsMap() && node_[key]; }
    YAML::Node get(const char* key) const { return node_[key]; }
    PolicySection section(const char* key) const { return {node_[key], file_, at(key)}; }

    int integer(const char* key, int fallback, int least, int most) const;
    bool boolean(const char* key, bool fallback) const;
    // Texts are UTF-8 without NUL: they come into events. Names have 1 to 128 bytes.
    std::string text(const char* key, std::size_t bytes_max) const;
    std::string name(const char* key) const { return text(key, name_bytes_max); }
    std::string name(const char* key, std::string fallback) const { return has(key) ? name(key) : std::move(fallback); }
    std::vector<std::string> names(const char* key, std::vector<std::string> fallback) const;
    Severity severity(const char* key) const;

    const YAML::Node& node() const { return node_; }
    const std::string& file() const { return file_; }
    std::string at(const std::string& key) const { return path_.empty() ? key : path_ + '.' + key; }
    [[noreturn]] void fail(const YAML::Node& where, const std::string& key, const std::string& what) const;

private:
    std::string text_of(const YAML::Node& node, const std::string& place, std::size_t bytes_max) const;

    YAML::Node node_;
    std::string file_;
    std::string path_;
};

// Refuses what is no UTF-8, or has a NUL: invalid (file and line).
std::optional<Refusal> check_is_text(std::string_view text, const std::string& name);

// Of what yaml-cpp says of the file; what it quotes of it is left out where that is not ASCII, since it may be half a character.
Refusal no_yaml(const std::string& name, const YAML::Exception& error);

// What `read` makes of the whole file in `text`; `name` is what errors call it. Refuses: invalid.
template <class Policy>
Result<Policy> read_policy(const std::string& text, const std::string& name, Policy (*read)(const PolicySection& root)) {
    if (const auto refusal = check_is_text(text, name)) return *refusal;
    try {
        return read(PolicySection(YAML::Load(text), name, ""));
    } catch (const PolicyError& error) {
        return Refusal{RefusalCode::invalid, error.what(), ""};
    } catch (const YAML::Exception& error) {
        return no_yaml(name, error);
    }
}

// The text of a policy's file; empty, which is a policy of defaults, where there is none. Refuses: invalid (it can't be read).
Result<std::string> policy_text(const std::filesystem::path& file);

}  // namespace daybook
