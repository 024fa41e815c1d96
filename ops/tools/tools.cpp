#include "ops/tools/tools.hpp"

#include <algorithm>
#include <initializer_list>

#include "ops/error_text.hpp"
#include "ops/jobs/task_registry.hpp"
#include "ops/tools/tool_actions.hpp"

namespace daybook {
namespace {

constexpr std::string_view oncall = "oncall_tool";
constexpr std::string_view intelligence = "incident_intelligence_tool";
constexpr std::string_view jobs = "jobs";

using Names = std::initializer_list<std::string_view>;

ToolAction action(std::string_view tool, std::string_view name, Permission needs, Result<std::string> (*run)(ToolRun&),
                  Names params, Names more = {}) {
    ToolAction action{tool, name, needs, params, run, {}};
    action.params.insert(action.params.end(), more);
    std::sort(action.params.begin(), action.params.end());
    return action;
}
// Reads, and writes where the truth value `asked` says so.
ToolAction may_write(ToolAction action, std::string_view asked) {
    action.writes_when = asked;
    action.params.push_back(asked);
    std::sort(action.params.begin(), action.params.end());
    return action;
}
ToolAction reads(std::string_view name, Result<std::string> (*run)(ToolRun&), Names params) {
    return action(oncall, name, Permission::read, run, params, {"as_of", "at_seq", "known_at"});
}
ToolAction writes(std::string_view name, Result<std::string> (*run)(ToolRun&), Names params) {
    return action(oncall, name, Permission::write, run, params, {"expected_version", "idempotency_key", "occurred_at"});
}

const std::vector<ToolAction>& all_actions() {
    static const std::vector<ToolAction> actions{
        writes("incident_create", incident_create,
               {"env", "kind", "labels", "message", "meta", "service", "severity", "signature", "started_at", "summary", "title"}),
        reads("incident_get", incident_get, {"incident_id"}),
        reads("incident_list", incident_list,
              {"archived", "cursor", "env", "kind", "label", "limit", "order", "service", "severity", "since", "status", "text",
               "until"}),
        writes("incident_update", incident_update,
               {"env", "incident_id", "kind", "labels", "message", "service", "started_at", "summary", "title"}),
        writes("incident_acknowledge", incident_acknowledge, {"incident_id", "message"}),
        writes("incident_mitigate", incident_mitigate, {"incident_id", "message", "reason"}),
        writes("incident_resolve", incident_resolve, {"incident_id", "message", "reason"}),
        writes("incident_close", incident_close, {"incident_id", "message", "reason"}),
        writes("incident_reopen", incident_reopen, {"incident_id", "message", "reason"}),
        writes("incident_set_severity", incident_set_severity, {"incident_id", "message", "reason", "severity"}),
        writes("incident_assign", incident_assign, {"assignee", "incident_id", "message"}),
        writes("incident_append_event", incident_append_event, {"incident_id", "message", "meta", "type"}),
        writes("incident_correct_event", incident_correct_event, {"incident_id", "message", "seq"}),
        writes("incident_attach_artifact", incident_attach_artifact,
               {"content", "encoding", "format", "incident_id", "kind", "message", "name"}),
        writes("incident_link", incident_link, {"incident_id", "message", "other", "relation"}),
        reads("incident_timeline", incident_timeline, {"after_seq", "incident_id", "limit"}),
        writes("followup_add", followup_add,
               {"due_at", "due_date", "incident_id", "links", "message", "owner", "priority", "title"}),
        writes("followup_update", followup_update,
               {"due_at", "due_date", "followup_id", "message", "owner", "priority", "status", "title"}),
        reads("incident_followups_summary", incident_followups_summary, {"env", "service", "window_days"}),
        may_write(action(oncall, "followup_watch", Permission::read, followup_watch_action,
                         {"env", "idempotency_key", "mode", "service", "window_days"}, {"at_seq", "known_at"}),
                  "append"),
        may_write(action(intelligence, "correlate", Permission::read, correlate_action, {"all", "incident_id", "other_envs"},
                         {"at_seq", "known_at"}),
                  "append_note"),
        action(intelligence, "recurrence", Permission::read, recurrence_action, {"env", "service", "window_days"},
               {"at_seq", "known_at"}),
        action(intelligence, "postmortem_draft", Permission::write, postmortem_action, {"incident_id", "save"},
               {"at_seq", "known_at"}),
        may_write(action(intelligence, "weekly_digest", Permission::read, weekly_digest_action,
                         {"at_seq", "idempotency_key", "known_at", "week"}),
                  "save_artifacts"),
        action(jobs, "list_tasks", Permission::read, list_tasks, {}),
        action(jobs, "start_task", Permission::jobs, start_task, {"dry_run", "inputs", "task_id"}),
        action(jobs, "get_run", Permission::read, get_run, {"run_id"}),
        action(jobs, "list_runs", Permission::read, list_runs_action, {"limit", "task_id"}),
    };
    return actions;
}

// What there is, for who asked for something else; `name` is echoed only where that is safe.
Refusal not_there(std::string_view what, std::string_view name, const std::vector<std::string_view>& known, const char* field) {
    std::string message = "no such " + std::string(what);
    if (name.size() <= name_bytes_max && is_clean_utf8(name)) message += ": " + std::string(name);
    message += "; there is ";
    for (std::size_t i = 0; i < known.size(); ++i) message += (i == 0 ? "" : ", ") + std::string(known[i]);
    return {RefusalCode::not_found, std::move(message), field};
}

Result<const ToolAction*> find_action(std::string_view tool, std::string_view name) {
    std::vector<std::string_view> tools, names;
    for (const ToolAction& action : all_actions()) {
        if (tools.empty() || tools.back() != action.tool) tools.push_back(action.tool);
        if (action.tool != tool) continue;
        if (action.name == name) return &action;
        names.push_back(action.name);
    }
    if (names.empty()) return not_there("tool", tool, tools, "");
    return not_there("action of " + std::string(tool), name, names, "/action");
}

}  // namespace

Tools::Tools(ToolParts parts) : parts_(std::move(parts)) {}

std::span<const ToolAction> Tools::actions() { return all_actions(); }

Result<Permission> Tools::needs(std::string_view tool, std::string_view action) const {
    const auto found = find_action(tool, action);
    if (!found) return found.refusal();
    return (*found)->needs;
}

Result<Permission> Tools::needs(const ToolCall& call) const {
    const auto found = find_action(call.tool, call.action);
    if (!found) return found.refusal();
    const JsonValue* asked = (*found)->writes_when.empty() ? nullptr : call.params.find((*found)->writes_when);
    if ((*found)->tool == jobs && (*found)->name == "start_task") {
        const JsonValue* id = call.params.find("task_id");
        const auto tasks = load_task_registry(task_registry_file);
        const Task* task = tasks && id != nullptr && id->is_string() ? find_task(*tasks, std::string(id->text())) : nullptr;
        return task == nullptr ? (*found)->needs : task->permission;
    }
    const bool writes = asked != nullptr && !asked->is_null() && !(asked->kind == JsonValue::Kind::boolean && !asked->boolean);
    return writes ? Permission::write : (*found)->needs;
}

Result<std::string> Tools::run(const ToolCall& call, const ToolCaller& caller) const {
    const auto action = find_action(call.tool, call.action);
    if (!action) return action.refusal();
    ToolRun run{parts_, call, caller, saving_, Fields(call.params)};
    run.params.allow_only((*action)->params);
    auto result = run.params.refusal() ? Result<std::string>(*run.params.refusal()) : (*action)->run(run);
    if (!result) result.refusal().field = call.place_of(result.refusal().field);
    return result;
}

std::string tool_answer(const Result<std::string>& result) {
    if (result) return "{\"ok\":true,\"result\":" + *result + '}';
    const Refusal& refusal = result.refusal();
    return error_text(to_text(refusal.code), refusal.message, refusal.field);
}

}  // namespace daybook
