#include "ops/saved_reports.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "journal/atomic_file.hpp"
#include "journal/json.hpp"
#include "journal/payload.hpp"
#include "ops/own_events.hpp"
#include "ops/weekly_digests.hpp"
#include "projections/projection.hpp"
#include "projections/provenance.hpp"
#include "projections/risk_reports.hpp"

namespace daybook {
namespace {

bool is_day(const std::string& period) { return period.size() == 10 && parse_time(period + "T00:00:00Z").has_value(); }

// What a report's JSON says of what it was made from.
struct MadeFrom {
    std::string provenance;  // all of it, as RFC 8785 text
    std::uint64_t size = 0;
    Time at{};
};
std::optional<MadeFrom> made_from(const std::string& json) {
    JsonReader reader;
    const auto report = reader.read(json);
    const JsonValue* provenance = report ? (*report)->find("provenance") : nullptr;
    const JsonValue* size = provenance != nullptr ? provenance->find("journal_size") : nullptr;
    const JsonValue* made_for = size != nullptr ? provenance->find("generated_for") : nullptr;
    if (made_for == nullptr || size->kind != JsonValue::Kind::integer || size->integer < 0 || !made_for->is_string())
        return std::nullopt;
    const auto at = parse_time(made_for->text());
    if (!at) return std::nullopt;
    return MadeFrom{canonical(*provenance), static_cast<std::uint64_t>(size->integer), *at};
}

// The report as its JSON says that it was made, where that can be made again.
std::optional<ReportFiles> made_again(const JournalView& journal, const std::string& period, const std::string& json,
                                      const MakeAgain& again) {
    const auto from = made_from(json);
    const auto week = parse_iso_week(period);
    if (!from || from->size > journal.size() || (week && week->from() > from->at)) return std::nullopt;
    auto files = again(from->at, from->size);
    const auto same = files ? made_from(files->json) : std::nullopt;
    if (!same || same->provenance != from->provenance) return std::nullopt;
    return files;
}

Refusal conflict(std::string message) { return {RefusalCode::conflict, std::move(message), ""}; }

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
        return conflict(file.string() + " was not made by daybook, and would be written over: move it away");
    }
    return std::nullopt;
}

bool was_told(const SavedReport& saved, const std::string& name, const std::string& bytes) {
    const std::string member = '"' + name + "\":\"" + to_hex(Sha256()({bytes})) + '"';
    return std::any_of(saved.sha256.begin(), saved.sha256.end(),
                       [&](const std::string& digests) { return digests.find(member) != std::string::npos; });
}

std::vector<std::filesystem::path> edited_files(const JournalView& journal, const ReportKind& kind, const std::string& period,
                                                const std::filesystem::path& directory, const MakeAgain& again) {
    const auto all = saved_reports(journal, kind);
    const auto saved = all.find(period);
    const std::filesystem::path json = directory / (period + ".json"), markdown = directory / (period + ".md");
    std::vector<std::filesystem::path> told, others;
    for (const auto& file : {json, markdown}) {
        if (!std::filesystem::exists(file)) continue;
        const bool known = saved != all.end() && was_told(saved->second, file.filename().string(), contents_of(file));
        (known ? told : others).push_back(file);
    }
    if (others.empty()) return {};
    const auto made = made_again(journal, period, contents_of(json), again);
    std::vector<std::filesystem::path> edited;
    for (const auto& file : others) {
        if (made ? contents_of(file) != (file == json ? made->json : made->markdown) : !told.empty()) edited.push_back(file);
    }
    return edited;
}

namespace {

std::optional<Refusal> refuse_to_write(const Journal& journal, const ReportFiles& files, const ReportSaving& saving) {
    const std::filesystem::path file = saving.directory / saving.period;
    if (contents_of(file.string() + ".json") == files.json && contents_of(file.string() + ".md") == files.markdown)
        return std::nullopt;
    if (auto refusal = refuse_other_reports(saving.directory, saving.period)) return refusal;
    const auto edited = edited_files(*journal.snapshot(), *saving.kind, saving.period, saving.directory, saving.again);
    if (edited.empty()) return std::nullopt;
    return conflict(edited.front().string() +
                    " was changed since daybook wrote it, and would be written over: move it away, then save the report again");
}

}  // namespace

void write_report(const std::filesystem::path& directory, const std::string& period, const ReportFiles& files) {
    write_if_other(directory / (period + ".json"), files.json);
    write_if_other(directory / (period + ".md"), files.markdown);
}

Result<Appended> save_report(Journal& journal, const ReportFiles& files, const ReportSaving& saving) {
    if (!saving.input || !journal.snapshot()->key(saving.input->key)) {
        if (const auto refusal = refuse_to_write(journal, files, saving)) return *refusal;
        write_report(saving.directory, saving.period, files);
    }
    ReportGenerated event = report_generated(*saving.kind, saving.period, saving.size, files);
    if (saving.input && saving.input->sha256) event.input_sha256 = to_hex(*saving.input->sha256);
    const OwnEvents where{"$jobs", saving.now, saving.actor, saving.source};
    AppendRequest request;
    request.input = saving.input;
    request.decide = [&](const JournalView& view, Time) -> Result<Batch> {
        const auto saved = saved_reports(view, *saving.kind);
        const auto before = saved.find(saving.period);
        if (before != saved.end() && before->second.sha256.back() == event.sha256.text) return Batch{};
        return where.batch({event});
    };
    return journal.append(request);
}

}  // namespace daybook
