// The JSONL layout that others read (section 2 of the specification): incidents.jsonl, events.jsonl, artifacts.jsonl, the files
// of artifacts, and export.json, which says that they belong together.
//
// The same prefix of a journal gives the same bytes. All files are written beside their places first; then they are renamed
// in a fixed order, export.json last. Who reads it and finds other digests than it names has met an export half done; who finds
// fewer lines, a copy that was cut short.
//
// The layout has one file for each name of an incident's artifacts. Where several artifacts bear one name, that file holds the
// newest; what it replaced lies in `<incident_id>/.replaced/<sha256>`, so that an import finds it. The rows of all of them stand in
// artifacts.jsonl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.hpp"
#include "projections/artifacts.hpp"
#include "projections/incidents.hpp"

namespace daybook {

struct JsonlExportOptions {
    std::filesystem::path directory;
    std::filesystem::path artifacts;                       // where the files of artifacts go; empty: `directory`
    std::function<void(std::uint64_t sequence)> progress;  // called now and then; may be empty
    // Where exports to `directory` put them before: what this one takes away is taken away there too.
    std::vector<std::filesystem::path> other_artifacts = {};
};

struct JsonlExported {
    std::uint64_t size = 0;  // of the journal's prefix
    Digest root{};
    std::uint64_t incidents = 0, events = 0, artifacts = 0;
    std::uint64_t files_written = 0;  // of artifacts; those that were there with the right bytes are not written again
};

// Exports the first `size` events. `views` is a read transaction on the views' environment, and the views are exactly at `size`.
// The journal is read in snapshots of 10,000 events, so that a long export holds up nobody.
// Throws StorageError: no space, another export under way: who may meet one locks the directory first (FileLock::on_directory).
// Files that were renamed by then stay, export.json is the old one.
JsonlExported export_jsonl(const Journal& journal, lmdb::Transaction& views, std::uint64_t size, const JsonlExportOptions& options);

// One object, without the end of a line, as in incidents.jsonl and artifacts.jsonl.
void append_incident(std::string& out, const IncidentRow& row);
void append_artifact(std::string& out, const Artifact& artifact);
// `<incident_id>/<name>`
std::string path_of(const Artifact& artifact);
// Where the bytes of an artifact lie when a newer one has its name.
std::string replaced_path(std::string_view incident_id, std::string_view sha256);

}  // namespace daybook
