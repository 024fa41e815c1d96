// Where this journal was written out to, so that a redaction can write it there again.
//
// On disk: `exports.jsonl` in the data directory, a line for each place, in the order in which they came:
//   {"artifacts":"<directory or empty>","directory":"<directory>","kind":"jsonl"}
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal_text.hpp"
#include "ops/cli/session.hpp"
#include "projections/jsonl_layout.hpp"

namespace daybook {

struct KnownExport {
    enum class Kind { jsonl, journal, weekly_digests };
    Kind kind = Kind::jsonl;
    std::filesystem::path directory;
    std::filesystem::path artifacts;  // of jsonl, where it is not `directory`
};

// Before anything is written there. Adds it unless it is known; a warning where the data directory can't be written to.
void remember_export(Session& session, KnownExport place);
std::vector<KnownExport> known_exports(Session& session);

using ExportProgress = std::function<void(std::uint64_t sequence)>;
JsonlExported write_jsonl(Session& session, const KnownExport& place, const ExportProgress& progress = {});
// What an export wrote, made anew in its place; says on standard error what was done. False where it could not be.
bool write_again(Session& session, const KnownExport& place);

}  // namespace daybook
