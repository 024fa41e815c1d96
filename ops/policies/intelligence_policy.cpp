#include "ops/policies/intelligence_policy.hpp"

#include "ingest/policy_section.hpp"

namespace daybook {
namespace {

CorrelationPolicy correlation_of(const PolicySection& section) {
    section.allow_only({"strong", "related", "possible", "common_signature_percent", "dependencies"});
    CorrelationPolicy policy;
    policy.related = section.integer("related", policy.related, 40, 99);
    policy.strong = section.integer("strong", policy.strong, policy.related + 1, 100);
    policy.possible = section.integer("possible", policy.possible, 30, policy.related);
    policy.common_signature_percent = section.integer("common_signature_percent", policy.common_signature_percent, 1, 100);
    if (!section.has("dependencies")) return policy;
    const PolicySection dependencies = section.section("dependencies");
    for (const auto& entry : dependencies.node()) {
        const auto service = entry.first.as<std::string>();
        auto needed = dependencies.names(service.c_str(), {});
        if (!policy.dependencies.emplace(service, std::move(needed)).second) {
            dependencies.fail(entry.first, dependencies.at(service), "stands here twice");
        }
    }
    return policy;
}

RecurrencePolicy recurrence_of(const PolicySection& section) {
    constexpr int incidents_max = 1'000'000;
    section.allow_only({"recurring", "chronic"});
    RecurrencePolicy policy;
    if (section.has("recurring")) {
        const PolicySection recurring = section.section("recurring");
        recurring.allow_only({"in_7_days", "in_30_days"});
        policy.recurring_in_7_days = recurring.integer("in_7_days", policy.recurring_in_7_days, 2, incidents_max);
        policy.recurring_in_30_days = recurring.integer("in_30_days", policy.recurring_in_30_days, 2, incidents_max);
    }
    if (section.has("chronic")) {
        const PolicySection chronic = section.section("chronic");
        chronic.allow_only({"in_7_days", "in_30_days", "weeks_running"});
        policy.chronic_in_7_days = chronic.integer("in_7_days", policy.chronic_in_7_days, 2, incidents_max);
        policy.chronic_in_30_days = chronic.integer("in_30_days", policy.chronic_in_30_days, 2, incidents_max);
        policy.chronic_weeks_running = chronic.integer("weeks_running", policy.chronic_weeks_running, 2, 8);
    }
    return policy;
}

IntelligencePolicy policy_of(const PolicySection& root) {
    root.allow_only({"correlation", "recurrence"});
    IntelligencePolicy policy;
    if (root.has("correlation")) policy.correlation = correlation_of(root.section("correlation"));
    if (root.has("recurrence")) policy.recurrence = recurrence_of(root.section("recurrence"));
    return policy;
}

}  // namespace

Result<IntelligencePolicy> parse_intelligence_policy(const std::string& text, const std::string& name) {
    auto policy = read_policy<IntelligencePolicy>(text, name, policy_of);
    if (policy) policy->bytes = text;
    return policy;
}

Result<IntelligencePolicy> load_intelligence_policy(const std::filesystem::path& file) {
    const auto text = policy_text(file);
    if (!text) return text.refusal();
    auto policy = parse_intelligence_policy(*text, file.string());
    std::error_code ignored;
    if (policy && !std::filesystem::exists(file, ignored)) policy->bytes.reset();
    return policy;
}

}  // namespace daybook
