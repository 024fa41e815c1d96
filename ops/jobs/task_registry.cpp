#include "ops/jobs/task_registry.hpp"

#include <algorithm>

#include "ingest/policy_section.hpp"
#include "ops/jobs/jobs.hpp"

namespace daybook {
namespace {

// As ops/task_registry.yml has it; a test holds the two together.
constexpr const char* built_in = R"(tasks:
  alert_triage_loop: {schedule: "*/5 * * * *", permission: ingest, missed: last, what: "takes files from ops/alerts/incoming"}
  daily_risk_digest: {schedule: "0 9 * * *", permission: jobs, missed: each, what: "ops/reports/risk/YYYY-MM-DD"}
  export: {schedule: "*/5 * * * *", permission: jobs, missed: last, what: "brings the layouts up to date"}
  hourly_risk_snapshot: {schedule: "0 * * * *", permission: jobs, missed: last, what: "risk_snapshot events"}
  retention: {schedule: "30 3 * * *", permission: admin, missed: last, what: "archives incidents, removes reports and dead letters of long ago"}
  weekly_backlog_generate: {schedule: "20 6 * * 1", permission: jobs, missed: last, what: "backlog_item events, ops/backlog/items.jsonl, the table backlog_items"}
  weekly_incident_digest: {schedule: "0 8 * * 1", permission: jobs, missed: each, what: "ops/reports/incidents/weekly/YYYY-WW"}
  weekly_platform_priority_digest: {schedule: "0 6 * * 1", permission: jobs, missed: each, what: "ops/reports/platform/YYYY-WW"}
)";

Task task_of(const PolicySection& section, const std::string& id) {
    section.allow_only({"schedule", "permission", "missed", "what"});
    Task task;
    task.id = id;
    task.what = section.name("what", "");
    const auto schedule = Schedule::parse(section.name("schedule"));
    if (!schedule) {
        section.fail(section.get("schedule"), section.at("schedule"),
                     "must be five fields of cron: minute, hour, day of month, month, day of week");
    }
    task.schedule = *schedule;
    const auto permission = from_text<Permission>(section.name("permission", "jobs"));
    if (!permission) section.fail(section.get("permission"), section.at("permission"), "must be one of " + choices<Permission>());
    task.permission = *permission;
    const std::string missed = section.name("missed", "last");
    if (missed != "last" && missed != "each") section.fail(section.get("missed"), section.at("missed"), "must be last or each");
    task.each_missed = missed == "each";
    return task;
}

std::vector<Task> tasks_of(const PolicySection& root) {
    root.allow_only({"tasks"});
    std::vector<Task> tasks;
    if (!root.has("tasks")) return tasks;
    const PolicySection section = root.section("tasks");
    for (const auto& entry : section.node()) {
        const auto id = entry.first.as<std::string>();
        if (!is_job(id)) section.fail(entry.first, section.at(id), "is no job: there is " + job_names());
        if (find_task(tasks, id) != nullptr) section.fail(entry.first, section.at(id), "stands here twice");
        tasks.push_back(task_of(PolicySection(entry.second, section.file(), section.at(id)), id));
    }
    std::sort(tasks.begin(), tasks.end(), [](const Task& a, const Task& b) { return a.id < b.id; });
    return tasks;
}

}  // namespace

Result<std::vector<Task>> parse_task_registry(const std::string& text, const std::string& name) {
    return read_policy<std::vector<Task>>(text, name, tasks_of);
}

Result<std::vector<Task>> load_task_registry(const std::filesystem::path& file) {
    const auto text = policy_text(file);
    if (!text) return text.refusal();
    return parse_task_registry(text->empty() ? built_in : *text, file.string());
}

const Task* find_task(const std::vector<Task>& tasks, const std::string& id) {
    const auto found = std::find_if(tasks.begin(), tasks.end(), [&](const Task& task) { return task.id == id; });
    return found == tasks.end() ? nullptr : &*found;
}

std::string cron_file(const std::vector<Task>& tasks) {
    std::string out =
        "# Rendered from ops/task_registry.yml by `daybook jobs cron`; change that, not this. For /etc/cron.d: times are the "
        "machine's,\n"
        "# which must be UTC. Jobs run as the user daybook, in the directory of its policies, reports and exports.\n"
        "SHELL=/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\nDAYBOOK_DATA=/var/lib/daybook\n\n"
        "@reboot daybook cd /var/lib/daybook && daybook -q jobs due\n";
    for (const Task& task : tasks)
        out += task.schedule.text() + " daybook cd /var/lib/daybook && daybook -q jobs run " + task.id + '\n';
    return out;
}

}  // namespace daybook
