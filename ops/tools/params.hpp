// What the parameters of the actions hold: a name means the same in every action that takes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daybook {

struct ToolAction;  // ops/tools/tool_actions.hpp

// What a value is in JSON. A due date and a version are more than one thing: see their help.
enum class ParamKind : std::uint8_t { text, time, number, truth, object, texts, version };

// Nothing where no action has such a parameter.
std::optional<ParamKind> kind_of_param(std::string_view name);

// JSON Schema (2020-12, as OpenAPI 3.1 takes it) of the body of a call to any tool: one alternative for each action.
std::string tool_call_schema();

}  // namespace daybook
