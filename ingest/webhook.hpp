// Taking one payload that came over the network: what an HTTP handler calls, and no more of HTTP than that.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/ingest.hpp"

namespace daybook {

struct WebhookHeader {
    std::string_view name;  // upper or lower case
    std::string_view value;
};

struct WebhookRequest {
    AlertFormat format = AlertFormat::automatic;
    std::string_view body;
    std::span<const WebhookHeader> headers;  // those of CloudEvents are looked at: ce-…, Content-Type
    std::string caller;                      // the actor of what names none
    Time received_at{};                      // stands for the time of what says none
};

// What became of one record: of one alert, or of an event.
struct WebhookOutcome {
    enum class Kind { taken, duplicate, ignored, refused };
    Kind kind = Kind::taken;
    std::string incident_id;         // that it went to; empty: none, or not known
    Sequence sequence;               // of the first event that it led to, or a duplicate had led to; 0: not known
    std::string dedup_key;           // PagerDuty's, or the one that was made; empty: no PagerDuty event
    std::optional<Refusal> refusal;  // its field is a place in the body
};

struct WebhookAnswer {
    std::vector<WebhookOutcome> outcomes;  // of each record
    std::vector<RefusedLine> refused;      // for the dead letters
};

// The word for an answer: "taken" …
std::string_view to_text(WebhookOutcome::Kind kind);

// Takes the body's records, each by itself and all in one transaction. When it returns, they are on disk. No records: an empty
// batch. Refuses what can never be taken: too_large (over webhook_body_bytes_max), invalid (no JSON, or not of the format). Throws
// StorageError: say that it should be sent again.
Result<WebhookAnswer> take_webhook(const IngestParts& parts, const WebhookRequest& request);

}  // namespace daybook
