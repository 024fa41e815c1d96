// The reports that are made of risk: the daily digest, and the weekly list of services by priority. As JSON and as Markdown.
#pragma once

#include <string>

#include "projections/provenance.hpp"
#include "projections/report_files.hpp"
#include "projections/risk.hpp"

namespace daybook {

// `period` names the day; what moved is told against `before`, the risks of a day earlier.
ReportFiles daily_risk_digest(const std::string& period, const Provenance& provenance, const std::vector<Risk>& now,
                              const std::vector<Risk>& before);
// Services by the sum of what their envs have, 100 at most, worst first.
ReportFiles platform_priority_digest(const std::string& period, const Provenance& provenance, const std::vector<Risk>& now);

}  // namespace daybook
