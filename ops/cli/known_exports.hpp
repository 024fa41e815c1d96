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
// So that no redaction asks for it any more. Throws CommandError where nothing is known of that place.
void forget_export(Session& session, const std::string& place);

using ExportProgress = std::function<void(std::uint64_t sequence)>;
JsonlExported write_jsonl(Session& session, const KnownExport& place, const ExportProgress& progress = {});
// What an export wrote, made anew in its place; says on standard error what was done. Where the place is gone, or another
// journal's by now, a warning is all. False where it could not be done.
bool write_again(Session& session, const KnownExport& place);

}  // namespace daybook
