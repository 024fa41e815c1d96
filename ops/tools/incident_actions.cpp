// The actions of oncall_tool that open an incident and change its state.
#include "ops/tools/tool_actions.hpp"

namespace daybook {
namespace {

std::optional<JsonText> labels_param(Fields& fields) { return fields.optional_map("labels", JsonValue::Kind::string); }

Result<std::string> change_status(ToolRun& run, IncidentStatus to) {
    ChangeStatus command;
    command.incident_id = text_param(run.params, "incident_id");
    command.to = to;
    command.reason = optional_param(run.params, "reason");
    command.message = optional_param(run.params, "message");
    return run_command(run, command);
}

}  // namespace

Result<std::string> incident_create(ToolRun& run) {
    CreateIncident command;
    command.service = text_param(run.params, "service");
    command.env = optional_param(run.params, "env").value_or(command.env);
    command.severity = run.params.optional_word<Severity>("severity").value_or(command.severity);
    command.title = text_param(run.params, "title");
    command.started_at = happened_param(run, "started_at");
    command.summary = optional_param(run.params, "summary");
    command.kind = optional_param(run.params, "kind");
    command.signature = optional_param(run.params, "signature");
    command.message = optional_param(run.params, "message");
    command.labels = labels_param(run.params);
    command.meta = run.params.optional_object("meta");
    return run_command(run, command);
}

Result<std::string> incident_update(ToolRun& run) {
    run.params.never_null({"env", "labels", "service", "started_at", "title"});
    UpdateIncident command;
    command.incident_id = text_param(run.params, "incident_id");
    command.title = optional_param(run.params, "title");
    command.summary = removable_param(run, "summary");
    command.service = optional_param(run.params, "service");
    command.env = optional_param(run.params, "env");
    command.kind = removable_param(run, "kind");
    command.labels = labels_param(run.params);
    command.started_at = happened_param(run, "started_at");
    command.message = optional_param(run.params, "message");
    return run_command(run, command);
}

Result<std::string> incident_acknowledge(ToolRun& run) {
    Acknowledge command;
    command.incident_id = text_param(run.params, "incident_id");
    command.message = optional_param(run.params, "message");
    return run_command(run, command);
}

Result<std::string> incident_mitigate(ToolRun& run) { return change_status(run, IncidentStatus::mitigated); }
Result<std::string> incident_resolve(ToolRun& run) { return change_status(run, IncidentStatus::resolved); }
Result<std::string> incident_close(ToolRun& run) { return change_status(run, IncidentStatus::closed); }
Result<std::string> incident_reopen(ToolRun& run) { return change_status(run, IncidentStatus::open); }

Result<std::string> incident_set_severity(ToolRun& run) {
    ChangeSeverity command;
    command.incident_id = text_param(run.params, "incident_id");
    command.to = word_param<Severity>(run.params, "severity");
    command.reason = optional_param(run.params, "reason");
    command.message = optional_param(run.params, "message");
    return run_command(run, command);
}

Result<std::string> incident_assign(ToolRun& run) {
    Assign command;
    command.incident_id = text_param(run.params, "incident_id");
    const auto assignee = removable_param(run, "assignee");
    if (!assignee) run.params.fail("assignee", "is missing: who works on it, or null for nobody");
    if (assignee && !assignee->empty()) command.to = assignee;
    command.message = optional_param(run.params, "message");
    auto answer = run_command(run, command);
    if (!answer && answer.refusal().field == "/to") answer.refusal().field = "/assignee";
    return answer;
}

Result<std::string> incident_link(ToolRun& run) {
    LinkIncident command;
    command.incident_id = text_param(run.params, "incident_id");
    command.relation = word_param<LinkRelation>(run.params, "relation");
    command.other = text_param(run.params, "other");
    command.message = optional_param(run.params, "message");
    return run_command(run, command);
}

}  // namespace daybook
