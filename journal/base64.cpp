#include "journal/base64.hpp"

#include <cstdint>

namespace daybook {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::string_view group = bytes.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i) out += i <= group.size() ? digits[(bits >> (18 - 6 * i)) & 63] : '=';
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 4 * 3);
    for (std::size_t at = 0; at < text.size(); at += 4) {
        std::string_view group = text.substr(at, 4);
        std::size_t padding = 0;
        if (at + 4 == text.size()) {
            while (padding < 2 && group[3 - padding] == '=') ++padding;
        }
        std::uint32_t bits = 0;
        for (const char c : group.substr(0, 4 - padding)) {
            const std::size_t digit = digits.find(c);
            if (digit == std::string_view::npos) return std::nullopt;
            bits = bits << 6 | static_cast<std::uint32_t>(digit);
        }
        bits <<= 6 * padding;
        for (std::size_t i = 0; i < 3; ++i) {
            const auto byte = static_cast<unsigned char>(bits >> (16 - 8 * i));
            if (i < 3 - padding) {
                out += static_cast<char>(byte);
            } else if (byte != 0) {
                return std::nullopt;  // another text of the same bytes
            }
        }
    }
    return out;
}

}  // namespace daybook
