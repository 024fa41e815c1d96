// Prometheus Alertmanager webhook, version 4 (docs/configuration.md, <webhook_config>): one report per entry of `alerts`.
#pragma once

#include "ingest/source_record.hpp"

namespace daybook {

// Refuses the whole: invalid (another version; no array `alerts`), too_large.
Result<std::vector<SourceRecord>> read_alertmanager(const JsonValue& body, const SourceContext& context);

}  // namespace daybook
