// Base64 as C2SP has it: RFC 4648 section 4, with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace daybook {

std::string to_base64(std::string_view bytes);
// Nothing unless `text` is exactly what to_base64 gives for some bytes: one text for the same bytes, no line breaks.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace daybook
