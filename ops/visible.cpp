#include "ops/visible.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <clocale>
#include <cwchar>

#include <fmt/format.h>

namespace daybook {
namespace {

// One character of a text. A byte that starts no valid UTF-8 sequence is a character of its own, not `valid`.
struct Character {
    char32_t point = 0;
    std::size_t size = 1;
    bool valid = false;
};

// Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
Character character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    const Character broken{lead, 1, false};
    if (lead < 0xC2 || lead > 0xF4 || text.size() - at < size) return broken;
    char32_t point = lead & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return broken;
        point = point << 6 | (byte(i) & 0x3Fu);
    }
    const bool overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
    if (overlong || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return broken;
    return {point, size, true};
}

struct Range {
    char32_t first;
    char32_t last;
};

// Beyond ASCII: what a terminal may obey, what reorders text, and what is not seen.
constexpr std::array<Range, 12> unseen{{
    {0x80, 0x9F},        // C1
    {0xAD, 0xAD},        // soft hyphen
    {0x61C, 0x61C},      // Arabic letter mark
    {0x180E, 0x180E},    // Mongolian vowel separator
    {0x200B, 0x200B},    // zero-width space
    {0x200E, 0x200F},    // left-to-right and right-to-left mark
    {0x2028, 0x202E},    // line and paragraph separators, bidirectional embeddings and overrides
    {0x2060, 0x206F},    // invisible operators, bidirectional isolates
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFF9, 0xFFFB},    // interlinear annotation
    {0x1D173, 0x1D17A},  // musical formatting
    {0xE0000, 0xE007F},  // tags
}};

bool is_unseen(char32_t point) {
    const auto after = std::upper_bound(unseen.begin(), unseen.end(), point,
                                        [](char32_t value, const Range& range) { return value < range.first; });
    return after != unseen.begin() && point <= std::prev(after)->last;
}

bool is_plain(char c) { return c >= 0x20 && c < 0x7F && c != '\\'; }

void append_break(std::string& out, char c, Breaks breaks) {
    switch (breaks) {
        case Breaks::keep: out += c == '\r' ? '\n' : c; return;
        case Breaks::space: out += ' '; return;
        case Breaks::symbol: out += c == '\t' ? " " : "⏎"; return;
        case Breaks::escape: out += c == '\t' ? "\\t" : c == '\n' ? "\\n" : "\\r"; return;
    }
}

// A thread's way to wcwidth() in UTF-8 whatever the process's locale is.
class Utf8Locale {
public:
    Utf8Locale() {
        static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
        if (utf8 != nullptr) before_ = uselocale(utf8);
    }
    ~Utf8Locale() {
        if (before_ != nullptr) uselocale(before_);
    }
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;

    // Where the system has no such locale, or does not know the character: 1.
    int width(char32_t point) const {
        if (point < 0x80) return 1;
        const int columns = wcwidth(static_cast<wchar_t>(point));
        return columns < 0 ? 1 : columns;
    }

private:
    locale_t before_ = nullptr;
};

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

void append_visible(std::string& out, std::string_view text, Breaks breaks) {
    for (std::size_t at = 0; at < text.size();) {
        // Nearly all text is plain, and goes over in one piece.
        const auto* const start = text.data() + at;
        const auto* const stop = std::find_if_not(start, text.data() + text.size(), is_plain);
        out.append(start, stop);
        at += static_cast<std::size_t>(stop - start);
        if (at == text.size()) return;

        const char c = text[at];
        const Character character = character_at(text, at);
        if (c == '\t' || c == '\n' || c == '\r') {
            const bool pair = c == '\r' && text.substr(at).starts_with("\r\n");
            if (!pair || breaks == Breaks::escape) append_break(out, c, breaks);
        } else if (c == '\\') {
            out += breaks == Breaks::escape ? "\\\\" : "\\";
        } else if (!character.valid || character.point < 0x20 || character.point == 0x7F) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else if (is_unseen(character.point)) {
            out += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(character.point));
        } else {
            out.append(text, at, character.size);
        }
        at += character.size;
    }
}

std::string visible(std::string_view text, Breaks breaks) {
    std::string out;
    append_visible(out, text, breaks);
    return out;
}

int display_width(std::string_view text) {
    if (is_ascii(text)) return static_cast<int>(text.size());
    const Utf8Locale locale;
    int columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Character character = character_at(text, at);
        columns += locale.width(character.point);
        at += character.size;
    }
    return columns;
}

std::string cut_to_width(std::string_view text, int columns) {
    assert(columns >= 1);
    const Utf8Locale locale;
    int taken = 0;
    std::size_t keep = 0;  // bytes that leave a column for the ellipsis
    for (std::size_t at = 0; at < text.size();) {
        const Character character = character_at(text, at);
        taken += locale.width(character.point);
        at += character.size;
        if (taken <= columns - 1) keep = at;
        if (taken > columns) return std::string(text.substr(0, keep)) + "…";
    }
    return std::string(text);
}

std::string visible_json(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    for (std::size_t at = 0; at < json.size();) {
        const Character character = character_at(json, at);
        const char32_t point = character.point;
        if (point == 0x7F || (point >= 0x80 && is_unseen(point))) {
            if (point < 0x10000) {
                out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point));
            } else {
                const auto rest = static_cast<std::uint32_t>(point) - 0x10000;
                out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
            }
        } else {
            out.append(json, at, character.size);
        }
        at += character.size;
    }
    return out;
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Character character = character_at(text, at);
        if (character.valid) {
            out.append(text, at, character.size);
        } else {
            out += "\xEF\xBF\xBD";
        }
        at += character.size;
    }
    return out;
}

}  // namespace daybook
