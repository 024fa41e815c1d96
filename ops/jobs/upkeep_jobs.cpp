// The jobs that move things: alerts in, layouts out, old incidents to the archive.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "ingest/policy_section.hpp"
#include "journal/atomic_file.hpp"
#include "ops/jobs/job_work.hpp"
#include "ops/known_exports.hpp"
#include "projections/incidents.hpp"
#include "projections/jsonl_layout.hpp"

namespace daybook {
namespace {

constexpr const char* incoming_directory = "ops/alerts/incoming";
constexpr const char* done_directory = "ops/alerts/done";
constexpr const char* bad_directory = "ops/alerts/bad";

// In the order of their names. What begins with a dot is being written.
std::vector<std::filesystem::path> waiting_files() {
    std::vector<std::filesystem::path> files;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(incoming_directory, ignored)) {
        if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.')) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

// A file of that name that is there stays: the new one gets a number.
void move_to(const std::filesystem::path& file, const char* directory, const std::string& reason) {
    std::filesystem::create_directories(directory);
    std::filesystem::path to = std::filesystem::path(directory) / file.filename();
    for (int i = 2; std::filesystem::exists(to); ++i)
        to = std::filesystem::path(directory) / (file.filename().string() + "." + std::to_string(i));
    if (!reason.empty()) {
        AtomicFile note(to.string() + ".reason");
        note.write(reason + '\n');
        note.commit();
    }
    std::filesystem::rename(file, to);
}

struct RetentionPolicy {
    int audit_jsonl_days = 0;  // 0: off
};

RetentionPolicy retention_of(const PolicySection& root) {
    root.allow_only({"audit_jsonl_days"});
    return {root.integer("audit_jsonl_days", 0, 0, 36'600)};
}

}  // namespace

Result<int> load_retention_days(const std::string& file) {
    const auto text = policy_text(file);
    if (!text) return text.refusal();
    const auto policy = read_policy<RetentionPolicy>(*text, file, retention_of);
    if (!policy) return policy.refusal();
    return policy->audit_jsonl_days;
}

JobOutcome alert_triage_loop(const JobParts& parts, const JobRequest& request) {
    IngestCounts counts;
    std::size_t taken = 0, set_aside = 0;
    for (const std::filesystem::path& file : waiting_files()) {
        std::string reason;
        IngestOptions options;
        options.caller = parts.actor;
        options.received_at = request.now;
        options.dry_run = request.dry_run;
        options.refused = [&](const RefusedLine& line) {
            reason += "line " + std::to_string(line.number) + ": " + line.refusal.message + ' ' + line.refusal.field + '\n';
        };
        try {
            counts += ingest_file({parts.journal, parts.index, parts.triage, parts.entropy}, file, options);
        } catch (const StorageError&) {
            throw;  // the journal can't be written to: the file waits
        } catch (const std::exception& error) {
            reason += error.what();
        }
        ++(reason.empty() ? taken : set_aside);
        if (!request.dry_run) move_to(file, reason.empty() ? done_directory : bad_directory, reason);
    }
    return {"{\"duplicate\":" + std::to_string(counts.duplicate) + ",\"files\":" + std::to_string(taken) +
                ",\"ignored\":" + std::to_string(counts.ignored) + ",\"refused\":" + std::to_string(counts.refused) +
                ",\"set_aside\":" + std::to_string(set_aside) + ",\"taken\":" + std::to_string(counts.taken) + "}",
            {}};
}

// As `daybook export` without a word does.
JobOutcome export_job(const JobParts& parts, const JobRequest& request) {
    if (request.dry_run) return {"{\"layouts\":[]}", {}};
    LayoutExports exports(
        {parts.journal,
         [&](const auto& use) {
             parts.with_views([&](lmdb::Transaction& views, const JournalView&, std::uint64_t size) { use(views, size); });
         },
         [&](const KnownExport& place) { (void)remember_export(parts.data, place); }},
        parts.layouts);
    const auto outcomes = exports.run(std::chrono::steady_clock::now());
    const bool has_files = !outcomes.empty() && outcomes.back().layout == KnownExport::Kind::jsonl &&
                           outcomes.back().state == LayoutOutcome::State::done;
    std::string layouts;
    std::optional<std::string> error;
    for (const LayoutOutcome& outcome : outcomes) {
        const bool done = outcome.state == LayoutOutcome::State::done;
        // The files are what `auto` has for a server that is away.
        if (!done && !(outcome.state == LayoutOutcome::State::unreachable && has_files))
            error = error.value_or("") + outcome.message;
        if (!done) continue;
        layouts += (layouts.empty() ? "" : ",") + std::string("{\"incidents\":") + std::to_string(outcome.incidents) +
                   ",\"journal_size\":" + std::to_string(outcome.size) + ",\"layout\":\"" +
                   (outcome.layout == KnownExport::Kind::jsonl ? "jsonl" : "postgres") + "\"}";
    }
    return {"{\"layouts\":[" + layouts + "]}", error};
}

JobOutcome retention_job(const JobParts& parts, const JobRequest& request) {
    const auto days = load_retention_days(retention_policy_file);
    if (!days) return {"{}", days.refusal().message};
    if (*days == 0) return {R"({"archived":0,"off":true})", {}};
    const std::int64_t before = to_micros(request.scheduled_for - std::chrono::days(*days));
    std::vector<std::string> old;
    parts.with_views([&](lmdb::Transaction& views, const JournalView&, std::uint64_t) {
        if (const auto table = IncidentTable::open(views)) {
            table->each([&](StreamNumber, const IncidentRow& row) {
                const bool closed = row.state.status == IncidentStatus::closed && row.state.closed_at != RecordHeader::no_time;
                if (closed && row.state.closed_at < before && !row.state.archived()) old.push_back(row.id);
            });
        }
    });
    CommandContext context;
    context.actor = parts.actor;
    context.source = parts.source;
    context.occurred_at = request.now;
    context.dry_run = request.dry_run;
    for (const std::string& id : old) {
        const auto archived =
            request.dry_run
                ? Result<CommandOutcome>(CommandOutcome())
                : parts.commands.run(ArchiveIncident{id, "closed over " + std::to_string(*days) + " days ago"}, context);
        if (!archived) return {"{}", archived.refusal().message};
    }
    return {"{\"archived\":" + std::to_string(old.size()) + ",\"off\":false}", {}};
}

}  // namespace daybook
