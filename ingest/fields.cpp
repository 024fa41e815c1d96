#include "ingest/fields.hpp"

#include <algorithm>

#include "ingest/checks.hpp"

namespace daybook {

Fields::Fields(const JsonValue& value, std::string path) : value_(value), path_(std::move(path)) {
    if (!value_.is_object())
        refusal_ = Refusal{RefusalCode::invalid, path_.empty() ? "must be a JSON object" : path_ + " must be an object", path_};
}

void Fields::fail(std::string_view name, const std::string& what) {
    if (!refusal_) refusal_ = Refusal{RefusalCode::invalid, std::string(name) + ' ' + what, path_ + pointer_token(name)};
}

const JsonValue* Fields::find(std::string_view name) const {
    const JsonValue* found = value_.find(name);
    return found == nullptr || found->is_null() ? nullptr : found;
}

void Fields::allow_only(std::span<const std::string_view> names) {
    if (!value_.is_object()) return;
    for (const JsonMember& member : value_.members()) {
        if (std::find(names.begin(), names.end(), member.name) == names.end()) {
            return fail(member.name, "is not a field of this object");
        }
    }
}

void Fields::never_null(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        const JsonValue* found = value_.find(name);
        if (found != nullptr && found->is_null()) return fail(name, "must not be null: leave it out");
    }
}

std::string Fields::text(std::string_view name, std::size_t least, std::size_t most) {
    if (const JsonValue* found = find(name)) return text_of(name, *found, least, most).value_or("");
    fail(name, "is missing");
    return "";
}

std::optional<std::string> Fields::optional_text(std::string_view name, std::size_t least, std::size_t most) {
    const JsonValue* found = find(name);
    return found == nullptr ? std::nullopt : text_of(name, *found, least, most);
}

std::optional<std::string> Fields::text_of(std::string_view name, const JsonValue& value, std::size_t least, std::size_t most) {
    if (!value.is_string()) {
        fail(name, "must be a string");
        return std::nullopt;
    }
    const std::string_view text = value.text();
    if (text.size() < least || (text.size() > most && character_count(text) > most)) {
        fail(name, "must have " + std::to_string(least) + " to " + std::to_string(most) + " characters");
        return std::nullopt;
    }
    return std::string(text);
}

Time Fields::time(std::string_view name) {
    if (const JsonValue* found = find(name)) return time_of(name, *found).value_or(Time{});
    fail(name, "is missing");
    return {};
}

std::optional<Time> Fields::optional_time(std::string_view name) {
    const JsonValue* found = find(name);
    return found == nullptr ? std::nullopt : time_of(name, *found);
}

std::optional<Time> Fields::time_of(std::string_view name, const JsonValue& value) {
    const auto time = value.is_string() ? parse_time(value.text()) : std::nullopt;
    if (!time) fail(name, "must be a time with an offset (RFC 3339, such as 2026-02-23T10:00:00Z)");
    return time;
}

std::optional<std::int64_t> Fields::optional_integer(std::string_view name, std::int64_t least, std::int64_t most) {
    const JsonValue* found = find(name);
    if (found == nullptr) return std::nullopt;
    if (found->kind != JsonValue::Kind::integer || found->integer < least || found->integer > most) {
        fail(name, "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
        return std::nullopt;
    }
    return found->integer;
}

std::optional<bool> Fields::optional_boolean(std::string_view name) {
    const JsonValue* found = find(name);
    if (found == nullptr) return std::nullopt;
    if (found->kind != JsonValue::Kind::boolean) {
        fail(name, "must be true or false");
        return std::nullopt;
    }
    return found->boolean;
}

std::optional<JsonText> Fields::optional_map(std::string_view name, JsonValue::Kind kind) {
    const JsonValue* found = find(name);
    if (found == nullptr) return std::nullopt;
    if (!found->is_object()) {
        fail(name, "must be an object");
        return std::nullopt;
    }
    for (const JsonMember& member : found->members()) {
        const bool number = kind == JsonValue::Kind::real && member.value.kind == JsonValue::Kind::integer;
        if (member.value.kind == kind || number) continue;
        if (!refusal_) {
            const char* what = kind == JsonValue::Kind::string ? " must be a string" : " must be a number";
            refusal_ = Refusal{RefusalCode::invalid, std::string(name) + '.' + std::string(member.name) + what,
                               path_ + pointer_token(name) + pointer_token(member.name)};
        }
        return std::nullopt;
    }
    return JsonText{canonical(*found)};
}

std::optional<JsonText> Fields::optional_object(std::string_view name) {
    const JsonValue* found = find(name);
    if (found == nullptr) return std::nullopt;
    if (!found->is_object()) {
        fail(name, "must be an object");
        return std::nullopt;
    }
    return JsonText{canonical(*found)};
}

const JsonValue* Fields::find_array(std::string_view name) {
    const JsonValue* found = find(name);
    if (found != nullptr && !found->is_array()) {
        fail(name, "must be an array");
        return nullptr;
    }
    return found;
}

std::optional<JsonText> Fields::optional_texts(std::string_view name) {
    const JsonValue* found = find_array(name);
    if (found == nullptr) return std::nullopt;
    each_text(name, text_characters_max, [](std::string_view) {});
    return JsonText{canonical(*found)};
}

void Fields::take_over(Fields& inner) {
    if (!refusal_) refusal_ = inner.refusal_;
}

void Fields::with_object(std::string_view name, const std::function<void(Fields&)>& read) {
    const JsonValue* found = find(name);
    if (found == nullptr) return;
    Fields inner(*found, path_ + pointer_token(name));
    if (!inner.refusal_) read(inner);
    take_over(inner);
}

void Fields::with_required_object(std::string_view name, const std::function<void(Fields&)>& read) {
    if (find(name) == nullptr) return fail(name, "is missing");
    with_object(name, read);
}

void Fields::each(std::string_view name, const std::function<void(Fields&)>& read) {
    const JsonValue* found = find_array(name);
    if (found == nullptr) return;
    std::size_t i = 0;
    for (const JsonValue& item : found->array()) {
        Fields inner(item, path_ + pointer_token(name) + '/' + std::to_string(i++));
        if (!inner.refusal_) read(inner);
        take_over(inner);
        if (refusal_) return;
    }
}

void Fields::each_text(std::string_view name, std::size_t most, const std::function<void(std::string_view)>& read) {
    const JsonValue* found = find_array(name);
    if (found == nullptr) return;
    std::size_t i = 0;
    for (const JsonValue& item : found->array()) {
        if (!item.is_string() || character_count(item.text()) > most) {
            if (!refusal_) {
                refusal_ = Refusal{RefusalCode::invalid,
                                   std::string(name) + " must hold strings of at most " + std::to_string(most) + " characters",
                                   path_ + pointer_token(name) + '/' + std::to_string(i)};
            }
            return;
        }
        read(item.text());
        ++i;
    }
}

}  // namespace daybook
