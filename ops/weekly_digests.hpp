// The files of weekly digests: made anew at any time, from the prefix and for the time that they were saved with.
//
// On disk: `<directory>/YYYY-WW.json` and `.md`, and a report_generated event that says what they were made from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "journal/event.hpp"
#include "journal/journal.hpp"
#include "projections/intelligence_policy.hpp"
#include "projections/iso_week.hpp"
#include "projections/report_files.hpp"

namespace daybook {

inline constexpr const char* weekly_directory = "ops/reports/incidents/weekly";
inline constexpr const char* weekly_report = "weekly_incident_digest";

// `views` has seen at least the first `size` events, and `journal` at least as many; the week has begun at `now`.
ReportFiles make_digest(lmdb::Transaction& views, const JournalView& journal, IsoWeek week, Time now, std::uint64_t size,
                        const IntelligencePolicy& policy);

// What the journal is told of a digest that is saved.
struct DigestSaving {
    std::filesystem::path directory;
    IsoWeek week;
    Time now{};              // that the digest was made for
    std::uint64_t size = 0;  // and from
    std::string actor;
    std::string source;
    std::optional<KeyedInput> input;
};
// Writes the files, then the event, unless the week was last saved with the same bytes (nothing is appended then). Where the key is
// known, nothing at all is written. Refuses as Journal::append does; throws StorageError: the files may have been written then.
Result<Appended> save_digest(Journal& journal, const ReportFiles& files, const DigestSaving& saving);

// When and from what prefix a week's digest was last saved.
struct SavedDigest {
    std::uint64_t size = 0;
    Time at{};
    std::string sha256;  // file name -> hex digest, as JSON
};
std::map<std::string, SavedDigest> saved_digests(const JournalView& journal);

// The first `size` events without those at their end that say what daybook did itself (jobs, reports, snapshots, gates): saving a
// report, or that a job saves it, must not make another of the next.
std::uint64_t size_without_reports(const JournalView& journal, std::uint64_t size);

std::string contents_of(const std::filesystem::path& path);
void write_if_other(const std::filesystem::path& path, const std::string& bytes);
// Both files of a report; those that are there with the same bytes are left alone.
void write_report(const std::filesystem::path& directory, const std::string& period, const ReportFiles& files);
// What the journal is told of them: of a report made from the first `size` events.
ReportGenerated report_generated(const std::string& report, const std::string& period, std::uint64_t size,
                                 const ReportFiles& files);

}  // namespace daybook
