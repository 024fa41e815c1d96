// The policies that reports are made by, from the files below the working directory.
#pragma once

#include "journal/result.hpp"
#include "projections/gate_policy.hpp"
#include "projections/intelligence_policy.hpp"

namespace daybook {

struct ReportPolicies {
    IntelligencePolicy intelligence;
    GatePolicy gate;
};

// Refuses: invalid (file, line and key of the first that is wrong).
Result<ReportPolicies> load_report_policies();

}  // namespace daybook
