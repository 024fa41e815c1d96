// export.json of a JSONL layout, read back: which journal wrote the layout, and what it wrote.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "journal/sha256.hpp"

namespace daybook {

inline constexpr const char* export_file_name = "export.json";

// What it does not say is empty, or 0.
struct ExportFile {
    std::string origin;
    std::uint64_t size = 0;  // of the journal's prefix, and its root
    Digest root{};
    std::set<std::string> files;
    std::map<std::string, std::uint64_t> lines;  // by file; of the files of rows
};
// Nothing where there is none in `directory`, or what is there is no JSON text. Throws StorageError.
std::optional<ExportFile> read_export_file(const std::filesystem::path& directory);

}  // namespace daybook
