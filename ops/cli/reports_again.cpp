#include "ops/cli/reports_again.hpp"

#include <set>

namespace daybook {
namespace {

// A report says in its JSON from which journal it was made. The journal is not told of those that `replay --reports` makes; where
// there is no JSON then, what bears the name may be somebody's notes.
bool is_of(const std::filesystem::path& json, const std::string& origin, bool known) {
    const std::string text = contents_of(json);
    return text.find("\"origin\"") == std::string::npos ? known : text.find(origin) != std::string::npos;
}

}  // namespace

ReportFiles make_digest(Session& session, IsoWeek week, Time now, std::uint64_t size) {
    lmdb::Transaction views = session.stale_views().read();
    return make_digest(views, *session.journal_to_read().snapshot(), week, now, size, session.report_policies().intelligence);
}

void write_reports_again(Session& session, const ReportKind& kind, const std::filesystem::path& directory) {
    std::set<std::string> periods;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) periods.insert(entry.path().stem().string());
    const Snapshot journal = session.journal_to_read().snapshot();
    const auto saved = saved_reports(*journal, kind);
    lmdb::Transaction views = session.stale_views().read();
    for (const std::string& period : periods) {
        const auto before = saved.find(period);
        const bool known = before != saved.end();
        if (!is_of(directory / (period + ".json"), journal->origin(), known)) continue;
        const auto week = parse_iso_week(period);
        if (!known && week && week->from() > session.now()) continue;
        const auto files =
            make_report(kind, period, views, *journal, known ? before->second.at : session.now(),
                        known ? before->second.size : session.stale_views().size(), session.report_policies().intelligence);
        if (files) write_report(directory, period, *files);
    }
}

}  // namespace daybook
