// Weekly digests as the command line makes them.
#pragma once

#include <cstdint>
#include <filesystem>

#include "ops/cli/session.hpp"
#include "ops/weekly_digests.hpp"

namespace daybook {

ReportFiles make_digest(Session& session, IsoWeek week, Time now, std::uint64_t size);

// Makes the digests anew whose files lie in `directory`; those that nobody saved as of now. Returns how many.
std::uint64_t write_digests_again(Session& session, const std::filesystem::path& directory);

}  // namespace daybook
