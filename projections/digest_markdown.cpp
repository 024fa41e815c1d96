// The weekly digest as Markdown (CommonMark and tables), for people: in a terminal as it stands, or on a code host.
#include "projections/digest.hpp"
#include "projections/markdown.hpp"
#include "projections/recurrence_json.hpp"

#include <algorithm>

namespace daybook {
namespace {

constexpr std::size_t list_max = 20;  // of a long list; the JSON has all of it
constexpr std::size_t clusters_max = 5;

std::string date_of(Time time) { return format_time(time).substr(0, 10); }
std::string minute_of(std::int64_t micros) {
    const std::string text = format_time(from_micros(micros));
    return text.substr(0, 10) + " " + text.substr(11, 5);
}

std::string change(std::uint64_t now, std::uint64_t before) {
    if (now == before) return "=";
    return now > before ? "+" + std::to_string(now - before) : "−" + std::to_string(before - now);
}

// Writes one digest, part by part.
class MarkdownWriter {
public:
    explicit MarkdownWriter(const WeeklyDigest& digest) : digest_(digest) {}
    std::string write();

private:
    void headline();
    void attention();
    void counts();
    void opened_by(const char* title, const char* column, const CountByName& now, const CountByName& before,
                   const CountByName& four);
    void by_severity();
    void by_day();
    void durations();
    void incidents();
    void alerts();
    void recurrences();
    void clusters();
    void escalations();
    void followups();
    void provenance();

    void line(const std::string& text) { out_ += text + '\n'; }
    void heading(const std::string& text) { out_ += "\n## " + text + "\n\n"; }
    void compared_heading(const std::string& what) {
        line("| " + what + " | This week | Week before | Change | Mean of four |");
        line("|---|--:|--:|--:|--:|");
    }
    void compared(const std::string& what, std::uint64_t now, std::uint64_t before, std::uint64_t four) {
        line("| " + what + " | " + std::to_string(now) + " | " + std::to_string(before) + " | " + change(now, before) + " | " +
             mean_of_four(four) + " |");
    }
    void incident(const ListedIncident& incident, const std::string& detail);
    void list(const std::vector<ListedIncident>& incidents, std::uint64_t total, const std::string& title);
    void more(std::uint64_t left_out) {
        if (left_out != 0) line("- … and " + std::to_string(left_out) + " more");
    }

    const WeeklyDigest& digest_;
    std::string out_;
};

void MarkdownWriter::headline() {
    const IsoWeek week = digest_.week;
    line("# Incidents, week " + format_iso_week(week));
    line("");
    std::string dates = date_of(week.from()) + " to " + date_of(week.to() - std::chrono::days(1)) + " (UTC)";
    const Time end = digest_.provenance.generated_for;
    if (end < week.to()) dates += "; the week still runs, this is as of " + format_time(end);
    line(dates);
}

void MarkdownWriter::attention() {
    heading("What to look at first");
    if (digest_.attention.empty()) line("Nothing that a rule asks to look at.");
    for (std::size_t i = 0; i < digest_.attention.size(); ++i) {
        const Attention& attention = digest_.attention[i];
        line(std::to_string(i + 1) + ". **" + markdown_text(attention.text) + "** (rule `" + attention.rule + "`)");
        for (const ListedIncident& one : attention.incidents) {
            out_ += "   ";
            incident(one, "");
        }
        if (attention.total > attention.incidents.size()) {
            line("   - … and " + std::to_string(attention.total - attention.incidents.size()) + " more");
        }
    }
}

void MarkdownWriter::incident(const ListedIncident& incident, const std::string& detail) {
    line("- " + std::string(to_text(incident.severity)) + " " + std::string(to_text(incident.status)) + ", " +
         markdown_name(incident.service) + " (" + markdown_name(incident.env) + "): " + markdown_text(incident.title) + ", since " +
         minute_of(incident.started_at) + detail + " `" + incident.id + "`");
}

void MarkdownWriter::counts() {
    const WeekCounts& now = digest_.counts;
    const WeekCounts& before = digest_.week_before;
    const WeekCounts& four = digest_.four_before;
    heading("Counts");
    compared_heading("Incidents");
    compared("Opened", now.opened, before.opened, four.opened);
    compared("Acknowledged", now.acknowledged, before.acknowledged, four.acknowledged);
    compared("Mitigated", now.mitigated, before.mitigated, four.mitigated);
    compared("Resolved", now.resolved, before.resolved, four.resolved);
    compared("Closed", now.closed, before.closed, four.closed);
    compared("Reopened", now.reopened, before.reopened, four.reopened);
    compared("Active at the end", now.active_at_end, before.active_at_end, four.active_at_end);
}

void MarkdownWriter::by_severity() {
    heading("Opened, by severity");
    compared_heading("Severity");
    for (std::size_t i = 0; i < digest_.counts.by_severity.size(); ++i) {
        compared(std::string(to_text(static_cast<Severity>(i))), digest_.counts.by_severity[i], digest_.week_before.by_severity[i],
                 digest_.four_before.by_severity[i]);
    }
}

// The names of this week and of the week before: most opened first, then by name.
void MarkdownWriter::opened_by(const char* title, const char* column, const CountByName& now, const CountByName& before,
                               const CountByName& four) {
    const auto of = [](const CountByName& counts, const std::string& name) {
        const auto found = counts.find(name);
        return found == counts.end() ? 0 : found->second;
    };
    CountByName names = now;
    names.insert(before.begin(), before.end());
    if (names.empty()) return;
    std::vector<std::string> rows;
    for (const auto& [name, count] : names) rows.push_back(name);
    std::sort(rows.begin(), rows.end(), [&](const std::string& a, const std::string& b) {
        return of(now, a) != of(now, b) ? of(now, a) > of(now, b) : a < b;
    });
    heading(title);
    compared_heading(column);
    for (const std::string& name : rows) compared(markdown_name(name), of(now, name), of(before, name), of(four, name));
}

void MarkdownWriter::by_day() {
    heading("Opened, by day");
    line("| Mon | Tue | Wed | Thu | Fri | Sat | Sun |");
    line("|--:|--:|--:|--:|--:|--:|--:|");
    std::string row = "|";
    for (const std::uint64_t count : digest_.counts.by_day) row += " " + std::to_string(count) + " |";
    line(row);
}

void MarkdownWriter::durations() {
    heading("Durations");
    line("| From start to | Severity | Incidents | Mean | Median | 90 % within |");
    line("|---|---|--:|--:|--:|--:|");
    const auto row = [&](const char* what, const std::string& severity, const DurationStatistic& statistic) {
        std::string text = std::string("| ") + what + " | " + severity + " | " + std::to_string(statistic.n) + " | ";
        if (statistic.n == 0) {
            line(text + "– | – | – |");
            return;
        }
        line(text + duration_words(statistic.mean) + " | " + duration_words(statistic.p50) + " | " + duration_words(statistic.p90) +
             " |");
    };
    const auto rows = [&](const char* what, DurationStatistic DurationStatistics::* which) {
        row(what, "all", digest_.durations.*which);
        for (std::size_t i = 0; i < digest_.durations_by_severity.size(); ++i) {
            const DurationStatistic& statistic = digest_.durations_by_severity[i].*which;
            if (statistic.n != 0) row(what, std::string(to_text(static_cast<Severity>(i))), statistic);
        }
    };
    rows("acknowledgement", &DurationStatistics::tta);
    rows("mitigation", &DurationStatistics::ttm);
    rows("resolution", &DurationStatistics::ttr);
}

void MarkdownWriter::list(const std::vector<ListedIncident>& incidents, std::uint64_t total, const std::string& title) {
    if (incidents.empty()) return;
    heading(title);
    const std::size_t shown = std::min(incidents.size(), list_max);
    for (std::size_t i = 0; i < shown; ++i) incident(incidents[i], "");
    more(total - shown);
}

void MarkdownWriter::incidents() {
    if (!digest_.longest.empty()) {
        heading("Longest to resolve");
        for (const WeeklyDigest::Resolved& one : digest_.longest)
            incident(one.incident, ", took " + duration_words(one.ttr_seconds));
    }
    list(digest_.oldest_active, digest_.oldest_active.size(), "Oldest still active");
    list(digest_.stale, digest_.stale_total, "Stale: active, nothing new for 7 days");
    list(digest_.missing_postmortems, digest_.missing_postmortems.size(), "P0/P1 that ended without a postmortem");
}

void MarkdownWriter::alerts() {
    const AlertDigest& alerts = digest_.alerts;
    heading("Alerts");
    if (alerts.firing == 0) {
        line("No alert fired.");
        return;
    }
    const std::uint64_t each = *alerts.hundredths_per_incident();
    const std::string cents = std::to_string(100 + each % 100).substr(1);
    line(std::to_string(alerts.firing) + " fired, for " + std::to_string(alerts.incidents) +
         (alerts.incidents == 1 ? " incident" : " incidents") + " (" + std::to_string(each / 100) + "." + cents + " for each); " +
         std::to_string(alerts.joined) + " (" + std::to_string(*alerts.joined_percent()) +
         " %) joined an incident that was there.");
    line("");
    line("| Noisiest kinds | Alerts |");
    line("|---|--:|");
    for (const AlertDigest::Kind& kind : alerts.noisiest)
        line("| " + markdown_name(kind.kind) + " | " + std::to_string(kind.firing) + " |");
}

void MarkdownWriter::recurrences() {
    if (digest_.recurrences.empty()) return;
    heading("What came back");
    const std::size_t shown = std::min(digest_.recurrences.size(), list_max);
    for (std::size_t i = 0; i < shown; ++i) out_ += recurring_markdown(digest_.recurrences[i]);
    more(digest_.recurrences.size() - shown);
}

void MarkdownWriter::clusters() {
    if (digest_.clusters.empty()) return;
    heading("Clusters of related incidents");
    const std::size_t shown = std::min(digest_.clusters.size(), clusters_max);
    for (std::size_t i = 0; i < shown; ++i) {
        const IncidentCluster& cluster = digest_.clusters[i];
        std::string title = std::to_string(i + 1) + ". **" + std::to_string(cluster.total) + " incidents**";
        if (const auto& pair = cluster.strongest) {
            title += ", " + std::string(to_text(pair->kind)) + " (" + std::to_string(pair->score) +
                     "): " + markdown_text(in_words(pair->reasons));
        }
        line(title);
        for (const ListedIncident& one : cluster.incidents) {
            out_ += "   ";
            incident(one, "");
        }
        if (cluster.total > cluster.incidents.size())
            line("   - … and " + std::to_string(cluster.total - cluster.incidents.size()) + " more");
    }
    more(digest_.clusters.size() - shown);
}

void MarkdownWriter::escalations() {
    if (digest_.escalations.empty()) return;
    heading("Escalations");
    const std::size_t shown = std::min(digest_.escalations.size(), list_max);
    for (std::size_t i = 0; i < shown; ++i) {
        const WeeklyDigest::Escalation& one = digest_.escalations[i];
        line("- " + minute_of(one.occurred_at) + ", level " + std::to_string(one.level) + ": `" + one.incident_id + "`");
    }
    more(digest_.escalations.size() - shown);
}

void MarkdownWriter::followups() {
    const WeeklyDigest::Followups& followups = digest_.followups;
    heading("Follow-ups");
    line("| Created | Done | Open | Overdue |");
    line("|--:|--:|--:|--:|");
    line("| " + std::to_string(followups.created) + " | " + std::to_string(followups.done) + " | " +
         std::to_string(followups.open) + " | " + std::to_string(followups.overdue.size()) + " |");
    if (followups.overdue.empty()) return;
    line("");
    const std::size_t shown = std::min(followups.overdue.size(), list_max);
    for (std::size_t i = 0; i < shown; ++i) {
        const ListedFollowup& one = followups.overdue[i];
        const std::int64_t late = seconds_between(one.due_at, to_micros(digest_.provenance.generated_for));
        line("- " + std::string(to_text(one.priority)) + ", " + duration_words(late) + " overdue: " + markdown_text(one.title) +
             ", " + (one.owner ? markdown_name(*one.owner) : "nobody's") + " " + markdown_name(one.id) + " of `" + one.incident_id +
             "`");
    }
    more(followups.overdue.size() - shown);
}

void MarkdownWriter::provenance() {
    const Provenance& from = digest_.provenance;
    line("");
    line("---");
    line("");
    line("Made from the first " + std::to_string(from.journal_size) + " events of " + markdown_name(from.origin) + ", for " +
         format_time(from.generated_for) + ".  ");
    line("Root hash `" + from.root_hash + "`  ");
    line(from.policy_sha256.empty() ? "No policy" : "Policy SHA-256 `" + from.policy_sha256 + "`");
}

std::string MarkdownWriter::write() {
    headline();
    attention();
    counts();
    by_severity();
    opened_by("Opened, by service", "Service", digest_.counts.by_service, digest_.week_before.by_service,
              digest_.four_before.by_service);
    opened_by("Opened, by env", "Env", digest_.counts.by_env, digest_.week_before.by_env, digest_.four_before.by_env);
    by_day();
    durations();
    incidents();
    recurrences();
    clusters();
    alerts();
    escalations();
    followups();
    provenance();
    return std::move(out_);
}

}  // namespace

std::string digest_markdown(const WeeklyDigest& digest) { return MarkdownWriter(digest).write(); }

}  // namespace daybook
