#include "projections/jsonl_layout.hpp"

#include <algorithm>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "journal/atomic_file.hpp"
#include "journal/journal_text.hpp"
#include "journal/json.hpp"
#include "journal/scrub.hpp"
#include "projections/export_file.hpp"
#include "projections/object_text.hpp"
#include "projections/timeline.hpp"

namespace daybook {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t snapshot_events = 10'000;

// --- a file of the layout, with its digest

class HashedFile {
public:
    explicit HashedFile(const fs::path& path) : file_(path) { sha256_.start(); }
    void write(std::string_view bytes) {
        file_.write(bytes);
        sha256_.update(bytes);
    }
    Digest commit() {
        file_.commit();
        return sha256_.finish();
    }

private:
    AtomicFile file_;
    Sha256 sha256_;
};

// Whether an export writes artifacts to such a path: <incident_id>/<name>, <incident_id>/.replaced/<sha256>.
bool is_artifact_file(std::string_view path) {
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos || !is_incident_id(path.substr(0, slash))) return false;
    std::string_view name = path.substr(slash + 1);
    if (is_artifact_name(name)) return true;
    constexpr std::string_view folder = ".replaced/";
    return name.starts_with(folder) && digest_from_hex(name.substr(folder.size()));
}

std::optional<std::string> read_if_there(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

class Exporter {
public:
    Exporter(const Journal& journal, lmdb::Transaction& views, std::uint64_t size, const JsonlExportOptions& options)
        : journal_(journal),
          views_(views),
          size_(size),
          options_(options),
          artifacts_directory_(options.artifacts.empty() ? options.directory : options.artifacts) {}

    JsonlExported run();

private:
    void write_incidents(HashedFile& file);
    void write_events(HashedFile& file);
    void write_artifacts(HashedFile& file);
    void write_artifact_file(const Digest& digest, const std::string& name);
    void write_export_file();
    void refuse_other_file(const fs::path& path, const std::string& name);
    void read_old_export();
    void remove_what_went();

    const Journal& journal_;
    lmdb::Transaction& views_;
    std::uint64_t size_;
    const JsonlExportOptions& options_;
    fs::path artifacts_directory_;
    Sha256 sha256_;
    JsonlExported exported_;
    std::map<std::string, std::string> files_;  // name -> digest in hex
    std::set<std::string> files_before_;        // of the export before, where it was of this journal
};

JsonlExported Exporter::run() {
    read_old_export();
    HashedFile artifacts(options_.directory / "artifacts.jsonl");
    HashedFile events(options_.directory / "events.jsonl");
    HashedFile incidents(options_.directory / "incidents.jsonl");
    write_artifacts(artifacts);
    write_events(events);
    write_incidents(incidents);
    files_["artifacts.jsonl"] = to_hex(artifacts.commit());
    files_["events.jsonl"] = to_hex(events.commit());
    files_["incidents.jsonl"] = to_hex(incidents.commit());
    remove_what_went();
    write_export_file();
    return exported_;
}

void Exporter::write_incidents(HashedFile& file) {
    const auto table = IncidentTable::open(views_);
    if (!table) return;
    std::vector<std::tuple<std::int64_t, std::string, StreamNumber>> order;
    order.reserve(table->count());
    table->each([&](StreamNumber number, const IncidentRow& row) { order.emplace_back(row.state.created_at, row.id, number); });
    std::sort(order.begin(), order.end());
    std::string line;
    for (const auto& [created_at, id, number] : order) {
        line.clear();
        append_incident(line, *table->find(number));
        line += '\n';
        file.write(line);
    }
    exported_.incidents = order.size();
}

void Exporter::write_events(HashedFile& file) {
    TimelineReader reader;
    std::string lines;
    auto checked = std::async(std::launch::async, [this] { check_leaves(journal_, size_); });
    for (Sequence next{1}; next.value <= size_;) {
        const auto snapshot = journal_.snapshot();
        const std::uint64_t count = std::min(snapshot_events, size_ - next.value + 1);
        const Sequence end = snapshot->scan(next, count, [&](const RecordView& record) {
            if (snapshot->stream_id(record.stream()).starts_with('$')) return true;
            append_line(lines, reader.read(record, *snapshot));
            ++exported_.events;
            return true;
        });
        if (end == next) throw StorageError("event " + std::to_string(next.value) + " is missing: run `daybook verify`");
        file.write(lines);
        lines.clear();
        next = end;
        if (options_.progress) options_.progress(next.value - 1);
    }
    checked.get();
}

void Exporter::write_artifacts(HashedFile& file) {
    std::map<std::string, std::string> newest;  // path -> SHA-256
    scan_artifacts(views_, [&](const Artifact& artifact) { newest.insert_or_assign(path_of(artifact), artifact.sha256); });
    std::string line;
    scan_artifacts(views_, [&](const Artifact& artifact) {
        line.clear();
        append_artifact(line, artifact);
        line += '\n';
        file.write(line);
        ++exported_.artifacts;
        // Names were checked when they came in; they are checked again here, where one becomes a path.
        const auto digest = digest_from_hex(artifact.sha256);
        if (!digest || !is_artifact_name(artifact.name) || !is_incident_id(artifact.incident_id)) return;
        const bool is_newest = newest.at(path_of(artifact)) == artifact.sha256;
        write_artifact_file(*digest, is_newest ? path_of(artifact) : replaced_path(artifact.incident_id, artifact.sha256));
    });
}

void Exporter::write_artifact_file(const Digest& digest, const std::string& name) {
    const auto snapshot = journal_.snapshot();
    const auto bytes = snapshot->blob(digest);
    if (!bytes || !files_.emplace(name, to_hex(digest)).second) return;  // redacted, or written for another row
    const fs::path path = artifacts_directory_ / name;
    std::error_code error;
    if (fs::file_size(path, error) == bytes->size() && !error && read_if_there(path) == *bytes) return;
    refuse_other_file(path, name);
    AtomicFile file(path);
    file.write(*bytes);
    file.commit();
    ++exported_.files_written;
}

// A file that no export of ours named, and no artifact of the journal ever was, is somebody's.
void Exporter::refuse_other_file(const fs::path& path, const std::string& name) {
    if (files_before_.contains(name)) return;
    const auto there = read_if_there(path);
    if (!there || journal_.snapshot()->blob(sha256_({*there}))) return;
    throw StorageError(path.string() +
                       " is there already and holds something else than the artifact of that name: move it away, or "
                       "name another directory");
}

void Exporter::write_export_file() {
    const auto snapshot = journal_.snapshot();
    exported_.size = size_;
    exported_.root = snapshot->root(sha256_, size_);
    std::string counts;
    ObjectText lines(counts);
    lines.number("artifacts.jsonl", exported_.artifacts);
    lines.number("events.jsonl", exported_.events);
    lines.number("incidents.jsonl", exported_.incidents);
    lines.finish();
    std::string names;
    ObjectText files(names);
    for (const auto& [name, digest] : files_) files.text(name, digest);
    files.finish();
    std::string text;
    ObjectText object(text);
    object.text("origin", snapshot->origin());
    object.number("size", size_);
    object.text("root", to_hex(exported_.root));
    object.raw("lines", counts);
    object.raw("files", names);
    object.finish();
    text += '\n';
    AtomicFile file(options_.directory / export_file_name);
    file.write(text);
    file.commit();
}

void Exporter::read_old_export() {
    const auto before = read_export_file(options_.directory);
    if (before && before->origin == journal_.snapshot()->origin()) files_before_ = before->files;
}

// The file of an artifact whose bytes were redacted must not stay: what the export before named and this one does not is removed,
// unless another journal named it. While the old export.json is there, since nothing else knows these files.
void Exporter::remove_what_went() {
    for (const std::string& name : files_before_) {
        if (!is_artifact_file(name) || files_.contains(name)) continue;
        scrub_file(artifacts_directory_ / name);
        for (const fs::path& other : options_.other_artifacts) scrub_file(other / name);
    }
}

}  // namespace

void append_incident(std::string& out, const IncidentRow& row) {
    const IncidentState& state = row.state;
    ObjectText object(out);
    object.text("id", row.id);
    object.text("service", row.service);
    object.text("env", row.env);
    object.text("severity", to_text(state.severity));
    object.text("status", to_text(state.status));
    object.text("title", row.title);
    object.text_or_null("summary", row.summary);
    object.text_or_null("kind", row.kind);
    object.text_or_null("signature", row.signature);
    object.raw_or_null("labels", row.labels);
    object.text_or_null("assignee", row.assignee);
    object.time("started_at", state.started_at);
    object.time("acknowledged_at", state.acknowledged_at);
    object.time("mitigated_at", state.mitigated_at);
    object.time("resolved_at", state.resolved_at);
    object.time("closed_at", state.closed_at);
    object.time("archived_at", state.archived_at);
    object.time("ended_at", state.ended_at());
    object.text("created_by", row.created_by);
    object.time("created_at", state.created_at);
    object.time("updated_at", state.updated_at);
    object.text_or_null("duplicate_of", row.duplicate_of);
    object.number("event_count", state.event_count);
    object.raw_or_null("meta", row.meta);
    object.finish();
}

void append_artifact(std::string& out, const Artifact& artifact) {
    ObjectText object(out);
    object.text("artifact_id", artifact.id);
    object.text("incident_id", artifact.incident_id);
    object.text("kind", artifact.kind);
    object.text("format", to_text(artifact.format));
    object.text("name", artifact.name);
    object.text("path", path_of(artifact));
    object.text("sha256", artifact.sha256);
    object.number("size_bytes", artifact.size_bytes);
    object.text("created_by", artifact.created_by);
    object.time("created_at", artifact.created_at);
    object.finish();
}

std::string path_of(const Artifact& artifact) { return artifact.incident_id + '/' + artifact.name; }

std::string replaced_path(std::string_view incident_id, std::string_view sha256) {
    return std::string(incident_id) + "/.replaced/" + std::string(sha256);
}

JsonlExported export_jsonl(const Journal& journal, lmdb::Transaction& views, std::uint64_t size,
                           const JsonlExportOptions& options) {
    return Exporter(journal, views, size, options).run();
}

}  // namespace daybook
