// Where an alert stands in the journal, for sources that tell a state again and again without a key: whether a report is a repeat,
// and when what it tells took place. Asked inside the write transaction.
#pragma once

#include <optional>

#include "ingest/alert_report.hpp"
#include "projections/decision_index.hpp"

namespace daybook {

struct KnownAlert {
    StreamNumber incident;        // none: no incident has it
    std::optional<AlertRow> row;  // its latest state there; nothing: the incident does not know this alert
};

// The incident that another is a duplicate of, through any number of links; else the incident itself.
StreamNumber original_of(const DecisionIndex& index, StreamNumber number);

// The latest state of the alert in any incident of its signature. Looks at the 256 incidents that started last.
KnownAlert latest_state(const DecisionIndex& index, const AlertReport& report);

// The active incident of the signature that started last and takes the alert: one that PagerDuty opened belongs to one routing
// key, and knows the alerts of that one alone.
KnownAlert active_state(const DecisionIndex& index, const AlertReport& report);

// The incident in which the alert fires that the report ends: an active one, else the one that started last. None: no incident
// knows it as firing. Looks at the 32 incidents of its signature that started last, of those that started by `latest_start`.
StreamNumber fires_in(const DecisionIndex& index, const AlertReport& report, std::int64_t latest_start);

// What the report's way to tell repeats finds.
KnownAlert known_alert(const DecisionIndex& index, const AlertReport& report);

// Whether the report says what `row` says already.
bool is_repeat(const AlertReport& report, const AlertRow& row);

// Sets the report's `alert_at` behind what is known where its own clock would make nothing of it: an alert that fires again with
// the start that it had, or that started before its last end was told. `incident` is the one that `known` names.
void put_in_order(AlertReport& report, const AlertRow& row, const IncidentState& incident);

// The report counts just behind `moment` (µs), and what it leads to no earlier.
void count_after(AlertReport& report, std::int64_t moment);

}  // namespace daybook
