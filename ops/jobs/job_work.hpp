// What each job does. Paths are relative to the working directory. A dry run says in its outputs what would be done.
#pragma once

#include <optional>
#include <string>

#include "ops/jobs/jobs.hpp"

namespace daybook {

struct JobOutcome {
    std::string outputs = "{}";  // an object as RFC 8785 text
    std::optional<std::string> error;
};

inline constexpr const char* retention_policy_file = "ops/policy/retention.yml";
inline constexpr int retention_days_max = 36'600;
// How many days things stay in sight; 0: for ever. Refuses: invalid (file, line and key).
Result<int> load_retention_days(const std::string& file);

// Brings the layouts of `parts` up to date, as `daybook export` without a word does; with `tables_only` those in Postgres alone.
// The outputs name those that were written.
JobOutcome write_layouts(const JobParts& parts, bool tables_only);

// The periods that reports are made for at a time: the day, and the last complete week.
std::string day_of_report(Time scheduled_for);
std::string week_of_report(Time scheduled_for);
// Which one a job makes a report of that is made for `scheduled_for`; nothing where it makes none.
std::optional<std::string> period_of_job(const std::string& task_id, Time scheduled_for);

// The drop folder: what other programs put into the first is moved to the others, and stays there.
inline constexpr const char* alerts_incoming = "ops/alerts/incoming";
inline constexpr const char* alerts_done = "ops/alerts/done";
inline constexpr const char* alerts_bad = "ops/alerts/bad";
JobOutcome alert_triage_loop(const JobParts& parts, const JobRequest& request);
JobOutcome daily_risk_digest_job(const JobParts& parts, const JobRequest& request);
JobOutcome export_job(const JobParts& parts, const JobRequest& request);
JobOutcome hourly_risk_snapshot(const JobParts& parts, const JobRequest& request);
JobOutcome retention_job(const JobParts& parts, const JobRequest& request);
JobOutcome weekly_backlog_generate(const JobParts& parts, const JobRequest& request);
JobOutcome weekly_incident_digest(const JobParts& parts, const JobRequest& request);
JobOutcome weekly_platform_priority_digest(const JobParts& parts, const JobRequest& request);

}  // namespace daybook
