// Text from outside, made safe to stand in a Markdown document, and numbers in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace daybook {

// `text` as plain words within a line: what Markdown or HTML would read as markup is escaped; newlines, control characters and
// those that turn the direction of text become spaces.
std::string markdown_text(std::string_view text);

// `text` as words within one line, whatever reads it: newlines and the characters above become spaces, nothing is escaped.
std::string one_line(std::string_view text);

// A name in backticks, so that it reads well in a terminal too; as markdown_text where it has other characters than
// [A-Za-z0-9._:@/-].
std::string markdown_name(std::string_view name);

// "45 s", "12 min 5 s", "1 h 12 min", "3 d 4 h": the two largest units.
std::string duration_words(std::int64_t seconds);

}  // namespace daybook
