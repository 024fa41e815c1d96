#include "projections/recurrence.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <tuple>

#include "projections/correlate.hpp"
#include "projections/followups.hpp"
#include "projections/incidents.hpp"
#include "projections/markdown.hpp"
#include "projections/recurrence_json.hpp"

namespace daybook {
namespace {

constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::size_t incidents_max = 10;

// Weeks since 1970, each from a Monday on: 1970-01-01 was a Thursday.
std::int64_t week_of(std::int64_t micros) {
    return std::chrono::floor<std::chrono::weeks>(from_micros(micros + 3 * day_us)).time_since_epoch().count();
}

}  // namespace

std::string_view to_text(RecurrenceState state) { return state == RecurrenceState::chronic ? "chronic" : "recurring"; }

RecurrenceCounter::RecurrenceCounter(const RecurrencePolicy& policy, const ReportWindow& window, int days)
    : policy_(policy), window_(window), from_(window.end - days * day_us) {
    assert(days > 0);
    // The newest incident lies in the window; the weeks that run up to its own begin so much earlier.
    const std::int64_t weeks_us = (days + 7 * policy.chronic_weeks_running) * day_us;
    look_back_ = window.end - std::max(30 * day_us, weeks_us);
}

void RecurrenceCounter::add(const IncidentAsOf& incident, const SignatureKey& signature) {
    const IncidentState& state = incident.state;
    if (!state.exists() || state.archived() || incident.duplicate || signature == SignatureKey{}) return;
    if (state.started_at < look_back_ || state.started_at >= window_.end) return;
    cases_.push_back({state.env, state.service, signature, state.started_at, incident});
}

std::vector<RecurringGroup> RecurrenceCounter::groups(lmdb::Transaction& views, const JournalView& journal) {
    const auto group = [](const Case& one) { return std::tie(one.env, one.service, one.signature); };
    std::sort(cases_.begin(), cases_.end(), [&](const Case& a, const Case& b) {  // the newest of a group first
        if (group(a) != group(b)) return group(a) < group(b);
        if (a.started_at != b.started_at) return a.started_at > b.started_at;
        return journal.stream_id(a.incident.stream) < journal.stream_id(b.incident.stream);
    });
    std::vector<RecurringGroup> groups;
    for (auto from = cases_.begin(); from != cases_.end();) {
        const auto to = std::find_if(from, cases_.end(), [&](const Case& one) { return group(one) != group(*from); });
        if (auto found = group_of({from, to}, views, journal)) groups.push_back(std::move(*found));
        from = to;
    }
    std::sort(groups.begin(), groups.end(), [](const RecurringGroup& a, const RecurringGroup& b) {
        if (a.state != b.state) return a.state < b.state;
        if (a.in_30_days != b.in_30_days) return a.in_30_days > b.in_30_days;
        return std::tie(a.env, a.service, a.signature) < std::tie(b.env, b.service, b.signature);
    });
    return groups;
}

std::optional<RecurringGroup> RecurrenceCounter::group_of(std::span<const Case> cases, lmdb::Transaction& views,
                                                          const JournalView& journal) const {
    const Case& newest = cases.front();
    if (newest.started_at < from_) return std::nullopt;
    RecurringGroup group;
    std::set<std::int64_t> weeks;
    for (const Case& one : cases) {
        if (one.started_at >= window_.end - 7 * day_us) ++group.in_7_days;
        if (one.started_at >= window_.end - 30 * day_us) ++group.in_30_days;
        if (one.started_at >= from_) ++group.in_window;
        weeks.insert(week_of(one.started_at));
    }
    int running = 0;
    while (running < policy_.chronic_weeks_running && weeks.contains(week_of(newest.started_at) - running)) ++running;

    const auto at_least = [](std::uint64_t count, int limit) { return count >= static_cast<std::uint64_t>(limit); };
    const bool weeks_running = running == policy_.chronic_weeks_running;
    const bool chronic = at_least(group.in_7_days, policy_.chronic_in_7_days) ||
                         at_least(group.in_30_days, policy_.chronic_in_30_days) || weeks_running;
    const bool recurring =
        at_least(group.in_7_days, policy_.recurring_in_7_days) || at_least(group.in_30_days, policy_.recurring_in_30_days);
    if (!chronic && !recurring) return std::nullopt;
    group.state = chronic ? RecurrenceState::chronic : RecurrenceState::recurring;
    const auto limits = chronic ? std::pair(policy_.chronic_in_7_days, policy_.chronic_in_30_days)
                                : std::pair(policy_.recurring_in_7_days, policy_.recurring_in_30_days);
    if (at_least(group.in_7_days, limits.first)) group.reasons.push_back(std::to_string(group.in_7_days) + " in 7 days");
    if (at_least(group.in_30_days, limits.second)) group.reasons.push_back(std::to_string(group.in_30_days) + " in 30 days");
    if (weeks_running) group.reasons.push_back("an incident in each of " + std::to_string(running) + " ISO weeks running");
    group.fix_ineffective = came_back_after_fix(cases, views, journal);
    if (group.fix_ineffective) group.reasons.push_back("it came back after all its earlier follow-ups were done");

    group.env = journal.name({newest.env});
    group.service = journal.name({newest.service});
    if (const auto table = IncidentTable::open(views)) {
        if (const auto row = table->find(newest.incident.stream)) group.signature = row->signature.value_or("");
    }
    for (const Case& one : cases) {
        if (one.started_at < from_ || group.incidents.size() == incidents_max) break;
        group.incidents.push_back(listed(one.incident, window_, views, journal));
    }
    return group;
}

bool RecurrenceCounter::came_back_after_fix(std::span<const Case> cases, lmdb::Transaction& views,
                                            const JournalView& journal) const {
    const Case& newest = cases.front();
    const auto index = CorrelationIndex::open(views);
    if (!index) return false;
    bool any_done = false;
    bool all_done = true;
    index->each_of_signature(newest.signature, [&](StreamNumber stream) {
        if (!all_done || stream == newest.incident.stream) return;
        const IncidentAsOf earlier = incident_as_of(stream, history_of(views, stream), window_, [](const HistoryEntry&) {});
        if (!earlier.state.exists() || !earlier.has_followups || earlier.state.started_at >= newest.started_at) return;
        if (earlier.state.env != newest.env || earlier.state.service != newest.service) return;
        for (const Followup& followup : followups_of(views, stream)) {
            const auto state = state_as_of(followup, journal, newest.started_at, window_.size);
            if (!state) continue;
            if (state->status == FollowupStatus::done) any_done = true;
            if (!state->finished()) all_done = false;
        }
    });
    return any_done && all_done;
}

Recurrence recurrence(lmdb::Transaction& views, const JournalView& journal, const RecurrenceRequest& request) {
    const ReportWindow window{INT64_MIN, to_micros(request.now) + 1, request.size};
    RecurrenceCounter counter(request.policy.recurrence, window, request.window_days);
    if (const auto index = CorrelationIndex::open(views)) {
        each_started(views, window, counter.look_back(), window.end, [&](const IncidentAsOf& incident) {
            if (request.service && journal.name({incident.state.service}) != *request.service) return;
            if (request.env && journal.name({incident.state.env}) != *request.env) return;
            counter.add(incident, index->signature_of(incident.stream));
        });
    }
    Recurrence recurrence;
    recurrence.service = request.service;
    recurrence.env = request.env;
    recurrence.window_days = request.window_days;
    recurrence.provenance = provenance_of(journal, request.size, request.policy.bytes, request.now);
    recurrence.groups = counter.groups(views, journal);
    return recurrence;
}

ReportJson recurring_json(const RecurringGroup& group) {
    ReportJson json = {{"env", group.env},
                       {"service", group.service},
                       {"signature", group.signature},
                       {"state", to_text(group.state)},
                       {"fix_ineffective", group.fix_ineffective},
                       {"in_7_days", group.in_7_days},
                       {"in_30_days", group.in_30_days},
                       {"in_window", group.in_window},
                       {"reasons", group.reasons}};
    json["incidents"] = list_json(group.incidents, incident_json);
    return json;
}

std::string recurrence_json(const Recurrence& recurrence) {
    std::uint64_t chronic = 0;
    for (const RecurringGroup& group : recurrence.groups) chronic += group.state == RecurrenceState::chronic ? 1U : 0U;
    ReportJson json = {{"report", "incident_recurrence"},
                       {"service", recurrence.service ? ReportJson(*recurrence.service) : ReportJson()},
                       {"env", recurrence.env ? ReportJson(*recurrence.env) : ReportJson()},
                       {"window_days", recurrence.window_days},
                       {"provenance", provenance_json(recurrence.provenance)},
                       {"counts", {{"recurring", recurrence.groups.size() - chronic}, {"chronic", chronic}}}};
    json["recurrences"] = list_json(recurrence.groups, recurring_json);
    return report_text(json);
}

std::string recurring_markdown(const RecurringGroup& group) {
    std::string line = "- **" + std::string(to_text(group.state)) + "** " + markdown_name(group.service) + " (" +
                       markdown_name(group.env) + ") " + markdown_name(group.signature) + ": ";
    for (std::size_t i = 0; i < group.reasons.size(); ++i) line += (i == 0 ? "" : "; ") + group.reasons[i];
    line += '\n';
    for (const ListedIncident& incident : group.incidents) {
        line += "  - " + format_time(from_micros(incident.started_at)).substr(0, 16).replace(10, 1, " ") + " " +
                std::string(to_text(incident.severity)) + " " + markdown_text(incident.title) + " `" + incident.id + "`\n";
    }
    return line;
}

std::string recurrence_markdown(const Recurrence& recurrence) {
    std::string out = "# What came back in " + std::to_string(recurrence.window_days) + " days\n\n";
    if (recurrence.groups.empty()) return out + "Nothing came back.\n";
    for (const RecurringGroup& group : recurrence.groups) out += recurring_markdown(group);
    return out;
}

}  // namespace daybook
