#include "ingest/checks.hpp"

#include <algorithm>

#include "journal/json.hpp"

namespace daybook {
namespace {

std::optional<Refusal> check(std::string_view text, const char* field, std::size_t least, std::size_t most) {
    const auto refuse = [&](std::string what) {
        return Refusal{RefusalCode::invalid, field + (' ' + std::move(what)), std::string("/") + field};
    };
    if (!is_clean_utf8(text)) return refuse("must be UTF-8 without NUL");
    const std::size_t count = character_count(text);
    if (count < least) return refuse("must not be empty");
    if (count > most) return refuse("has " + std::to_string(count) + " characters, the limit is " + std::to_string(most));
    return std::nullopt;
}

}  // namespace

std::size_t character_count(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::optional<Refusal> check_name(std::string_view text, const char* field) { return check(text, field, 1, name_bytes_max); }

std::optional<Refusal> check_optional_name(const std::optional<std::string>& text, const char* field) {
    return text ? check_name(*text, field) : std::nullopt;
}

std::optional<Refusal> check_title(std::string_view text) { return check(text, "title", 1, title_characters_max); }

std::optional<Refusal> check_text(const std::optional<std::string>& text, const char* field) {
    return text ? check(*text, field, 0, text_characters_max) : std::nullopt;
}

std::optional<Refusal> check_message(std::string_view text, const char* field) {
    return check(text, field, 1, text_characters_max);
}

std::optional<Time> parse_due(std::string_view text) {
    const auto date = parse_date(text);
    if (!date) return parse_time(text);
    const Time next = *date + std::chrono::days(1);
    const auto last_moment = parse_time("9999-12-31T23:59:59.999999Z");
    return next <= *last_moment ? std::optional(next) : std::nullopt;
}

std::string new_incident_id(const JournalView& journal, Time started_at, Entropy& entropy) {
    std::string id = make_incident_id(started_at, entropy);
    while (journal.stream_number(id)) id = make_incident_id(started_at, entropy);
    return id;
}

}  // namespace daybook
