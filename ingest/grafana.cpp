#include "ingest/grafana.hpp"

#include <array>
#include <stdexcept>
#include <string>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "ingest/labelled_alert.hpp"

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
    std::string text;
    if (timestamp) text = std::string(*timestamp) + ':';
    text += body;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
             text.size(), digest.data(), &size) == nullptr) {
        throw std::runtime_error("OpenSSL can't make an HMAC-SHA256");
    }
    const std::string expected = to_hex({reinterpret_cast<const char*>(digest.data()), size});
    std::string given(signature);
    for (char& c : given) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    return given.size() == expected.size() && CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

}  // namespace daybook
