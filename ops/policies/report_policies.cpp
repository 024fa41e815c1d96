#include "ops/policies/report_policies.hpp"

#include "ops/policies/gate_policy.hpp"
#include "ops/policies/intelligence_policy.hpp"

namespace daybook {

Result<ReportPolicies> load_report_policies() {
    ReportPolicies policies;
    auto intelligence = load_intelligence_policy(intelligence_policy_file);
    if (!intelligence) return intelligence.refusal();
    policies.intelligence = std::move(*intelligence);
    auto gate = load_gate_policy(gate_policy_file);
    if (!gate) return gate.refusal();
    policies.gate = std::move(*gate);
    return policies;
}

}  // namespace daybook
