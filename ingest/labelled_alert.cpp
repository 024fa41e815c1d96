#include "ingest/labelled_alert.hpp"

#include <algorithm>

#include "ingest/checks.hpp"

namespace daybook {
namespace {

constexpr std::size_t meta_characters_max = 1024;

std::string_view text_in(const JsonValue* object, std::string_view name) {
    const JsonValue* found = object == nullptr ? nullptr : object->find(name);
    return found != nullptr && found->is_string() ? found->text() : std::string_view();
}

// The first of the labels that is there and not empty.
std::string_view first_of(const JsonValue* labels, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (const std::string_view text = text_in(labels, name); !text.empty()) return text;
    }
    return {};
}

// Year 1 stands for no time, at whatever offset.
std::optional<Time> read_end(Fields& fields, const JsonValue& entry) {
    const std::string_view text = text_in(&entry, "endsAt");
    if (text.starts_with("0001-01-01") || text.starts_with("0000-12-31")) return std::nullopt;
    return fields.optional_time("endsAt");
}

// What is said once for all alerts of a group, into the `meta` of each.
std::optional<JsonText> group_meta(const JsonValue& body) {
    std::string json;
    for (const char* name : {"externalURL", "groupKey", "receiver"}) {
        const std::string_view text = text_in(&body, name);
        if (text.empty()) continue;
        json += json.empty() ? '{' : ',';
        append_json_string(json, name);
        json += ':';
        append_json_string(json, clipped(text, meta_characters_max));
    }
    if (json.empty()) return std::nullopt;
    return JsonText{json + '}'};
}

class EntryReader {
public:
    EntryReader(const JsonValue& body, const std::string& source, const SourceContext& context, const MoreOfAlert& more)
        : source_(source), context_(context), more_(more), group_status_(text_in(&body, "status")), meta_(group_meta(body)) {}

    RecordContent read(const JsonValue& entry, std::size_t place) const {
        Fields fields(entry, "/alerts/" + std::to_string(place));
        if (fields.refusal()) return *fields.refusal();
        AlertReport report;
        Alert& alert = report.alert;
        alert.labels = fields.optional_map("labels", JsonValue::Kind::string).value_or(JsonText{"{}"});
        alert.annotations = fields.optional_map("annotations", JsonValue::Kind::string).value_or(JsonText{"{}"});
        alert.starts_at = fields.time("startsAt");
        const auto ends_at = read_end(fields, entry);
        alert.fingerprint = fields.optional_text("fingerprint", 0, name_bytes_max).value_or("");
        read_state(fields, alert);
        if (fields.refusal()) return *fields.refusal();
        read_labels(fields, entry, alert);
        if (alert.state == AlertState::resolved) {
            if (ends_at && *ends_at < alert.starts_at) fields.fail("endsAt", "lies before startsAt");
            alert.ends_at = ends_at ? *ends_at : std::max(context_.received_at, alert.starts_at);
        }
        alert.links = json_texts({text_in(&entry, "generatorURL"), text_in(&entry, "dashboardURL"), text_in(&entry, "panelURL")});
        alert.meta = meta_;
        if (more_) more_(fields, entry, alert);
        if (fields.refusal()) return *fields.refusal();
        finish(report, entry);
        return report;
    }

private:
    void read_state(Fields& fields, Alert& alert) const {
        const std::string status = fields.optional_text("status", 0, name_bytes_max).value_or(std::string(group_status_));
        const auto state = from_text<AlertState>(status);
        if (!state) fields.fail("status", "must be firing or resolved");
        alert.state = state.value_or(AlertState::firing);
    }

    void read_labels(Fields& fields, const JsonValue& entry, Alert& alert) const {
        const LabelPolicy& policy = context_.policy.labels;
        const DefaultsPolicy& defaults = context_.policy.defaults;
        const JsonValue* labels = entry.find("labels");
        const JsonValue* annotations = entry.find("annotations");
        const auto name = [&](const std::vector<std::string>& names, const std::string& fallback) {
            const std::string_view text = first_of(labels, names);
            if (character_count(text) > name_bytes_max) {
                fields.fail("labels", "say a service, env or kind of more than " + std::to_string(name_bytes_max) + " characters");
            }
            return text.empty() ? fallback : std::string(text);
        };
        alert.service = name(policy.service, defaults.service);
        alert.env = name(policy.env, defaults.env);
        alert.kind = name(policy.kind, defaults.kind);
        alert.severity = context_.policy.severity_of(first_of(labels, policy.severity)).value_or(defaults.severity);
        std::string_view title = first_of(annotations, policy.title);
        if (title.empty()) title = first_of(labels, policy.title);
        alert.title = clipped(title.empty() ? alert.kind : title, title_characters_max);
        const std::string_view summary = first_of(annotations, {"description", "message"});
        if (!summary.empty()) alert.summary = clipped(summary, text_characters_max);
        if (alert.fingerprint.empty()) alert.fingerprint = label_fingerprint(labels == nullptr ? JsonValue{} : *labels);
    }

    void finish(AlertReport& report, const JsonValue& entry) const {
        Alert& alert = report.alert;
        alert.source = source_;
        alert.alert_ref = alert.fingerprint;
        alert.input_sha256 = to_hex(context_.sha256({canonical(entry)}));
        report.source = source_;
        report.actor = context_.caller;
        report.repeats = AlertReport::Repeats::by_start;
        report.signature = default_signature(alert.env, alert.service, alert.kind);
        report.alert_at = report.reported_at = alert.ends_at.value_or(alert.starts_at);
        report.receipt_key =
            source_key(source_, alert.fingerprint + ' ' + format_time(alert.starts_at) + ' ' + std::string(to_text(alert.state)),
                       context_.sha256);
        report.encoded_alert = encode(Payload(alert));
    }

    const std::string& source_;
    const SourceContext& context_;
    const MoreOfAlert& more_;
    std::string_view group_status_;
    std::optional<JsonText> meta_;
};

}  // namespace

std::string label_fingerprint(const JsonValue& labels) {
    std::vector<const JsonMember*> sorted;
    if (labels.is_object()) {
        for (const JsonMember& label : labels.members()) sorted.push_back(&label);
    }
    std::sort(sorted.begin(), sorted.end(), [](const JsonMember* a, const JsonMember* b) { return a->name < b->name; });
    std::uint64_t hash = 0xcbf29ce484222325U;
    const auto add = [&](std::string_view text) {
        constexpr std::uint64_t prime = 0x100000001b3U;
        for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * prime;
        hash = (hash ^ 0xFFU) * prime;
    };
    for (const JsonMember* label : sorted) {
        add(label->name);
        add(label->value.text());
    }
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(hash >> shift);
    return to_hex(bytes);
}

Result<std::vector<SourceRecord>> read_labelled_alerts(const JsonValue& body, const std::string& source,
                                                       const SourceContext& context, const MoreOfAlert& more) {
    if (!body.is_object()) return Refusal{RefusalCode::invalid, "must be a JSON object", ""};
    const JsonValue* alerts = body.find("alerts");
    if (alerts == nullptr || !alerts->is_array()) return Refusal{RefusalCode::invalid, "alerts must be an array", "/alerts"};
    if (alerts->size > payload_alerts_max) {
        return Refusal{RefusalCode::too_large,
                       std::to_string(alerts->size) + " alerts in one payload, the limit is " + std::to_string(payload_alerts_max),
                       "/alerts"};
    }
    const auto envelope = std::make_shared<const Envelope>(envelope_around(body, "alerts", "[", "]"));
    const EntryReader reader(body, source, context, more);
    std::vector<SourceRecord> records;
    records.reserve(alerts->size);
    for (std::size_t i = 0; i < alerts->size; ++i) {
        const JsonValue& entry = alerts->array()[i];
        records.push_back({reader.read(entry, i), canonical(entry), envelope});
    }
    return records;
}

}  // namespace daybook
