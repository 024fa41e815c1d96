// The formats in which alerts arrive: which one a payload has, and what is in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/source_record.hpp"
#include "journal/json.hpp"

namespace daybook {

enum class AlertFormat { automatic, triage, alertmanager, grafana, pagerduty, cloudevents };

// "auto", "triage" …; nothing for any other word.
std::optional<AlertFormat> alert_format(std::string_view word);
// All words, with `between` between them.
std::string alert_format_choices(std::string_view between);

// Whether it says of itself that it is alert_triage output: quick, as most records are.
bool is_alert_triage(const JsonValue& payload);
// Which format a payload has, by its content; nothing where it looks like none.
std::optional<AlertFormat> recognised_format(const JsonValue& payload);

// The records of a payload, without `text` where they are the payload as it stands. What looks like no format is read as
// alert_triage output, whose reader says what it lacks. Refuses the whole: invalid, too_large.
Result<std::vector<SourceRecord>> read_payload(AlertFormat format, const JsonValue& payload, const SourceContext& context);

}  // namespace daybook
