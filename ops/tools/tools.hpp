// The tools that agents call, whatever they are called through: each action reads its fields, runs a command of ingest/ or reads
// the views, and answers with JSON text.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "ingest/commands.hpp"
#include "journal/journal.hpp"
#include "ops/access/access_policy.hpp"
#include "ops/jobs/runs.hpp"
#include "ops/policies/report_policies.hpp"
#include "ops/saved_reports.hpp"
#include "ops/tools/shared_views.hpp"
#include "ops/tools/tool_call.hpp"
#include "ops/weekly_digests.hpp"

namespace daybook {

// Whoever calls: an actor, who was found to have the permission.
struct ToolCaller {
    std::string agent;
};

// A job that somebody asks for.
struct TaskStart {
    std::string task_id, agent;
    Time now{}, scheduled_for{};
    bool dry_run = false;
};

// What the tools work with; all of it outlives them.
struct ToolParts {
    Journal& journal;
    CommandHandler& commands;
    SharedViews& views;
    Clock clock;  // what counts as now: the default occurred_at, reports
    Entropy& entropy;
    std::filesystem::path data;                               // the data directory, where places that are exported to are noted
    std::filesystem::path reports = weekly_report.directory;  // where weekly digests are saved
    // Runs a job to its end, for who was found to have the permission that the registry names; nothing: none can be started.
    std::function<Result<JobRun>(const TaskStart&)> start_task = {};
    // Those that reports are made by now.
    std::function<std::shared_ptr<const ReportPolicies>()> policies = [] { return std::make_shared<const ReportPolicies>(); };
};

struct ToolAction;  // ops/tools/tool_actions.hpp

// Thread-safe.
class Tools {
public:
    explicit Tools(ToolParts parts);

    // What an action needs. Refuses: not_found, with the tools or actions that there are.
    Result<Permission> needs(std::string_view tool, std::string_view action) const;
    // The same of a call: some actions read, and write when they are asked to.
    Result<Permission> needs(const ToolCall& call) const;
    CommandHandler& commands() const { return parts_.commands; }
    std::shared_ptr<const ReportPolicies> policies() const { return parts_.policies(); }

    // Runs a call and answers with its result, a JSON object. What was written is on disk when it returns.
    // Refuses: not_found (the tool, the action, the incident …), invalid, conflict, idempotency_conflict, too_large; the refusal's
    // field is a JSON Pointer into the call's body. Throws StorageError: as Journal::append.
    Result<std::string> run(const ToolCall& call, const ToolCaller& caller) const;

    // All actions of all tools, for documents and tests.
    static std::span<const ToolAction> actions();

private:
    ToolParts parts_;
    mutable std::mutex saving_;
};

// {"ok":true,"result":…}, or {"ok":false,"error":{"code":…,"message":…,"details":{"field":…}}}; `details` is empty where no field
// is at fault.
std::string tool_answer(const Result<std::string>& result);

}  // namespace daybook
