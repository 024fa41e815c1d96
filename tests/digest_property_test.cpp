// The weekly digest against a slow and obvious computation, on histories whose events come in any order of time.
#include <algorithm>
#include <map>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "tests/report_history.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::int64_t hour = 3'600'000'000;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t week = 7 * day;
constexpr unsigned incidents = 12;

struct Told {
    unsigned incident = 1;
    std::int64_t time = 0;
    EventType type = EventType::note;
    int from = 0;
    int to = 0;
};

// An incident by the book, without a line of the code under test.
struct Model {
    bool created = false;
    bool archived = false;
    bool duplicate = false;
    int severity = 0;
    int status = 0;
    std::int64_t started = 0;
    std::int64_t resolved_at = -1;
    std::vector<std::int64_t> acknowledged, eased;  // moments
};

struct Numbers {
    std::uint64_t opened = 0, acknowledged = 0, mitigated = 0, resolved = 0, closed = 0, reopened = 0, active = 0;
    std::map<int, std::uint64_t> by_severity, by_day;
    std::vector<std::int64_t> tta, ttm, ttr;
};

bool happen(Model& model, const Told& told) {
    if (told.type == EventType::incident_created) {
        if (model.created) return false;
        model.created = true;
        model.severity = told.to;
        model.started = told.time - told.from * hour;
        return true;
    }
    if (!model.created) return false;
    if (told.type == EventType::acknowledged) model.acknowledged.push_back(told.time);
    if (told.type == EventType::incident_archived) model.archived = true;
    if (told.type == EventType::incident_linked && told.to % 3 == 0) model.duplicate = true;
    if (told.type == EventType::severity_changed) {
        if (told.from != model.severity) return false;
        model.severity = told.to;
    }
    if (told.type == EventType::status_changed) {
        if (told.from != model.status) return false;
        model.status = told.to;
        if (told.to == 2) model.resolved_at = told.time;
        if (told.to < 2) model.resolved_at = -1;
        if (told.to == 1 || told.to == 2) model.eased.push_back(told.time);
    }
    return true;
}

void count(Numbers& numbers, const Told& told, std::int64_t from) {
    if (told.type == EventType::acknowledged) ++numbers.acknowledged;
    if (told.type == EventType::incident_created) {
        ++numbers.opened;
        ++numbers.by_day[static_cast<int>((told.time - from) / day)];
    }
    if (told.type != EventType::status_changed) return;
    if (told.to == 0 && told.from >= 2) ++numbers.reopened;
    if (told.to == 1) ++numbers.mitigated;
    if (told.to == 2) ++numbers.resolved;
    if (told.to == 3) ++numbers.closed;
}

Numbers slowly(const std::vector<Told>& history, std::int64_t from, std::int64_t end, std::size_t size) {
    Numbers numbers;
    for (unsigned incident = 1; incident <= incidents; ++incident) {
        Model model;
        bool opened = false;
        for (std::size_t i = 0; i < std::min(size, history.size()); ++i) {
            const Told& told = history[i];
            if (told.incident != incident || told.time >= end || !happen(model, told) || told.time < from) continue;
            count(numbers, told, from);
            opened = opened || told.type == EventType::incident_created;
        }
        if (model.created && model.status < 2 && !model.archived) ++numbers.active;
        if (opened) ++numbers.by_severity[model.severity];
        if (!model.created || model.archived || model.duplicate) continue;
        const auto take = [&](std::vector<std::int64_t>& durations, std::int64_t moment) {
            if (moment >= from && moment < end)
                durations.push_back(std::max<std::int64_t>(0, (moment - model.started) / 1'000'000));
        };
        const auto take_first = [&](std::vector<std::int64_t>& durations, const std::vector<std::int64_t>& moments) {
            if (!moments.empty()) take(durations, *std::min_element(moments.begin(), moments.end()));
        };
        take_first(numbers.tta, model.acknowledged);
        take_first(numbers.ttm, model.eased);
        take(numbers.ttr, model.resolved_at);
    }
    return numbers;
}

Payload payload_of(const Told& told) {
    if (told.type == EventType::incident_created) {
        IncidentCreated created;
        created.service = "gateway";
        created.env = "prod";
        created.title = "a title";
        created.severity = static_cast<Severity>(told.to);
        created.started_at = from_micros(told.time - told.from * hour);
        return created;
    }
    if (told.type == EventType::status_changed) {
        StatusChanged changed;
        changed.from = static_cast<IncidentStatus>(told.from);
        changed.to = static_cast<IncidentStatus>(told.to);
        return changed;
    }
    if (told.type == EventType::severity_changed) {
        SeverityChanged changed;
        changed.from = static_cast<Severity>(told.from);
        changed.to = static_cast<Severity>(told.to);
        return changed;
    }
    if (told.type == EventType::incident_archived) {
        IncidentArchived archived;
        archived.reason = "a test";
        return archived;
    }
    if (told.type == EventType::incident_linked) {
        IncidentLinked linked;
        linked.relation = static_cast<LinkRelation>(told.to % 3);
        linked.other = stream_name(1);
        return linked;
    }
    if (told.type == EventType::acknowledged) return Acknowledged{};
    return note("a note");
}

// Any of [from, to), whatever RapidCheck's size, which would keep to the start of it.
template <class Number>
rc::Gen<Number> any_of(Number from, Number to) {
    return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, to));
}

rc::Gen<Told> a_told(std::int64_t start) {
    // Mostly what moves state; times on the hour, so that borders are met.
    const auto type = rc::gen::weightedElement<EventType>({{4, EventType::incident_created},
                                                           {8, EventType::status_changed},
                                                           {3, EventType::acknowledged},
                                                           {2, EventType::severity_changed},
                                                           {1, EventType::note},
                                                           {1, EventType::incident_linked},
                                                           {1, EventType::incident_archived}});
    return rc::gen::build<Told>(
        rc::gen::set(&Told::incident, any_of(1U, incidents + 1)),
        rc::gen::set(&Told::time, rc::gen::map(any_of(0, 6 * 28), [start](int steps) { return start + steps * 6 * hour; })),
        rc::gen::set(&Told::type, type), rc::gen::set(&Told::from, any_of(0, 4)), rc::gen::set(&Told::to, any_of(0, 4)));
}

// Incidents that exist from early on, and most changes starting from what there is: else the fold refuses nearly all of them.
void make_likely(std::vector<Told>& history, std::int64_t start) {
    for (unsigned incident = 1; incident <= incidents - 2; ++incident) {
        history.insert(history.begin(), {incident, start + incident * 4 * day, EventType::incident_created, 1, 1});
    }
    std::map<unsigned, Model> models;
    for (Told& told : history) {
        Model& model = models[told.incident];
        if (told.type == EventType::status_changed && told.from != 3) told.from = model.status;
        if (told.type == EventType::severity_changed && told.from != 3) told.from = model.severity;
        happen(model, told);
    }
}

void compare(const WeekCounts& counts, const Numbers& slow) {
    RC_ASSERT(counts.opened == slow.opened);
    RC_ASSERT(counts.acknowledged == slow.acknowledged);
    RC_ASSERT(counts.mitigated == slow.mitigated);
    RC_ASSERT(counts.resolved == slow.resolved);
    RC_ASSERT(counts.closed == slow.closed);
    RC_ASSERT(counts.reopened == slow.reopened);
    RC_ASSERT(counts.active_at_end == slow.active);
    for (const auto& [severity, opened] : slow.by_severity)
        RC_ASSERT(counts.by_severity[static_cast<std::size_t>(severity)] == opened);
}

void compare(const DurationStatistic& statistic, std::vector<std::int64_t> samples) {
    std::sort(samples.begin(), samples.end());
    RC_ASSERT(statistic.n == samples.size());
    if (samples.empty()) return;
    std::int64_t sum = 0;
    for (const std::int64_t sample : samples) sum += sample;
    RC_ASSERT(statistic.mean == sum / static_cast<std::int64_t>(samples.size()));
    // The smallest sample that at least so many do not exceed.
    const auto rank = [&](std::size_t percent) {
        return *std::find_if(samples.begin(), samples.end(), [&](std::int64_t sample) {
            const auto covered = std::count_if(samples.begin(), samples.end(), [&](std::int64_t other) { return other <= sample; });
            return static_cast<std::size_t>(covered) * 100 >= samples.size() * percent;
        });
    };
    RC_ASSERT(statistic.p50 == rank(50));
    RC_ASSERT(statistic.p90 == rank(90));
}

}  // namespace

TEST_CASE("a digest says what a slow and obvious computation says, whatever the history", "[digest][property]") {
    const std::int64_t start = to_micros(IsoWeek{2026, 3}.from());
    rc::prop("the numbers of the week, and of those before", [&] {
        auto history = *rc::gen::container<std::vector<Told>>(static_cast<std::size_t>(*any_of(0, 120)), a_told(start));
        make_likely(history, start);
        const auto size = *any_of(history.size() / 2, history.size() + 1);
        const std::int64_t now = start + *any_of(5 * 28 + 12, 7 * 28) * 6 * hour;
        ReportHistory told;
        for (const Told& one : history) told.happened(one.incident, from_micros(one.time), payload_of(one));
        const WeeklyDigest digest = told.digest("2026-08", format_time(from_micros(now)), size);

        const std::int64_t from = to_micros(IsoWeek{2026, 8}.from());
        const Numbers slow = slowly(history, from, std::min(from + week, now), size);
        compare(digest.counts, slow);
        for (const auto& [weekday, opened] : slow.by_day)
            RC_ASSERT(digest.counts.by_day[static_cast<std::size_t>(weekday)] == opened);
        compare(digest.durations.tta, slow.tta);
        compare(digest.durations.ttm, slow.ttm);
        compare(digest.durations.ttr, slow.ttr);
        compare(digest.week_before, slowly(history, from - week, from, size));
        std::uint64_t opened = 0;
        std::uint64_t active = 0;
        for (int weeks = 1; weeks <= 4; ++weeks) {
            const Numbers before = slowly(history, from - weeks * week, from - (weeks - 1) * week, size);
            opened += before.opened;
            active += before.active;
        }
        RC_ASSERT(digest.four_before.opened == opened);
        RC_ASSERT(digest.four_before.active_at_end == active);
    });
}
