#include "ops/policies/report_policies.hpp"

#include "ops/policies/intelligence_policy.hpp"

namespace daybook {

Result<ReportPolicies> load_report_policies() {
    ReportPolicies policies;
    auto intelligence = load_intelligence_policy(intelligence_policy_file);
    if (!intelligence) return intelligence.refusal();
    policies.intelligence = std::move(*intelligence);
    return policies;
}

}  // namespace daybook
