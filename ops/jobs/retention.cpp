// The job `retention`: what was over long enough ago goes out of sight. Incidents are archived; files of reports and dead letters
// are removed. The journal keeps every event, so `daybook replay --reports` makes removed reports again; dead letters were never in
// it.
//
// On disk: `jobs/retention.removing` in the data directory, written before reports are removed: the run's id, then a line `<report>
// <period>` for each that is about to go. After a run that was killed half-way the next one tells of them too.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "ingest/dead_letters.hpp"
#include "ingest/policy_section.hpp"
#include "journal/atomic_file.hpp"
#include "journal/line_file.hpp"
#include "ops/jobs/job_work.hpp"
#include "ops/known_exports.hpp"
#include "ops/saved_reports.hpp"
#include "projections/incidents.hpp"
#include "projections/object_text.hpp"

namespace daybook {
namespace {

constexpr std::size_t kept_named_max = 100;

struct RetentionPolicy {
    int audit_jsonl_days = 0;  // 0: off
};

RetentionPolicy retention_of(const PolicySection& root) {
    root.allow_only({"audit_jsonl_days"});
    return {root.integer("audit_jsonl_days", 0, 0, retention_days_max)};
}

std::vector<std::string> closed_before(const JobParts& parts, Time before) {
    std::vector<std::string> old;
    parts.with_views([&](lmdb::Transaction& views, const JournalView&, std::uint64_t) {
        const auto table = IncidentTable::open(views);
        if (!table) return;
        table->each([&](StreamNumber, const IncidentRow& row) {
            const bool closed = row.state.status == IncidentStatus::closed && row.state.closed_at != RecordHeader::no_time;
            if (closed && row.state.closed_at < to_micros(before) && !row.state.archived()) old.push_back(row.id);
        });
    });
    return old;
}

constexpr std::size_t plan_line_bytes_max = 1'000;
using Periods = std::map<std::string, std::set<std::string>>;  // of each kind of report

std::filesystem::path plan_file(const JobParts& parts) { return parts.data / "jobs" / "retention.removing"; }

// What a run wrote down that has not told what became of it.
Periods unfinished_plan(const JobParts& parts) {
    Periods planned;
    if (!std::filesystem::exists(plan_file(parts))) return planned;
    LineFile lines(plan_file(parts), plan_line_bytes_max);
    const auto run_id = lines.next();
    const auto run = run_id ? find_run(*parts.journal.snapshot(), *run_id) : std::nullopt;
    if (run && run->status == "succeeded") return planned;
    while (const auto line = lines.next()) {
        const std::size_t space = line->find(' ');
        if (space != std::string_view::npos) planned[std::string(line->substr(0, space))].emplace(line->substr(space + 1));
    }
    return planned;
}

// By the run that is under way.
void write_plan(const JobParts& parts, const Periods& planned) {
    std::string text = list_runs(*parts.journal.snapshot(), "retention", 1).at(0).run_id + '\n';
    for (const auto& [report, periods] : planned) {
        for (const std::string& period : periods) text += report + ' ' + period + '\n';
    }
    AtomicFile file(plan_file(parts));
    file.write(text);
    file.commit();
}

// Removes files of reports that were last saved for a time before `before`. A file that daybook did not write stays: its bytes are
// neither those that the journal was told of nor those that it makes of the report now (as after a redaction).
class ReportPruning {
public:
    ReportPruning(const JobParts& parts, Time before, bool dry_run) : parts_(parts), before_(before), dry_run_(dry_run) {}

    void run() {
        find();
        if (dry_run_) return;
        const Periods unfinished = unfinished_plan(parts_);
        Periods planned = unfinished;
        for (const auto& [report, periods] : going_) planned[report].insert(periods.begin(), periods.end());
        write_plan(parts_, planned);
        for (const std::filesystem::path& file : files_) std::filesystem::remove(file);
        for (const ReportKind* kind : report_kinds) {
            const auto of_kind = unfinished.find(kind->report);
            if (of_kind == unfinished.end()) continue;
            for (const std::string& period : of_kind->second) {
                if (!is_there(*kind, period)) going_[kind->report].insert(period);
            }
        }
    }

    // Of each kind, the periods whose files went.
    std::string periods_json() const {
        std::string out;
        ObjectText object(out);
        for (const auto& [report, periods] : going_) object.raw(report, text_list(std::vector(periods.begin(), periods.end())));
        object.finish();
        return out;
    }
    std::size_t kept() const { return kept_.size(); }
    std::string kept_json() const { return text_list(std::span(kept_).first(std::min(kept_.size(), kept_named_max))); }

private:
    void find() {
        parts_.with_views([&](lmdb::Transaction& views, const JournalView& journal, std::uint64_t) {
            for (const ReportKind* kind : report_kinds) {
                for (const auto& [period, saved] : saved_reports(journal, *kind)) {
                    if (saved.at >= before_) continue;
                    const auto again = [&] {
                        return *make_report(*kind, period, views, journal, saved.at, saved.size, parts_.policies.intelligence);
                    };
                    for (const KnownExport& place : places_) {
                        if (place.kind == kind->place) find(*kind, period, saved, place.directory, again);
                    }
                }
            }
        });
    }

    bool is_there(const ReportKind& kind, const std::string& period) const {
        return std::any_of(places_.begin(), places_.end(), [&](const KnownExport& place) {
            return place.kind == kind.place && (std::filesystem::exists(place.directory / (period + ".json")) ||
                                                std::filesystem::exists(place.directory / (period + ".md")));
        });
    }

    template <class Again>
    void find(const ReportKind& kind, const std::string& period, const SavedReport& saved, const std::filesystem::path& directory,
              const Again& again) {
        std::set<std::string>& periods = going_[kind.report];
        for (const char* form : {".json", ".md"}) {
            const std::filesystem::path file = directory / (period + form);
            if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(file))) continue;
            const std::string bytes = contents_of(file);
            if (!was_told(saved, period + form, bytes) && bytes != (form[1] == 'j' ? again().json : again().markdown)) {
                kept_.push_back(file.string());
                continue;
            }
            files_.push_back(file);
            periods.insert(period);
        }
    }

    const JobParts& parts_;
    Time before_;
    bool dry_run_;
    std::vector<KnownExport> places_ = known_exports(parts_.data);
    std::vector<std::filesystem::path> files_;  // to be removed
    Periods going_;                             // of those, and of those that a run before this one removed and could not tell
    std::vector<std::string> kept_;             // files that somebody changed
};

}  // namespace

Result<int> load_retention_days(const std::string& file) {
    const auto text = policy_text(file);
    if (!text) return text.refusal();
    const auto policy = read_policy<RetentionPolicy>(*text, file, retention_of);
    if (!policy) return policy.refusal();
    return policy->audit_jsonl_days;
}

JobOutcome retention_job(const JobParts& parts, const JobRequest& request) {
    const auto days = request.older_than_days ? Result<int>(*request.older_than_days) : load_retention_days(retention_policy_file);
    if (!days) return {"{}", days.refusal().message};
    if (*days == 0) return {R"({"off":true})", {}};
    const Time before = request.scheduled_for - std::chrono::days(*days);
    const std::vector<std::string> old = closed_before(parts, before);
    CommandContext context;
    context.actor = parts.actor;
    context.source = parts.source;
    context.occurred_at = request.now;
    for (const std::string& id : old) {
        if (request.dry_run) break;
        const auto archived =
            parts.commands.run(ArchiveIncident{id, "closed over " + std::to_string(*days) + " days ago"}, context);
        if (!archived) return {"{}", archived.refusal().message};
    }
    ReportPruning reports(parts, before, request.dry_run);
    reports.run();
    const std::size_t letters = DeadLetters(parts.data / "dead-letters.jsonl").prune(before, request.dry_run);
    std::string outputs;
    ObjectText object(outputs);
    object.number("archived", old.size());
    object.number("dead_letters", letters);
    object.number("kept", reports.kept());
    object.raw("kept_files", reports.kept_json());
    object.boolean("off", false);
    object.raw("reports", reports.periods_json());
    object.finish();
    return {outputs, {}};
}

}  // namespace daybook
