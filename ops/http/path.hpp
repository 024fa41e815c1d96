// Paths with open parts, as the routes of an interface have them: /v1/incidents/{id}.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daybook {

// The parts of a path that a route leaves open: "{id}" -> "inc_20260223_1000_k3f9".
class PathParameters {
public:
    void add(std::string_view name, std::string_view value) { values_.emplace_back(name, value); }
    void clear() { values_.clear(); }
    // Of a name that the route has.
    const std::string& at(std::string_view name) const;

private:
    std::vector<std::pair<std::string, std::string>> values_;
};

// Whether `path` is of the form `pattern`; then `parameters` has what stands for its open parts.
bool matches(std::string_view pattern, std::string_view path, PathParameters& parameters);

}  // namespace daybook
