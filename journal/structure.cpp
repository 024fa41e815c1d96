#include "journal/structure.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>
#include <utility>

#include "journal/json.hpp"

namespace daybook {
namespace {

constexpr std::array<std::string_view, 19> kept_texts{
    "alert_ref", "artifact_id", "cause",  "env",    "fingerprint", "followup_id", "gate",   "item_id",   "kind",   "mode",
    "other",     "outcome",     "period", "report", "run_id",      "service",     "sha256", "signature", "task_id"};

bool is_kept_text(std::string_view name) { return std::find(kept_texts.begin(), kept_texts.end(), name) != kept_texts.end(); }

// The empty value of the same kind.
std::string emptied(const JsonValue& value) {
    switch (value.kind) {
        case JsonValue::Kind::object: return "{}";
        case JsonValue::Kind::array: return "[]";
        case JsonValue::Kind::string: return '"' + std::string(redacted_text) + '"';
        case JsonValue::Kind::null:
        case JsonValue::Kind::boolean:
        case JsonValue::Kind::integer:
        case JsonValue::Kind::real: break;
    }
    return "null";
}

// One side of a change of the field `name`.
std::string side_without_texts(std::string_view name, const JsonValue& value) {
    if (!value.is_string()) return emptied(value);
    const bool kept = name == "service" || name == "env" || name == "kind" ||
                      ((name == "started_at" || name == "due_at") && parse_time(value.text())) ||
                      (name == "priority" && from_text<Severity>(value.text()));
    return kept ? canonical(value) : emptied(value);
}

std::string changes_without_texts(const std::string& text) {
    constexpr std::array<std::string_view, 10> known{"due_at",   "env",     "kind",       "labels",  "owner",
                                                     "priority", "service", "started_at", "summary", "title"};
    JsonReader reader;
    const auto changes = reader.read(text);
    std::string out = "{";
    if (changes && (*changes)->is_object()) {
        for (const JsonMember& change : (*changes)->members()) {
            if (std::find(known.begin(), known.end(), change.name) == known.end()) continue;
            out += (out.size() > 1 ? ",\"" : "\"") + std::string(change.name) + "\":{";
            const char* separator = "";
            for (const char* side : {"from", "to"}) {
                const JsonValue* value = change.value.is_object() ? change.value.find(side) : nullptr;
                if (value == nullptr) continue;
                out += std::string(separator) + '"' + side + "\":" + side_without_texts(change.name, *value);
                separator = ",";
            }
            out += '}';
        }
    }
    return out + '}';
}

// Visits the fields of a payload and takes the texts out. Numbers, times and enums have no overload of their own: they stay.
class Redactor {
public:
    template <class T>
    void operator()(std::string_view name, std::optional<T>& value) {
        if (name == "input_sha256") value.reset();
        if (value) (*this)(name, *value);
    }
    void operator()(std::string_view name, std::string& value) {
        if (!is_kept_text(name)) value = redacted_text;
    }
    void operator()(std::string_view, Nullable& value) {
        if (value.value) value.value = redacted_text;
    }
    void operator()(std::string_view name, JsonText& value) {
        if (name == "changes") {
            value.text = changes_without_texts(value.text);
            return;
        }
        JsonReader reader;
        const auto read = reader.read(value.text);
        value.text = read ? emptied(**read) : "null";
    }
    template <class T>
        requires(std::is_enum_v<T> || std::is_same_v<T, Time> || std::is_same_v<T, std::int64_t>)
    void operator()(std::string_view, T&) {}
};

}  // namespace

Payload without_texts(Payload payload) {
    std::visit([](auto& event) { std::decay_t<decltype(event)>::fields(event, Redactor{}); }, payload);
    return payload;
}

}  // namespace daybook
