// Recurrence and correlation as reports show them. Include this in .cpp files only, as report_json.hpp.
#pragma once

#include "projections/correlation.hpp"
#include "projections/recurrence.hpp"
#include "projections/report_json.hpp"

namespace daybook {

ReportJson reason_json(const CorrelationReason& reason);
ReportJson recurring_json(const RecurringGroup& group);
// A line of a list, and its incidents below it.
std::string recurring_markdown(const RecurringGroup& group);

}  // namespace daybook
