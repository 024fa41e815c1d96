// POST /v1/tools/{tool}: what agents call.
#include "ops/service/service.hpp"
#include "ops/tools/params.hpp"
#include "ops/tools/tool_call.hpp"

namespace daybook {

void Service::add_tool_routes() {
    Route route;
    route.method = "POST";
    route.path = "/v1/tools/{tool}";
    route.summary = "An agent's call: action, params, agent_id";
    route.body = tool_call_schema();
    route.handle = [this](const Call& call) { return call_tool(call.parameters.at("tool"), call.request); };
    routes_.push_back(std::move(route));
}

HttpResponse Service::call_tool(std::string_view tool, const HttpRequest& request) {
    ToolCallReader reader;
    const auto call = reader.read(tool, request.body);
    if (!call) return refuse(call.refusal());
    const auto needs = parts_.tools.needs(*call);
    if (!needs) return refuse(needs.refusal());
    const auto caller = caller_of(request, call->agent_id);
    if (auto refused = turn_away(caller, *needs)) return std::move(*refused);
    const auto result = parts_.tools.run(*call, {caller->agent});
    if (!result) return refuse(result.refusal());
    return json_response(tool_answer(result));
}

}  // namespace daybook
