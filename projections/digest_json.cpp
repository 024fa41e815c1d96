// The weekly digest as JSON. The order of the fields is part of the format.
#include "projections/digest.hpp"
#include "projections/recurrence_json.hpp"

namespace daybook {
namespace {

ReportJson window_json(IsoWeek week) { return {{"from", format_time(week.from())}, {"to", format_time(week.to())}}; }

// The fields that weeks are compared by, each through `number`.
template <class Number>
ReportJson counts_json(const WeekCounts& counts, const Number& number) {
    ReportJson json = {{"opened", number(counts.opened)},
                       {"acknowledged", number(counts.acknowledged)},
                       {"mitigated", number(counts.mitigated)},
                       {"resolved", number(counts.resolved)},
                       {"closed", number(counts.closed)},
                       {"reopened", number(counts.reopened)},
                       {"active_at_end", number(counts.active_at_end)}};
    ReportJson by_severity = ReportJson::object();
    for (std::size_t i = 0; i < counts.by_severity.size(); ++i) {
        by_severity[std::string(to_text(static_cast<Severity>(i)))] = number(counts.by_severity[i]);
    }
    const auto by_name = [&](const CountByName& names) {
        ReportJson object = ReportJson::object();
        for (const auto& [name, count] : names) object[name] = number(count);
        return object;
    };
    json["by_severity"] = std::move(by_severity);
    json["by_service"] = by_name(counts.by_service);
    json["by_env"] = by_name(counts.by_env);
    return json;
}

ReportJson by_day_json(const WeekCounts& counts, IsoWeek week) {
    ReportJson json = ReportJson::object();
    for (std::size_t i = 0; i < counts.by_day.size(); ++i) {
        const Time day = week.from() + std::chrono::days(static_cast<int>(i));
        json[format_time(day).substr(0, 10)] = counts.by_day[i];
    }
    return json;
}

ReportJson statistic_json(const DurationStatistic& statistic) {
    if (statistic.n == 0) return {{"n", 0}, {"mean", nullptr}, {"p50", nullptr}, {"p90", nullptr}};
    return {{"n", statistic.n}, {"mean", statistic.mean}, {"p50", statistic.p50}, {"p90", statistic.p90}};
}

ReportJson statistics_json(const DurationStatistics& statistics) {
    return {
        {"tta", statistic_json(statistics.tta)}, {"ttm", statistic_json(statistics.ttm)}, {"ttr", statistic_json(statistics.ttr)}};
}

ReportJson durations_json(const WeeklyDigest& digest) {
    ReportJson json = statistics_json(digest.durations);
    ReportJson by_severity = ReportJson::object();
    for (std::size_t i = 0; i < digest.durations_by_severity.size(); ++i) {
        by_severity[std::string(to_text(static_cast<Severity>(i)))] = statistics_json(digest.durations_by_severity[i]);
    }
    json["by_severity"] = std::move(by_severity);
    return json;
}

ReportJson alerts_json(const AlertDigest& alerts) {
    const auto per_incident = alerts.hundredths_per_incident();
    const auto percent = alerts.joined_percent();
    return {{"firing", alerts.firing},
            {"incidents", alerts.incidents},
            {"per_incident", per_incident ? hundredths_json(*per_incident) : ReportJson()},
            {"joined", alerts.joined},
            {"joined_percent", percent ? ReportJson(*percent) : ReportJson()},
            {"noisiest", list_json(alerts.noisiest, [](const AlertDigest::Kind& kind) {
                 return ReportJson{{"kind", kind.kind}, {"firing", kind.firing}};
             })}};
}

ReportJson escalations_json(const std::vector<WeeklyDigest::Escalation>& escalations) {
    return {{"total", escalations.size()}, {"list", list_json(escalations, [](const WeeklyDigest::Escalation& one) {
                                                return ReportJson{{"incident_id", one.incident_id},
                                                                  {"occurred_at", time_json(one.occurred_at)},
                                                                  {"level", one.level}};
                                            })}};
}

// The incidents of a recurrence by id alone: a week may have many.
ReportJson recurrences_json(const std::vector<RecurringGroup>& groups) {
    std::uint64_t chronic = 0;
    for (const RecurringGroup& group : groups) chronic += group.state == RecurrenceState::chronic ? 1U : 0U;
    return {{"total", groups.size()}, {"chronic", chronic}, {"list", list_json(groups, [](const RecurringGroup& group) {
                                                                 ReportJson json = recurring_json(group);
                                                                 json["incidents"] =
                                                                     list_json(group.incidents, [](const ListedIncident& incident) {
                                                                         return ReportJson(incident.id);
                                                                     });
                                                                 return json;
                                                             })}};
}

ReportJson cluster_json(const IncidentCluster& cluster) {
    ReportJson json = {{"total", cluster.total}, {"incidents", list_json(cluster.incidents, incident_json)}};
    json["strongest"] = nullptr;
    if (const auto& pair = cluster.strongest) {
        json["strongest"] = {{"incident_ids", {pair->first, pair->second}},
                             {"kind", to_text(pair->kind)},
                             {"score", pair->score},
                             {"reasons", list_json(pair->reasons, reason_json)}};
    }
    return json;
}

ReportJson longest_json(const WeeklyDigest::Resolved& resolved) {
    ReportJson json = incident_json(resolved.incident);
    json["ttr"] = resolved.ttr_seconds;
    return json;
}

ReportJson followups_json(const WeeklyDigest::Followups& followups) {
    return {{"created", followups.created},
            {"done", followups.done},
            {"open", followups.open},
            {"overdue", followups.overdue.size()},
            {"overdue_list", list_json(followups.overdue, followup_json)}};
}

ReportJson attention_json(const Attention& attention) {
    return {{"rule", attention.rule},
            {"text", attention.text},
            {"total", attention.total},
            {"incidents", list_json(attention.incidents, incident_json)}};
}

}  // namespace

std::string digest_json(const WeeklyDigest& digest) {
    ReportJson json = {{"report", "weekly_incident_digest"},
                       {"period", format_iso_week(digest.week)},
                       {"window", window_json(digest.week)},
                       {"provenance", provenance_json(digest.provenance)}};
    json["counts"] = counts_json(digest.counts, [](std::uint64_t count) { return count; });
    json["counts"]["by_day"] = by_day_json(digest.counts, digest.week);
    json["previous"] = {
        {"counts", counts_json(digest.week_before, [](std::uint64_t count) { return count; })},
        {"mean_of_four", counts_json(digest.four_before, [](std::uint64_t sum) { return hundredths_json(sum * 25); })}};
    json["durations"] = durations_json(digest);
    json["longest"] = list_json(digest.longest, longest_json);
    json["oldest_active"] = list_json(digest.oldest_active, incident_json);
    json["stale"] = {{"total", digest.stale_total}, {"list", list_json(digest.stale, incident_json)}};
    json["alerts"] = alerts_json(digest.alerts);
    json["escalations"] = escalations_json(digest.escalations);
    json["recurrence"] = recurrences_json(digest.recurrences);
    json["clusters"] = {{"total", digest.clusters.size()}, {"list", list_json(digest.clusters, cluster_json)}};
    json["followups"] = followups_json(digest.followups);
    json["missing_postmortems"] = {{"total", digest.missing_postmortems.size()},
                                   {"list", list_json(digest.missing_postmortems, incident_json)}};
    json["attention"] = list_json(digest.attention, attention_json);
    return report_text(json);
}

}  // namespace daybook
