// Alerts that are told by their labels, as Alertmanager and Grafana send them: a group with an array `alerts`.
//
// A sender repeats what it sent: each `repeat_interval`, from each of a pair, and after an answer that was lost. So an entry is a
// repeat while its startsAt and status are the latest recorded ones of its fingerprint, whatever the rest says.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/fields.hpp"
#include "ingest/source_record.hpp"

namespace daybook {

// Reads what one source says beside the fields of both.
using MoreOfAlert = std::function<void(Fields& fields, const JsonValue& entry, Alert& alert)>;

// The entries of `alerts`, each a report or refused by itself. `source` is that of the events.
// Refuses: invalid (no object, no array `alerts`), too_large (more than payload_alerts_max of them).
Result<std::vector<SourceRecord>> read_labelled_alerts(const JsonValue& body, const std::string& source,
                                                       const SourceContext& context, const MoreOfAlert& more);

// FNV-1a 64 over the labels in the order of their names: name, 0xFF, value, 0xFF (Prometheus, model.LabelSet.Fingerprint), as 16
// hex digits. `labels` is an object of strings.
std::string label_fingerprint(const JsonValue& labels);

}  // namespace daybook
