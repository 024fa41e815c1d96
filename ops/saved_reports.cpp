#include "ops/saved_reports.hpp"

#include <fstream>
#include <iterator>

#include "journal/atomic_file.hpp"
#include "journal/payload.hpp"
#include "ops/weekly_digests.hpp"
#include "projections/projection.hpp"
#include "projections/provenance.hpp"
#include "projections/risk_reports.hpp"

namespace daybook {
namespace {

bool is_day(const std::string& period) { return period.size() == 10 && parse_time(period + "T00:00:00Z").has_value(); }

}  // namespace

std::optional<ReportFiles> make_report(const ReportKind& kind, const std::string& period, lmdb::Transaction& views,
                                       const JournalView& journal, Time now, std::uint64_t size, const IntelligencePolicy& policy) {
    const auto week = parse_iso_week(period);
    if (&kind == &risk_report ? !is_day(period) : !week) return std::nullopt;
    if (&kind == &weekly_report) return make_digest(views, journal, *week, now, size, policy);
    const Provenance provenance = provenance_of(journal, size, policy.bytes, now);
    const auto risks_at = [&](Time time) { return risks(views, journal, {time, size, policy}); };
    if (&kind == &risk_report) return daily_risk_digest(period, provenance, risks_at(now), risks_at(now - std::chrono::days(1)));
    return platform_priority_digest(period, provenance, risks_at(now));
}

std::map<std::string, SavedReport> saved_reports(const JournalView& journal, const ReportKind& kind) {
    std::map<std::string, SavedReport> saved;
    const auto jobs = journal.stream_number("$jobs");
    if (!jobs) return saved;
    PayloadDecoder payloads;
    for (const Sequence sequence : journal.stream_sequences(*jobs)) {
        const RecordView record = *journal.record(sequence);
        if (record.type() != EventType::report_generated) continue;
        const auto payload = payloads.decode(record, journal);
        const auto* report = payload ? std::get_if<ReportGenerated>(*payload) : nullptr;
        if (report == nullptr || report->report != kind.report) continue;
        SavedReport& one = saved[report->period];
        one.size = static_cast<std::uint64_t>(report->journal_size);
        one.at = record.occurred_at();
        one.sha256.push_back(report->sha256.text);
    }
    return saved;
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

std::optional<Refusal> refuse_other_reports(const std::filesystem::path& directory, const std::string& period) {
    // Every report says from which root it was made, also one that somebody has changed since.
    for (const auto& [ending, said] : {std::pair(".json", "\"root_hash\""), std::pair(".md", "Root hash `")}) {
        const std::filesystem::path file = directory / (period + ending);
        if (!std::filesystem::exists(file) || contents_of(file).find(said) != std::string::npos) continue;
        return Refusal{RefusalCode::conflict, file.string() + " was not made by daybook, and would be written over: move it away",
                       ""};
    }
    return std::nullopt;
}

void write_report(const std::filesystem::path& directory, const std::string& period, const ReportFiles& files) {
    write_if_other(directory / (period + ".json"), files.json);
    write_if_other(directory / (period + ".md"), files.markdown);
}

ReportGenerated report_generated(const ReportKind& kind, const std::string& period, std::uint64_t size, const ReportFiles& files) {
    Sha256 sha256;
    ReportGenerated event;
    event.report = kind.report;
    event.period = period;
    event.journal_size = static_cast<std::int64_t>(size);
    event.sha256.text = "{\"" + period + ".json\":\"" + to_hex(sha256({files.json})) + "\",\"" + period + ".md\":\"" +
                        to_hex(sha256({files.markdown})) + "\"}";
    return event;
}

}  // namespace daybook
