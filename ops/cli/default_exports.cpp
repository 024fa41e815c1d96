#include "ops/cli/default_exports.hpp"

#include <algorithm>
#include <cstdlib>

#include "ops/backlog.hpp"
#include "ops/export_owner.hpp"
#include "ops/saved_reports.hpp"

namespace daybook {
namespace {

namespace fs = std::filesystem;

std::vector<KnownExport> default_exports() {
    using Kind = KnownExport::Kind;
    const char* artifacts = std::getenv("INCIDENT_ARTIFACTS_DIR");
    std::vector<KnownExport> places{{Kind::jsonl, "ops/incidents", artifacts == nullptr ? "" : artifacts},
                                    {Kind::journal, "daybook-export", {}},
                                    {Kind::backlog, backlog_directory, {}}};
    for (const ReportKind* kind : report_kinds) places.push_back({kind->place, kind->directory, {}});
    for (KnownExport& place : places) place.directory = fs::absolute(place.directory).lexically_normal();
    return places;
}

bool holds_text_of(const fs::path& directory, const Journal& journal) {
    return fs::exists(directory / "journal.jsonl") && !refuse_other_text(directory, journal);
}

// A report says in its JSON from which journal it was made.
bool holds_reports_of(const fs::path& directory, const std::string& origin) {
    const auto names_it = [&](const fs::directory_entry& file) {
        return file.path().extension() == ".json" && contents_of(file.path()).find(origin) != std::string::npos;
    };
    return std::any_of(fs::directory_iterator(directory), fs::directory_iterator(), names_it);
}

bool holds_files_of(const KnownExport& place, const Journal& journal) {
    switch (place.kind) {
        case KnownExport::Kind::jsonl: return origin_of_layout(place.directory) == journal.snapshot()->origin();
        case KnownExport::Kind::journal: return holds_text_of(place.directory, journal);
        case KnownExport::Kind::backlog: return is_backlog_of(*journal.snapshot(), place.directory);
        case KnownExport::Kind::weekly_digests:
        case KnownExport::Kind::risk_digests:
        case KnownExport::Kind::platform_digests: return holds_reports_of(place.directory, journal.snapshot()->origin());
        case KnownExport::Kind::postgres: return false;
    }
    return false;
}

}  // namespace

std::vector<KnownExport> unknown_default_exports(Session& session) {
    const std::vector<KnownExport> known = known_exports(session.settings().data);
    std::vector<KnownExport> found;
    for (const KnownExport& place : default_exports()) {
        const bool is_known = std::any_of(known.begin(), known.end(), [&](const KnownExport& one) {
            return one.kind == place.kind && one.directory == place.directory;
        });
        std::error_code error;
        if (is_known || !fs::is_directory(place.directory, error) || fs::is_empty(place.directory, error) || error) continue;
        if (holds_files_of(place, session.journal_to_read())) {
            found.push_back(place);
        } else {
            session.messages().say(MessageKind::warning,
                                   place.directory.string() +
                                       " holds files that are not known to be of this journal, and stays as it is: see whether the "
                                       "text is in one of them");
        }
    }
    return found;
}

}  // namespace daybook
