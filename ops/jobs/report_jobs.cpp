// The jobs that make reports and events of risk, backlog and weeks.
#include <filesystem>

#include "journal/own_keys.hpp"
#include "journal/sha256.hpp"
#include "ops/backlog.hpp"
#include "ops/jobs/job_work.hpp"
#include "ops/known_exports.hpp"
#include "ops/own_events.hpp"
#include "ops/saved_reports.hpp"
#include "ops/weekly_digests.hpp"
#include "projections/followup_watch.hpp"
#include "projections/object_text.hpp"
#include "projections/risk.hpp"

namespace daybook {
namespace {

std::string text_json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

JobOutcome refused(const Refusal& refusal) { return {"{}", refusal.message}; }

OwnEvents own_events(const std::string& stream, const JobParts& parts, const JobRequest& request) {
    return {stream, request.scheduled_for, parts.actor, parts.source};
}

// {"files":[…],"written":N}
std::string files_output(const std::filesystem::path& directory, const std::string& name, std::size_t written) {
    const std::string file = (directory / name).string();
    return "{\"files\":" + text_list(std::vector{file + ".json", file + ".md"}) + ",\"written\":" + std::to_string(written) + "}";
}

// Makes a report of all that is no doing of daybook's own, writes both files and a report_generated, once for the same bytes.
JobOutcome save_report(const JobParts& parts, const JobRequest& request, const ReportKind& kind, const std::string& period) {
    ReportSaving saving;
    saving.kind = &kind;
    saving.directory = kind.directory;
    saving.period = period;
    saving.now = request.scheduled_for;
    saving.actor = parts.actor;
    saving.source = parts.source;
    saving.again = [&](Time at, std::uint64_t size) {
        std::optional<ReportFiles> files;
        parts.with_views([&](lmdb::Transaction& views, const JournalView& journal, std::uint64_t seen) {
            if (size <= seen) files = make_report(kind, period, views, journal, at, size, parts.policies.intelligence);
        });
        return files;
    };
    parts.with_views([&](lmdb::Transaction&, const JournalView& journal, std::uint64_t seen) {
        saving.size = size_without_reports(journal, seen);
    });
    const ReportFiles files = saving.again(saving.now, saving.size).value();
    if (request.dry_run) return {files_output(saving.directory, period, 0), {}};
    std::filesystem::create_directories(saving.directory);
    (void)remember_export(parts.data, {kind.place, saving.directory, {}});
    const auto saved = save_report(parts.journal, files, saving);
    if (!saved) return refused(saved.refusal());
    return {files_output(saving.directory, period, saved->count), {}};
}

std::string reasons_json(const std::vector<RiskReason>& reasons) {
    std::string out = "[";
    for (const RiskReason& reason : reasons)
        out += (out.size() > 1 ? "," : "") + std::string("{\"points\":") + std::to_string(reason.points) +
               ",\"text\":" + text_json(reason.text) + "}";
    return out + "]";
}

}  // namespace

std::string day_of_report(Time scheduled_for) { return format_time(scheduled_for).substr(0, 10); }
std::string week_of_report(Time scheduled_for) { return format_iso_week(last_complete_week(scheduled_for)); }

JobOutcome weekly_incident_digest(const JobParts& parts, const JobRequest& request) {
    return save_report(parts, request, weekly_report, week_of_report(request.scheduled_for));
}

JobOutcome daily_risk_digest_job(const JobParts& parts, const JobRequest& request) {
    return save_report(parts, request, risk_report, day_of_report(request.scheduled_for));
}

JobOutcome weekly_platform_priority_digest(const JobParts& parts, const JobRequest& request) {
    return save_report(parts, request, platform_report, week_of_report(request.scheduled_for));
}

JobOutcome hourly_risk_snapshot(const JobParts& parts, const JobRequest& request) {
    std::vector<Risk> now;
    parts.with_views([&](lmdb::Transaction& views, const JournalView& journal, std::uint64_t seen) {
        now = risks(views, journal, {request.scheduled_for, size_without_reports(journal, seen), parts.policies.intelligence});
    });
    const std::string outputs = "{\"snapshots\":" + std::to_string(now.size()) + "}";
    if (request.dry_run || now.empty()) return {outputs, {}};
    std::vector<Payload> snapshots;
    for (const Risk& risk : now) {
        RiskSnapshot snapshot;
        snapshot.service = risk.service;
        snapshot.env = risk.env;
        snapshot.score = risk.score;
        snapshot.reasons.text = reasons_json(risk.reasons);
        snapshots.emplace_back(std::move(snapshot));
    }
    const auto appended = parts.journal.append(append_request(own_events("$risk", parts, request), snapshots,
                                                              own_input("risk_snapshot:" + format_time(request.scheduled_for))));
    return appended ? JobOutcome{outputs, {}} : refused(appended.refusal());
}

// Once for each cause: a key stands for it. The file is written anew from all items, and the table brought up to date.
JobOutcome weekly_backlog_generate(const JobParts& parts, const JobRequest& request) {
    GateRequest watch;
    watch.now = request.scheduled_for;
    watch.mode = GateMode::strict;
    watch.intelligence = parts.policies.intelligence;
    GateReport report;
    parts.with_views([&](lmdb::Transaction& views, const JournalView& journal, std::uint64_t seen) {
        watch.size = seen;
        report = followup_watch(views, journal, watch);
    });
    std::size_t causes = 0, written = 0;
    for (const GateFinding& finding : report.findings) {
        const bool overdue = finding.rule == GateRule::fw002 || finding.rule == GateRule::fw003;
        if (!overdue && finding.rule != GateRule::fw006) continue;
        ++causes;
        if (request.dry_run) continue;
        Sha256 sha256;
        const std::string cause = overdue ? finding.followup_id : finding.env + '/' + finding.service + '/' + finding.signature;
        BacklogItem item;
        item.item_id = "bl_" + to_hex(sha256({cause})).substr(0, 16);
        item.cause = cause;
        item.title = (overdue ? "Overdue follow-up " : "Chronic signature ") + cause + ": " + finding.text;
        item.priority = finding.priority ? *finding.priority : finding.severity.value_or(Severity::p2);
        const auto appended = parts.journal.append(
            append_request(own_events("$backlog", parts, request), {item}, own_input("backlog:" + item.item_id)));
        if (!appended) return refused(appended.refusal());
        written += appended->count != 0 && !appended->duplicate ? 1U : 0U;
    }
    const std::string outputs = "{\"causes\":" + std::to_string(causes) + ",\"new\":" + std::to_string(written) + "}";
    if (request.dry_run) return {outputs, {}};
    (void)remember_export(parts.data, {KnownExport::Kind::backlog, backlog_directory, {}});
    const auto refusal = write_backlog(*parts.journal.snapshot(), backlog_directory);
    auto error = write_layouts(parts, true).error;
    if (refusal) error = refusal->message + (error ? "; " + *error : "");
    return {outputs, error};
}

}  // namespace daybook
