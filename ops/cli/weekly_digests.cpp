#include "ops/cli/weekly_digests.hpp"

#include <set>

namespace daybook {

ReportFiles make_digest(Session& session, IsoWeek week, Time now, std::uint64_t size) {
    lmdb::Transaction views = session.stale_views().read();
    return make_digest(views, *session.journal_to_read().snapshot(), week, now, size, session.report_policies().intelligence);
}

std::uint64_t write_digests_again(Session& session, const std::filesystem::path& directory) {
    std::set<std::string> weeks;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) weeks.insert(entry.path().stem().string());
    const auto saved = saved_digests(*session.journal_to_read().snapshot());
    std::uint64_t written = 0;
    for (const std::string& name : weeks) {
        const auto week = parse_iso_week(name);
        const auto before = saved.find(name);
        if (!week || (before == saved.end() && week->from() > session.now())) continue;
        const ReportFiles files = before == saved.end() ? make_digest(session, *week, session.now(), session.stale_views().size())
                                                        : make_digest(session, *week, before->second.at, before->second.size);
        write_report(directory, format_iso_week(*week), files);
        ++written;
    }
    return written;
}

}  // namespace daybook
