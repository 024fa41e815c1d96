// The files of weekly digests: made anew at any time, from the prefix and for the time that they were saved with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "ops/cli/session.hpp"
#include "projections/iso_week.hpp"

namespace daybook {

inline constexpr const char* weekly_directory = "ops/reports/incidents/weekly";
inline constexpr const char* weekly_report = "weekly_incident_digest";

struct DigestFiles {
    std::string json, markdown;
};
DigestFiles make_digest(Session& session, IsoWeek week, Time now, std::uint64_t size);

// When and from what prefix a week's digest was last saved.
struct SavedDigest {
    std::uint64_t size = 0;
    Time at{};
    std::string sha256;  // file name -> hex digest, as JSON
};
std::map<std::string, SavedDigest> saved_digests(const JournalView& journal);

// The first `size` events without the notes at their end that reports were saved: saving one must not make another of the next.
std::uint64_t size_without_reports(const JournalView& journal, std::uint64_t size);

std::string contents_of(const std::filesystem::path& path);
void write_if_other(const std::filesystem::path& path, const std::string& bytes);

// Makes the digests anew whose files lie in `directory`; those that nobody saved as of now. Returns how many.
std::uint64_t write_digests_again(Session& session, const std::filesystem::path& directory);

}  // namespace daybook
