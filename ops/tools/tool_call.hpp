// What an agent asks of a tool, read from a request body in each of the shapes that agents send:
//
//   {"tool":"oncall_tool","action":"incident_list","params":{"status":"open"},"agent_id":"sofiia"}
//   {"action":"incident_list","status":"open"}
//   {"action":"incident_list","params":"{\"status\":\"open\"}"}
//
// `tool` and `agent_id` may be absent. Fields may stand in `params` and beside it; one that stands in both must be the same.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/json.hpp"
#include "journal/result.hpp"

namespace daybook {

// A view into the ToolCallReader that read it.
struct ToolCall {
    std::string_view tool;
    std::string_view action;
    std::optional<std::string_view> agent_id;  // who the body says is calling: an actor
    JsonValue params;                          // an object

    // Where in the body a field of the params lies (both JSON Pointers): `/title` is `/params/title` where `params` was sent.
    std::string place_of(std::string_view field) const;

    const JsonValue* body = nullptr;    // nothing where the call came in another way
    const JsonValue* nested = nullptr;  // the object in `params`, if there was one
};

// Not thread-safe. Its buffers go with it, but for small ones, which the thread's next one gets (JsonReader).
class ToolCallReader {
public:
    // Reads the body of a call to `tool`, which stays valid, as the answer does, until the next call.
    // Refuses: invalid (what is wrong, and where). Whether there is such a tool and action is not looked at.
    Result<ToolCall> read(std::string_view tool, std::string_view body);

    // The same for a call whose fields came as texts, as in a query string; numbers and truth values are told by their names.
    using Texts = std::vector<std::pair<std::string, std::string>>;
    Result<ToolCall> read_texts(std::string_view tool, std::string_view action, const Texts& fields);

private:
    Result<const JsonValue*> read_params(const JsonValue& value);
    std::optional<Refusal> merge(ToolCall& call);

    JsonReader body_reader_, params_reader_;
    std::vector<JsonMember> members_;
};

}  // namespace daybook
