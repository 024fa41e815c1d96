// Grafana unified alerting: its webhook, and the signature that it can put on it.
#pragma once

#include <optional>
#include <string_view>

#include "ingest/source_record.hpp"

namespace daybook {

// As an Alertmanager webhook; `values` become the alert's metrics, dashboardURL and panelURL are among its links.
// Refuses the whole: invalid (no array `alerts`), too_large.
Result<std::vector<SourceRecord>> read_grafana(const JsonValue& body, const SourceContext& context);

inline constexpr std::string_view grafana_signature_header = "X-Grafana-Alerting-Signature";

// Whether `signature` is the HMAC-SHA256 of `body` under `key`, in hex, upper or lower case; with a timestamp (the header's text:
// seconds since 1970) that of "<timestamp>:<body>". Takes the same time wherever the two differ. How old a timestamp may be is the
// caller's affair.
bool is_grafana_signature(std::string_view signature, std::string_view key, std::string_view body,
                          std::optional<std::string_view> timestamp = {});

}  // namespace daybook
