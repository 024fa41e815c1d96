#include "ops/weekly_digests.hpp"

#include <algorithm>

#include "ops/own_events.hpp"
#include "ops/saved_reports.hpp"
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
    if (!known) {
        if (const auto refusal = refuse_other_reports(saving.directory, name)) return *refusal;
        write_report(saving.directory, name, files);
    }
    ReportGenerated event = report_generated(weekly_report, name, saving.size, files);
    if (saving.input && saving.input->sha256) event.input_sha256 = to_hex(*saving.input->sha256);
    const OwnEvents where{"$jobs", saving.now, saving.actor, saving.source};
    AppendRequest request;
    request.input = saving.input;
    request.decide = [&](const JournalView& view, Time) -> Result<Batch> {
        const auto saved = saved_reports(view, weekly_report);
        const auto before = saved.find(name);
        if (before != saved.end() && before->second.sha256.back() == event.sha256.text) return Batch{};
        return where.batch({event});
    };
    return journal.append(request);
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

}  // namespace daybook
