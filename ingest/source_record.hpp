// What a source makes of a payload: records, each of which is taken or refused by itself.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "ingest/alert_report.hpp"
#include "ingest/alert_triage.hpp"
#include "ingest/triage_policy.hpp"
#include "journal/result.hpp"
#include "journal/sha256.hpp"
#include "journal/time.hpp"

namespace daybook {

using RecordContent = std::variant<Refusal, AlertReport, TriageRunReport>;

// Of a payload with many alerts: what stands around each, so that those that are refused can be mended and taken without the
// others.
struct Envelope {
    std::string before, after;
};

struct SourceRecord {
    RecordContent content;
    std::string text;                          // JSON
    std::shared_ptr<const Envelope> envelope;  // null: `text` is a payload as it stands
};

// What a source may ask beside the payload. All but the time outlive the call.
struct SourceContext {
    const std::string& caller;  // the actor of what names none
    Time received_at{};         // stands for the time of what says none
    const TriagePolicy& policy;
    Sha256& sha256;
};

// Alerts that one payload may hold.
inline constexpr std::size_t payload_alerts_max = 10'000;

// At most `characters_max` code points of `text`, which is valid UTF-8; "…" is the last where more was cut.
std::string clipped(std::string_view text, std::size_t characters_max);

// "<source>:<text>"; of a text that no key has room for, its SHA-256 stands in the key.
std::string source_key(std::string_view source, std::string_view text, Sha256& sha256);

// The RFC 8785 text of an object around a member, whose place is held by `before` and `after`: {"a":1,"alerts":[ … ],"z":2}.
Envelope envelope_around(const JsonValue& object, std::string_view member, std::string_view before, std::string_view after);

// Texts that are not empty, as a JSON array; nothing where there are none.
std::optional<JsonText> json_texts(const std::vector<std::string_view>& texts);

}  // namespace daybook
