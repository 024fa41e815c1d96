// CloudEvents 1.0.2 in JSON: structured (one event), batched (an array of them), and binary, whose attributes come apart.
//
// `data` is any of the other formats. Which one, says `type` where one of its words is alert_triage, triage, alertmanager, grafana
// or pagerduty; else the content of `data`. Data that looks like none of them is a plain alert where `type` ends in `fired`,
// `firing`, `triggered`, `acknowledged` or `resolved`:
//   {"service":…,"env":…,"kind":…,"severity":…,"title":…,"summary":…,"dedup_key":…,"labels":{…}}
// All but `service` may be missing, and of one with a `dedup_key`, which is the signature, that too once it is acknowledged or
// resolved. `subject` stands for a missing service, `severitytext` and `severitynumber` (OpenTelemetry's) for a missing severity.
//
// `source` and `id` are the key: an event that comes again is a duplicate, whatever it holds then.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "ingest/source_record.hpp"
#include "journal/json.hpp"

namespace daybook {

// The context attributes of one event, as texts; in binary mode the headers `ce-<name>`.
using CloudEventAttributes = std::map<std::string, std::string, std::less<>>;

// Structured or batched. Refuses the whole: invalid (neither an object nor an array of them), too_large. An event that can't be
// read is refused by itself.
Result<std::vector<SourceRecord>> read_cloudevents(const JsonValue& payload, const SourceContext& context);

// One event whose attributes were separate: `data` is its body. An event that can't be read is one refused record.
std::vector<SourceRecord> read_cloudevent(const CloudEventAttributes& attributes, const JsonValue& data,
                                          const SourceContext& context);

}  // namespace daybook
