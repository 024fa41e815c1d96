#include "ops/jobs/due.hpp"

#include <algorithm>

namespace daybook {
namespace {

constexpr std::size_t made_up_max = 60;     // of one task at once
constexpr std::size_t looked_back = 1'000;  // runs of a task that may have failed since the last that did not

// What the run was made for; when it started, where that can't be read.
Time made_for(const JobRun& run) {
    constexpr std::string_view name = "\"scheduled_for\":\"";
    const std::size_t at = run.inputs.find(name);
    if (at == std::string::npos) return run.started_at;
    const std::string_view rest = std::string_view(run.inputs).substr(at + name.size());
    return parse_time(rest.substr(0, rest.find('"'))).value_or(run.started_at);
}

}  // namespace

std::vector<DueRun> due_runs(const JournalView& journal, const std::vector<Task>& tasks, Time now) {
    std::vector<DueRun> due;
    for (const Task& task : tasks) {
        const auto runs = list_runs(journal, task.id, looked_back);
        const auto last = std::find_if(runs.begin(), runs.end(), [](const JobRun& run) { return run.status == "succeeded"; });
        const bool never = last == runs.end();
        const Time since = never ? now - std::chrono::days(8) : made_for(*last);
        for (const Time time : task.schedule.between(since, now, never || !task.each_missed ? 1 : made_up_max))
            due.push_back({&task, time});
    }
    return due;
}

}  // namespace daybook
