// The jobs that make reports and events of risk, backlog and weeks.
#include <filesystem>

#include "journal/sha256.hpp"
#include "ops/jobs/job_work.hpp"
#include "ops/known_exports.hpp"
#include "ops/own_events.hpp"
#include "ops/weekly_digests.hpp"
#include "projections/followup_watch.hpp"
#include "projections/object_text.hpp"
#include "projections/risk_reports.hpp"

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
    return "{\"files\":[" + text_json((directory / (name + ".json")).string()) + "," +
           text_json((directory / (name + ".md")).string()) + "],\"written\":" + std::to_string(written) + "}";
}

// Writes both files and a report_generated, once for the same bytes.
JobOutcome save_report(const JobParts& parts, const JobRequest& request, const std::string& report, const std::string& period,
                       const std::filesystem::path& directory, const ReportFiles& files, std::uint64_t size) {
    if (request.dry_run) return {files_output(directory, period, 0), {}};
    std::filesystem::create_directories(directory);
    write_report(directory, period, files);
    Sha256 sha256;
    const std::string key = report + ":" + period + ":" + to_hex(sha256({files.json}));
    const auto appended = parts.journal.append(
        append_request(own_events("$jobs", parts, request), {report_generated(report, period, size, files)}, KeyedInput{key, {}}));
    if (!appended) return refused(appended.refusal());
    return {files_output(directory, period, appended->count), {}};
}

struct RiskView {
    std::vector<Risk> now, before;
    std::optional<Provenance> provenance;
    std::uint64_t size = 0;
};

RiskView look_at_risk(const JobParts& parts, const JobRequest& request) {
    RiskView view;
    parts.with_views([&](lmdb::Transaction& views, const JournalView& journal, std::uint64_t seen) {
        view.size = size_without_reports(journal, seen);
        view.now = risks(views, journal, {request.scheduled_for, view.size, parts.policies.intelligence});
        view.before = risks(views, journal, {request.scheduled_for - std::chrono::days(1), view.size, parts.policies.intelligence});
        view.provenance = provenance_of(journal, view.size, parts.policies.intelligence.bytes, request.scheduled_for);
    });
    return view;
}

std::string reasons_json(const std::vector<RiskReason>& reasons) {
    std::string out = "[";
    for (const RiskReason& reason : reasons)
        out += (out.size() > 1 ? "," : "") + std::string("{\"points\":") + std::to_string(reason.points) +
               ",\"text\":" + text_json(reason.text) + "}";
    return out + "]";
}

}  // namespace

JobOutcome weekly_incident_digest(const JobParts& parts, const JobRequest& request) {
    DigestSaving saving;
    saving.directory = weekly_directory;
    saving.week = last_complete_week(request.scheduled_for);
    saving.now = request.scheduled_for;
    saving.actor = parts.actor;
    saving.source = parts.source;
    ReportFiles files;
    parts.with_views([&](lmdb::Transaction& views, const JournalView& journal, std::uint64_t seen) {
        saving.size = size_without_reports(journal, seen);
        files = make_digest(views, journal, saving.week, saving.now, saving.size, parts.policies.intelligence);
    });
    const std::string name = format_iso_week(saving.week);
    if (request.dry_run) return {files_output(saving.directory, name, 0), {}};
    std::filesystem::create_directories(saving.directory);
    (void)remember_export(parts.data, {KnownExport::Kind::weekly_digests, saving.directory, {}});
    const auto saved = save_digest(parts.journal, files, saving);
    if (!saved) return refused(saved.refusal());
    return {files_output(saving.directory, name, saved->count), {}};
}

JobOutcome daily_risk_digest_job(const JobParts& parts, const JobRequest& request) {
    const RiskView view = look_at_risk(parts, request);
    const std::string day = format_time(request.scheduled_for).substr(0, 10);
    return save_report(parts, request, "daily_risk_digest", day, "ops/reports/risk",
                       daily_risk_digest(day, *view.provenance, view.now, view.before), view.size);
}

JobOutcome weekly_platform_priority_digest(const JobParts& parts, const JobRequest& request) {
    const RiskView view = look_at_risk(parts, request);
    const std::string week = format_iso_week(last_complete_week(request.scheduled_for));
    return save_report(parts, request, "weekly_platform_priority_digest", week, "ops/reports/platform",
                       platform_priority_digest(week, *view.provenance, view.now), view.size);
}

JobOutcome hourly_risk_snapshot(const JobParts& parts, const JobRequest& request) {
    const RiskView view = look_at_risk(parts, request);
    const std::string outputs = "{\"snapshots\":" + std::to_string(view.now.size()) + "}";
    if (request.dry_run || view.now.empty()) return {outputs, {}};
    std::vector<Payload> snapshots;
    for (const Risk& risk : view.now) {
        RiskSnapshot snapshot;
        snapshot.service = risk.service;
        snapshot.env = risk.env;
        snapshot.score = risk.score;
        snapshot.reasons.text = reasons_json(risk.reasons);
        snapshots.emplace_back(std::move(snapshot));
    }
    const auto appended = parts.journal.append(append_request(
        own_events("$risk", parts, request), snapshots, KeyedInput{"risk_snapshot:" + format_time(request.scheduled_for), {}}));
    return appended ? JobOutcome{outputs, {}} : refused(appended.refusal());
}

// Once for each cause: a key stands for it. The file is written anew from all items.
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
        item.priority = finding.severity.value_or(Severity::p2);
        const auto appended = parts.journal.append(
            append_request(own_events("$backlog", parts, request), {item}, KeyedInput{"backlog:" + item.item_id, {}}));
        if (!appended) return refused(appended.refusal());
        written += appended->count != 0 && !appended->duplicate ? 1U : 0U;
    }
    const std::string outputs = "{\"causes\":" + std::to_string(causes) + ",\"new\":" + std::to_string(written) + "}";
    if (request.dry_run) return {outputs, {}};
    std::string lines;
    const Snapshot journal = parts.journal.snapshot();
    const auto stream = journal->stream_number("$backlog");
    for (const Sequence sequence : stream ? journal->stream_sequences(*stream) : std::vector<Sequence>()) {
        const auto record = journal->record(sequence);
        if (record->type() == EventType::backlog_item && !record->redacted()) lines += std::string(record->payload()) + '\n';
    }
    std::filesystem::create_directories("ops/backlog");
    write_if_other("ops/backlog/items.jsonl", lines);
    return {outputs, {}};
}

}  // namespace daybook
