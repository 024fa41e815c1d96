// The `changes` of incident_updated and followup_updated: field -> {"from":…,"to":…}, in RFC 8785 form.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "journal/event.hpp"
#include "journal/json.hpp"
#include "journal/record.hpp"

namespace daybook {

// Add the fields in the byte order of their names. A field that stays as it is is left out.
class Changes {
public:
    // `from` and `to` are JSON texts.
    void add(std::string_view field, const std::string& from, const std::string& to) {
        assert(last_ < field);
        last_ = field;
        if (from == to) return;
        text_ += text_.empty() ? "{" : ",";
        append_json_string(text_, field);
        text_ += ":{\"from\":" + from + ",\"to\":" + to + '}';
    }
    bool empty() const { return text_.empty(); }
    JsonText finish() const { return {text_ + '}'}; }

private:
    std::string text_;
    std::string_view last_;
};

inline std::string json_of(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}
// An empty text says that there is none.
inline std::string json_or_null(const std::optional<std::string>& text) { return text && !text->empty() ? json_of(*text) : "null"; }
inline std::string json_time(std::int64_t micros) {
    return micros == RecordHeader::no_time ? "null" : '"' + format_time(from_micros(micros)) + '"';
}

}  // namespace daybook
