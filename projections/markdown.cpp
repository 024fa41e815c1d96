#include "projections/markdown.hpp"

#include <algorithm>

namespace daybook {
namespace {

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:@/-").find(c) != std::string_view::npos;
}

bool is_markup(char c) { return std::string_view("\\|`<>[]*_#~&!").find(c) != std::string_view::npos; }

// How many bytes at the front of `text` are one character that must not be written: C0, DEL, C1 (U+0080–U+009F), line
// and paragraph separators and directional controls (U+2028–U+202E, U+2066–U+2069), U+FFFE and U+FFFF. 0: none.
std::size_t control_size(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
    if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;
    if (byte(0) == 0xEF && byte(1) == 0xBF && byte(2) >= 0xBE) return 3;  // no characters; XML has none of them
    if (byte(0) != 0xE2) return 0;
    if (byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE) return 3;
    if (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9) return 3;
    return 0;
}

struct Unit {
    std::int64_t seconds;
    const char* name;
};
constexpr Unit units[] = {{86'400, " d"}, {3'600, " h"}, {60, " min"}, {1, " s"}};

}  // namespace

std::string markdown_text(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 8);
    while (!text.empty()) {
        if (const std::size_t size = control_size(text)) {
            out += ' ';
            text.remove_prefix(size);
            continue;
        }
        if (is_markup(text.front())) out += '\\';
        out += text.front();
        text.remove_prefix(1);
    }
    return out;
}

std::string one_line(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t control = control_size(text);
        out += control == 0 ? text.front() : ' ';
        text.remove_prefix(std::max<std::size_t>(control, 1));
    }
    return out;
}

std::string markdown_name(std::string_view name) {
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_plain)) return markdown_text(name);
    return "`" + std::string(name) + "`";
}

std::string duration_words(std::int64_t seconds) {
    for (std::size_t i = 0; i + 1 < std::size(units); ++i) {
        if (seconds < units[i].seconds) continue;
        std::string words = std::to_string(seconds / units[i].seconds) + units[i].name;
        const std::int64_t rest = seconds % units[i].seconds / units[i + 1].seconds;
        if (rest != 0) words += " " + std::to_string(rest) + units[i + 1].name;
        return words;
    }
    return std::to_string(seconds) + " s";
}

}  // namespace daybook
