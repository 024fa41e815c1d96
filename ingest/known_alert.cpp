#include "ingest/known_alert.hpp"

#include <algorithm>

namespace daybook {
namespace {

constexpr int look_back_incidents = 256;
// Nearly every end that ends nothing asks this many: a look at an incident takes about a microsecond.
constexpr int look_back_for_firing = 32;

using Repeats = AlertReport::Repeats;

}  // namespace

StreamNumber original_of(const DecisionIndex& index, StreamNumber number) {
    // A link to a duplicate of itself is refused; the bound is for journals that were imported.
    for (int hops = 0; hops < 64; ++hops) {
        const auto incident = index.incident(number);
        if (!incident || incident->duplicate_of == 0) return number;
        number = {incident->duplicate_of};
    }
    return number;
}

KnownAlert latest_state(const DecisionIndex& index, const AlertReport& report) {
    KnownAlert latest;
    const auto summary = index.summary(report.signature);
    if (!summary) return latest;
    std::uint32_t active_left = summary->active;
    int left = look_back_incidents;
    index.incidents_of(report.signature, INT64_MAX, [&](StreamNumber number, const DecisionIncident& incident) {
        if (incident.state.active()) --active_left;
        // What fires in a duplicate from before it was linked is known there.
        for (const StreamNumber place : {original_of(index, number), number}) {
            const auto row = index.alert(place, report.alert.fingerprint);
            if (row && (!latest.row || row->at > latest.row->at)) latest = {place, row};
        }
        // Older incidents that are over hold nothing later than the end of the last of them.
        const bool over = latest.row && active_left == 0 && summary->duplicates == 0 && latest.row->at >= summary->latest_end;
        return --left > 0 && !over;
    });
    return latest;
}

KnownAlert active_state(const DecisionIndex& index, const AlertReport& report) {
    KnownAlert found;
    const auto summary = index.summary(report.signature);
    if (!summary || (summary->active == 0 && summary->duplicates == 0)) return found;
    std::uint32_t active_left = summary->active;
    index.incidents_of(report.signature, INT64_MAX, [&](StreamNumber number, const DecisionIncident& incident) {
        if (incident.state.active()) --active_left;
        const StreamNumber original = original_of(index, number);
        const auto target = index.incident(original);
        // One that nobody looks at any more does not swallow what fires now; it can still end.
        const bool out_of_sight =
            target && target->state.archived() && !report.acknowledges && report.alert.state == AlertState::firing;
        if (target && target->state.active() && !out_of_sight) {
            const auto row = index.alert(original, report.alert.fingerprint);
            const bool of_another = report.repeats == Repeats::by_arrival && target->opened_by_pagerduty == 1 && !row;
            if (!of_another) found = {original, row};
        }
        return !found.incident && (active_left > 0 || summary->duplicates > 0);
    });
    return found;
}

StreamNumber fires_in(const DecisionIndex& index, const AlertReport& report, std::int64_t latest_start) {
    StreamNumber found;
    bool is_active = false;
    // One that fired again since has not ended.
    const auto look_at = [&](StreamNumber place, const DecisionIncident& incident) {
        if (is_active || incident.firing_alerts == 0 || (found && !incident.state.active())) return;
        const auto row = index.alert(place, report.alert.fingerprint);
        if (!row || row->state != AlertState::firing || row->at > to_micros(report.alert_at)) return;
        found = place;
        is_active = incident.state.active();
    };
    int left = look_back_for_firing;
    index.incidents_of(report.signature, latest_start, [&](StreamNumber number, const DecisionIncident& incident) {
        // What fired once it was a duplicate fires in the other one.
        if (incident.duplicate_of != 0) {
            const StreamNumber original = original_of(index, number);
            if (const auto other = index.incident(original)) look_at(original, *other);
        }
        look_at(number, incident);
        return !is_active && --left > 0;
    });
    return found;
}

KnownAlert known_alert(const DecisionIndex& index, const AlertReport& report) {
    if (report.repeats == Repeats::by_arrival || report.acknowledges) return active_state(index, report);
    return report.repeats == Repeats::by_start ? latest_state(index, report) : KnownAlert{};
}

bool is_repeat(const AlertReport& report, const AlertRow& row) {
    const Alert& alert = report.alert;
    if (row.state != alert.state) return false;
    const bool same_start = row.starts_at == to_micros(alert.starts_at);
    if (report.repeats == Repeats::by_start) return same_start;
    // Who gives no time says again what is known, or that it is of another severity now.
    return alert.state == AlertState::resolved || (row.severity == alert.severity && (same_start || !report.start_is_known));
}

void put_in_order(AlertReport& report, const AlertRow& row, const IncidentState& incident) {
    const std::int64_t at = to_micros(report.alert_at);
    const bool is_past = report.repeats == Repeats::by_start && to_micros(report.alert.starts_at) < row.starts_at;
    if (row.state == report.alert.state || at > row.at || is_past) return;
    const bool comes_back = report.alert.state == AlertState::firing && !incident.active();
    const std::int64_t last = comes_back ? std::max(row.at, incident.last_change) : row.at;
    count_after(report, last);
}

void count_after(AlertReport& report, std::int64_t moment) {
    report.alert_at = from_micros(moment + 1);
    report.reported_at = std::max(report.reported_at, report.alert_at);
}

}  // namespace daybook
