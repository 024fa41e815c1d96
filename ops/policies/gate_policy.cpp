#include "ops/policies/gate_policy.hpp"

#include <set>

#include "ingest/checks.hpp"
#include "ingest/policy_section.hpp"

namespace daybook {
namespace {

constexpr std::size_t text_bytes_max = 1'000;

// YAML 1.1 reads off as false; here it is the word.
GateMode mode_of(const PolicySection& section, const char* key) {
    const auto mode = from_text<GateMode>(section.name(key));
    if (!mode) section.fail(section.get(key), section.at(key), "must be one of " + choices<GateMode>());
    return *mode;
}

GateWaiver waiver_of(const PolicySection& section) {
    section.allow_only({"rule", "incident", "followup", "signature", "service", "env", "reason", "approver", "expires"});
    GateWaiver waiver;
    const auto rule = from_text<GateRule>(section.name("rule"));
    if (!rule) section.fail(section.get("rule"), section.at("rule"), "must be one of " + choices<GateRule>());
    if (*rule >= GateRule::fw008) section.fail(section.get("rule"), section.at("rule"), "can't be waived");
    waiver.rule = *rule;
    const auto optional = [&](const char* key) {
        return section.has(key) ? std::optional(section.text(key, text_bytes_max)) : std::nullopt;
    };
    waiver.incident = optional("incident");
    waiver.followup = optional("followup");
    waiver.signature = optional("signature");
    waiver.service = optional("service");
    waiver.env = optional("env");
    waiver.reason = section.text("reason", text_bytes_max);
    waiver.approver = section.name("approver");
    const auto expires = parse_due(section.text("expires", text_bytes_max));
    if (!expires) {
        section.fail(section.get("expires"), section.at("expires"),
                     "must be a date such as 2026-03-02 (until the end of that day, UTC), or a time with an offset");
    }
    waiver.expires = to_micros(*expires);
    return waiver;
}

GatePolicy policy_of(const PolicySection& root) {
    root.allow_only({"modes", "other_env", "rules", "postmortem_days", "unacknowledged_minutes", "waivers"});
    GatePolicy policy;
    if (root.has("modes")) {
        const PolicySection modes = root.section("modes");
        std::set<std::string> given;  // the others stay as they are by default
        for (const auto& entry : modes.node()) {
            const auto env = entry.first.as<std::string>();
            if (!given.insert(env).second) modes.fail(entry.first, modes.at(env), "stands here twice");
            policy.modes[env] = mode_of(modes, env.c_str());
        }
    }
    if (root.has("other_env")) policy.other_env = mode_of(root, "other_env");
    if (root.has("rules")) {
        const PolicySection rules = root.section("rules");
        for (const auto& entry : rules.node()) {
            const auto name = entry.first.as<std::string>();
            const auto rule = from_text<GateRule>(name);
            if (!rule) rules.fail(entry.first, rules.at(name), "must be one of " + choices<GateRule>());
            policy.rules[static_cast<std::size_t>(*rule)] = mode_of(rules, name.c_str());
        }
    }
    policy.postmortem_days = root.integer("postmortem_days", policy.postmortem_days, 0, 3'660);
    policy.unacknowledged_minutes = root.integer("unacknowledged_minutes", policy.unacknowledged_minutes, 0, 525'600);
    if (!root.has("waivers")) return policy;
    const YAML::Node list = root.get("waivers");
    if (!list.IsSequence()) root.fail(list, "waivers", "must be a list");
    for (std::size_t i = 0; i < list.size(); ++i) {
        policy.waivers.push_back(waiver_of(PolicySection(list[i], root.file(), "waivers[" + std::to_string(i) + "]")));
    }
    return policy;
}

}  // namespace

Result<GatePolicy> parse_gate_policy(const std::string& text, const std::string& name) {
    auto policy = read_policy<GatePolicy>(text, name, policy_of);
    if (policy) policy->bytes = text;
    return policy;
}

Result<GatePolicy> load_gate_policy(const std::filesystem::path& file) {
    const auto text = policy_text(file);
    if (!text) return text.refusal();
    auto policy = parse_gate_policy(*text, file.string());
    std::error_code ignored;
    if (policy && !std::filesystem::exists(file, ignored)) policy->bytes.reset();
    return policy;
}

}  // namespace daybook
