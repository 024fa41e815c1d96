// Reports in files: which kinds there are, what was saved of each, and the same files made anew from the journal.
//
// On disk: `<directory>/<period>.json` and `.md`, and a report_generated event that says from which prefix and for which time they
// were made, with the SHA-256 of both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "journal/event.hpp"
#include "journal/journal.hpp"
#include "journal/result.hpp"
#include "ops/known_exports.hpp"
#include "projections/intelligence_policy.hpp"
#include "projections/report_files.hpp"

namespace daybook {

struct ReportKind {
    const char* report;       // as its events name it
    const char* directory;    // below the working directory, unless somebody chose another
    KnownExport::Kind place;  // how the directory is remembered
};
inline constexpr ReportKind weekly_report{"weekly_incident_digest", "ops/reports/incidents/weekly",
                                          KnownExport::Kind::weekly_digests};
inline constexpr ReportKind risk_report{"daily_risk_digest", "ops/reports/risk", KnownExport::Kind::risk_digests};
inline constexpr ReportKind platform_report{"weekly_platform_priority_digest", "ops/reports/platform",
                                            KnownExport::Kind::platform_digests};
inline constexpr const ReportKind* report_kinds[] = {&weekly_report, &risk_report, &platform_report};

// Nothing where `period` is none (a week `YYYY-WW`, of the risk digest a day). `views` has seen at least the first `size` events,
// and `journal` at least as many; a week has begun at `now`.
std::optional<ReportFiles> make_report(const ReportKind& kind, const std::string& period, lmdb::Transaction& views,
                                       const JournalView& journal, Time now, std::uint64_t size, const IntelligencePolicy& policy);

// When and from what prefix a report was last saved.
struct SavedReport {
    std::uint64_t size = 0;
    Time at{};
    std::vector<std::string> sha256;  // file name -> hex digest, as JSON: of each time that it was saved, the last at the end
};
// By period.
std::map<std::string, SavedReport> saved_reports(const JournalView& journal, const ReportKind& kind);
// Whether a file of that name had these bytes at one of the times that the report was saved.
bool was_told(const SavedReport& saved, const std::string& name, const std::string& bytes);

std::string contents_of(const std::filesystem::path& path);
void write_if_other(const std::filesystem::path& path, const std::string& bytes);
// Refuses: conflict; a file of such a name is there that daybook did not make, such as of a store before it.
std::optional<Refusal> refuse_other_reports(const std::filesystem::path& directory, const std::string& period);
// Makes the same report from the first `size` events, for `at`; nothing where the journal or its views hold less.
using MakeAgain = std::function<std::optional<ReportFiles>(Time at, std::uint64_t size)>;
// The files of a report that somebody changed since daybook wrote them: their bytes are neither any that the journal was told of,
// nor those that it makes of what their provenance names (as of a report that `replay` made, or made anew after a redaction). Where
// it can't make that, as after a change of policy or beyond a backup that was restored, only what the other file shows is said.
std::vector<std::filesystem::path> edited_files(const JournalView& journal, const ReportKind& kind, const std::string& period,
                                                const std::filesystem::path& directory, const MakeAgain& again);
// Both files of a report; those that are there with the same bytes are left alone.
void write_report(const std::filesystem::path& directory, const std::string& period, const ReportFiles& files);

// What the journal is told of a report that is saved.
struct ReportSaving {
    const ReportKind* kind = &weekly_report;
    std::filesystem::path directory = kind->directory;
    std::string period;
    Time now{};              // that it was made for
    std::uint64_t size = 0;  // and from
    std::string actor;
    std::string source;
    MakeAgain again;
    std::optional<KeyedInput> input = {};
};
// Writes the files, then the event, unless the period was last saved with the same bytes (nothing is appended then). Where the key
// is known, nothing at all is written. Refuses as Journal::append does, and conflict: a file is there that daybook did not make, or
// that somebody changed since. Throws StorageError: the files may have been written then.
Result<Appended> save_report(Journal& journal, const ReportFiles& files, const ReportSaving& saving);

}  // namespace daybook
