// Whole numbers as people and programs write them: digits alone.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace daybook {

// Nothing for any other text, and beyond 64 bits.
inline std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

}  // namespace daybook
