#include "ingest/cloudevent_alert.hpp"

#include <charconv>

#include "ingest/checks.hpp"
#include "ingest/fields.hpp"

namespace daybook {
namespace {

enum class AlertAction { fires, acknowledges, resolves };

std::string text_of(const CloudEventAttributes& attributes, std::string_view name) {
    const auto found = attributes.find(name);
    return found == attributes.end() ? std::string() : found->second;
}

std::optional<AlertAction> action_of(std::string_view type) {
    const std::string_view word = type.substr(type.find_last_of('.') + 1);  // all of it, where there is no dot
    if (word == "fired" || word == "firing" || word == "triggered") return AlertAction::fires;
    if (word == "acknowledged") return AlertAction::acknowledges;
    if (word == "resolved") return AlertAction::resolves;
    return std::nullopt;
}

// OpenTelemetry's numbers: 21 and more is FATAL, 17 ERROR, 13 WARN.
std::optional<Severity> severity_of_number(const std::string& text) {
    int number = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
    if (text.empty() || end != text.data() + text.size()) return std::nullopt;
    return number >= 21 ? Severity::p1 : number >= 17 ? Severity::p2 : number >= 13 ? Severity::p3 : Severity::p4;
}

Severity severity_of(Fields& fields, const CloudEventAttributes& attributes, const TriagePolicy& policy) {
    if (const auto word = fields.optional_text("severity", 0, name_bytes_max)) {
        return policy.severity_of(*word).value_or(policy.defaults.severity);
    }
    const auto by_text = policy.severity_of(text_of(attributes, "severitytext"));
    const auto by_number = severity_of_number(text_of(attributes, "severitynumber"));
    return by_text ? *by_text : by_number.value_or(policy.defaults.severity);
}

}  // namespace

Result<AlertReport> read_cloudevent_alert(const CloudEventAttributes& attributes, const JsonValue& data,
                                          const SourceContext& context) {
    const std::string type = text_of(attributes, "type");
    const auto action = action_of(type);
    if (!action) return Refusal{RefusalCode::invalid, "type " + clipped(type, name_bytes_max) + " tells of no alert", "/type"};
    Fields fields(data, "/data");
    if (fields.refusal()) return *fields.refusal();
    AlertReport report;
    Alert& alert = report.alert;
    const DefaultsPolicy& defaults = context.policy.defaults;
    const auto or_else = [](const std::optional<std::string>& text, const std::string& fallback) {
        return text && !text->empty() ? *text : fallback;
    };
    const std::string dedup_key = fields.optional_text("dedup_key", 0, text_characters_max).value_or("");
    const std::string subject = text_of(attributes, "subject");
    const auto service = fields.optional_text("service", 0, name_bytes_max);
    report.fields_are_known = *action == AlertAction::fires || dedup_key.empty();
    if (report.fields_are_known && or_else(service, subject).empty()) fields.fail("service", "is missing, and so is subject");
    if (dedup_key.size() > name_bytes_max * 2) fields.fail("dedup_key", "has more than 256 bytes");
    alert.service = clipped(or_else(service, subject.empty() ? defaults.service : subject), name_bytes_max);
    alert.env = or_else(fields.optional_text("env", 0, name_bytes_max), defaults.env);
    alert.kind = or_else(fields.optional_text("kind", 0, name_bytes_max), defaults.kind);
    alert.title = clipped(or_else(fields.optional_text("title", 0, text_characters_max), type), title_characters_max);
    alert.summary = fields.optional_text("summary", 0, text_characters_max);
    alert.severity = severity_of(fields, attributes, context.policy);
    alert.labels = fields.optional_map("labels", JsonValue::Kind::string).value_or(JsonText{"{}"});
    if (fields.refusal()) return *fields.refusal();

    const std::string time = text_of(attributes, "time");
    alert.starts_at = time.empty() ? context.received_at : parse_time(time).value_or(context.received_at);
    report.start_is_known = *action == AlertAction::fires;
    alert.state = *action == AlertAction::resolves ? AlertState::resolved : AlertState::firing;
    if (*action == AlertAction::resolves) alert.ends_at = alert.starts_at;
    alert.source = report.source = "cloudevents";
    alert.input_sha256 = to_hex(context.sha256({canonical(data)}));
    report.actor = context.caller;
    report.acknowledges = *action == AlertAction::acknowledges;
    report.signature = dedup_key.empty() ? default_signature(alert.env, alert.service, alert.kind) : dedup_key;
    alert.alert_ref = alert.fingerprint = report.signature;
    report.alert_at = report.reported_at = alert.starts_at;
    report.encoded_alert = encode(Payload(alert));
    return report;
}

}  // namespace daybook
