#include "ops/cli/weekly_digests.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "journal/atomic_file.hpp"
#include "projections/digest.hpp"

namespace daybook {

DigestFiles make_digest(Session& session, IsoWeek week, Time now, std::uint64_t size) {
    lmdb::Transaction views = session.stale_views().read();
    const Snapshot journal = session.journal_to_read().snapshot();
    DigestRequest request;
    request.week = week;
    request.now = now;
    request.size = size;
    const WeeklyDigest digest = weekly_digest(views, *journal, request);
    return {digest_json(digest), digest_markdown(digest)};
}

std::uint64_t size_without_reports(const JournalView& journal, std::uint64_t size) {
    while (size != 0 && journal.header({size})->type == EventType::report_generated) --size;
    return size;
}

std::string contents_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_if_other(const std::filesystem::path& path, const std::string& bytes) {
    if (!std::filesystem::exists(path) || contents_of(path) != bytes) {
        AtomicFile file(path);
        file.write(bytes);
        file.commit();
    }
}

std::map<std::string, SavedDigest> saved_digests(const JournalView& journal) {
    std::map<std::string, SavedDigest> saved;
    const auto jobs = journal.stream_number("$jobs");
    if (!jobs) return saved;
    PayloadDecoder payloads;
    for (const Sequence sequence : journal.stream_sequences(*jobs)) {
        const RecordView record = *journal.record(sequence);
        if (record.type() != EventType::report_generated) continue;
        const auto payload = payloads.decode(record, journal);
        const auto* report = payload ? std::get_if<ReportGenerated>(*payload) : nullptr;
        if (report == nullptr || report->report != weekly_report) continue;
        saved[report->period] = {static_cast<std::uint64_t>(report->journal_size), record.occurred_at(), report->sha256.text};
    }
    return saved;
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
        const DigestFiles files = before == saved.end() ? make_digest(session, *week, session.now(), session.stale_views().size())
                                                        : make_digest(session, *week, before->second.at, before->second.size);
        write_if_other(directory / (name + ".json"), files.json);
        write_if_other(directory / (name + ".md"), files.markdown);
        ++written;
    }
    return written;
}

}  // namespace daybook
