// The gate and the follow-up summary against a slow and obvious computation over what was told, in any order of time.
#include <algorithm>
#include <map>
#include <set>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "projections/followup_watch.hpp"
#include "tests/report_history.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::int64_t hour = 3'600'000'000;

template <class Number>
Number any_of(Number from, Number to) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, to));
}

struct Promise {
    std::string id;
    unsigned incident = 1;
    std::int64_t created = 0;
    std::optional<std::int64_t> due, done;
    bool owned = true;
};

struct Plain {
    unsigned number = 1;
    int severity = 2;
    std::int64_t opened = 0;
    std::optional<std::int64_t> acknowledged, resolved, postmortem;
};

std::string text(std::int64_t micros) { return format_time(from_micros(micros)); }

}  // namespace

TEST_CASE("gate and follow-up summary say what a slow and obvious computation says, whatever the history",
          "[gate][digest][property]") {
    rc::prop("rules FW001 to FW005 and FW007, and the lists of the summary", [] {
        const std::int64_t start = to_micros(at("2026-02-01T00:00:00Z"));
        const std::int64_t now = start + any_of(200, 700) * hour;
        ReportHistory history;
        std::vector<Plain> incidents;
        std::vector<Promise> promises;
        for (unsigned number = 1; number <= any_of(1U, 9U); ++number) {
            Plain plain{number, any_of(0, 5), start + any_of(0, 600) * hour, {}, {}, {}};
            if (any_of(0, 2) == 0) plain.acknowledged = plain.opened + any_of(0, 3) * hour;
            if (any_of(0, 2) == 0) plain.resolved = plain.opened + any_of(4, 300) * hour;
            if (any_of(0, 3) == 0) plain.postmortem = plain.opened + any_of(4, 400) * hour;
            history.opened(number, text(plain.opened), {.severity = static_cast<Severity>(plain.severity)});
            for (int i = any_of(0, 4); i > 0; --i) {
                Promise promise{"fu_" + std::to_string(promises.size()),
                                number,
                                plain.opened + any_of(0, 100) * hour,
                                {},
                                {},
                                any_of(0, 3) != 0};
                if (any_of(0, 3) != 0) promise.due = promise.created + any_of(0, 400) * hour;
                if (any_of(0, 2) == 0) promise.done = promise.created + any_of(1, 400) * hour;
                history.promised(number, text(promise.created), promise.id,
                                 promise.due ? std::optional<std::string>(text(*promise.due)) : std::nullopt,
                                 promise.owned ? std::optional<std::string>("sofiia") : std::nullopt);
                promises.push_back(promise);
            }
            incidents.push_back(plain);
        }
        for (const Promise& promise : promises) {
            if (promise.done)
                history.followup_changed(promise.incident, text(*promise.done), promise.id, FollowupStatus::open,
                                         FollowupStatus::done);
        }
        for (const Plain& plain : incidents) {
            if (plain.resolved)
                history.changed(plain.number, text(*plain.resolved), IncidentStatus::open, IncidentStatus::resolved);
            if (plain.postmortem) history.attached(plain.number, text(*plain.postmortem), "postmortem");
            if (plain.acknowledged) history.acknowledged(plain.number, text(*plain.acknowledged));
        }

        // The gate counts all that was recorded by now, the summary what is said to have occurred.
        std::int64_t recorded = 0;
        history.look(
            [&](lmdb::Transaction&, const JournalView& journal) { recorded = journal.header({journal.size()})->recorded_at; });
        const std::int64_t known = recorded <= now ? INT64_MAX : now;
        const auto happened = [&](const std::optional<std::int64_t>& moment) { return moment && *moment <= known; };
        std::set<std::string> expected, overdue, unowned, undated;
        for (const Plain& plain : incidents) {
            if (plain.opened > known || plain.severity > 1) continue;
            const std::string id = stream_name(plain.number);
            if (!happened(plain.resolved)) {
                expected.insert("FW001 " + id);
                if (!happened(plain.acknowledged) && now - plain.opened > hour / 2) expected.insert("FW007 " + id);
            } else if (!happened(plain.postmortem) && now - *plain.resolved > 5 * 24 * hour &&
                       now - *plain.resolved <= 30 * 24 * hour) {
                expected.insert("FW005 " + id);
            }
        }
        for (const Promise& promise : promises) {
            const bool is_late = promise.due && *promise.due < now;
            if (promise.created <= known && !happened(promise.done)) {
                const bool severe = incidents[promise.incident - 1].severity <= 1;
                if (is_late) expected.insert((severe ? "FW002 " : "FW003 ") + promise.id);
                if (!promise.owned || !promise.due) expected.insert("FW004 " + promise.id);
            }
            if (promise.created > now || (promise.done && *promise.done <= now)) continue;
            if (is_late) overdue.insert(promise.id);
            if (!promise.owned) unowned.insert(promise.id);
            if (!promise.due) undated.insert(promise.id);
        }

        std::set<std::string> found;
        FollowupSummary summary;
        history.look([&](lmdb::Transaction& views, const JournalView& journal) {
            GateRequest request;
            request.now = from_micros(now);
            request.size = journal.size();
            for (const GateFinding& finding : followup_watch(views, journal, request).findings)
                found.insert(std::string(to_text(finding.rule)) + " " +
                             (finding.followup_id.empty() ? finding.incident_id : finding.followup_id));
            FollowupSummaryRequest asked;
            asked.now = request.now;
            asked.size = request.size;
            asked.as_of = true;
            summary = followup_summary(views, journal, asked);
        });
        RC_ASSERT(found == expected);
        const auto ids = [](const std::vector<ListedFollowup>& list) {
            std::set<std::string> all;
            for (const ListedFollowup& one : list) all.insert(one.id);
            return all;
        };
        RC_ASSERT(ids(summary.overdue) == overdue);
        RC_ASSERT(ids(summary.unowned) == unowned);
        RC_ASSERT(ids(summary.undated) == undated);
    });
}
