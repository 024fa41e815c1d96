// JsonReader and WrittenJsonReader, and what else simdjson does here.
#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include <simdjson.h>

#include "journal/json.hpp"
#include "journal/written_json.hpp"

namespace daybook {

namespace dom = simdjson::dom;

namespace {

constexpr std::int64_t integer_max = (std::int64_t{1} << 53) - 1;

std::string describe(simdjson::error_code error, int depth_max) {
    switch (static_cast<int>(error)) {
        case simdjson::UTF8_ERROR: return "not valid UTF-8";
        case simdjson::DEPTH_ERROR: return "nested deeper than " + std::to_string(depth_max) + " levels";
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

bool is_clean_utf8(std::string_view text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > 0; });  // quicker for short ASCII
    return plain || (simdjson::validate_utf8(text.data(), text.size()) && text.find('\0') == std::string_view::npos);
}

namespace {

// Values are copied from simdjson's tape into arrays of our own.
struct Reading {
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
    int depth_max = json_depth_max;
    std::string problem;  // of the first value that was refused
    std::string where;

    Result<const JsonValue*> read(std::string_view text, int most_levels);
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

bool Reading::check_escapes(std::string_view text, const std::string& what) {
    if (text.find('\0') != std::string_view::npos) return refuse("a NUL character in a " + what);
    if (!simdjson::validate_utf8(text.data(), text.size())) return refuse("half of a surrogate pair in a " + what);
    return true;
}

// simdjson does not count an empty array or object as a level; here it is one.
bool Reading::copy_container(dom::element from, JsonValue& to) {
    if (++depth > depth_max) return refuse(describe(simdjson::DEPTH_ERROR, depth_max));
    const bool good =
        from.is_array() ? copy_array(from.get_array().value_unsafe(), to) : copy_object(from.get_object().value_unsafe(), to);
    --depth;
    return good;
}

bool Reading::copy_array(dom::array from, JsonValue& to) {
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

bool Reading::copy_object(dom::object from, JsonValue& to) {
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

bool Reading::copy(dom::element from, JsonValue& to) {
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

Result<const JsonValue*> Reading::read(std::string_view text, int most_levels) {
    values.reset();
    members.reset();
    where.clear();
    depth = 0;
    depth_max = most_levels;
    has_escapes = text.find("\\u") != std::string_view::npos;
    // simdjson reads a little past the end: the copy gives it that room.
    padded.assign(text);
    padded.append(simdjson::SIMDJSON_PADDING, '\0');
    const std::size_t refused_depth = static_cast<std::size_t>(depth_max) + 1;  // simdjson's limit is the first that it refuses
    if (parser.capacity() < text.size() || parser.max_depth() != refused_depth) {
        const auto error = parser.allocate(std::max<std::size_t>(text.size(), 16 * 1024), refused_depth);
        if (error != simdjson::SUCCESS) return Refusal{RefusalCode::too_large, describe(error, depth_max), ""};
    }
    dom::element from;
    const auto error = parser.parse(padded.data(), text.size(), false).get(from);
    if (error != simdjson::SUCCESS) return Refusal{RefusalCode::invalid, describe(error, depth_max), ""};
    if (!copy(from, root)) return Refusal{RefusalCode::invalid, problem, where};
    return &root;
}

}  // namespace

struct JsonReader::Parts : Reading {};
struct WrittenJsonReader::Parts : Reading {};

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

Result<const JsonValue*> JsonReader::read(std::string_view text) { return parts_->read(text, json_depth_max); }

WrittenJsonReader::WrittenJsonReader() : parts_(std::make_unique<Parts>()) {}
WrittenJsonReader::~WrittenJsonReader() = default;

Result<const JsonValue*> WrittenJsonReader::read(std::string_view text) { return parts_->read(text, written_depth_max); }

}  // namespace daybook
