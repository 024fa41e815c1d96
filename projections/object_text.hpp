// A JSON object as text, for rows and answers that are written by the million.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "journal/json.hpp"
#include "journal/record.hpp"
#include "journal/time.hpp"

namespace daybook {

// Writes one JSON object, member by member, in the order in which they are given. Names must differ.
class ObjectText {
public:
    explicit ObjectText(std::string& out) : out_(out) { out_ += '{'; }
    void finish() { out_ += '}'; }

    void raw(std::string_view name, std::string_view json) {
        if (!first_) out_ += ',';
        first_ = false;
        append_json_string(out_, name);
        out_ += ':';
        out_ += json;
    }
    void text(std::string_view name, std::string_view value) {
        raw(name, "");
        append_json_string(out_, value);
    }
    void text_or_null(std::string_view name, const std::optional<std::string>& value) {
        if (value) {
            text(name, *value);
        } else {
            raw(name, "null");
        }
    }
    void raw_or_null(std::string_view name, const std::optional<std::string>& json) {
        raw(name, json ? std::string_view(*json) : "null");
    }
    void time(std::string_view name, std::int64_t micros) {
        if (micros == RecordHeader::no_time) return raw(name, "null");
        raw(name, "\"");
        append_time(out_, from_micros(micros));
        out_ += '"';
    }
    void boolean(std::string_view name, bool value) { raw(name, value ? "true" : "false"); }
    template <class Number>
    void number(std::string_view name, Number value) {
        raw(name, std::to_string(value));
    }

private:
    std::string& out_;
    bool first_ = true;
};

// A JSON array of texts.
inline std::string text_list(std::span<const std::string> texts) {
    std::string out = "[";
    for (const std::string& text : texts) {
        if (out.size() > 1) out += ',';
        append_json_string(out, text);
    }
    return out + ']';
}

}  // namespace daybook
