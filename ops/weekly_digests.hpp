// Weekly digests as files, for whoever makes or saves one (ops/saved_reports.hpp: how they lie on disk).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "journal/event.hpp"
#include "journal/journal.hpp"
#include "projections/intelligence_policy.hpp"
#include "projections/iso_week.hpp"
#include "projections/report_files.hpp"

namespace daybook {

// `views` has seen at least the first `size` events, and `journal` at least as many; the week has begun at `now`.
ReportFiles make_digest(lmdb::Transaction& views, const JournalView& journal, IsoWeek week, Time now, std::uint64_t size,
                        const IntelligencePolicy& policy);

// The first `size` events without those at their end that say what daybook did itself (jobs, reports, snapshots, gates): saving a
// report, or that a job saves it, must not make another of the next.
std::uint64_t size_without_reports(const JournalView& journal, std::uint64_t size);

}  // namespace daybook
