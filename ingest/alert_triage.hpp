// alert_triage output (JSON Lines, `alert_triage/1`): one record to one report. The contract is alert_triage.schema.json.
#pragma once

#include <variant>

#include "ingest/alert_report.hpp"
#include "journal/json.hpp"
#include "journal/result.hpp"
#include "journal/sha256.hpp"

namespace daybook {

// The counts of one triage run (`alert_triage_run/1`).
struct TriageRunReport {
    KeyedInput input;
    std::string actor;
    TriageRun run;
};

// Checks every field. `caller` is the actor of a record without `agent_id`.
// Refuses: invalid, with the field as JSON Pointer.
Result<std::variant<AlertReport, TriageRunReport>> read_alert_triage(const JsonValue& record, const std::string& caller,
                                                                     Sha256& sha256);

}  // namespace daybook
