// Where exports, reports and the backlog go unless somebody names another place: below the working directory.
#pragma once

#include <vector>

#include "ops/cli/session.hpp"
#include "ops/known_exports.hpp"

namespace daybook {

// Where it stands what was written where, in a data directory and in a backup (ops/known_exports.hpp).
inline constexpr const char* known_exports_file = "exports.jsonl";
// To be said where there is no exports.jsonl, by who makes a journal of another one, and by a redaction.
inline constexpr const char* no_known_exports =
    "no export of this journal is known here, and a redaction finds none: where it was exported before, export there again, or "
    "remove those files";

// Those that hold files of this journal though it is not known that it was written there: after an import, or a restore of a
// backup that did not say so. Warns of those that hold files of which it can't be told whose they are.
std::vector<KnownExport> unknown_default_exports(Session& session);

}  // namespace daybook
