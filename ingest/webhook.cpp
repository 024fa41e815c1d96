#include "ingest/webhook.hpp"

#include <algorithm>

#include "ingest/alert_intake.hpp"
#include "ingest/cloudevents.hpp"
#include "ingest/refused_lines.hpp"

namespace daybook {
namespace {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// CloudEvents HTTP binding, 3.1.3.2: what a header can't hold is percent-encoded.
std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool encoded = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
        decoded += encoded ? static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
        if (encoded) i += 2;
    }
    return decoded;
}

// The attributes of a CloudEvent in binary mode; nothing where the headers tell of none.
std::optional<CloudEventAttributes> binary_attributes(std::span<const WebhookHeader> headers) {
    CloudEventAttributes attributes;
    for (const WebhookHeader& header : headers) {
        const std::string name = lower_case(header.name);
        if (name.starts_with("ce-")) attributes[name.substr(3)] = percent_decoded(header.value);
        if (name == "content-type") attributes["datacontenttype"] = header.value;
    }
    if (!attributes.contains("specversion")) return std::nullopt;
    return attributes;
}

std::optional<Refusal> check(const CloudEventAttributes& attributes) {
    for (const auto& [name, value] : attributes) {
        if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != std::string::npos) {
            return Refusal{RefusalCode::invalid, "a CloudEvents attribute has a name of a-z and 0-9", ""};
        }
        if (!is_clean_utf8(value)) return Refusal{RefusalCode::invalid, "the header ce-" + name + " is no UTF-8", ""};
    }
    return std::nullopt;
}

// What alert_triage writes: JSON Lines, each a record that is taken or refused by itself. Where the first line that is not empty is
// no JSON text of its own, the body is not that, and is refused as the one text that it is not.
Result<std::vector<SourceRecord>> read_lines(std::string_view body, const Refusal& no_text, const SourceContext& context) {
    std::vector<SourceRecord> records;
    JsonReader json;
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t end = std::min(body.find('\n', at), body.size());
        const std::string_view line = body.substr(at, end - at);
        at = end + 1;
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        const auto value = json.read(line);
        if (!value && records.empty()) return no_text;
        if (records.size() == payload_alerts_max) {
            return Refusal{RefusalCode::too_large,
                           "more records than " + std::to_string(payload_alerts_max) + " in one body: send them in several", ""};
        }
        auto read = value ? read_payload(AlertFormat::triage, **value, context) : value.refusal();
        if (!read) {
            records.push_back({read.refusal(), std::string(line), nullptr});
            continue;
        }
        for (SourceRecord& record : *read) {
            record.text = line;
            records.push_back(std::move(record));
        }
    }
    if (records.empty()) return no_text;
    return records;
}

Result<std::vector<SourceRecord>> read(const WebhookRequest& request, const TriagePolicy& policy) {
    if (request.body.size() > webhook_body_bytes_max) {
        return Refusal{RefusalCode::too_large, "the body is over " + std::to_string(webhook_body_bytes_max) + " bytes", ""};
    }
    Sha256 sha256;
    const SourceContext context{request.caller, request.received_at, policy, sha256};
    JsonReader json;
    const auto value = json.read(request.body);
    if (!value) {
        if (request.format != AlertFormat::triage) return value.refusal();
        return read_lines(request.body, value.refusal(), context);
    }
    const bool may_be_event = request.format == AlertFormat::automatic || request.format == AlertFormat::cloudevents;
    if (const auto attributes = binary_attributes(request.headers); attributes && may_be_event) {
        if (auto refusal = check(*attributes)) return *refusal;
        return read_cloudevent(*attributes, **value, context);
    }
    return read_payload(request.format, **value, context);
}

std::string dedup_key_of(const RecordContent& content) {
    const auto* report = std::get_if<AlertReport>(&content);
    return report != nullptr && report->repeats == AlertReport::Repeats::by_arrival ? report->alert.alert_ref : "";
}

WebhookOutcome outcome_of(const RecordOutcome& outcome, const JournalView& journal) {
    WebhookOutcome told;
    switch (outcome.kind) {
        case RecordOutcome::Kind::taken: told.kind = WebhookOutcome::Kind::taken; break;
        case RecordOutcome::Kind::duplicate: told.kind = WebhookOutcome::Kind::duplicate; break;
        case RecordOutcome::Kind::ignored: told.kind = WebhookOutcome::Kind::ignored; break;
        case RecordOutcome::Kind::untouched:
        case RecordOutcome::Kind::refused: told.kind = WebhookOutcome::Kind::refused; break;
    }
    told.sequence = outcome.sequence;
    told.refusal = outcome.refusal;
    const auto record = outcome.sequence ? journal.record(outcome.sequence) : std::nullopt;
    const StreamNumber stream = record ? record->stream() : outcome.incident;
    if (stream) told.incident_id = journal.stream_id(stream);
    if (!is_incident_id(told.incident_id)) told.incident_id.clear();
    return told;
}

}  // namespace

std::string_view to_text(WebhookOutcome::Kind kind) {
    switch (kind) {
        case WebhookOutcome::Kind::taken: return "taken";
        case WebhookOutcome::Kind::duplicate: return "duplicate";
        case WebhookOutcome::Kind::ignored: return "ignored";
        case WebhookOutcome::Kind::refused: return "refused";
    }
    return "";
}

Result<WebhookAnswer> take_webhook(const IngestParts& parts, const WebhookRequest& request) {
    auto records = read(request, parts.policy);
    if (!records) return records.refusal();
    AlertIntake intake(parts);
    intake.begin(records->size());
    for (SourceRecord& record : *records) intake.add(record.content);
    const auto answers = parts.journal.append_all(intake.requests());
    for (std::size_t i = 0; i < answers.size(); ++i) intake.answer(i, answers[i]);

    WebhookAnswer answer;
    RefusedLines refused([&](RefusedLine line) { answer.refused.push_back(std::move(line)); });
    const Snapshot snapshot = parts.journal.snapshot();
    for (std::size_t i = 0; i < records->size(); ++i) {
        SourceRecord& record = (*records)[i];
        WebhookOutcome& told = answer.outcomes.emplace_back(outcome_of(intake.outcomes()[i], *snapshot));
        told.dedup_key = dedup_key_of(record.content);
        if (!told.refusal) continue;
        if (record.text.empty()) record.text = request.body;  // it is taken as it came
        refused.add(0, 0, record, *told.refusal);
    }
    refused.finish();
    return answer;
}

}  // namespace daybook
