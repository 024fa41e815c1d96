#include "ingest/pagerduty.hpp"

#include "ingest/checks.hpp"
#include "ingest/fields.hpp"

namespace daybook {
namespace {

// PagerDuty's own limits, in characters.
constexpr std::size_t dedup_key_characters_max = 255;
constexpr std::size_t summary_characters_max = 1024;
constexpr std::size_t client_characters_max = 1024;

// As their examples write it too: 2026-02-23T09:58:12.403+0000, an offset without a colon.
std::optional<Time> parse_pagerduty_time(std::string_view text) {
    std::string with_colon(text);
    const std::size_t sign = text.size() < 5 ? std::string::npos : text.size() - 5;
    if (sign != std::string::npos && (text[sign] == '+' || text[sign] == '-')) with_colon.insert(text.size() - 2, ":");
    return parse_time(with_colon);
}

// The objects of an array that hold a text `name`.
void add_texts(std::vector<std::string_view>& texts, const JsonValue* array, std::string_view name) {
    if (array == nullptr || !array->is_array()) return;
    for (const JsonValue& item : array->array()) {
        const JsonValue* found = item.find(name);
        if (found != nullptr && found->is_string()) texts.push_back(found->text());
    }
}

// Takes what a trigger says of the alert.
void read_payload(Fields& fields, const JsonValue& payload, AlertReport& report, const SourceContext& context) {
    Alert& alert = report.alert;
    const std::string summary = fields.text("summary", 1, summary_characters_max);
    alert.title = clipped(summary, title_characters_max);
    if (alert.title != summary) alert.summary = summary;
    const std::string source = fields.text("source", 1, text_characters_max);
    const std::string word = fields.text("severity", 1, name_bytes_max);
    const auto severity = context.policy.severity_of(word);
    if (!severity) fields.fail("severity", "must be critical, error, warning or info, or a word of the policy");
    alert.severity = severity.value_or(alert.severity);
    const auto component = fields.optional_text("component", 0, name_bytes_max);
    const auto group = fields.optional_text("group", 0, text_characters_max);
    const auto kind = fields.optional_text("class", 0, name_bytes_max);
    alert.service = component && !component->empty() ? *component : clipped(source, name_bytes_max);
    if (kind && !kind->empty()) alert.kind = *kind;
    if (const auto timestamp = fields.optional_text("timestamp", 1, name_bytes_max)) {
        const auto time = parse_pagerduty_time(*timestamp);
        if (!time) fields.fail("timestamp", "must be a time with an offset (ISO 8601, such as 2026-02-23T10:00:00.000+0000)");
        alert.starts_at = time.value_or(alert.starts_at);
        report.start_is_known = true;
    }
    alert.evidence = fields.optional_object("custom_details");
    const JsonValue* details = payload.find("custom_details");
    const JsonValue* env = details == nullptr ? nullptr : details->find("env");
    if (env != nullptr && env->is_string() && !env->text().empty()) alert.env = clipped(env->text(), name_bytes_max);
    std::string labels;
    const auto label = [&](const char* name, const std::optional<std::string>& value) {
        if (!value || value->empty()) return;
        labels += labels.empty() ? "{\"" : ",\"";
        labels += std::string(name) + "\":";
        append_json_string(labels, *value);
    };
    label("class", kind);
    label("component", component);
    label("group", group);
    label("source", source);
    alert.labels = JsonText{labels + '}'};
}

std::string identity_of(const std::string& routing_key, const std::string& dedup_key, Sha256& sha256) {
    return to_hex(sha256({routing_key})).substr(0, 16) + ':' + dedup_key;
}

}  // namespace

Result<AlertReport> read_pagerduty(const JsonValue& event, const SourceContext& context) {
    Fields fields(event);
    const std::string routing_key = fields.text("routing_key", 1, name_bytes_max);
    const std::string action = fields.text("event_action", 1, name_bytes_max);
    const bool triggers = action == "trigger";
    if (!triggers && action != "acknowledge" && action != "resolve") {
        fields.fail("event_action", "must be trigger, acknowledge or resolve");
    }
    auto dedup_key = fields.optional_text("dedup_key", 0, dedup_key_characters_max).value_or("");
    if (dedup_key.empty() && !triggers) fields.fail("dedup_key", "is missing");
    if (fields.refusal()) return *fields.refusal();
    const std::string text = canonical(event);
    if (dedup_key.empty()) dedup_key = to_hex(context.sha256({text})).substr(0, 32);

    AlertReport report;
    Alert& alert = report.alert;
    alert.state = action == "resolve" ? AlertState::resolved : AlertState::firing;
    alert.starts_at = context.received_at;
    alert.service = context.policy.defaults.service;
    alert.env = context.policy.defaults.env;
    alert.kind = context.policy.defaults.kind;
    alert.severity = context.policy.defaults.severity;
    alert.title = clipped(action + ' ' + dedup_key, title_characters_max);
    report.start_is_known = false;
    report.fields_are_known = triggers;
    if (triggers) {
        fields.with_required_object("payload",
                                    [&](Fields& inner) { read_payload(inner, *event.find("payload"), report, context); });
    }
    const auto client = fields.optional_text("client", 0, client_characters_max);
    const auto client_url = fields.optional_text("client_url", 0, text_characters_max);
    if (fields.refusal()) return *fields.refusal();

    std::vector<std::string_view> links;
    add_texts(links, event.find("links"), "href");
    add_texts(links, event.find("images"), "src");
    if (client_url) links.push_back(*client_url);
    alert.links = json_texts(links);
    if (client && !client->empty()) {
        std::string meta = "{\"client\":";
        append_json_string(meta, *client);
        alert.meta = JsonText{meta + '}'};
    }
    alert.source = report.source = "pagerduty";
    alert.alert_ref = dedup_key;
    alert.fingerprint = identity_of(routing_key, dedup_key, context.sha256);
    if (alert.state == AlertState::resolved) alert.ends_at = context.received_at;
    report.actor = context.caller;
    report.repeats = AlertReport::Repeats::by_arrival;
    report.acknowledges = action == "acknowledge";
    report.signature = dedup_key;
    report.alert_at = report.reported_at = alert.starts_at;
    report.receipt_key = source_key("pagerduty", alert.fingerprint + ' ' + action, context.sha256);
    report.encoded_alert = encode(Payload(alert));
    return report;
}

}  // namespace daybook
