#include "ops/jobs/jobs.hpp"

#include <algorithm>

#include "ops/jobs/job_lock.hpp"
#include "ops/jobs/job_work.hpp"
#include "ops/visible.hpp"

namespace daybook {
namespace {

struct Job {
    const char* id;
    JobOutcome (*work)(const JobParts&, const JobRequest&);
    std::string (*period)(Time scheduled_for) = nullptr;  // of the report that it makes
};
constexpr Job jobs[] = {{"alert_triage_loop", alert_triage_loop},
                        {"daily_risk_digest", daily_risk_digest_job, day_of_report},
                        {"export", export_job},
                        {"hourly_risk_snapshot", hourly_risk_snapshot},
                        {"retention", retention_job},
                        {"weekly_backlog_generate", weekly_backlog_generate},
                        {"weekly_incident_digest", weekly_incident_digest, week_of_report},
                        {"weekly_platform_priority_digest", weekly_platform_priority_digest, week_of_report}};

const Job* find_job(const std::string& id) {
    const auto found = std::find_if(std::begin(jobs), std::end(jobs), [&](const Job& job) { return id == job.id; });
    return found == std::end(jobs) ? nullptr : found;
}

// What it says may name files, and those have names of any bytes.
JobOutcome work(const Job& job, const JobParts& parts, const JobRequest& request) {
    try {
        JobOutcome outcome = job.work(parts, request);
        outcome.outputs = valid_utf8(outcome.outputs);
        if (outcome.error) outcome.error = valid_utf8(*outcome.error);
        return outcome;
    } catch (const std::exception& error) {  // the run says so, and the next may do better
        return {"{}", valid_utf8(error.what())};
    }
}

std::string inputs_of(const JobRequest& request) {
    const std::string older_than =
        request.older_than_days ? "\"older_than_days\":" + std::to_string(*request.older_than_days) + ',' : "";
    return '{' + older_than + "\"scheduled_for\":\"" + format_time(request.scheduled_for) + "\"}";
}

}  // namespace

bool is_job(const std::string& task_id) { return find_job(task_id) != nullptr; }

std::string job_names() {
    std::string all;
    for (const Job& job : jobs) all += (all.empty() ? "" : ", ") + std::string(job.id);
    return all;
}

std::optional<std::string> period_of_job(const std::string& task_id, Time scheduled_for) {
    const Job* job = find_job(task_id);
    return job != nullptr && job->period != nullptr ? std::optional(job->period(scheduled_for)) : std::nullopt;
}

Result<JobRun> run_job(const JobParts& parts, const JobRequest& request) {
    const Job* job = find_job(request.task_id);
    if (job == nullptr)
        return Refusal{RefusalCode::not_found, "no such job: " + request.task_id + "; there is " + job_names(), "/task_id"};
    if (request.scheduled_for > request.now + std::chrono::days(1)) {
        return Refusal{RefusalCode::invalid,
                       "a job is made for a time that has come, not for " + format_time(request.scheduled_for), "/scheduled_for"};
    }
    JobRun run;
    run.task_id = request.task_id;
    run.inputs = inputs_of(request);
    run.started_at = request.now;
    if (request.dry_run) {
        const JobOutcome outcome = work(*job, parts, request);
        run.status = outcome.error ? "failed" : "succeeded";
        run.outputs = outcome.outputs;
        run.error = outcome.error;
        return run;
    }
    const auto lock = JobLock::take(parts.data, request.task_id);
    if (!lock) return Refusal{RefusalCode::conflict, request.task_id + " runs already", "/task_id"};
    RunLog log(parts.journal, parts.entropy, parts.actor, parts.source);
    for (const JobRun& before : list_runs(*parts.journal.snapshot(), request.task_id, 1)) {
        if (before.status == "started") log.finish(before.run_id, before.task_id, "{}", "it was cut short", request.now);
    }
    run.run_id = log.start(request.task_id, run.inputs, request.now);
    const JobOutcome outcome = work(*job, parts, request);
    log.finish(run.run_id, request.task_id, outcome.outputs, outcome.error, std::max(request.now, parts.clock()));
    return *find_run(*parts.journal.snapshot(), run.run_id);
}

}  // namespace daybook
