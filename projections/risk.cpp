#include "projections/risk.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "projections/followups.hpp"
#include "projections/report_end.hpp"

namespace daybook {
namespace {

struct Counts {
    std::array<int, 5> active{};
    int unacknowledged = 0, overdue = 0, chronic = 0, recurring = 0;
};

Risk risk_of(const std::string& service, const std::string& env, const Counts& counts) {
    constexpr int of_severity[] = {40, 25, 10, 3, 1};
    Risk risk{service, env, 0, {}};
    const auto add = [&](int count, const std::string& what, int points, const char* plural = "") {
        if (count != 0) risk.reasons.push_back({std::to_string(count) + " " + what + (count == 1 ? "" : plural), points});
    };
    for (std::size_t i = 0; i < counts.active.size(); ++i)
        add(counts.active[i], "active " + std::string(to_text(static_cast<Severity>(i))), counts.active[i] * of_severity[i]);
    add(counts.unacknowledged, "unacknowledged P0/P1", 10 * counts.unacknowledged);
    add(counts.overdue, "overdue follow-up", std::min(20, 5 * counts.overdue), "s");
    add(counts.chronic, "chronic signature", 15 * counts.chronic, "s");
    add(counts.recurring, "recurring signature", 8 * counts.recurring, "s");
    for (const RiskReason& reason : risk.reasons) risk.score = std::min(100, risk.score + reason.points);
    return risk;
}

}  // namespace

std::vector<Risk> risks(lmdb::Transaction& views, const JournalView& journal, const RiskRequest& request) {
    const ReportWindow window{INT64_MIN, report_end(journal, request.now, request.size), request.size};
    std::map<std::pair<std::string, std::string>, Counts> all;
    scan_history(views, [&](StreamNumber stream, std::span<const HistoryEntry> entries) {
        const IncidentAsOf incident = incident_as_of(stream, entries, window, [](const HistoryEntry&) {});
        const IncidentState& state = incident.state;
        const bool active = state.active() && !state.archived();
        if (!state.exists() || (!active && !incident.has_followups)) return;
        Counts& counts = all[{std::string(journal.name({state.service})), std::string(journal.name({state.env}))}];
        if (active) ++counts.active[static_cast<std::size_t>(state.severity)];
        if (active && incident.severe() && !state.acknowledged()) ++counts.unacknowledged;
        if (!incident.has_followups) return;
        for (const Followup& followup : followups_of(views, stream)) {
            const auto as_of = state_as_of(followup, journal, window.end, window.size);
            if (as_of && as_of->overdue(to_micros(request.now))) ++counts.overdue;
        }
    });
    for (const RecurringGroup& group : recurrence(views, journal, {{}, {}, 30, request.now, request.size, request.policy}).groups) {
        Counts& counts = all[{group.service, group.env}];
        ++(group.state == RecurrenceState::chronic ? counts.chronic : counts.recurring);
    }
    std::vector<Risk> found;
    for (const auto& [place, counts] : all) {
        Risk risk = risk_of(place.first, place.second, counts);
        if (risk.score != 0) found.push_back(std::move(risk));
    }
    std::sort(found.begin(), found.end(), [](const Risk& a, const Risk& b) {
        return std::tie(b.score, a.service, a.env) < std::tie(a.score, b.service, b.env);
    });
    return found;
}

}  // namespace daybook
