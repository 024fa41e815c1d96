// JSON as daybook takes it and keeps it: a strict reader, and RFC 8785 (JCS) text.
//
// The reader refuses what would be a surprise later: invalid UTF-8, NUL, duplicate keys, nesting over the limit,
// and numbers that JCS cannot hold (integers beyond ±(2^53-1)). A value that was read has one canonical text, and equal
// values have equal texts; hashes are taken over that text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "journal/result.hpp"

namespace daybook {

struct JsonMember;

// One value of a parsed text. A view: it lives as long as the JsonReader that made it reads nothing else.
class JsonValue {
public:
    enum class Kind : std::uint8_t { null, boolean, integer, real, string, array, object };

    Kind kind = Kind::null;
    bool boolean = false;
    std::uint32_t size = 0;  // of a string, in bytes; of an array or object, in values
    union {
        std::int64_t integer = 0;
        double real;
        const char* characters;
        const JsonValue* elements;
        const JsonMember* first_member;
    };

    bool is_null() const { return kind == Kind::null; }
    bool is_string() const { return kind == Kind::string; }
    bool is_object() const { return kind == Kind::object; }
    bool is_array() const { return kind == Kind::array; }
    // Only for a value of that kind.
    std::string_view text() const { return {characters, size}; }
    std::span<const JsonValue> array() const { return {elements, size}; }
    std::span<const JsonMember> members() const;  // in JCS order
    // The member of that name, or nullptr; nullptr too where this is no object.
    const JsonValue* find(std::string_view name) const;
};

struct JsonMember {
    std::string_view name;
    JsonValue value;
};

inline std::span<const JsonMember> JsonValue::members() const { return {first_member, size}; }

// Nesting that any input may have.
inline constexpr int json_depth_max = 64;

// Reads one JSON text at a time. Its buffers are kept, by the thread for the next reader too: none may be static. Not thread-safe.
class JsonReader {
public:
    JsonReader();
    ~JsonReader();
    JsonReader(JsonReader&&) noexcept;
    JsonReader& operator=(JsonReader&&) noexcept;

    // The value in `text`, which must be exactly one JSON text. It is valid until the next read.
    // Refuses: invalid (what is wrong, and as JSON Pointer where, as far as that is known).
    Result<const JsonValue*> read(std::string_view text);

private:
    struct Parts;
    struct Spare;
    std::unique_ptr<Parts> parts_;
};

// Appends the RFC 8785 text of `value`.
void append_canonical(std::string& out, const JsonValue& value);
std::string canonical(const JsonValue& value);
// Whether `text`, which `value` was read from, is its RFC 8785 text: as a comparison with canonical(value) says, but quicker.
bool is_canonical(const JsonValue& value, std::string_view text);

// Appends `text`, which must be valid UTF-8, as a JSON string with quotes, escaped as RFC 8785 section 3.2.2.2 says.
void append_json_string(std::string& out, std::string_view text);
// Appends a finite number as RFC 8785 section 3.2.2.3 (ECMAScript) says.
void append_json_number(std::string& out, double number);

// The order of RFC 8785 section 3.2.3: by UTF-16 code units.
bool json_name_less(std::string_view a, std::string_view b);

// Whether `text` is valid UTF-8 without NUL.
bool is_clean_utf8(std::string_view text);

// A name as one reference token of a JSON Pointer (RFC 6901): `~` and `/` escaped, with a leading slash.
std::string pointer_token(std::string_view name);

}  // namespace daybook
