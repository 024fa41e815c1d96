// Control characters of ASCII, which no id and no header may hold.
#pragma once

#include <algorithm>
#include <string_view>

namespace daybook {

inline bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

}  // namespace daybook
