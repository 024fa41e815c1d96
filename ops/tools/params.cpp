#include "ops/tools/params.hpp"

#include <algorithm>
#include <stdexcept>

#include "ops/listing.hpp"
#include "ops/tools/tool_actions.hpp"

namespace daybook {
namespace {

struct Param {
    std::string_view name;
    ParamKind kind;
    std::string help;
};

// By name.
const std::vector<Param>& all_params() {
    using enum ParamKind;
    static const std::vector<Param> params{
        {"after_seq", number, "Events behind this seq alone"},
        {"all", truth, "Possible relations too, not likely ones alone"},
        {"append", truth, "Write down that the gate was evaluated, and how"},
        {"append_note", truth, "Write the relations into the incident's timeline"},
        {"archived", truth, "Archived incidents too"},
        {"as_of", time, "What was true then"},
        {"assignee", text, "Who works on it"},
        {"at_seq", number, "What the first so many events of the journal say"},
        {"content", text, "The document, in the encoding that `encoding` names"},
        {"cursor", text, "The next_cursor of the page before"},
        {"dry_run", truth, "Say what it would do, and do nothing"},
        {"due_at", text, "A date such as 2026-03-02, or a time with an offset (RFC 3339)"},
        {"due_date", text, "As due_at: give one of them"},
        {"encoding", text, "Of content: text or base64"},
        {"env", text, "The environment, such as prod"},
        {"expected_version", version,
         "How many events the incident has: a conflict if it has others; \"none\": it is new; \"any\""},
        {"followup_id", text, "The follow-up's id"},
        {"format", text, "Of an artifact whose name has no ending: " + choices<ArtifactFormat>()},
        {"idempotency_key", text,
         "The same call with the same key is done once; it must not begin with run:, import: and the like, as daybook's own do"},
        {"incident_id", text, "The incident's id"},
        {"inputs", object, "What the task takes: scheduled_for, a time"},
        {"kind", text, "What sort of incident or artifact it is"},
        {"known_at", time, "What was known then"},
        {"label", text, "NAME=VALUE"},
        {"labels", object, "Names and texts"},
        {"limit", number, "At most so many"},
        {"links", texts, "Where there is more about it"},
        {"message", text, "What a reader of the timeline is told"},
        {"meta", object, "Whatever else belongs to it; of a follow-up its fields"},
        {"mode", text, "Of the gate, instead of the policy's: " + choices<GateMode>()},
        {"name", text, "The artifact's file name"},
        {"occurred_at", time, "When it happened, if not now"},
        {"order", text, list_orders},
        {"other", text, "The other incident's id"},
        {"other_envs", truth, "Incidents of other environments too"},
        {"owner", text, "Who has to do it"},
        {"priority", text, choices<Severity>()},
        {"reason", text, "Why"},
        {"relation", text, choices<LinkRelation>()},
        {"run_id", text, "The run's id"},
        {"save", truth, "Attach the draft to the incident (without this: yes, but not a draft of the past)"},
        {"save_artifacts", truth, "Write the report's files, and say so in the journal"},
        {"seq", number, "The event's seq"},
        {"service", text, "The service"},
        {"severity", text, choices<Severity>()},
        {"signature", text, "What incidents of the same cause have in common"},
        {"since", time, "Started at or after"},
        {"started_at", time, "When the incident began, if not now"},
        {"status", text, std::string("Of incidents: ") + listed_statuses + "; of a follow-up: " + choices<FollowupStatus>()},
        {"summary", text, "What is known, in a few sentences"},
        {"task_id", text, "The task's id, as list_tasks has it"},
        {"text", text, "With this in the title or the summary"},
        {"title", text, "One line"},
        {"type", text, "The type of the timeline's entry"},
        {"until", time, "Started before"},
        {"week", text, "An ISO week such as 2026-08 (without it: the last complete one)"},
        {"window_days", number, "How many days to look back"}};
    return params;
}

const Param* find_param(std::string_view name) {
    const std::vector<Param>& params = all_params();
    const auto at =
        std::lower_bound(params.begin(), params.end(), name, [](const Param& a, std::string_view b) { return a.name < b; });
    return at != params.end() && at->name == name ? &*at : nullptr;
}

std::string_view schema_of(ParamKind kind) {
    switch (kind) {
        case ParamKind::text: return R"("type":"string")";
        case ParamKind::time: return R"("type":"string","format":"date-time")";
        case ParamKind::number: return R"("type":"integer","minimum":0)";
        case ParamKind::truth: return R"("type":"boolean")";
        case ParamKind::object: return R"("type":"object")";
        case ParamKind::texts: return R"("type":"array","items":{"type":"string"})";
        case ParamKind::version: return R"("type":["integer","string"])";
    }
    return "";
}

std::string params_schema(const ToolAction& action) {
    std::string properties;
    ObjectText object(properties);
    for (const std::string_view name : action.params) {
        const Param* param = find_param(name);
        if (param == nullptr) throw std::logic_error("no one says what the parameter " + std::string(name) + " holds");
        std::string schema = "{" + std::string(schema_of(param->kind)) + ",\"description\":";
        append_json_string(schema, param->help);
        object.raw(name, schema + '}');
    }
    object.finish();
    return R"({"type":"object","additionalProperties":false,"properties":)" + properties + '}';
}

std::string action_schema(const ToolAction& action) {
    std::string properties;
    ObjectText members(properties);
    members.raw("tool", "{\"const\":\"" + std::string(action.tool) + "\"}");
    members.raw("action", "{\"const\":\"" + std::string(action.name) + "\"}");
    members.raw("agent_id", R"({"type":"string","description":"Who calls"})");
    members.raw("params", params_schema(action));
    members.finish();
    return R"({"type":"object","title":")" + std::string(action.tool) + ": " + std::string(action.name) +
           R"(","required":["action"],"properties":)" + properties + '}';
}

}  // namespace

std::optional<ParamKind> kind_of_param(std::string_view name) {
    const Param* param = find_param(name);
    return param == nullptr ? std::nullopt : std::optional(param->kind);
}

std::string tool_call_schema() {
    std::string actions;
    for (const ToolAction& action : Tools::actions()) {
        if (!actions.empty()) actions += ',';
        actions += action_schema(action);
    }
    return R"({"description":"Fields may stand beside `params` instead","oneOf":[)" + actions + "]}";
}

}  // namespace daybook
