#include "ops/jobs/due.hpp"

#include <algorithm>

#include "ops/jobs/job_work.hpp"

namespace daybook {
namespace {

constexpr std::size_t made_up_max = 60;     // of one task at once
constexpr std::size_t looked_back = 1'000;  // runs of a task, and times of its schedule

// What the run was made for; when it started, where that can't be read.
Time made_for(const JobRun& run) {
    constexpr std::string_view name = "\"scheduled_for\":\"";
    const std::size_t at = run.inputs.find(name);
    if (at == std::string::npos) return run.started_at;
    const std::string_view rest = std::string_view(run.inputs).substr(at + name.size());
    return parse_time(rest.substr(0, rest.find('"'))).value_or(run.started_at);
}

// Before the first time of the schedule that may be owed: the one that the first known run was for. Where that was made by hand for
// a time long past, the one at which it ran: nothing is owed of what lies between.
Time before_first_owed(const Task& task, const JobRun& first) {
    constexpr std::chrono::days period(8);  // a week, as long as any schedule's, and a day
    const Time made = made_for(first);
    const Time begun = made > first.started_at - period ? made : first.started_at;
    const auto times = task.schedule.between(begun - period, begun, 1);
    if (times.empty()) return begun - Microseconds(1);
    const bool was_for = period_of_job(task.id, times.front()) == period_of_job(task.id, begun);
    return was_for ? times.front() - Microseconds(1) : times.front();
}

// A run that succeeded stands for the newest time of the schedule up to that which it was made for; of a report only where it made
// that of the same period: one that is made by hand early on a Monday is of another week than the last one by schedule.
bool has_run(const Task& task, const std::vector<Time>& succeeded, Time time, Time next) {
    const auto period = period_of_job(task.id, time);
    return std::any_of(succeeded.begin(), succeeded.end(),
                       [&](Time made) { return made >= time && made < next && period_of_job(task.id, made) == period; });
}

}  // namespace

std::vector<DueRun> due_runs(const JournalView& journal, const std::vector<Task>& tasks, Time now) {
    std::vector<DueRun> due;
    for (const Task& task : tasks) {
        const auto runs = list_runs(journal, task.id, looked_back);
        std::vector<Time> succeeded;
        for (const JobRun& run : runs) {
            if (run.status == "succeeded") succeeded.push_back(made_for(run));
        }
        const bool never = runs.empty();
        const Time since = never ? now - std::chrono::days(8) : before_first_owed(task, runs.back());
        const auto times = task.schedule.between(since, now, never || !task.each_missed ? 1 : looked_back);
        std::vector<DueRun> owed;
        for (std::size_t i = 0; i < times.size(); ++i) {
            const Time next = i + 1 < times.size() ? times[i + 1] : now + Microseconds(1);
            if (!has_run(task, succeeded, times[i], next)) owed.push_back({&task, times[i]});
        }
        const std::size_t left_out = owed.size() > made_up_max ? owed.size() - made_up_max : 0;
        due.insert(due.end(), owed.begin() + static_cast<std::ptrdiff_t>(left_out), owed.end());
    }
    return due;
}

}  // namespace daybook
