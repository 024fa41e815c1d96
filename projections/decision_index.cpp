#include "projections/decision_index.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

#include "journal/sha256.hpp"

namespace daybook {
namespace {

constexpr const char* incidents_table = "decision_incidents";
constexpr const char* signatures_table = "decision_signatures";
constexpr const char* summaries_table = "decision_summaries";
constexpr const char* alerts_table = "decision_alerts";
constexpr const char* followups_table = "decision_followups";
constexpr const char* escalations_table = "decision_escalations";

// Sources whose incidents are opened by alerts and resolved with them; what people and imports open, people resolve.
constexpr std::array<std::string_view, 5> alert_sources{"alert_triage", "alertmanager", "grafana", "pagerduty", "cloudevents"};

template <class Row>
std::string_view bytes_of_row(const Row& row) {
    return {reinterpret_cast<const char*>(&row), sizeof(Row)};
}

template <class Row>
std::optional<Row> read_row(std::optional<std::string_view> bytes) {
    if (!bytes) return std::nullopt;
    if (bytes->size() < sizeof(Row)) throw StorageError("a row of the decision index is damaged: run `daybook verify`");
    Row row;
    std::memcpy(&row, bytes->data(), sizeof(Row));
    return row;
}

// A signature or an identity as a part of a key. The byte between start and digest is in no UTF-8: no other text looks like it.
std::string key_text(std::string_view text) {
    constexpr std::size_t whole_bytes_max = 256;
    if (text.size() <= whole_bytes_max) return std::string(text);
    thread_local Sha256 sha256;
    return std::string(text.substr(0, whole_bytes_max / 2)) + '\xFF' + to_hex(sha256({text}));
}

std::string signature_prefix(std::string_view signature) { return key_text(signature) + '\0'; }

std::string signature_key(std::string_view signature, std::int64_t started_at, std::uint32_t number) {
    std::string key = signature_prefix(signature);
    append_big_endian(key, sortable(started_at), 8);
    append_big_endian(key, number, 4);
    return key;
}

bool is_start_key(std::string_view key, std::string_view prefix) {
    return key.starts_with(prefix) && key.size() == prefix.size() + 12;
}
std::uint32_t number_of(std::string_view start_key) {
    return static_cast<std::uint32_t>(read_big_endian(start_key.substr(start_key.size() - 4)));
}

std::string alert_key(std::uint32_t number, std::string_view identity) {
    std::string key;
    append_big_endian(key, number, 4);
    key += key_text(identity);
    return key;
}

FixedKey escalation_key(StreamNumber incident, std::uint8_t level) { return FixedKey().add(incident.value, 4).add(level, 1); }

}  // namespace

const std::vector<std::string>& DecisionIndex::table_names() {
    static const std::vector<std::string> names{incidents_table, signatures_table, summaries_table,
                                                alerts_table,    followups_table,  escalations_table};
    return names;
}

void DecisionIndex::open(lmdb::Transaction& transaction) {
    transaction_ = &transaction;
    incidents_table_ = *transaction.open(incidents_table);
    starts_.open(transaction, *transaction.open(signatures_table));
    summaries_.open(transaction, *transaction.open(summaries_table));
    alerts_.open(transaction, *transaction.open(alerts_table));
    followups_.open(transaction, *transaction.open(followups_table));
    escalations_.open(transaction, *transaction.open(escalations_table));
}

std::size_t DecisionIndex::rows() const {
    return incidents_.size() + newest_.size() + starts_.size() + summaries_.size() + alerts_.size() + followups_.size() +
           escalations_.size();
}

void DecisionIndex::drop_rows() {
    incidents_.clear();
    newest_.clear();
    starts_.clear();
    summaries_.clear();
    alerts_.clear();
    followups_.clear();
    escalations_.clear();
}

void DecisionIndex::write() {
    std::vector<std::uint32_t> dirty;
    for (const auto& [number, cached] : incidents_) {
        if (cached.dirty) dirty.push_back(number);
    }
    std::sort(dirty.begin(), dirty.end());
    for (const std::uint32_t number : dirty) {
        Cached& cached = incidents_.at(number);
        std::string row(bytes_of_row(cached.incident));
        row += cached.signature;
        transaction_->put(incidents_table_, key_of(number, 4), row);
        cached.dirty = false;
    }
    starts_.write();
    summaries_.write();
    alerts_.write();
    followups_.write();
    escalations_.write();
}

DecisionIndex::Cached* DecisionIndex::find(StreamNumber number) const {
    const auto found = incidents_.find(number.value);
    if (found != incidents_.end()) return &found->second;
    const auto bytes = transaction_->get(incidents_table_, key_of(number.value, 4));
    const auto row = read_row<DecisionIncident>(bytes);
    if (!row) return nullptr;
    return &incidents_.emplace(number.value, Cached{*row, std::string(bytes->substr(sizeof(DecisionIncident)))}).first->second;
}

std::optional<DecisionIncident> DecisionIndex::incident(StreamNumber number) const {
    require_transaction();
    const Cached* cached = find(number);
    if (cached == nullptr) return std::nullopt;
    return cached->incident;
}

std::string DecisionIndex::signature_of(StreamNumber number) const {
    require_transaction();
    const Cached* cached = find(number);
    return cached == nullptr ? std::string() : cached->signature;
}

std::optional<SignatureSummary> DecisionIndex::summary(std::string_view signature) const {
    require_transaction();
    if (signature.empty()) return std::nullopt;
    return summaries_.at(key_text(signature)).get();
}

std::optional<AlertRow> DecisionIndex::alert(StreamNumber incident, std::string_view identity) const {
    require_transaction();
    return alerts_.at(alert_key(incident.value, identity)).get();
}

std::optional<FollowupRow> DecisionIndex::followup(std::string_view followup_id) const {
    require_transaction();
    if (followup_id.empty() || followup_id.size() > key_bytes_max) return std::nullopt;
    return followups_.at(followup_id).get();
}

std::optional<std::int64_t> DecisionIndex::last_escalation(StreamNumber incident, int level) const {
    require_transaction();
    return escalations_.at(escalation_key(incident, static_cast<std::uint8_t>(std::clamp(level, 0, 254)))).get();
}

std::optional<DecisionIndex::Start> DecisionIndex::newest_of(const std::string& signature) const {
    if (const auto known = newest_.find(signature); known != newest_.end()) return known->second;
    const auto key = starts_.last_before(signature_key(signature, INT64_MAX, UINT32_MAX));
    const std::string prefix = signature_prefix(signature);
    if (!key || !is_start_key(*key, prefix)) return std::nullopt;
    const std::string_view start = std::string_view(*key).substr(prefix.size());
    return newest_.emplace(signature, Start{from_sortable(read_big_endian(start.substr(0, 8))), number_of(start)}).first->second;
}

void DecisionIndex::incidents_of(std::string_view signature, std::int64_t latest_start,
                                 const std::function<bool(StreamNumber, const DecisionIncident&)>& visit) const {
    require_transaction();
    const auto goes_on = [&](std::uint32_t number) {
        const Cached* cached = find({number});
        return cached == nullptr || visit({number}, cached->incident);
    };
    const auto newest = newest_of(std::string(signature));
    if (!newest) return;
    std::string end = signature_key(signature, latest_start, UINT32_MAX);  // the first key that is not visited
    if (newest->started_at <= latest_start) {
        if (!goes_on(newest->number)) return;
        end = signature_key(signature, newest->started_at, newest->number);
    }
    const std::string prefix = signature_prefix(signature);
    for (auto key = starts_.last_before(end); key && is_start_key(*key, prefix); key = starts_.last_before(*key)) {
        if (!goes_on(number_of(*key))) return;
    }
}

void DecisionIndex::take(const IndexedEvent& event) {
    const RecordHeader& header = event.header;
    const EventFacts& facts = event.facts;
    if (event.stream.starts_with('$')) return;
    if (header.type == EventType::incident_created) return take_created(event);
    Cached* cached = find({header.stream});
    if (cached == nullptr) return;
    const bool was_active = cached->incident.state.active();
    const std::int64_t old_start = cached->incident.state.started_at;
    if (daybook::apply(cached->incident.state, header)) return;
    cached->dirty = true;

    switch (header.type) {
        case EventType::alert: take_alert(*cached, header, facts); break;
        case EventType::status_changed: count_in_signature(*cached, was_active); break;
        case EventType::incident_updated:
            if (cached->incident.state.started_at != old_start) move_start(*cached, {header.stream}, old_start);
            break;
        case EventType::followup:
        case EventType::followup_status_change: take_followup(header, facts); break;
        case EventType::incident_linked:
            if (header.to == static_cast<std::uint8_t>(LinkRelation::duplicate_of)) take_link(*cached, event.linked);
            break;
        case EventType::escalated: take_escalation(header); break;
        case EventType::incident_created:
        case EventType::severity_changed:
        case EventType::acknowledged:
        case EventType::assigned:
        case EventType::note:
        case EventType::decision:
        case EventType::action:
        case EventType::comms:
        case EventType::metric:
        case EventType::log:
        case EventType::entry_corrected:
        case EventType::followup_updated:
        case EventType::artifact_attached:
        case EventType::incident_archived:
        case EventType::alert_ignored:
        case EventType::triage_run:
        case EventType::job_started:
        case EventType::job_finished:
        case EventType::report_generated:
        case EventType::risk_snapshot:
        case EventType::backlog_item:
        case EventType::gate_evaluated:
        case EventType::redacted: break;
    }
}

void DecisionIndex::take_created(const IndexedEvent& event) {
    const RecordHeader& header = event.header;
    Cached* known = find({header.stream});
    if (known != nullptr) return;
    Cached cached;
    if (daybook::apply(cached.incident.state, header)) return;
    cached.signature = event.facts.subject;
    const bool by_alert = std::find(alert_sources.begin(), alert_sources.end(), event.source) != alert_sources.end();
    cached.incident.opened_by_alert = by_alert ? 1 : 0;
    cached.incident.opened_by_pagerduty = event.source == "pagerduty" ? 1 : 0;
    cached.dirty = true;
    if (!cached.signature.empty()) {
        starts_.put(signature_key(cached.signature, header.moment, header.stream));
        const auto newest = newest_.find(cached.signature);
        if (newest != newest_.end()) newest->second = std::max(newest->second, Start{header.moment, header.stream});
    }
    count_in_signature(cached, false);
    incidents_.insert_or_assign(header.stream, std::move(cached));
}

void DecisionIndex::count_in_signature(const Cached& cached, bool was_active) {
    if (cached.signature.empty()) return;
    auto& place = summaries_.at(key_text(cached.signature));
    SignatureSummary summary = place.get().value_or(SignatureSummary{});
    const IncidentState& state = cached.incident.state;
    if (state.active() && !was_active) ++summary.active;
    if (!state.active() && was_active) --summary.active;
    summary.latest_end = std::max(summary.latest_end, state.ended_at());
    place.put(summary);
}

void DecisionIndex::take_link(Cached& cached, StreamNumber original) {
    const bool was_duplicate = std::exchange(cached.incident.duplicate_of, original.value) != 0;
    if (cached.signature.empty() || was_duplicate == (original.value != 0)) return;
    auto& place = summaries_.at(key_text(cached.signature));
    SignatureSummary summary = place.get().value_or(SignatureSummary{});
    was_duplicate ? --summary.duplicates : ++summary.duplicates;
    place.put(summary);
}

// What is told late does not shorten the cooldown.
void DecisionIndex::take_escalation(const RecordHeader& header) {
    auto& place = escalations_.at(escalation_key({header.stream}, header.to));
    if (!place.get() || *place.get() < header.occurred_at) place.put(header.occurred_at);
}

void DecisionIndex::move_start(const Cached& cached, StreamNumber number, std::int64_t old_start) {
    if (cached.signature.empty()) return;
    newest_.erase(cached.signature);
    starts_.erase(signature_key(cached.signature, old_start, number.value));
    starts_.put(signature_key(cached.signature, cached.incident.state.started_at, number.value));
}

void DecisionIndex::take_alert(Cached& cached, const RecordHeader& header, const EventFacts& facts) {
    DecisionIncident& incident = cached.incident;
    if (facts.severity) incident.worst_alert = std::min(incident.worst_alert, static_cast<std::uint8_t>(*facts.severity));
    incident.latest_alert = std::max(incident.latest_alert, header.occurred_at);
    const auto state = static_cast<AlertState>(header.to);
    auto& place = alerts_.at(alert_key(header.stream, facts.subject));
    const std::optional<AlertRow>& known = place.get();
    // Times count by the alert's own clock: what comes late changes nothing. At the same moment, resolved wins.
    if (known && (header.occurred_at < known->at || (header.occurred_at == known->at && state == AlertState::firing))) return;
    const bool was_firing = known && known->state == AlertState::firing;
    if (state == AlertState::firing && !was_firing) ++incident.firing_alerts;
    if (state == AlertState::resolved && was_firing) --incident.firing_alerts;
    AlertRow row;
    row.starts_at = header.moment;
    row.at = header.occurred_at;
    row.state = state;
    row.severity = facts.severity.value_or(Severity::p2);
    place.put(row);
}

void DecisionIndex::take_followup(const RecordHeader& header, const EventFacts& facts) {
    if (facts.subject.empty() || facts.subject.size() > key_bytes_max) return;
    auto& place = followups_.at(facts.subject);
    FollowupRow row = place.get().value_or(FollowupRow{});
    if (header.type == EventType::followup) {
        if (row.stream != 0) return;  // the id is taken
        row.stream = header.stream;
        row.priority = facts.severity.value_or(Severity::p2);
    } else if (row.stream != header.stream) {
        return;
    }
    row.status = static_cast<FollowupStatus>(header.to);
    place.put(row);
}

}  // namespace daybook
