// The limits of single fields, the same at every door. Lengths count characters (code points), as the schemas do.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "journal/identifiers.hpp"
#include "journal/journal.hpp"
#include "journal/result.hpp"
#include "journal/time.hpp"
#include "journal/types.hpp"

namespace daybook {

inline constexpr std::size_t title_characters_max = 512;
inline constexpr std::size_t text_characters_max = 16384;

// How far ahead of now something may have happened that a person or an agent writes down: a mistyped year would stand in the way of
// every change of status until then.
inline constexpr std::chrono::hours ahead_max{24};

// The number of code points in valid UTF-8.
std::size_t character_count(std::string_view text);

// Each returns the refusal, with `field` as its place, or nothing when all is well. All want UTF-8 without NUL.
std::optional<Refusal> check_name(std::string_view text, const char* field);  // 1 to 128 characters
std::optional<Refusal> check_optional_name(const std::optional<std::string>& text, const char* field);
std::optional<Refusal> check_title(std::string_view text);                                     // 1 to 512
std::optional<Refusal> check_text(const std::optional<std::string>& text, const char* field);  // up to 16,384
std::optional<Refusal> check_message(std::string_view text, const char* field);                // 1 to 16,384

// A due date: a time, or a bare date, which means 00:00:00Z of the next day, so that what is due on a day is due when it ends.
// Nothing for any other text.
std::optional<Time> parse_due(std::string_view text);

// An incident's id that no stream has yet.
std::string new_incident_id(const JournalView& journal, Time started_at, Entropy& entropy);

}  // namespace daybook
