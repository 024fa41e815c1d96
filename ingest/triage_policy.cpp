#include "ingest/triage_policy.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include <yaml-cpp/yaml.h>

namespace daybook {
namespace {

// Thrown inside this file only, and turned into a Refusal at its border: yaml-cpp throws too.
struct PolicyError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// One mapping of the file, which knows its name and complains about keys that it does not know.
class Section {
public:
    Section(const YAML::Node& node, std::string file, std::string path)
        : node_(node), file_(std::move(file)), path_(std::move(path)) {
        if (node_ && !node_.IsNull() && !node_.IsMap()) fail(node_, path_.empty() ? "the policy" : path_, "must be a mapping");
    }

    void allow_only(std::initializer_list<std::string_view> keys) const {
        std::set<std::string> seen;
        for (const auto& entry : node_) {
            const auto key = entry.first.as<std::string>();
            if (std::find(keys.begin(), keys.end(), key) == keys.end()) fail(entry.first, at(key), "is not a key of this policy");
            if (!seen.insert(key).second) fail(entry.first, at(key), "stands here twice");
        }
    }
    bool has(const char* key) const { return node_.IsMap() && node_[key]; }
    YAML::Node get(const char* key) const { return node_[key]; }

    int integer(const char* key, int fallback, int least, int most) const {
        if (!has(key)) return fallback;
        int value = 0;
        try {
            value = node_[key].as<int>();
        } catch (const YAML::Exception&) {
            fail(node_[key], at(key), "must be a whole number");
        }
        if (value < least || value > most) {
            fail(node_[key], at(key), "must lie between " + std::to_string(least) + " and " + std::to_string(most));
        }
        return value;
    }
    bool boolean(const char* key, bool fallback) const {
        if (!has(key)) return fallback;
        try {
            return node_[key].as<bool>();
        } catch (const YAML::Exception&) {
            fail(node_[key], at(key), "must be true or false");
        }
    }
    std::string name(const char* key) const {
        if (!has(key) || !node_[key].IsScalar()) fail(has(key) ? node_[key] : node_, at(key), "is missing, or no text");
        return name_of(node_[key], at(key));
    }
    std::string name(const char* key, std::string fallback) const { return has(key) ? name(key) : std::move(fallback); }
    std::vector<std::string> names(const char* key, std::vector<std::string> fallback) const {
        if (!has(key)) return fallback;
        const YAML::Node list = node_[key];
        if (!list.IsSequence()) fail(list, at(key), "must be a list of names");
        std::vector<std::string> names;
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::string place = at(key) + '[' + std::to_string(i) + ']';
            if (!list[i].IsScalar()) fail(list[i], place, "must be a name");
            names.push_back(name_of(list[i], place));
        }
        return names;
    }
    Severity severity(const char* key) const {
        const auto severity = from_text<Severity>(name(key));
        if (!severity) fail(node_[key], at(key), "must be one of " + choices<Severity>());
        return *severity;
    }
    const YAML::Node& node() const { return node_; }
    std::string at(const std::string& key) const { return path_.empty() ? key : path_ + '.' + key; }
    [[noreturn]] void fail(const YAML::Node& where, const std::string& key, const std::string& what) const {
        throw PolicyError(file_ + ':' + std::to_string(where.Mark().line + 1) + ": " + key + ' ' + what);
    }
    const std::string& file() const { return file_; }

private:
    std::string name_of(const YAML::Node& node, const std::string& place) const {
        auto text = node.as<std::string>();
        if (text.empty() || text.size() > name_bytes_max) fail(node, place, "must have 1 to 128 characters");
        return text;
    }

    YAML::Node node_;
    std::string file_;
    std::string path_;
};

EscalationPolicy escalation_of(const Section& section) {
    section.allow_only({"name", "target", "level", "cooldown_minutes", "severity", "env", "after"});
    EscalationPolicy policy;
    policy.name = section.name("name");
    policy.target = section.name("target");
    policy.level = section.integer("level", 1, 0, 254);
    policy.cooldown_minutes = section.integer("cooldown_minutes", 60, 0, 525'600);
    if (section.has("severity")) policy.severity = section.severity("severity");
    if (section.has("env")) policy.env = section.name("env");
    if (section.has("after")) {
        const Section after(section.get("after"), section.file(), section.at("after"));
        after.allow_only({"alerts", "minutes"});
        policy.alerts = after.integer("alerts", 1, 1, 1000);
        policy.minutes = after.integer("minutes", 10, 1, 525'600);
    }
    if (!policy.severity && policy.alerts == 0) {
        section.fail(section.get("name"), section.at("name"), "needs `after` or `severity`: it would fit every alert");
    }
    return policy;
}

LabelPolicy labels_of(const Section& section) {
    section.allow_only({"service", "env", "kind", "severity", "title"});
    LabelPolicy labels;
    labels.service = section.names("service", labels.service);
    labels.env = section.names("env", labels.env);
    labels.kind = section.names("kind", labels.kind);
    labels.severity = section.names("severity", labels.severity);
    labels.title = section.names("title", labels.title);
    return labels;
}

DefaultsPolicy defaults_of(const Section& section) {
    section.allow_only({"service", "env", "kind", "severity"});
    DefaultsPolicy defaults;
    defaults.service = section.name("service", defaults.service);
    defaults.env = section.name("env", defaults.env);
    defaults.kind = section.name("kind", defaults.kind);
    if (section.has("severity")) defaults.severity = section.severity("severity");
    return defaults;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return lower;
}

std::map<std::string, Severity, std::less<>> severity_words_of(const Section& section) {
    std::map<std::string, Severity, std::less<>> words;
    for (const auto& entry : section.node()) {
        const auto word = entry.first.as<std::string>();
        if (!words.emplace(lower_case(word), section.severity(word.c_str())).second) {
            section.fail(entry.first, section.at(word), "stands here twice");
        }
    }
    return words;
}

}  // namespace

std::optional<Severity> TriagePolicy::severity_of(std::string_view word) const {
    const bool ours = word.size() == 2 && (word[0] == 'P' || word[0] == 'p');
    if (ours) return from_text<Severity>("P" + std::string(word.substr(1)));
    const auto found = severity_words.find(lower_case(word));
    return found == severity_words.end() ? std::nullopt : std::optional(found->second);
}

Result<TriagePolicy> parse_triage_policy(const std::string& text, const std::string& name) {
    try {
        const Section root(YAML::Load(text), name, "");
        root.allow_only({"reopen_minutes", "auto_resolve", "escalation", "labels", "defaults", "severity_words"});
        TriagePolicy policy;
        policy.reopen_minutes = root.integer("reopen_minutes", policy.reopen_minutes, 0, 525'600);
        policy.auto_resolve = root.boolean("auto_resolve", policy.auto_resolve);
        if (root.has("escalation")) {
            const YAML::Node list = root.get("escalation");
            if (!list.IsSequence()) root.fail(list, "escalation", "must be a list");
            for (std::size_t i = 0; i < list.size(); ++i) {
                policy.escalation.push_back(escalation_of(Section(list[i], name, "escalation[" + std::to_string(i) + "]")));
            }
        }
        const auto section = [&](const char* key) { return Section(root.get(key), name, key); };
        if (root.has("labels")) policy.labels = labels_of(section("labels"));
        if (root.has("defaults")) policy.defaults = defaults_of(section("defaults"));
        if (root.has("severity_words")) policy.severity_words = severity_words_of(section("severity_words"));
        return policy;
    } catch (const PolicyError& error) {
        return Refusal{RefusalCode::invalid, error.what(), ""};
    } catch (const YAML::Exception& error) {
        return Refusal{RefusalCode::invalid, name + ':' + std::to_string(error.mark.line + 1) + ": no YAML: " + error.msg, ""};
    }
}

Result<TriagePolicy> load_triage_policy(const std::filesystem::path& file) {
    std::error_code error;
    if (std::filesystem::status(file, error).type() == std::filesystem::file_type::not_found) return TriagePolicy{};
    std::ifstream in(file, std::ios::binary);
    if (!in || std::filesystem::is_directory(file, error)) {
        return Refusal{RefusalCode::invalid, file.string() + " can't be read: check what it is, and its mode", ""};
    }
    std::ostringstream text;
    text << in.rdbuf();
    return parse_triage_policy(text.str(), file.string());
}

}  // namespace daybook
