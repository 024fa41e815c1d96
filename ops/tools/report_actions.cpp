// The actions that make reports: follow-ups, the gate, the weekly digest.
#include <algorithm>

#include "ops/gate.hpp"
#include "ops/known_exports.hpp"
#include "ops/saved_reports.hpp"
#include "ops/tools/tool_actions.hpp"
#include "projections/followup_summary.hpp"

namespace daybook {
namespace {

std::string files_of(const ReportSaving& saving) {
    const std::string file = (saving.directory / saving.period).string();
    return text_list(std::vector{file + ".json", file + ".md"});
}

// The member `saved` of the answer.
Result<std::string> save(const ToolRun& run, const ReportFiles& files, ReportSaving saving) {
    saving.directory = run.parts.reports;
    saving.actor = run.caller.agent;
    saving.source = run.call.tool;
    const auto warning = remember_export(run.parts.data, {KnownExport::Kind::weekly_digests, saving.directory, {}});
    const std::lock_guard lock(run.saving);
    const auto appended = save_report(run.parts.journal, files, saving);
    if (!appended) return appended.refusal();
    std::string saved;
    ObjectText object(saved);
    object.raw("files", files_of(saving));
    seq_or_null(object, appended->first);
    object.number("written", appended->count);
    object.boolean("duplicate", appended->duplicate);
    if (warning) object.text("warning", *warning);
    object.finish();
    return saved;
}

}  // namespace

Result<std::string> incident_followups_summary(ToolRun& run) {
    FollowupSummaryRequest request;
    request.service = optional_param(run.params, "service");
    request.env = optional_param(run.params, "env");
    request.window_days =
        static_cast<int>(run.params.optional_integer("window_days", 1, window_days_max).value_or(request.window_days));
    const LookBack past = look_back(run);
    if (run.params.refusal()) return *run.params.refusal();
    request.as_of = past.as_of.has_value();
    std::string answer;
    std::optional<Refusal> refusal;
    run.parts.views.read([&](const SharedViews::Seen& seen) {
        refusal = past.set(request, seen.journal, seen.size, run.parts.clock());
        if (!refusal) answer = without_end(followup_summary_json(followup_summary(seen.views, seen.journal, request)));
    });
    if (refusal) return *refusal;
    return answer;
}

Result<std::string> followup_watch_action(ToolRun& run) {
    const auto policies = run.parts.policies();
    GateRequest request;
    request.service = optional_param(run.params, "service");
    request.env = optional_param(run.params, "env");
    request.window_days =
        static_cast<int>(run.params.optional_integer("window_days", 1, window_days_max).value_or(request.window_days));
    request.mode = run.params.optional_word<GateMode>("mode");
    const bool append = run.params.optional_boolean("append").value_or(false);
    const auto input = keyed_input(run);
    const LookBack past = look_back(run);
    if (append) refuse_beside(run, past, "append");
    if (run.params.refusal()) return *run.params.refusal();
    request.now = run.parts.clock();
    request.policy = policies->gate;
    request.intelligence = policies->intelligence;
    GateReport report;
    std::vector<std::string> warnings;
    std::optional<Refusal> refusal;
    try {
        run.parts.views.read([&](const SharedViews::Seen& seen) {
            refusal = past.set(request, seen.journal, seen.size, run.parts.clock());
            if (refusal) return;
            warnings = warnings_of_names(request, seen.journal);
            report = followup_watch(seen.views, seen.journal, request);
        });
    } catch (const StorageError& error) {
        report = unreadable_journal(request, error.what());  // what cannot be read is a finding, and not a gate that is open
    }
    if (refusal) return *refusal;
    std::string answer(without_end(gate_json(report, request.policy)));
    answer.pop_back();
    if (!warnings.empty()) answer += ",\"warnings\":" + text_list(warnings);
    if (append) {
        const auto appended =
            append_gate(run.parts.journal, report, request, {run.caller.agent, std::string(run.call.tool), input});
        if (!appended) return appended.refusal();
        ObjectText object(answer += ",\"appended\":");
        seq_or_null(object, appended->first);
        object.boolean("duplicate", appended->duplicate);
        object.finish();
    }
    return answer + '}';
}

Result<std::string> weekly_digest_action(ToolRun& run) {
    const Time now = run.parts.clock();
    IsoWeek of = last_complete_week(now);
    ReportSaving saving;
    saving.now = now;
    if (const auto text = optional_param(run.params, "week")) {
        const auto week = parse_iso_week(*text);
        if (!week) run.params.fail("week", "must be an ISO week such as 2026-08");
        if (week && week->from() > now) run.params.fail("week", "has not begun: " + *text);
        of = week.value_or(of);
    }
    saving.period = format_iso_week(of);
    saving.again = [&](Time at, std::uint64_t size) {
        std::optional<ReportFiles> again;
        run.parts.views.read([&](const SharedViews::Seen& seen) {
            if (size <= seen.size) again = make_digest(seen.views, seen.journal, of, at, size, run.parts.policies()->intelligence);
        });
        return again;
    };
    LookBack past = look_back(run);
    const bool wanted = run.params.optional_boolean("save_artifacts").value_or(false);
    saving.input = keyed_input(run);
    if (run.params.refusal()) return *run.params.refusal();
    ReportFiles files;
    std::optional<Refusal> refusal;
    run.parts.views.read([&](const SharedViews::Seen& seen) {
        const auto horizon = past.horizon(seen.journal);
        if (!horizon) {
            refusal = horizon.refusal();
            return;
        }
        saving.size = past.given() ? std::min(horizon->size, seen.size) : size_without_reports(seen.journal, seen.size);
        files = make_digest(seen.views, seen.journal, of, now, saving.size, run.parts.policies()->intelligence);
    });
    if (refusal) return *refusal;
    std::string answer;
    ObjectText object(answer);
    object.text("week", saving.period);
    object.raw("digest", without_end(files.json));
    object.text("markdown", files.markdown);
    if (wanted) {
        const auto saved = save(run, files, saving);
        if (!saved) return saved.refusal();
        object.raw("saved", *saved);
    }
    object.finish();
    return answer;
}

}  // namespace daybook
