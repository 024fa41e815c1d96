// Text from outside, made fit to be shown: an incident's title may hold anything, and a terminal obeys what it reads.
//
// What could command a terminal or mislead the eye is spelled out instead of sent:
//   \x1b      a C0 control character or DEL, and any byte that is not part of valid UTF-8
//   \u{202e}  a C1 control character, a bidirectional control, or another character that cannot be seen
// Zero-width joiners stay, since scripts and emoji need them.
#pragma once

#include <string>
#include <string_view>

namespace daybook {

// What becomes of tabs and line breaks (LF, CR, CRLF).
enum class Breaks {
    keep,    // tab and LF stay, CRLF becomes LF: for text of several lines
    space,   // one space each
    symbol,  // a tab becomes a space, a line break the sign ⏎
    escape,  // \t \n \r, and \\ for a backslash: the one form that can be read back
};

void append_visible(std::string& out, std::string_view text, Breaks breaks);
std::string visible(std::string_view text, Breaks breaks);

// The columns that `text`, as `visible` gives it on one line, takes on a terminal: wide East Asian characters and emoji
// take two, combining marks none. Does not depend on the user's locale.
int display_width(std::string_view text);

// `text`, or as much of it as leaves room for an ellipsis, within `columns` (at least 1).
std::string cut_to_width(std::string_view text, int columns);

// JSON text with the same value, in which nothing commands a terminal: where JSON lets such a character stand bare
// (DEL, C1, bidirectional controls), its \u escape. `json` is valid UTF-8.
std::string visible_json(std::string_view json);

// `text`, with U+FFFD in place of each byte that is not part of valid UTF-8.
std::string valid_utf8(std::string_view text);

}  // namespace daybook
