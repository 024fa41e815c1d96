// The jobs: what each does, and how one is run: alone, written down, as often as its registry says.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ingest/ingest.hpp"
#include "ops/jobs/postmortems.hpp"
#include "ops/jobs/runs.hpp"
#include "ops/layout_exports.hpp"
#include "ops/policies/report_policies.hpp"

namespace daybook {

// What jobs work with; all outlives the call.
struct JobParts {
    Journal& journal;
    CommandHandler& commands;
    const DecisionIndex& index;
    Entropy& entropy;
    WithViews with_views;
    const ReportPolicies& policies;
    const TriagePolicy& triage;
    std::filesystem::path data;  // locks lie in `jobs` below it
    std::string actor;
    std::string source;
    std::function<Time()> clock;  // when it ended
    LayoutSettings layouts = {};  // that `export` brings up to date
};

struct JobRequest {
    std::string task_id;
    Time now{};                               // when it runs
    Time scheduled_for{};                     // what it is made for; `now` where it runs out of turn
    bool dry_run = false;                     // says what it would do; writes nothing
    std::optional<int> older_than_days = {};  // of `retention`, instead of what its policy says
};

bool is_job(const std::string& task_id);
std::string job_names();  // for messages

// Runs a job to its end. The answer is its run; one of a dry run has no run_id. A run before it that did not finish is written down
// as failed. Refuses: not_found (no such job), conflict (it runs already, here or in another process), invalid (it would be made
// for a time that is over a day ahead).
Result<JobRun> run_job(const JobParts& parts, const JobRequest& request);

}  // namespace daybook
