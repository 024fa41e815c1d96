#include "journal/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace daybook {
namespace {

// Whether some byte of `bytes` is one that JSON wants escaped: below a space, a quotation mark or a backslash.
bool wants_escape(std::uint64_t bytes) {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t tops = 0x8080808080808080;
    const auto has_zero = [](std::uint64_t word) { return (word - ones) & ~word & tops; };
    const std::uint64_t below_space = (bytes - ones * 0x20) & ~bytes & tops;
    return (below_space | has_zero(bytes ^ ones * '"') | has_zero(bytes ^ ones * '\\')) != 0;
}
bool wants_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// Whether nothing in `text` wants an escape. Eight at a time, the last eight maybe a second time.
bool is_plain(std::string_view text) {
    const auto word_at = [&](std::size_t at) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        return word;
    };
    if (text.size() < 8) return std::none_of(text.begin(), text.end(), [](char c) { return wants_escape(c); });
    for (std::size_t at = 0; at + 8 < text.size(); at += 8) {
        if (wants_escape(word_at(at))) return false;
    }
    return !wants_escape(word_at(text.size() - 8));
}

}  // namespace

bool json_name_less(std::string_view a, std::string_view b) {
    const std::size_t common = std::min(a.size(), b.size());
    std::size_t at = 0;
    while (at < common && a[at] == b[at]) ++at;
    if (at == common) return a.size() < b.size();
    const auto x = static_cast<unsigned char>(a[at]);
    const auto y = static_cast<unsigned char>(b[at]);
    // Bytes of UTF-8 sort as code points do, and UTF-16 units likewise, but that the surrogates of U+10000 and up (lead byte F0
    // and up) come before U+E000 to U+FFFF (EE and EF).
    if (x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0)) return x >= 0xF0;
    return x < y;
}

std::string pointer_token(std::string_view name) {
    std::string out = "/";
    for (const char c : name) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
    return out;
}

const JsonValue* JsonValue::find(std::string_view name) const {
    if (kind != Kind::object) return nullptr;
    for (const JsonMember& member : members()) {
        // Most names differ in their length or their last character, which is seen without a call.
        const bool alike = member.name.size() == name.size() && (name.empty() || member.name.back() == name.back());
        if (alike && member.name == name) return &member.value;
    }
    return nullptr;
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    if (is_plain(text)) {
        out += text;
        out += '"';
        return;
    }
    for (const char c : text) {
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default: {
                if (!wants_escape(c)) {
                    out += c;
                    break;
                }
                static constexpr char hex[] = "0123456789abcdef";
                out += "\\u00";
                out += hex[static_cast<unsigned char>(c) >> 4];
                out += hex[static_cast<unsigned char>(c) & 15];
            }
        }
    }
    out += '"';
}

void append_json_number(std::string& out, double number) {
    if (number == 0) {
        out += '0';
        return;
    }
    if (number < 0) {
        out += '-';
        number = -number;
    }
    // The shortest digits that read back as the same number, as d.ddde±xx.
    char text[40];
    const auto end = std::to_chars(text, text + sizeof text, number, std::chars_format::scientific).ptr;
    const std::string_view scientific(text, static_cast<std::size_t>(end - text));
    const std::size_t e = scientific.find('e');
    std::string digits;
    for (const char c : scientific.substr(0, e)) {
        if (c != '.') digits += c;
    }
    int exponent = 0;
    const std::size_t sign = scientific[e + 1] == '+' ? e + 2 : e + 1;
    std::from_chars(scientific.data() + sign, end, exponent);

    // ECMA-262, Number::toString: n is where the point stands, k how many digits there are.
    const int n = exponent + 1;
    const int k = static_cast<int>(digits.size());
    if (k <= n && n <= 21) {
        out += digits;
        out.append(static_cast<std::size_t>(n - k), '0');
    } else if (0 < n && n <= 21) {
        out.append(digits, 0, static_cast<std::size_t>(n));
        out += '.';
        out.append(digits, static_cast<std::size_t>(n));
    } else if (-6 < n && n <= 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-n), '0');
        out += digits;
    } else {
        out += digits[0];
        if (k > 1) {
            out += '.';
            out.append(digits, 1);
        }
        out += n - 1 < 0 ? "e-" : "e+";
        out += std::to_string(std::abs(n - 1));
    }
}

void append_canonical(std::string& out, const JsonValue& value) {
    switch (value.kind) {
        case JsonValue::Kind::null: out += "null"; return;
        case JsonValue::Kind::boolean: out += value.boolean ? "true" : "false"; return;
        case JsonValue::Kind::integer: {
            char text[24];
            const auto end = std::to_chars(text, text + sizeof text, value.integer).ptr;
            out.append(text, end);
            return;
        }
        case JsonValue::Kind::real: append_json_number(out, value.real); return;
        case JsonValue::Kind::string: append_json_string(out, value.text()); return;
        case JsonValue::Kind::array: {
            out += '[';
            bool first = true;
            for (const JsonValue& item : value.array()) {
                if (!first) out += ',';
                first = false;
                append_canonical(out, item);
            }
            out += ']';
            return;
        }
        case JsonValue::Kind::object: {
            out += '{';
            bool first = true;
            for (const JsonMember& member : value.members()) {
                if (!first) out += ',';
                first = false;
                append_json_string(out, member.name);
                out += ':';
                append_canonical(out, member.value);
            }
            out += '}';
            return;
        }
    }
}

std::string canonical(const JsonValue& value) {
    std::string out;
    append_canonical(out, value);
    return out;
}

namespace {

// A text from which canonical texts are taken, as long as they fit.
class CanonicalText {
public:
    explicit CanonicalText(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }
    bool take(const JsonValue& value) {
        switch (value.kind) {
            case JsonValue::Kind::string: return take_string(value.text());
            case JsonValue::Kind::array: {
                if (!take('[')) return false;
                for (const JsonValue& item : value.array()) {
                    if ((&item != value.elements && !take(',')) || !take(item)) return false;
                }
                return take(']');
            }
            case JsonValue::Kind::object: {
                if (!take('{')) return false;
                for (const JsonMember& member : value.members()) {
                    if (&member != value.first_member && !take(',')) return false;
                    if (!take_string(member.name) || !take(':') || !take(member.value)) return false;
                }
                return take('}');
            }
            case JsonValue::Kind::null:
            case JsonValue::Kind::boolean:
            case JsonValue::Kind::integer:
            case JsonValue::Kind::real: return take_text(canonical(value));
        }
        return false;
    }

private:
    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool take_text(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }
    // What stands for itself between quotation marks has no escapes: with one it would be longer.
    bool take_string(std::string_view text) {
        const std::size_t end = text.size() + 1;
        if (rest_.size() > end && rest_.front() == '"' && rest_[end] == '"' && rest_.substr(1, text.size()) == text) {
            rest_.remove_prefix(end + 1);
            return true;
        }
        std::string escaped;
        append_json_string(escaped, text);
        return take_text(escaped);
    }

    std::string_view rest_;
};

}  // namespace

bool is_canonical(const JsonValue& value, std::string_view text) {
    CanonicalText rest(text);
    return rest.take(value) && rest.at_end();
}

}  // namespace daybook
