// How an answer to a program says what went wrong: {"ok":false,"error":{"code":…,"message":…,"details":{"field":…}}}.
#pragma once

#include <string>
#include <string_view>

namespace daybook {

// `field`: a JSON Pointer; where it is empty, `details` is.
std::string error_text(std::string_view code, std::string_view message, std::string_view field = {});

}  // namespace daybook
