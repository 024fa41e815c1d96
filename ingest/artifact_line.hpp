// A row of artifacts.jsonl, and the file that it speaks of (section 2, "Importing a layout").
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "journal/event.hpp"
#include "journal/json.hpp"
#include "journal/result.hpp"
#include "journal/sha256.hpp"

namespace daybook {

struct ArtifactLine {
    std::string key_sha256;  // of the row's RFC 8785 text, in hex
    std::string incident_id;
    std::string artifact_id;  // made from key_sha256 where the row has none: made_artifact_id
    std::string kind;
    ArtifactFormat format = ArtifactFormat::txt;  // by the name's ending where the row has none
    std::string name;
    std::optional<std::string> sha256;
    std::optional<std::int64_t> size_bytes;
    std::string created_by;
    std::optional<Time> created_at;
    std::optional<JsonText> meta;  // columns that daybook does not know
};

std::string made_artifact_id(const std::string& key_sha256);

// Refuses: invalid, also for a path that leaves the incident's directory.
Result<ArtifactLine> read_artifact_line(const JsonValue& row, Sha256& sha256);

// The bytes of `<directory>/<incident_id>/<name>`, or where those have another digest than `sha256` (hex), of the file that an
// export keeps of an artifact whose name another has taken since. No link is followed. Refuses: invalid for what can't be a path of
// an artifact, and for another digest; not_found, too_large. Throws StorageError where a file that is there can't be read.
Result<std::string> read_artifact_file(const std::filesystem::path& directory, const std::string& incident_id,
                                       const std::string& name, const std::optional<std::string>& sha256);

}  // namespace daybook
