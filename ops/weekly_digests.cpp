#include "ops/weekly_digests.hpp"

#include <algorithm>

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
