// Rows for output: few columns for people, all of the layouts' columns for programs.
#pragma once

#include <vector>

#include "ops/output.hpp"
#include "projections/artifacts.hpp"
#include "projections/corrections.hpp"
#include "projections/followups.hpp"
#include "projections/incidents.hpp"
#include "projections/timeline.hpp"

namespace daybook {

// Whether a format is read by programs, which get every column.
bool is_for_programs(Format format);

std::vector<Column> incident_columns(Format format);
Row incident_cells(const IncidentRow& incident, Format format);
// One incident with all its columns, whatever the format.
std::vector<Column> all_incident_columns();
Row all_incident_cells(const IncidentRow& incident);

std::vector<Column> timeline_columns(Format format, bool with_stream);
Row timeline_cells(const TimelineRow& row, Format format, bool with_stream);
// For people: what was corrected stands with what holds instead of it, a correction with the entry that it is about.
//   [corrected by 86: It was 2.7.2] Rollback of 2.7.1 started
//   [corrects 85] It was 2.7.2
Row timeline_cells(const TimelineRow& row, Format format, const Corrections& corrections);

std::vector<Column> followup_columns();
Row followup_cells(const Followup& followup, Time now);

std::vector<Column> artifact_columns();
Row artifact_cells(const Artifact& artifact);

}  // namespace daybook
