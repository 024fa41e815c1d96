#include "projections/digest.hpp"

#include <algorithm>
#include <cassert>
#include <map>

namespace daybook {
namespace {

constexpr std::int64_t week_us = Microseconds(std::chrono::weeks(1)).count();
constexpr int week_days = 7;
constexpr std::int64_t month_us = Microseconds(std::chrono::days(CommonSignatures::days)).count();
constexpr std::int64_t stale_us = Microseconds(std::chrono::days(7)).count();
constexpr std::size_t list_max = 5;
constexpr std::size_t stale_max = 20;

bool is_firing(const HistoryEntry& entry) {
    return entry.type == EventType::alert && entry.to == static_cast<std::uint8_t>(AlertState::firing);
}

// Whether `alert`, one of `stream`, opened its incident.
bool opened_it(const HistoryEntry& alert, std::span<const HistoryEntry> stream) {
    return stream.size() > 1 && &alert == &stream[1] && stream[0].type == EventType::incident_created &&
           stream[0].occurred_at == alert.occurred_at;
}

// When the first and the last thing happened to an incident.
struct Extent {
    std::int64_t first = INT64_MAX;
    std::int64_t last = INT64_MIN;
};

Extent extent_of(std::span<const HistoryEntry> stream, std::uint64_t size) {
    Extent extent;
    for (const HistoryEntry& entry : stream) {
        if (entry.sequence > size) break;
        extent.first = std::min(extent.first, entry.occurred_at);
        extent.last = std::max(extent.last, entry.occurred_at);
    }
    return extent;
}

struct Resolution {
    IncidentAsOf incident;
    std::int64_t ttr_seconds = 0;
};

// Gathers what one scan over history gives.
class DigestMaker {
public:
    DigestMaker(lmdb::Transaction& views, const JournalView& journal, const ReportWindow& window, const IntelligencePolicy& policy);

    void visit(StreamNumber stream, std::span<const HistoryEntry> entries);
    void finish(WeeklyDigest& digest);

private:
    void take(StreamNumber number, const HistoryEntry& entry, std::span<const HistoryEntry> stream, AttentionFacts& facts);
    void count_before(WeekCounter& week, const IncidentAsOf& incident, std::span<const HistoryEntry> stream, const Extent& extent);
    void list(const IncidentAsOf& incident, std::span<const HistoryEntry> stream, AttentionFacts& facts);
    void correlate(const IncidentAsOf& incident, bool opened);
    std::uint64_t take_followups(const IncidentAsOf& incident);  // returns how many are overdue
    bool lacks_postmortem(const IncidentAsOf& incident, std::span<const HistoryEntry> stream) const;
    ListedIncident show(const IncidentAsOf& incident) { return listed(incident, window_, views_, journal_); }
    AlertDigest alerts() const;

    lmdb::Transaction& views_;
    const JournalView& journal_;
    ReportWindow window_;
    IncidentOrder order_;
    std::uint32_t postmortem_;  // the name's number; 0 where the journal has no such name

    WeekCounter week_;
    std::vector<WeekCounter> weeks_before_;  // the newest first
    DurationSamples durations_;
    FirstFew<Resolution> longest_;
    FirstFew<IncidentAsOf> oldest_, stale_;
    std::vector<IncidentAsOf> missing_postmortems_;
    AttentionRules attention_;
    std::optional<CorrelationIndex> index_;
    TraitReader traits_;
    ServiceGraph services_;
    CommonSignatures signatures_;
    CorrelationRules rules_;
    ClusterFinder clusters_;
    RecurrenceCounter recurrences_;
    WeeklyDigest::Followups followups_;
    std::vector<WeeklyDigest::Escalation> escalations_;
    AlertDigest alerts_;  // without `noisiest`
    std::map<std::uint32_t, std::uint64_t> kinds_;
};

DigestMaker::DigestMaker(lmdb::Transaction& views, const JournalView& journal, const ReportWindow& window,
                         const IntelligencePolicy& policy)
    : views_(views),
      journal_(journal),
      window_(window),
      order_{journal},
      postmortem_(journal.find_name("postmortem").value_or(NameNumber{}).value),
      week_(window),
      longest_(list_max,
               [order = order_](const Resolution& a, const Resolution& b) {
                   return a.ttr_seconds != b.ttr_seconds ? a.ttr_seconds > b.ttr_seconds : order.by_start(a.incident, b.incident);
               }),
      oldest_(list_max, [order = order_](const IncidentAsOf& a, const IncidentAsOf& b) { return order.by_start(a, b); }),
      stale_(stale_max, [order = order_](const IncidentAsOf& a, const IncidentAsOf& b) { return order.by_quiet(a, b); }),
      attention_(order_),
      index_(CorrelationIndex::open(views)),
      traits_(views, journal, window, window.end),
      services_(policy.correlation, journal),
      rules_{policy.correlation, services_, signatures_},
      clusters_(rules_, journal),
      recurrences_(policy.recurrence, window, week_days) {
    for (int weeks = 1; weeks <= 4; ++weeks) {
        const std::int64_t from = window.from - weeks * week_us;
        weeks_before_.emplace_back(ReportWindow{from, from + week_us, window.size});
    }
}

void DigestMaker::visit(StreamNumber stream, std::span<const HistoryEntry> entries) {
    AttentionFacts facts;
    const std::uint64_t firing_before = alerts_.firing;
    const IncidentAsOf incident =
        incident_as_of(stream, entries, window_, [&](const HistoryEntry& entry) { take(stream, entry, entries, facts); });
    if (alerts_.firing != firing_before) ++alerts_.incidents;
    week_.finish_incident(incident, journal_);

    const Extent extent = extent_of(entries, window_.size);
    for (WeekCounter& week : weeks_before_) count_before(week, incident, entries, extent);

    if (!incident.state.exists()) return;
    durations_.add(incident, window_);
    if (incident.has_followups) facts.overdue_followups = take_followups(incident);
    if (incident.state.archived()) return;
    list(incident, entries, facts);
    correlate(incident, facts.opened);
}

void DigestMaker::correlate(const IncidentAsOf& incident, bool opened) {
    const std::int64_t start = incident.state.started_at;
    const bool of_last_month = start >= window_.end - month_us && start < window_.end;
    if (!index_ || (!of_last_month && !opened && start < recurrences_.look_back())) return;
    const SignatureKey signature = index_->signature_of(incident.stream);
    if (of_last_month) signatures_.add(signature);
    recurrences_.add(incident, signature);
    if (!opened) return;
    IncidentTraits traits = traits_.without_title(incident);
    traits_.add_title(traits, incident);
    clusters_.add(incident, std::move(traits));
}

void DigestMaker::take(StreamNumber number, const HistoryEntry& entry, std::span<const HistoryEntry> stream,
                       AttentionFacts& facts) {
    week_.add_event(entry);
    if (entry.type == EventType::incident_created) facts.opened = true;
    if (entry.type == EventType::status_changed &&
        is_reopening(static_cast<IncidentStatus>(entry.from), static_cast<IncidentStatus>(entry.to))) {
        facts.reopened = true;
    }
    if (entry.type == EventType::escalated) {
        escalations_.push_back({std::string(journal_.stream_id(number)), entry.occurred_at, entry.sequence, entry.to});
    }
    if (is_firing(entry)) {
        ++alerts_.firing;
        if (!opened_it(entry, stream)) ++alerts_.joined;
        ++kinds_[entry.kind];
    }
}

// Each week before is as of its own end, as its own digest was.
void DigestMaker::count_before(WeekCounter& week, const IncidentAsOf& incident, std::span<const HistoryEntry> stream,
                               const Extent& extent) {
    if (extent.first >= week.window().end) return;
    if (extent.last < week.window().from) {  // it was then as it is now: no second fold
        week.finish_incident(incident, journal_);
        return;
    }
    week.finish_incident(
        incident_as_of(incident.stream, stream, week.window(), [&](const HistoryEntry& entry) { week.add_event(entry); }),
        journal_);
}

std::uint64_t DigestMaker::take_followups(const IncidentAsOf& incident) {
    std::uint64_t overdue = 0;
    for (const Followup& followup : followups_of(views_, incident.stream)) {
        const auto state = state_as_of(followup, journal_, window_.end, window_.size);
        if (!state) continue;
        if (window_.contains(followup.created_at)) ++followups_.created;
        if (state->status == FollowupStatus::done && window_.contains(state->finished_at)) ++followups_.done;
        if (!state->finished()) ++followups_.open;
        if (!state->overdue(window_.end)) continue;
        followups_.overdue.push_back(listed(followup, *state, incident, journal_));
        ++overdue;
    }
    return overdue;
}

bool DigestMaker::lacks_postmortem(const IncidentAsOf& incident, std::span<const HistoryEntry> stream) const {
    if (!incident.severe() || incident.state.active() || incident.duplicate) return false;
    if (!window_.contains(incident.state.ended_at())) return false;
    return postmortem_ == 0 || std::none_of(stream.begin(), stream.end(), [&](const HistoryEntry& entry) {
               return entry.type == EventType::artifact_attached && entry.kind == postmortem_ && window_.before_end(entry);
           });
}

void DigestMaker::list(const IncidentAsOf& incident, std::span<const HistoryEntry> stream, AttentionFacts& facts) {
    const IncidentState& state = incident.state;
    if (!incident.duplicate && window_.contains(state.resolved_at)) {
        longest_.add({incident, seconds_between(state.started_at, state.resolved_at)});
    }
    facts.stale = state.active() && window_.end - state.updated_at >= stale_us;
    facts.lacks_postmortem = lacks_postmortem(incident, stream);
    if (state.active()) oldest_.add(incident);
    if (facts.stale) stale_.add(incident);
    if (facts.lacks_postmortem) missing_postmortems_.push_back(incident);
    attention_.add(incident, facts);
}

AlertDigest DigestMaker::alerts() const {
    AlertDigest alerts = alerts_;
    for (const auto& [kind, firing] : kinds_) alerts.noisiest.push_back({std::string(journal_.name({kind})), firing});
    std::sort(alerts.noisiest.begin(), alerts.noisiest.end(), [](const AlertDigest::Kind& a, const AlertDigest::Kind& b) {
        return a.firing != b.firing ? a.firing > b.firing : a.kind < b.kind;
    });
    if (alerts.noisiest.size() > list_max) alerts.noisiest.resize(list_max);
    return alerts;
}

void DigestMaker::finish(WeeklyDigest& digest) {
    digest.counts = week_.counts();
    digest.week_before = weeks_before_.front().counts();
    for (const WeekCounter& week : weeks_before_) digest.four_before += week.counts();
    digest.durations = durations_.of_all();
    for (std::size_t i = 0; i < digest.durations_by_severity.size(); ++i) {
        digest.durations_by_severity[i] = durations_.of(static_cast<Severity>(i));
    }
    for (const Resolution& one : longest_.items()) digest.longest.push_back({show(one.incident), one.ttr_seconds});
    for (const IncidentAsOf& incident : oldest_.items()) digest.oldest_active.push_back(show(incident));
    digest.stale_total = stale_.total();
    for (const IncidentAsOf& incident : stale_.items()) digest.stale.push_back(show(incident));
    digest.alerts = alerts();
    digest.recurrences = recurrences_.groups(views_, journal_);
    digest.clusters = clusters_.clusters(views_, window_);

    std::sort(escalations_.begin(), escalations_.end(), [](const WeeklyDigest::Escalation& a, const WeeklyDigest::Escalation& b) {
        return a.occurred_at != b.occurred_at ? a.occurred_at < b.occurred_at : a.sequence < b.sequence;
    });
    digest.escalations = std::move(escalations_);
    sort_followups(followups_.overdue);
    digest.followups = std::move(followups_);

    std::sort(missing_postmortems_.begin(), missing_postmortems_.end(),
              [&](const IncidentAsOf& a, const IncidentAsOf& b) { return order_.by_urgency(a, b); });
    for (const IncidentAsOf& incident : missing_postmortems_) digest.missing_postmortems.push_back(show(incident));
    attention_.add_chronic(digest.recurrences);
    digest.attention = attention_.lines(digest.counts.opened, digest.four_before.opened, window_, views_, journal_);
}

}  // namespace

std::optional<std::uint64_t> AlertDigest::hundredths_per_incident() const {
    if (incidents == 0) return std::nullopt;
    return (200 * firing + incidents) / (2 * incidents);
}

std::optional<std::uint64_t> AlertDigest::joined_percent() const {
    if (firing == 0) return std::nullopt;
    return (200 * joined + firing) / (2 * firing);
}

WeeklyDigest weekly_digest(lmdb::Transaction& views, const JournalView& journal, const DigestRequest& request) {
    assert(request.now >= request.week.from());
    const Time end = std::min(request.week.to(), request.now);
    DigestMaker maker(views, journal, {to_micros(request.week.from()), to_micros(end), request.size}, request.policy);
    scan_history(views, [&](StreamNumber stream, std::span<const HistoryEntry> entries) { maker.visit(stream, entries); });

    WeeklyDigest digest;
    digest.week = request.week;
    digest.provenance = provenance_of(journal, request.size, request.policy.bytes, end);
    maker.finish(digest);
    return digest;
}

}  // namespace daybook
