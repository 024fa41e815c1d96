// Which runs a schedule still owes.
#pragma once

#include <vector>

#include "ops/jobs/jobs.hpp"
#include "ops/jobs/task_registry.hpp"

namespace daybook {

struct DueRun {
    const Task* task = nullptr;
    Time scheduled_for{};
};

// What was scheduled since the last run of each task that succeeded, up to `now`: by task, then by time. Of a task that never ran,
// the newest of the last 8 days.
std::vector<DueRun> due_runs(const JournalView& journal, const std::vector<Task>& tasks, Time now);

}  // namespace daybook
