#include "ops/weekly_digests.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "journal/atomic_file.hpp"
#include "ops/own_events.hpp"
#include "projections/digest.hpp"

namespace daybook {

ReportFiles make_digest(lmdb::Transaction& views, const JournalView& journal, IsoWeek week, Time now, std::uint64_t size,
                        const IntelligencePolicy& policy) {
    DigestRequest request;
    request.week = week;
    request.now = now;
    request.size = size;
    request.policy = policy;
    const WeeklyDigest digest = weekly_digest(views, journal, request);
    return {digest_json(digest), digest_markdown(digest)};
}

Result<Appended> save_digest(Journal& journal, const ReportFiles& files, const DigestSaving& saving) {
    const std::string name = format_iso_week(saving.week);
    const bool known = saving.input && journal.snapshot()->key(saving.input->key);
    if (!known) write_report(saving.directory, name, files);
    ReportGenerated event = report_generated(weekly_report, name, saving.size, files);
    if (saving.input && saving.input->sha256) event.input_sha256 = to_hex(*saving.input->sha256);
    const OwnEvents where{"$jobs", saving.now, saving.actor, saving.source};
    AppendRequest request;
    request.input = saving.input;
    request.decide = [&](const JournalView& view, Time) -> Result<Batch> {
        const auto saved = saved_digests(view);
        const auto before = saved.find(name);
        if (before != saved.end() && before->second.sha256 == event.sha256.text) return Batch{};
        return where.batch({event});
    };
    return journal.append(request);
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

namespace {

bool is_own_doing(EventType type) {
    constexpr EventType own[] = {EventType::job_started,   EventType::job_finished, EventType::report_generated,
                                 EventType::risk_snapshot, EventType::backlog_item, EventType::gate_evaluated};
    return std::find(std::begin(own), std::end(own), type) != std::end(own);
}

}  // namespace

std::uint64_t size_without_reports(const JournalView& journal, std::uint64_t size) {
    while (size != 0 && is_own_doing(journal.header({size})->type)) --size;
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

void write_report(const std::filesystem::path& directory, const std::string& period, const ReportFiles& files) {
    write_if_other(directory / (period + ".json"), files.json);
    write_if_other(directory / (period + ".md"), files.markdown);
}

ReportGenerated report_generated(const std::string& report, const std::string& period, std::uint64_t size,
                                 const ReportFiles& files) {
    Sha256 sha256;
    ReportGenerated event;
    event.report = report;
    event.period = period;
    event.journal_size = static_cast<std::int64_t>(size);
    event.sha256.text = "{\"" + period + ".json\":\"" + to_hex(sha256({files.json})) + "\",\"" + period + ".md\":\"" +
                        to_hex(sha256({files.markdown})) + "\"}";
    return event;
}

}  // namespace daybook
