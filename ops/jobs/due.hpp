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

// What was scheduled up to `now` and no run that succeeded was made for: by task, then by time. It begins with the first run of the
// task; of one that never ran, with the newest of the last 8 days. What `missed` is `last` for owes the newest alone.
std::vector<DueRun> due_runs(const JournalView& journal, const std::vector<Task>& tasks, Time now);

}  // namespace daybook
