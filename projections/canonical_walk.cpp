#include "projections/canonical_walk.hpp"

namespace daybook {
namespace {

// The comma or bracket after the value that starts at `at`.
std::size_t value_end(std::string_view text, std::size_t at) {
    int depth = 0;
    while (at < text.size()) {
        switch (text[at]) {
            case '"': at = string_end(text, at); continue;
            case '{':
            case '[': ++depth; break;
            case '}':
            case ']':
                if (depth-- == 0) return at;
                break;
            case ',':
                if (depth == 0) return at;
                break;
            default: break;
        }
        ++at;
    }
    return at;
}

}  // namespace

std::size_t string_end(std::string_view text, std::size_t at) {
    while (true) {
        at = text.find('"', at + 1);
        if (at == std::string_view::npos) return text.size() + 1;
        std::size_t backslashes = 0;
        while (text[at - 1 - backslashes] == '\\') ++backslashes;
        if (backslashes % 2 == 0) return at + 1;
    }
}

std::optional<MemberPlace> find_member(std::string_view object, std::string_view wanted) {
    std::size_t at = 1;
    while (at < object.size() && object[at] == '"') {
        MemberPlace place;
        place.name = at;
        place.value = string_end(object, at) + 1;
        if (place.value >= object.size()) return std::nullopt;
        const std::string_view name = object.substr(at + 1, place.value - at - 3);
        if (name > wanted) return std::nullopt;  // names are sorted
        place.end = value_end(object, place.value);
        if (name == wanted) return place;
        at = place.end + 1;
    }
    return std::nullopt;
}

}  // namespace daybook
