// The tool `jobs`: what there is, starting one, how runs went.
#include "ops/jobs/runs.hpp"
#include "ops/jobs/task_registry.hpp"
#include "ops/tools/tool_actions.hpp"

namespace daybook {

Result<std::string> list_tasks(ToolRun&) {
    const auto tasks = load_task_registry(task_registry_file);
    if (!tasks) return tasks.refusal();
    std::string answer = "{\"tasks\":[";
    for (const Task& task : *tasks) {
        if (answer.back() != '[') answer += ',';
        ObjectText object(answer);
        object.text("task_id", task.id);
        object.text("schedule", task.schedule.text());
        object.text("permission", to_text(task.permission));
        object.text("missed", task.each_missed ? "each" : "last");
        object.text("what", task.what);
        object.finish();
    }
    return answer + "]}";
}

Result<std::string> start_task(ToolRun& run) {
    TaskStart start;
    start.task_id = text_param(run.params, "task_id");
    start.dry_run = run.params.optional_boolean("dry_run").value_or(false);
    start.now = run.parts.clock();
    start.scheduled_for = start.now;
    run.params.with_object("inputs", [&](Fields& inputs) {
        inputs.allow_only({"scheduled_for"});
        start.scheduled_for = inputs.optional_time("scheduled_for").value_or(start.now);
    });
    if (run.params.refusal()) return *run.params.refusal();
    start.agent = run.caller.agent;
    if (!run.parts.start_task) return Refusal{RefusalCode::conflict, "no job can be started here", "/task_id"};
    const auto started = run.parts.start_task(start);
    if (!started) return started.refusal();
    return run_json(*started);
}

Result<std::string> get_run(ToolRun& run) {
    const std::string id = text_param(run.params, "run_id");
    if (run.params.refusal()) return *run.params.refusal();
    const auto found = find_run(*run.parts.journal.snapshot(), id);
    if (!found) return Refusal{RefusalCode::not_found, "there is no such run", "/run_id"};
    return run_json(*found);
}

Result<std::string> list_runs_action(ToolRun& run) {
    const std::string task = optional_param(run.params, "task_id").value_or("");
    const auto limit = run.params.optional_integer("limit", 1, 500);
    if (run.params.refusal()) return *run.params.refusal();
    std::string answer = "{\"runs\":[";
    for (const JobRun& one : list_runs(*run.parts.journal.snapshot(), task, static_cast<std::size_t>(limit.value_or(20)))) {
        if (answer.back() != '[') answer += ',';
        answer += run_json(one);
    }
    return answer + "]}";
}

}  // namespace daybook
