// The one declaration of all jobs, `ops/task_registry.yml`: what runs when, who may start it, and what of missed runs is made up.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "journal/result.hpp"
#include "ops/access/access_policy.hpp"
#include "ops/jobs/schedule.hpp"

namespace daybook {

struct Task {
    std::string id, what;
    Schedule schedule;
    Permission permission = Permission::jobs;
    bool each_missed = false;  // all that were missed are made up; else the newest alone
};

inline constexpr const char* task_registry_file = "ops/task_registry.yml";

// In the order of ids. A file that is not there gives the registry that daybook comes with. Refuses: invalid (file, line, key).
Result<std::vector<Task>> load_task_registry(const std::filesystem::path& file);
Result<std::vector<Task>> parse_task_registry(const std::string& text, const std::string& name);
const Task* find_task(const std::vector<Task>& tasks, const std::string& id);

// The file for cron.d: a line for each task.
std::string cron_file(const std::vector<Task>& tasks);

}  // namespace daybook
