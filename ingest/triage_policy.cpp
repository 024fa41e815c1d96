#include "ingest/triage_policy.hpp"

#include "ingest/policy_section.hpp"

namespace daybook {
namespace {

EscalationPolicy escalation_of(const PolicySection& section) {
    section.allow_only({"name", "target", "level", "cooldown_minutes", "severity", "env", "after"});
    EscalationPolicy policy;
    policy.name = section.name("name");
    policy.target = section.name("target");
    policy.level = section.integer("level", 1, 0, 254);
    policy.cooldown_minutes = section.integer("cooldown_minutes", 60, 0, 525'600);
    if (section.has("severity")) policy.severity = section.severity("severity");
    if (section.has("env")) policy.env = section.name("env");
    if (section.has("after")) {
        const PolicySection after = section.section("after");
        after.allow_only({"alerts", "minutes"});
        policy.alerts = after.integer("alerts", 1, 1, 1000);
        policy.minutes = after.integer("minutes", 10, 1, 525'600);
    }
    if (!policy.severity && policy.alerts == 0) {
        section.fail(section.get("name"), section.at("name"), "needs `after` or `severity`: it would fit every alert");
    }
    return policy;
}

LabelPolicy labels_of(const PolicySection& section) {
    section.allow_only({"service", "env", "kind", "severity", "title"});
    LabelPolicy labels;
    labels.service = section.names("service", labels.service);
    labels.env = section.names("env", labels.env);
    labels.kind = section.names("kind", labels.kind);
    labels.severity = section.names("severity", labels.severity);
    labels.title = section.names("title", labels.title);
    return labels;
}

DefaultsPolicy defaults_of(const PolicySection& section) {
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

std::map<std::string, Severity, std::less<>> severity_words_of(const PolicySection& section) {
    std::map<std::string, Severity, std::less<>> words;
    for (const auto& entry : section.node()) {
        const auto word = entry.first.as<std::string>();
        if (!words.emplace(lower_case(word), section.severity(word.c_str())).second) {
            section.fail(entry.first, section.at(word), "stands here twice");
        }
    }
    return words;
}

TriagePolicy policy_of(const PolicySection& root) {
    root.allow_only({"reopen_minutes", "auto_resolve", "escalation", "labels", "defaults", "severity_words"});
    TriagePolicy policy;
    policy.reopen_minutes = root.integer("reopen_minutes", policy.reopen_minutes, 0, 525'600);
    policy.auto_resolve = root.boolean("auto_resolve", policy.auto_resolve);
    if (root.has("escalation")) {
        const YAML::Node list = root.get("escalation");
        if (!list.IsSequence()) root.fail(list, "escalation", "must be a list");
        for (std::size_t i = 0; i < list.size(); ++i) {
            policy.escalation.push_back(
                escalation_of(PolicySection(list[i], root.file(), "escalation[" + std::to_string(i) + "]")));
        }
    }
    if (root.has("labels")) policy.labels = labels_of(root.section("labels"));
    if (root.has("defaults")) policy.defaults = defaults_of(root.section("defaults"));
    if (root.has("severity_words")) policy.severity_words = severity_words_of(root.section("severity_words"));
    return policy;
}

}  // namespace

std::optional<Severity> TriagePolicy::severity_of(std::string_view word) const {
    const bool ours = word.size() == 2 && (word[0] == 'P' || word[0] == 'p');
    if (ours) return from_text<Severity>("P" + std::string(word.substr(1)));
    const auto found = severity_words.find(lower_case(word));
    return found == severity_words.end() ? std::nullopt : std::optional(found->second);
}

Result<TriagePolicy> parse_triage_policy(const std::string& text, const std::string& name) {
    return read_policy<TriagePolicy>(text, name, policy_of);
}

Result<TriagePolicy> load_triage_policy(const std::filesystem::path& file) {
    const auto text = policy_text(file);
    if (!text) return text.refusal();
    return parse_triage_policy(*text, file.string());
}

}  // namespace daybook
