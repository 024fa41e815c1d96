// Reports made anew, as the command line does it: a digest of any week, and the files that were saved.
#pragma once

#include <filesystem>

#include "ops/cli/session.hpp"
#include "ops/saved_reports.hpp"
#include "ops/weekly_digests.hpp"

namespace daybook {

ReportFiles make_digest(Session& session, IsoWeek week, Time now, std::uint64_t size);

// Makes this journal's reports anew whose files lie in `directory`; those that nobody saved as of now. What somebody changed in
// them is gone then.
void write_reports_again(Session& session, const ReportKind& kind, const std::filesystem::path& directory);

}  // namespace daybook
