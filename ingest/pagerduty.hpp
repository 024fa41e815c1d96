// PagerDuty Events API v2: one event (`trigger`, `acknowledge`, `resolve`), one report.
//
// `dedup_key` is the signature. It holds within one routing key: the alert's identity bears the start of the routing key's SHA-256,
// never the key itself, which is a secret. Events count in the order in which they arrive: a trigger joins the active incident of
// its dedup_key or opens one, and never reopens.
#pragma once

#include "ingest/source_record.hpp"

namespace daybook {

// A trigger without a dedup_key is given one, made from the whole event: `alert.alert_ref` of the report says which.
// Refuses: invalid, with the field as JSON Pointer.
Result<AlertReport> read_pagerduty(const JsonValue& event, const SourceContext& context);

}  // namespace daybook
