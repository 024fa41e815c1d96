// The jobs that move things: alerts in, layouts out.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>

#include "ingest/dead_letters.hpp"
#include "journal/atomic_file.hpp"
#include "journal/descriptor.hpp"
#include "ops/jobs/job_work.hpp"
#include "ops/known_exports.hpp"
#include "projections/jsonl_layout.hpp"

namespace daybook {
namespace {

// In the order of their names. What begins with a dot is being written. Throws std::filesystem::filesystem_error.
std::vector<std::filesystem::path> waiting_files() {
    std::vector<std::filesystem::path> files;
    if (!std::filesystem::exists(alerts_incoming)) return files;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(alerts_incoming)) {
        if (entry.is_regular_file(ignored) && !entry.path().filename().string().starts_with('.')) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

// Why it can't be read; empty where it can.
std::string unreadable(const std::filesystem::path& file) {
    const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    return opened.get() < 0 ? std::strerror(errno) : "";
}

// Also to another file system.
void move_file(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::error_code error;
    std::filesystem::rename(from, to, error);
    if (!error) return;
    if (error != std::errc::cross_device_link) throw std::filesystem::filesystem_error("cannot move it", from, to, error);
    const std::filesystem::path part = to.string() + ".part";
    std::filesystem::copy_file(from, part, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(part, to);
    std::filesystem::remove(from);
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
    move_file(file, to);
}

}  // namespace

// What is refused waits as a dead letter, as from anywhere; its file is set aside. A file that can't be read or moved stays where
// it is, and the run says so; those behind it are taken all the same. Taken again next time, its records are duplicates.
JobOutcome alert_triage_loop(const JobParts& parts, const JobRequest& request) {
    IngestCounts counts;
    std::size_t taken = 0, set_aside = 0;
    DeadLetters letters(parts.data / "dead-letters.jsonl");
    std::optional<std::string> error;
    const auto left = [&](const std::string& why) { error = (error ? *error + "; " : "") + why; };
    std::vector<std::filesystem::path> files;
    try {
        files = waiting_files();
    } catch (const std::filesystem::filesystem_error& failure) {
        left(std::string("cannot read ") + alerts_incoming + ": " + failure.code().message());
    }
    for (const std::filesystem::path& file : files) {
        if (const std::string why = unreadable(file); !why.empty()) {
            left("cannot read " + file.string() + ": " + why);
            continue;
        }
        std::string reason;
        IngestOptions options;
        options.caller = parts.actor;
        options.received_at = request.now;
        options.dry_run = request.dry_run;
        options.refused = [&](const RefusedLine& line) {
            for (const Refusal& refusal : line.refusals)
                reason += "line " + std::to_string(line.number) + ": " + refusal.message + ' ' + refusal.field + '\n';
            if (!request.dry_run) letters.add(line, file.string(), request.now);
        };
        try {
            counts += ingest_file({parts.journal, parts.index, parts.triage, parts.entropy}, file, options);
            letters.sync();
        } catch (const StorageError&) {
            throw;  // the journal or the dead letters can't be written to: the file waits
        } catch (const std::exception& failure) {
            reason += failure.what();
        }
        ++(reason.empty() ? taken : set_aside);
        try {
            if (!request.dry_run) move_to(file, reason.empty() ? alerts_done : alerts_bad, reason);
        } catch (const std::exception& failure) {
            left(failure.what());
        }
    }
    return {"{\"duplicate\":" + std::to_string(counts.duplicate) + ",\"files\":" + std::to_string(taken) +
                ",\"ignored\":" + std::to_string(counts.ignored) + ",\"refused\":" + std::to_string(counts.refused) +
                ",\"set_aside\":" + std::to_string(set_aside) + ",\"taken\":" + std::to_string(counts.taken) + "}",
            error};
}

JobOutcome export_job(const JobParts& parts, const JobRequest& request) {
    if (request.dry_run) return {"{\"layouts\":[]}", {}};
    return write_layouts(parts, false);
}

JobOutcome write_layouts(const JobParts& parts, bool tables_only) {
    LayoutExports exports(
        {parts.journal, parts.data,
         [&](const auto& use) {
             parts.with_views([&](lmdb::Transaction& views, const JournalView&, std::uint64_t size) { use(views, size); });
         },
         [&](const KnownExport& place) { (void)remember_export(parts.data, place); }},
        parts.layouts);
    const auto outcomes = exports.run(std::chrono::steady_clock::now(), !tables_only);
    std::string layouts;
    std::optional<std::string> error;
    for (const LayoutOutcome& outcome : outcomes) {
        using State = LayoutOutcome::State;
        if (outcome.state == State::waiting) continue;
        // The files are what `auto` has for a server that is away.
        const bool may_be_away = parts.layouts.backend == ExportBackend::automatic;
        if (outcome.state != State::done && !(outcome.state == State::unreachable && may_be_away))
            error = (error ? *error + "; " : "") + outcome.message;
        if (outcome.state != State::done) continue;
        layouts += (layouts.empty() ? "" : ",") + std::string("{\"incidents\":") + std::to_string(outcome.incidents) +
                   ",\"journal_size\":" + std::to_string(outcome.size) + ",\"layout\":\"" +
                   (outcome.layout == KnownExport::Kind::jsonl ? "jsonl" : "postgres") + "\"}";
    }
    return {"{\"layouts\":[" + layouts + "]}", error};
}

}  // namespace daybook
