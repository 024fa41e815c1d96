#include "journal/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <deque>
#include <vector>

#include <simdjson.h>

namespace daybook {

namespace dom = simdjson::dom;

const char* to_text(RefusalCode code) {
    switch (code) {
        case RefusalCode::invalid: return "invalid";
        case RefusalCode::not_found: return "not_found";
        case RefusalCode::conflict: return "conflict";
        case RefusalCode::idempotency_conflict: return "idempotency_conflict";
        case RefusalCode::not_permitted: return "not_permitted";
        case RefusalCode::unauthenticated: return "unauthenticated";
        case RefusalCode::too_large: return "too_large";
    }
    return "invalid";
}

namespace {

constexpr std::int64_t integer_max = (std::int64_t{1} << 53) - 1;

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

std::string describe(simdjson::error_code error) {
    switch (static_cast<int>(error)) {
        case simdjson::UTF8_ERROR: return "not valid UTF-8";
        case simdjson::DEPTH_ERROR: return "nested deeper than " + std::to_string(json_depth_max) + " levels";
        case simdjson::NUMBER_ERROR: return "a number that JSON in JCS form cannot hold (integers: up to 2^53-1)";
        case simdjson::STRING_ERROR: return "a malformed string";
        case simdjson::UNESCAPED_CHARS: return "a control character inside a string";
        case simdjson::UNCLOSED_STRING: return "a string without an end";
        case simdjson::EMPTY: return "empty, where a JSON text was expected";
        case simdjson::CAPACITY: return "too long for the JSON reader";
        default: return "not a JSON text";
    }
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

bool is_clean_utf8(std::string_view text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > 0; });  // quicker for short ASCII
    return plain || (simdjson::validate_utf8(text.data(), text.size()) && text.find('\0') == std::string_view::npos);
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

// Values are copied from simdjson's tape into arrays of our own: sorted, checked, and with simdjson in one file.
struct JsonReader::Parts {
    dom::parser parser;
    std::string padded;
    // Room for arrays and objects; blocks keep their place while a text is read, and their storage between texts.
    template <class T>
    struct Pool {
        std::deque<std::vector<T>> blocks;
        std::size_t used_blocks = 0;
        T* take(std::size_t count) {
            if (used_blocks > 0) {
                std::vector<T>& last = blocks[used_blocks - 1];
                if (last.capacity() - last.size() >= count) {
                    const std::size_t start = last.size();
                    last.resize(start + count);
                    return last.data() + start;
                }
            }
            if (used_blocks == blocks.size()) blocks.emplace_back();
            std::vector<T>& next = blocks[used_blocks++];
            next.clear();
            next.reserve(std::max<std::size_t>(count, 512));
            next.resize(count);
            return next.data();
        }
        void reset() {
            for (std::size_t i = 0; i < used_blocks; ++i) blocks[i].clear();
            used_blocks = std::min<std::size_t>(used_blocks, 1);
            if (blocks.size() > 16) blocks.resize(16);
        }
    };
    Pool<JsonValue> values;
    Pool<JsonMember> members;
    JsonValue root;
    bool has_escapes = false;  // \\u… occurs: of a NUL, or of half a surrogate pair, of which simdjson 3.0 lets a low one through
    int depth = 0;             // of the array or object that is being copied
    std::string problem;       // of the first value that was refused
    std::string where;

    bool refuse(std::string what) {
        problem = std::move(what);
        return false;
    }
    bool copy(dom::element from, JsonValue& to);
    bool copy_container(dom::element from, JsonValue& to);
    bool copy_array(dom::array from, JsonValue& to);
    bool copy_object(dom::object from, JsonValue& to);
    bool check_escapes(std::string_view text, const std::string& what);
};

bool JsonReader::Parts::check_escapes(std::string_view text, const std::string& what) {
    if (text.find('\0') != std::string_view::npos) return refuse("a NUL character in a " + what);
    if (!simdjson::validate_utf8(text.data(), text.size())) return refuse("half of a surrogate pair in a " + what);
    return true;
}

// simdjson does not count an empty array or object as a level; here it is one.
bool JsonReader::Parts::copy_container(dom::element from, JsonValue& to) {
    if (++depth > json_depth_max) return refuse(describe(simdjson::DEPTH_ERROR));
    const bool good =
        from.is_array() ? copy_array(from.get_array().value_unsafe(), to) : copy_object(from.get_object().value_unsafe(), to);
    --depth;
    return good;
}

bool JsonReader::Parts::copy_array(dom::array from, JsonValue& to) {
    const std::size_t count =
        from.size() < 0xFFFFFF ? from.size() : static_cast<std::size_t>(std::distance(from.begin(), from.end()));
    JsonValue* items = values.take(count);
    std::size_t i = 0;
    for (const dom::element item : from) {
        if (!copy(item, items[i])) {
            where = "/" + std::to_string(i) + where;
            return false;
        }
        ++i;
    }
    to.kind = JsonValue::Kind::array;
    to.size = static_cast<std::uint32_t>(count);
    to.elements = items;
    return true;
}

bool JsonReader::Parts::copy_object(dom::object from, JsonValue& to) {
    const std::size_t count =
        from.size() < 0xFFFFFF ? from.size() : static_cast<std::size_t>(std::distance(from.begin(), from.end()));
    JsonMember* items = members.take(count);
    std::size_t i = 0;
    bool sorted = true;
    for (const auto field : from) {
        items[i].name = field.key;
        if (has_escapes && !check_escapes(field.key, "name")) return false;
        if (!copy(field.value, items[i].value)) {
            where = pointer_token(field.key) + where;
            return false;
        }
        if (i > 0 && !json_name_less(items[i - 1].name, items[i].name)) sorted = false;
        ++i;
    }
    if (!sorted) {
        std::sort(items, items + count, [](const JsonMember& a, const JsonMember& b) { return json_name_less(a.name, b.name); });
        for (std::size_t k = 1; k < count; ++k) {
            if (items[k - 1].name == items[k].name) {
                where = pointer_token(items[k].name);
                return refuse("the same name twice in one object");
            }
        }
    }
    to.kind = JsonValue::Kind::object;
    to.size = static_cast<std::uint32_t>(count);
    to.first_member = items;
    return true;
}

bool JsonReader::Parts::copy(dom::element from, JsonValue& to) {
    switch (from.type()) {
        case dom::element_type::NULL_VALUE: to.kind = JsonValue::Kind::null; return true;
        case dom::element_type::BOOL:
            to.kind = JsonValue::Kind::boolean;
            to.boolean = from.get_bool().value_unsafe();
            return true;
        case dom::element_type::INT64: {
            const std::int64_t number = from.get_int64().value_unsafe();
            if (number > integer_max || number < -integer_max) return refuse("an integer beyond 2^53-1");
            to.kind = JsonValue::Kind::integer;
            to.integer = number;
            return true;
        }
        case dom::element_type::UINT64: return refuse("an integer beyond 2^53-1");
        case dom::element_type::DOUBLE: {
            const double number = from.get_double().value_unsafe();
            // Equal numbers have equal texts: 2.0 and 2 are one value.
            if (number == std::floor(number) && std::abs(number) <= static_cast<double>(integer_max)) {
                to.kind = JsonValue::Kind::integer;
                to.integer = static_cast<std::int64_t>(number);
                return true;
            }
            // Below 1e21 its text would be that of an integer, which would not be read back.
            if (std::abs(number) > static_cast<double>(integer_max) && std::abs(number) < 1e21)
                return refuse("an integer beyond 2^53-1");
            to.kind = JsonValue::Kind::real;
            to.real = number;
            return true;
        }
        case dom::element_type::STRING: {
            const std::string_view text = from.get_string().value_unsafe();
            if (has_escapes && !check_escapes(text, "string")) return false;
            to.kind = JsonValue::Kind::string;
            to.size = static_cast<std::uint32_t>(text.size());
            to.characters = text.data();
            return true;
        }
        case dom::element_type::ARRAY:
        case dom::element_type::OBJECT: return copy_container(from, to);
    }
    return refuse("not a JSON value");
}

// Who makes a reader for one text alone gets the buffers of one that is gone: to make them anew costs more than most texts do.
struct JsonReader::Spare {
    static constexpr std::size_t most = 4;
    static constexpr std::size_t bytes_max = 64 * 1024;  // of a text whose buffers are worth keeping
    static std::vector<std::unique_ptr<Parts>>& of_thread() {
        thread_local std::vector<std::unique_ptr<Parts>> spare = [] {
            std::vector<std::unique_ptr<Parts>> room;
            room.reserve(most);
            return room;
        }();
        return spare;
    }
};

JsonReader::JsonReader() {
    auto& spare = Spare::of_thread();
    if (spare.empty()) {
        parts_ = std::make_unique<Parts>();
    } else {
        parts_ = std::move(spare.back());
        spare.pop_back();
    }
}

JsonReader::~JsonReader() {
    auto& spare = Spare::of_thread();
    if (parts_ && parts_->parser.capacity() <= Spare::bytes_max && spare.size() < Spare::most) spare.push_back(std::move(parts_));
}

JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;

Result<const JsonValue*> JsonReader::read(std::string_view text) {
    Parts& parts = *parts_;
    parts.values.reset();
    parts.members.reset();
    parts.where.clear();
    parts.depth = 0;
    parts.has_escapes = text.find("\\u") != std::string_view::npos;
    // simdjson reads a little past the end: the copy gives it that room.
    parts.padded.assign(text);
    parts.padded.append(simdjson::SIMDJSON_PADDING, '\0');
    constexpr std::size_t depth = json_depth_max + 1;  // simdjson's limit is the first depth that it refuses
    if (parts.parser.capacity() < text.size() || parts.parser.max_depth() != depth) {
        const auto error = parts.parser.allocate(std::max<std::size_t>(text.size(), 16 * 1024), depth);
        if (error != simdjson::SUCCESS) return Refusal{RefusalCode::too_large, describe(error), ""};
    }
    dom::element root;
    const auto error = parts.parser.parse(parts.padded.data(), text.size(), false).get(root);
    if (error != simdjson::SUCCESS) return Refusal{RefusalCode::invalid, describe(error), ""};
    if (!parts.copy(root, parts.root)) return Refusal{RefusalCode::invalid, parts.problem, parts.where};
    return &parts.root;
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
