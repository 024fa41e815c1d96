// What the command line does with the places that this journal was written out to (ops/known_exports.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "journal/journal_text.hpp"
#include "ops/cli/session.hpp"
#include "ops/known_exports.hpp"
#include "projections/jsonl_layout.hpp"

namespace daybook {

// As remember_export of the data directory; a warning is told.
void remember_export(Session& session, KnownExport place);
std::vector<KnownExport> known_exports(Session& session);

using ExportProgress = std::function<void(std::uint64_t sequence)>;
JsonlExported write_jsonl(Session& session, const KnownExport& place, const ExportProgress& progress = {});
// What an export wrote, made anew in its place; says on standard error what was done. False where it could not be.
bool write_again(Session& session, const KnownExport& place);

}  // namespace daybook
