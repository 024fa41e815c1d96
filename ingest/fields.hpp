// Reads the fields of a JSON object that came from outside, and remembers the first that is wrong, with its place.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "journal/event.hpp"
#include "journal/json.hpp"
#include "journal/result.hpp"
#include "journal/time.hpp"
#include "journal/types.hpp"

namespace daybook {

// After a failure every read gives an empty value, so that a whole object is read first and asked for its refusal then.
// Optional fields may be absent or null; where a contract knows no null, `never_null` says so. Lengths are in characters.
class Fields {
public:
    // `value` outlives it. `path` is its JSON Pointer.
    explicit Fields(const JsonValue& value, std::string path = "");

    void allow_only(std::span<const std::string_view> names);
    void allow_only(std::initializer_list<std::string_view> names) { allow_only(std::span(names.begin(), names.size())); }
    void never_null(std::initializer_list<std::string_view> names);

    std::string text(std::string_view name, std::size_t least, std::size_t most);
    std::optional<std::string> optional_text(std::string_view name, std::size_t least, std::size_t most);
    Time time(std::string_view name);
    std::optional<Time> optional_time(std::string_view name);
    std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t least, std::int64_t most);
    std::optional<bool> optional_boolean(std::string_view name);
    template <class T>
    std::optional<T> optional_word(std::string_view name) {
        const auto word = optional_text(name, 0, name_bytes_max);
        if (!word) return std::nullopt;
        const auto value = from_text<T>(*word);
        if (!value) fail(name, "must be one of " + choices<T>());
        return value;
    }
    // An object whose values are all of one kind (real: any number), as RFC 8785 text.
    std::optional<JsonText> optional_map(std::string_view name, JsonValue::Kind kind);
    std::optional<JsonText> optional_object(std::string_view name);
    // An array of strings.
    std::optional<JsonText> optional_texts(std::string_view name);

    void with_object(std::string_view name, const std::function<void(Fields&)>& read);  // absent: not called
    void with_required_object(std::string_view name, const std::function<void(Fields&)>& read);
    // An array of objects; of strings.
    void each(std::string_view name, const std::function<void(Fields&)>& read);
    void each_text(std::string_view name, std::size_t most, const std::function<void(std::string_view)>& read);

    void fail(std::string_view name, const std::string& what);
    const std::optional<Refusal>& refusal() const { return refusal_; }

private:
    const JsonValue* find(std::string_view name) const;
    // Of a value that is there.
    std::optional<std::string> text_of(std::string_view name, const JsonValue& value, std::size_t least, std::size_t most);
    std::optional<Time> time_of(std::string_view name, const JsonValue& value);
    const JsonValue* find_array(std::string_view name);
    void take_over(Fields& inner);

    const JsonValue& value_;
    std::string path_;
    std::optional<Refusal> refusal_;
};

}  // namespace daybook
