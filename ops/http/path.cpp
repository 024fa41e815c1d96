#include "ops/http/path.hpp"

#include <algorithm>
#include <stdexcept>

namespace daybook {
namespace {

// Takes the first segment off `path`, which begins with a slash.
std::string_view take_segment(std::string_view& path) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

}  // namespace

const std::string& PathParameters::at(std::string_view name) const {
    const auto found = std::find_if(values_.begin(), values_.end(), [&](const auto& value) { return value.first == name; });
    if (found == values_.end()) throw std::logic_error("the route has no " + std::string(name));
    return found->second;
}

bool matches(std::string_view pattern, std::string_view path, PathParameters& parameters) {
    parameters.clear();
    while (!pattern.empty() && !path.empty()) {
        const std::string_view wanted = take_segment(pattern);
        const std::string_view given = take_segment(path);
        if (wanted.starts_with('{')) {
            if (given.empty()) return false;
            parameters.add(wanted.substr(1, wanted.size() - 2), given);
        } else if (wanted != given) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

}  // namespace daybook
