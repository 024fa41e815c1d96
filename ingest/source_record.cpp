#include "ingest/source_record.hpp"

#include "ingest/checks.hpp"

namespace daybook {
namespace {

constexpr std::size_t key_text_bytes_max = 224;

}  // namespace

std::string clipped(std::string_view text, std::size_t characters_max) {
    if (text.size() <= characters_max || character_count(text) <= characters_max) return std::string(text);
    std::size_t characters = 0, end = 0;
    while (true) {
        if ((text[end] & 0xC0) != 0x80 && characters++ == characters_max - 1) break;
        ++end;
    }
    return std::string(text.substr(0, end)) + "…";
}

std::string source_key(std::string_view source, std::string_view text, Sha256& sha256) {
    return std::string(source) + ':' + (text.size() <= key_text_bytes_max ? std::string(text) : to_hex(sha256({text})));
}

Envelope envelope_around(const JsonValue& object, std::string_view member, std::string_view before, std::string_view after) {
    std::string head = "{", tail;
    bool passed = false, first = true;
    const auto name = [&](std::string& out, std::string_view text) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, text);
        out += ':';
    };
    for (const JsonMember& each : object.members()) {
        if (!passed && !json_name_less(each.name, member)) {
            name(head, member);
            passed = true;
        }
        if (each.name == member) continue;
        std::string& out = passed ? tail : head;
        name(out, each.name);
        append_canonical(out, each.value);
    }
    if (!passed) name(head, member);
    return {head + std::string(before), std::string(after) + tail + '}'};
}

std::optional<JsonText> json_texts(const std::vector<std::string_view>& texts) {
    std::string json;
    for (const std::string_view text : texts) {
        if (text.empty()) continue;
        json += json.empty() ? '[' : ',';
        append_json_string(json, text);
    }
    if (json.empty()) return std::nullopt;
    return JsonText{json + ']'};
}

}  // namespace daybook
