// Which request goes where: a table of routes, from which the description of the interface (openapi.json) is made too.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ops/http/http_message.hpp"

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

// One of the interface's operations. `Call` is what its handler gets.
struct QueryParameter {
    std::string name, help;
};
template <class Call>
struct BasicRoute {
    std::string method;
    std::string path;     // "/v1/incidents/{id}": a part in braces stands for any one segment
    std::string summary;  // one line for people
    std::vector<QueryParameter> query = {};
    std::vector<std::string> answers = {"application/json"};  // media types
    std::function<HttpResponse(const Call&)> handle;
};

// Whether `path` is of the form `pattern`; then `parameters` has what stands for its open parts.
bool matches(std::string_view pattern, std::string_view path, PathParameters& parameters);

}  // namespace daybook
