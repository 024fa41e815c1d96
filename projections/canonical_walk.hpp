// A little walk over RFC 8785 text as it stands: it has no white space, its names are sorted, and it was checked when it was
// written. For who needs one member of millions of payloads, without a parser.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace daybook {

// Past the string that starts at `at`; beyond the text where it does not end.
std::size_t string_end(std::string_view text, std::size_t at);

// Where a member lies in an object: from its name, its value, and past it.
struct MemberPlace {
    std::size_t name = 0, value = 0, end = 0;
};
std::optional<MemberPlace> find_member(std::string_view object, std::string_view wanted);

}  // namespace daybook
