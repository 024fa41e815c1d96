#include <map>

#include <nlohmann/json.hpp>

#include "ops/service/service.hpp"

namespace daybook {
namespace {

using Json = nlohmann::ordered_json;

Json parameter(const std::string& name, const char* where, const std::string& help) {
    Json out{{"name", name}, {"in", where}, {"schema", {{"type", "string"}}}};
    if (std::string_view(where) == "path") out["required"] = true;
    if (!help.empty()) out["description"] = help;
    return out;
}

std::string in_lower_case(const std::string& method) {
    std::string out;
    for (const char c : method) out += static_cast<char>(c - 'A' + 'a');
    return out;
}

// "/v1/incidents/{id}" -> "getV1IncidentsId"
std::string operation_id(const Route& route) {
    std::string out = in_lower_case(route.method);
    bool upper = true;
    for (const char c : route.path) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (letter) out += upper && c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
        upper = !letter;
    }
    return out;
}

Json operation(const Route& route) {
    Json out{{"operationId", operation_id(route)}, {"summary", route.summary}};
    Json parameters = Json::array();
    for (std::size_t at = route.path.find('{'); at != std::string::npos; at = route.path.find('{', at + 1)) {
        parameters.push_back(parameter(route.path.substr(at + 1, route.path.find('}', at) - at - 1), "path", ""));
    }
    for (const QueryParameter& one : route.query) parameters.push_back(parameter(one.name, "query", one.help));
    if (!parameters.empty()) out["parameters"] = parameters;
    if (route.method != "GET") {
        out["requestBody"] = {{"required", true}, {"content", {{"application/json", {{"schema", Json::parse(route.body)}}}}}};
    }
    Json content;
    for (const std::string& type : route.answers) content[type] = {{"schema", Json::object()}};
    const char* done = route.path == "/v2/enqueue" || route.path == "/v1/ingest/pagerduty" ? "202" : "200";
    out["responses"][done] = {{"description", "Done"}, {"content", content}};
    const auto error = [](const char* what) {
        return Json{{"description", what},
                    {"content", {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}}}};
    };
    out["responses"]["default"] = error("Refused, with a code and a message");
    if (route.only_watches()) {
        out["security"] = Json::array();
    } else {
        const char* too_often = route.needs == Permission::ingest ? "503" : "429";
        out["responses"][too_often] = error("Too often: ask again after Retry-After seconds");
    }
    return out;
}

}  // namespace

std::string openapi_json(const std::vector<Route>& routes) {
    Json out;
    out["openapi"] = "3.1.0";
    out["info"] = {
        {"title", "daybook"}, {"version", DAYBOOK_VERSION}, {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}};
    out["security"] = Json::array({{{"key", Json::array()}}, {{"bearer", Json::array()}}, Json::object()});
    for (const Route& route : routes) out["paths"][route.path][in_lower_case(route.method)] = operation(route);
    out["components"]["securitySchemes"] = {{"key", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}},
                                            {"bearer", {{"type", "http"}, {"scheme", "bearer"}}}};
    const Json text{{"type", "string"}};
    const Json error{{"type", "object"},
                     {"required", {"code", "message"}},
                     {"properties", {{"code", text}, {"message", text}, {"details", {{"type", "object"}}}}}};
    out["components"]["schemas"]["Error"] = {
        {"type", "object"}, {"required", {"ok", "error"}}, {"properties", {{"ok", {{"const", false}}}, {"error", error}}}};
    return out.dump(2) + '\n';
}

}  // namespace daybook
