// `daybook jobs …`, `daybook retention` and `daybook policy check`.
#include <CLI/CLI.hpp>

#include "ops/cli/command_set.hpp"
#include "ops/cli/layout_options.hpp"
#include "ops/cli/named.hpp"
#include "ops/jobs/due.hpp"
#include "ops/jobs/job_lock.hpp"
#include "ops/jobs/job_work.hpp"
#include "ops/notify/notify_policy.hpp"
#include "ops/policies/gate_policy.hpp"
#include "ops/policies/intelligence_policy.hpp"
#include "ops/whole_number.hpp"

namespace daybook {
namespace {

std::vector<Task> read_registry() { return sound(load_task_registry(task_registry_file)); }

std::vector<Column> run_columns() {
    return {{"task_id", "TASK"},  {"scheduled_for", "FOR"}, {"run_id", "RUN"},
            {"status", "STATUS"}, {"outputs", "OUTPUTS"},   {"error", "ERROR"}};
}

Result<JobRun> run_one(Session& session, const JobRequest& request, const LayoutSettings& layouts) {
    Journal& journal = request.dry_run ? session.journal_to_rehearse() : session.journal_to_write();
    const auto with_views = [&](const ReadViews& use) {
        lmdb::Transaction rows = session.views().read();
        const Snapshot snapshot = journal.snapshot();
        use(rows, *snapshot, position_of_all(rows).sequence.value);
    };
    const JobParts parts{journal,
                         session.commands(request.dry_run),
                         session.decisions(),
                         session.entropy(),
                         with_views,
                         session.report_policies(),
                         session.triage_policy(),
                         session.settings().data,
                         session.settings().agent,
                         "job",
                         [&session] { return session.now(); },
                         layouts};
    return run_job(parts, request);
}

void add_row(RowWriter& rows, const JobRun& run, Time scheduled_for) {
    rows.add(
        {run.task_id, scheduled_for, run.run_id.empty() ? Cell() : Cell(run.run_id), run.status, JsonText{run.outputs}, run.error});
}

// How a task's last run went: what has no end and holds no lock was killed, or the machine went down.
std::string status_of(const JobRun& run, const std::filesystem::path& data) {
    if (run.status != "started") return run.status;
    return JobLock::is_held(data, run.task_id) ? "running" : "cut_short";
}

void add_list(CLI::App& parent, ChosenCommand& chosen) {
    CLI::App* app = parent.add_subcommand("list", "The jobs, their schedules and how they last ran");
    app->footer(
        "Example:\n  daybook jobs list\nLAST is succeeded, failed, running, or cut_short: killed half-way; `daybook jobs due` runs "
        "it again.");
    app->callback([&chosen] {
        chosen = [](Session& session) {
            const Snapshot journal = session.journal_to_read().snapshot();
            RowWriter rows(session.out(), session.format(), session.style(),
                           {{"task_id", "TASK"},
                            {"schedule", "SCHEDULE"},
                            {"permission", "PERMISSION"},
                            {"missed", "MISSED"},
                            {"last_status", "LAST"},
                            {"last_started_at", "STARTED"},
                            {"what", "WHAT"}});
            for (const Task& task : read_registry()) {
                const auto last = list_runs(*journal, task.id, 1);
                rows.add({task.id, task.schedule.text(), to_text(task.permission), task.each_missed ? "each" : "last",
                          last.empty() ? Cell() : Cell(status_of(last[0], session.settings().data)),
                          last.empty() ? Cell() : Cell(last[0].started_at), task.what});
            }
            rows.finish();
            return ExitStatus::done;
        };
    });
}

void add_run(CLI::App& parent, ChosenCommand& chosen) {
    struct Options {
        explicit Options(CLI::App& command) : layouts(command) {}
        LayoutOptions layouts;
        std::string task, scheduled_for;
        bool dry_run = false;
    };
    CLI::App* app = parent.add_subcommand("run", "Run one job now");
    auto o = std::make_shared<Options>(*app);
    app->add_option("task", o->task, "The job")->required()->type_name("TASK");
    app->add_option("--for", o->scheduled_for, "The time that it is made for (default: now)")->type_name("TIME");
    app->add_flag("--dry-run", o->dry_run, "Say what it would do");
    app->footer(
        "Examples:\n  daybook jobs run weekly_incident_digest\n  daybook jobs run weekly_incident_digest --for "
        "2026-02-23T08:00:00Z\n"
        "  daybook jobs run alert_triage_loop --dry-run\nEnds with 1 where it failed, with 6 where it runs already.");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            const Time made_for = o->scheduled_for.empty() ? session.now() : time_option("--for", o->scheduled_for);
            const auto run = run_one(session, {o->task, session.now(), made_for, o->dry_run}, o->layouts.settings());
            if (!run) fail(run.refusal());
            RowWriter rows(session.out(), session.format(), session.style(), run_columns());
            add_row(rows, *run, made_for);
            rows.finish();
            return run->error ? ExitStatus::failure : ExitStatus::done;
        };
    });
}

void add_due(CLI::App& parent, ChosenCommand& chosen) {
    auto dry_run = std::make_shared<bool>(false);
    CLI::App* app = parent.add_subcommand("due", "Run what was scheduled and has not run: missed runs are made up for");
    auto layouts = std::make_shared<LayoutOptions>(*app);
    app->add_flag("--dry-run", *dry_run, "Name them only");
    app->footer("Examples:\n  daybook jobs due --dry-run\n  daybook jobs due");
    app->callback([dry_run, layouts, &chosen] {
        chosen = [dry_run, layouts](Session& session) {
            const std::vector<Task> tasks = read_registry();
            if (!*dry_run) session.journal_to_write();
            const auto due = due_runs(*session.journal_to_read().snapshot(), tasks, session.now());
            RowWriter rows(session.out(), session.format(), session.style(), run_columns());
            ExitStatus status = ExitStatus::done;
            for (const DueRun& one : due) {
                JobRun run;
                run.task_id = one.task->id;
                run.status = "due";
                if (!*dry_run) {
                    const auto made = run_one(session, {one.task->id, session.now(), one.scheduled_for}, layouts->settings());
                    if (made) run = *made;
                    if (!made) run.error = made.refusal().message;
                    if (run.error) status = ExitStatus::failure;
                }
                add_row(rows, run, one.scheduled_for);
            }
            rows.finish();
            return status;
        };
    });
}

void add_cron(CLI::App& parent, ChosenCommand& chosen) {
    CLI::App* app = parent.add_subcommand("cron", "The file for cron.d, from ops/task_registry.yml");
    app->footer("Example:\n  daybook jobs cron > ops/cron/jobs.cron");
    app->callback([&chosen] {
        chosen = [](Session& session) {
            session.out() << cron_file(read_registry());
            return ExitStatus::done;
        };
    });
}

// `400d`
int older_than_option(const std::string& text) {
    const auto days = text.ends_with('d') ? whole_number(text.substr(0, text.size() - 1)) : std::nullopt;
    if (days && *days > 0 && *days <= retention_days_max) return static_cast<int>(*days);
    throw CommandError(ExitStatus::usage, "--older-than must be days, such as 400d, not " + text);
}

void add_retention(CLI::App& root, ChosenCommand& chosen) {
    struct Options {
        std::string older_than;
        bool dry_run = false;
    };
    CLI::App* app = root.add_subcommand("retention", "Put out of sight what was over long ago: incidents, reports, dead letters");
    auto o = std::make_shared<Options>();
    app->add_option("--older-than", o->older_than, "How long ago (default: audit_jsonl_days of ops/policy/retention.yml)")
        ->type_name("DAYS");
    app->add_flag("--dry-run", o->dry_run, "Say what it would do");
    app->footer(
        "Examples:\n  daybook retention --older-than 400d --dry-run\n  daybook retention --older-than 400d\n"
        "Archives incidents that were closed before, and removes files of reports and dead letters from before. The journal keeps "
        "every\nevent: `daybook replay --reports` makes reports again; dead letters were never in it. Reports that somebody "
        "changed "
        "stay.\nIt is the job `retention`, run now.");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            JobRequest request{"retention", session.now(), session.now(), o->dry_run};
            if (!o->older_than.empty()) request.older_than_days = older_than_option(o->older_than);
            const auto run = run_one(session, request, {});
            if (!run) fail(run.refusal());
            RowWriter rows(session.out(), session.format(), session.style(), run_columns());
            add_row(rows, *run, request.scheduled_for);
            rows.finish();
            if (run->outputs.find("\"off\":true") != std::string::npos) {
                session.messages().say(
                    MessageKind::notice,
                    std::string("retention is off: give --older-than, or audit_jsonl_days in ") + retention_policy_file);
            }
            return run->error ? ExitStatus::failure : ExitStatus::done;
        };
    });
}

ExitStatus check_policies(Session& session) {
    RowWriter rows(session.out(), session.format(), session.style(), {{"file", "FILE"}, {"state", "STATE"}, {"error", "ERROR"}});
    bool sound = true;
    const auto check = [&](const char* file, const auto& loaded) {
        const bool there = std::filesystem::exists(file);
        rows.add({file, loaded ? (there ? "good" : "default") : "wrong", loaded ? Cell() : Cell(loaded.refusal().message)});
        sound = sound && static_cast<bool>(loaded);
    };
    check(intelligence_policy_file, load_intelligence_policy(intelligence_policy_file));
    check(access_policy_file, load_access_policy(access_policy_file));
    check(gate_policy_file, load_gate_policy(gate_policy_file));
    check(notify_policy_file, load_notify_policy(notify_policy_file));
    check(retention_policy_file, load_retention_days(retention_policy_file));
    check(triage_policy_file, load_triage_policy(triage_policy_file));
    check(task_registry_file, load_task_registry(task_registry_file));
    rows.finish();
    return sound ? ExitStatus::done : ExitStatus::no;
}

}  // namespace

void add_job_commands(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* jobs = root.add_subcommand("jobs", "What runs by schedule");
    jobs->require_subcommand(1);
    add_list(*jobs, chosen);
    add_run(*jobs, chosen);
    add_due(*jobs, chosen);
    add_cron(*jobs, chosen);
    add_retention(root, chosen);
    CLI::App* policy = root.add_subcommand("policy", "The policies below ops/policy");
    policy->require_subcommand(1);
    CLI::App* check = policy->add_subcommand("check", "Whether all policies, and the registry of jobs, can be read");
    check->footer("Example:\n  daybook policy check\nEnds with 3 where one is wrong; names file, line and key.");
    check->callback([&chosen] { chosen = check_policies; });
}

}  // namespace daybook
