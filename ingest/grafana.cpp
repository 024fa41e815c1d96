#include "ingest/grafana.hpp"

#include <string>

#include "ingest/labelled_alert.hpp"
#include "journal/hmac.hpp"

namespace daybook {
namespace {

// The numbers of `values`: an expression without data has null, or no member.
void read_values(Fields& fields, const JsonValue& entry, Alert& alert) {
    const JsonValue* values = entry.find("values");
    if (values == nullptr || values->is_null()) return;
    if (!values->is_object()) return fields.fail("values", "must be an object");
    std::string json;
    for (const JsonMember& value : values->members()) {
        if (value.value.kind != JsonValue::Kind::integer && value.value.kind != JsonValue::Kind::real) continue;
        json += json.empty() ? '{' : ',';
        append_json_string(json, value.name);
        json += ':';
        append_canonical(json, value.value);
    }
    if (!json.empty()) alert.metrics = JsonText{json + '}'};
}

}  // namespace

Result<std::vector<SourceRecord>> read_grafana(const JsonValue& body, const SourceContext& context) {
    return read_labelled_alerts(body, "grafana", context, read_values);
}

bool is_grafana_signature(std::string_view signature, std::string_view key, std::string_view body,
                          std::optional<std::string_view> timestamp) {
    const Digest digest = timestamp ? hmac_sha256(key, {*timestamp, ":", body}) : hmac_sha256(key, {body});
    std::string given(signature);
    for (char& c : given) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    return equal_in_constant_time(given, to_hex(digest));
}

}  // namespace daybook
