#include "ingest/cloudevents.hpp"

#include "ingest/cloudevent_alert.hpp"
#include "ingest/sources.hpp"
#include "journal/base64.hpp"
#include "journal/own_keys.hpp"

namespace daybook {
namespace {

Refusal wrong(std::string_view attribute, const std::string& what) {
    return {RefusalCode::invalid, std::string(attribute) + ' ' + what, pointer_token(attribute)};
}

std::string_view attribute(const CloudEventAttributes& attributes, std::string_view name) {
    const auto found = attributes.find(name);
    return found == attributes.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<Refusal> check(const CloudEventAttributes& attributes) {
    for (const char* name : {"id", "source", "type"}) {
        if (attribute(attributes, name).empty()) return wrong(name, "is missing");
    }
    if (attribute(attributes, "specversion") != "1.0") return wrong("specversion", "must be \"1.0\"");
    const std::string_view time = attribute(attributes, "time");
    if (!time.empty() && !parse_time(time)) return wrong("time", "must be a time with an offset (RFC 3339)");
    const std::string_view type = attribute(attributes, "datacontenttype");
    const std::string_view media = type.substr(0, type.find(';'));
    if (!media.empty() && media != "application/json" && media != "text/json" && !media.ends_with("+json")) {
        return wrong("datacontenttype", "must be JSON");
    }
    return std::nullopt;
}

// By the words of the type; else by the data.
std::optional<AlertFormat> format_of(std::string_view type, const JsonValue& data) {
    std::string word;
    const auto known = [&] { return word == "alert_triage" ? std::optional(AlertFormat::triage) : alert_format(word); };
    for (std::size_t i = 0; i <= type.size(); ++i) {
        const bool inside = i < type.size() && (type[i] == '_' || (type[i] >= 'a' && type[i] <= 'z'));
        if (inside) {
            word += type[i];
            continue;
        }
        const auto format = known();
        if (format && *format != AlertFormat::automatic && *format != AlertFormat::cloudevents) return format;
        word.clear();
    }
    const auto format = recognised_format(data);
    return format == AlertFormat::cloudevents ? std::nullopt : format;
}

// The event in structured mode, with a hole for its data.
Envelope envelope_of(const CloudEventAttributes& attributes) {
    Envelope envelope{"{\"data\":", ""};
    for (const auto& [name, value] : attributes) {
        envelope.after += ",\"" + name + "\":";
        append_json_string(envelope.after, value);
    }
    envelope.after += '}';
    return envelope;
}

// Puts the event around the records of its data: the key, the place of what was refused, the text to mend.
void wrap(std::vector<SourceRecord>& records, const CloudEventAttributes& attributes, const JsonValue& data, Sha256& sha256) {
    const Envelope around = envelope_of(attributes);
    const std::string event = std::string(attribute(attributes, "source")) + ' ' + std::string(attribute(attributes, "id"));
    const auto key = [&](const std::string& more) { return own_input(source_key("cloudevents", event + more, sha256)); };
    const bool many = !records.empty() && records.front().envelope;
    std::shared_ptr<const Envelope> envelope;
    if (many) {
        const Envelope& inner = *records.front().envelope;
        envelope = std::make_shared<const Envelope>(Envelope{around.before + inner.before, inner.after + around.after});
    }
    for (SourceRecord& record : records) {
        if (auto* report = std::get_if<AlertReport>(&record.content)) {
            // By its identity: one that was refused is mended and taken without the others, at another place.
            const Alert& alert = report->alert;
            report->input = key(many ? '/' + alert.fingerprint + ' ' + std::string(to_text(alert.state)) : "");
        } else if (auto* run = std::get_if<TriageRunReport>(&record.content)) {
            run->input = key("");
        } else if (auto* refusal = std::get_if<Refusal>(&record.content); refusal != nullptr && !refusal->field.empty()) {
            refusal->field = "/data" + refusal->field;
        }
        record.envelope = envelope;
        if (!many) record.text = around.before + canonical(data) + around.after;
    }
}

std::vector<SourceRecord> refused(Refusal refusal, std::string text) {
    std::vector<SourceRecord> records;
    records.push_back({std::move(refusal), std::move(text), nullptr});
    return records;
}

// The attributes of an event in structured mode: all members but the data. Null says nothing.
Result<CloudEventAttributes> attributes_of(const JsonValue& event) {
    CloudEventAttributes attributes;
    for (const JsonMember& member : event.members()) {
        if (member.name == "data" || member.name == "data_base64" || member.value.is_null()) continue;
        const bool is_name = member.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos;
        if (!is_name) return wrong(member.name, "is no attribute: their names are of a-z and 0-9");
        if (member.value.is_object() || member.value.is_array())
            return wrong(member.name, "must be a text, a number or true or false");
        attributes.emplace(member.name, member.value.is_string() ? std::string(member.value.text()) : canonical(member.value));
    }
    return attributes;
}

std::vector<SourceRecord> read_structured(const JsonValue& event, const SourceContext& context) {
    const auto no = [&](Refusal refusal) { return refused(std::move(refusal), canonical(event)); };
    if (!event.is_object()) return no({RefusalCode::invalid, "an event must be a JSON object", ""});
    const auto attributes = attributes_of(event);
    if (!attributes) return no(attributes.refusal());
    const JsonValue* data = event.find("data");
    const JsonValue* base64 = event.find("data_base64");
    if (data != nullptr && base64 != nullptr) return no(wrong("data_base64", "stands beside data: only one may"));
    if (base64 == nullptr || base64->is_null()) {
        if (data == nullptr || data->is_null()) return no(wrong("data", "is missing"));
        return read_cloudevent(*attributes, *data, context);
    }
    const auto bytes = base64->is_string() ? from_base64(base64->text()) : std::nullopt;
    if (!bytes) return no(wrong("data_base64", "must be base64 (RFC 4648, with padding)"));
    JsonReader reader;  // what `event` points to stays valid
    const auto decoded = reader.read(*bytes);
    if (!decoded) return no(wrong("data_base64", "holds " + decoded.refusal().message));
    return read_cloudevent(*attributes, **decoded, context);
}

}  // namespace

std::vector<SourceRecord> read_cloudevent(const CloudEventAttributes& attributes, const JsonValue& data,
                                          const SourceContext& context) {
    const auto whole = [&] {
        const Envelope around = envelope_of(attributes);
        return around.before + canonical(data) + around.after;
    };
    if (auto refusal = check(attributes)) return refused(std::move(*refusal), whole());
    std::vector<SourceRecord> records;
    if (const auto format = format_of(attribute(attributes, "type"), data)) {
        auto read = read_payload(*format, data, context);
        if (read) {
            records = std::move(*read);
        } else {
            records = refused(read.refusal(), "");
        }
    } else {
        auto report = read_cloudevent_alert(attributes, data, context);
        if (!report) return refused(report.refusal(), whole());
        records.push_back({std::move(*report), "", nullptr});
    }
    wrap(records, attributes, data, context.sha256);
    return records;
}

Result<std::vector<SourceRecord>> read_cloudevents(const JsonValue& payload, const SourceContext& context) {
    if (payload.is_object()) return read_structured(payload, context);
    if (!payload.is_array()) return Refusal{RefusalCode::invalid, "must be a CloudEvent, or an array of them", ""};
    std::vector<SourceRecord> all;
    std::size_t place = 0;
    for (const JsonValue& event : payload.array()) {
        const std::string path = '/' + std::to_string(place++);
        for (SourceRecord& record : read_structured(event, context)) {
            if (auto* refusal = std::get_if<Refusal>(&record.content)) refusal->field = path + refusal->field;
            all.push_back(std::move(record));
        }
        if (all.size() > payload_alerts_max) {
            return Refusal{RefusalCode::too_large, "more alerts than " + std::to_string(payload_alerts_max) + " in one payload",
                           ""};
        }
    }
    return all;
}

}  // namespace daybook
