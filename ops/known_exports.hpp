// Where this journal was written out to, so that a redaction can write it there again.
//
// On disk: `exports.jsonl` in the data directory, a line for each place, in the order in which they came:
//   {"artifacts":"<directory or empty>","directory":"<directory>","kind":"jsonl"}
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace daybook {

struct KnownExport {
    enum class Kind { jsonl, journal, weekly_digests, risk_digests, platform_digests, backlog, postgres };
    Kind kind = Kind::jsonl;
    std::filesystem::path directory;  // of postgres, the database's URL without a password
    std::filesystem::path artifacts;  // of jsonl, where it is not `directory`
};

// Before anything is written there. Adds it to those of the data directory `data` unless it is known; returns a warning where that
// directory can't be written to. Throws StorageError where the place's name is not valid UTF-8.
std::optional<std::string> remember_export(const std::filesystem::path& data, KnownExport place);
std::vector<KnownExport> known_exports(const std::filesystem::path& data);
// Takes out those that `is_meant` says, while nobody else has the journal open, and returns them. Throws StorageError.
std::vector<KnownExport> forget_exports(const std::filesystem::path& data, const std::function<bool(const KnownExport&)>& is_meant);
// Where the known exports of the JSONL layout to `directory` put the files of artifacts.
std::vector<std::filesystem::path> artifact_directories(const std::filesystem::path& data, const std::filesystem::path& directory);

}  // namespace daybook
