#include "ingest/alert_rules.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "ingest/checks.hpp"
#include "ingest/current.hpp"

namespace daybook {
namespace {

constexpr std::int64_t minute = 60'000'000;  // µs

constexpr const char* ends_nothing = "resolved, and no active incident has its signature";

// How many events of a stream are looked back at when alerts are counted for an escalation: these, or four for each alert asked
// for.
constexpr int look_back_min = 256;
// How many incidents of a signature, those that started last, are looked at there.
constexpr int look_back_incidents = 32;

// Adds the events that a report leads to, in order, all said by its reporter.
class BatchWriter {
public:
    BatchWriter(Batch& batch, const AlertReport& report, std::string stream)
        : batch_(batch), report_(report), stream_(std::move(stream)) {}

    void add(EncodedPayload payload, Time occurred_at, std::optional<std::size_t> cause) {
        NewEvent event;
        event.stream = stream_;
        event.payload = std::move(payload);
        event.occurred_at = occurred_at;
        event.actor = report_.actor;
        event.source = report_.source;
        event.cause_in_batch = cause;
        batch_.events.push_back(std::move(event));
    }
    std::size_t last() const { return batch_.events.size() - 1; }

private:
    Batch& batch_;
    const AlertReport& report_;
    std::string stream_;
};

// The place of the report's alert in its batch: behind the incident_created that it led to, if any.
std::size_t alert_place(const Batch& batch) { return batch.events.front().payload.type == EventType::alert ? 0 : 1; }

// Of an incident that the report opens. An alert that fires again with the start that it had begins another incident later.
Time start_of(const AlertReport& report) {
    return report.alert.state == AlertState::firing ? std::max(report.alert.starts_at, report.alert_at) : report.alert.starts_at;
}

EncodedPayload incident_of(const AlertReport& report) {
    const Alert& alert = report.alert;
    IncidentCreated created;
    created.service = alert.service;
    created.env = alert.env;
    created.severity = alert.severity;
    created.title = alert.title;
    created.started_at = start_of(report);
    created.summary = alert.summary;
    created.signature = report.signature;
    created.kind = alert.kind;
    if (alert.labels.text != "{}") created.labels = alert.labels;
    created.input_sha256 = alert.input_sha256;
    return encode(created);
}

AlertDecision ignored(const AlertReport& report, const std::string& reason) {
    AlertIgnored event;
    Alert alert = report.alert;
    event.input_sha256 = std::exchange(alert.input_sha256, std::nullopt);
    event.alert.text = encode(Payload(alert)).text;
    event.reason = reason;
    event.signature = report.signature;
    AlertDecision decision;
    decision.kind = AlertDecision::Kind::ignored;
    BatchWriter(decision.batch, report, "$triage").add(encode(event), report.alert_at, std::nullopt);
    return decision;
}

// Takes over from the incident, and from the alert's latest state there, what the report does not say.
void complete(AlertReport& report, const StreamHead& head, const AlertRow* known, const JournalView& journal) {
    const IncidentRow incident = current_incident(journal, head);
    Alert& alert = report.alert;
    alert.service = incident.service;
    alert.env = incident.env;
    alert.kind = incident.kind.value_or(alert.kind);
    alert.title = incident.title;
    alert.severity = known != nullptr ? known->severity : incident.state.severity;
    if (known != nullptr && !report.start_is_known) {
        alert.starts_at = from_micros(known->starts_at);
        if (alert.ends_at) alert.ends_at = std::max(*alert.ends_at, alert.starts_at);
    }
    report.encoded_alert = encode(Payload(alert));
}

// Since when nobody looks at an incident any more: it takes what belongs to its past alone.
std::int64_t over_since(const IncidentState& state) { return state.active() ? state.archived_at : state.ended_at(); }

// A webhook says what fires as it is sent: an alert that is first told once the incident it began in is over did not end with it.
bool fires_still(const AlertReport& report, const KnownAlert& known) {
    return report.repeats == AlertReport::Repeats::by_start && report.alert.state == AlertState::firing && !known.row;
}

// Whether `enough` of the times lie within `span`, `at` among them.
bool lie_together(std::vector<std::int64_t> times, std::int64_t at, std::int64_t span, std::size_t enough) {
    std::sort(times.begin(), times.end());
    for (std::size_t first = 0; first + enough <= times.size() && times[first] <= at; ++first) {
        const std::int64_t last = times[first + enough - 1];
        if (last >= at && last - times[first] <= span) return true;
    }
    return false;
}

}  // namespace

// What an alert that starts `at` does to an incident of its signature; nothing: the incident has no place for it.
std::optional<AlertRules::Place> AlertRules::place_in(StreamNumber number, const DecisionIncident& incident, bool newest,
                                                      std::int64_t at) const {
    const IncidentState& state = incident.state;
    if (state.active() && !state.archived()) return Place{Place::Kind::join, number, ""};
    if (newest && !state.archived() && state.status == IncidentStatus::resolved && at >= state.resolved_at &&
        at - state.resolved_at <= policy_.reopen_minutes * minute) {
        return Place{Place::Kind::reopen, number, ""};
    }
    if (at >= state.started_at && at <= over_since(state)) return Place{Place::Kind::join_late, number, ""};
    return std::nullopt;
}

AlertRules::Place AlertRules::place_firing(const AlertReport& report) const {
    const std::int64_t at = to_micros(report.alert_at);
    const auto summary = index_.summary(report.signature);
    if (!summary) return {};
    // An active incident takes an alert that started a little before it, as alerts of one cause come in any order; one that
    // started long before belongs to a past of its own.
    const std::int64_t latest_start = at + policy_.reopen_minutes * minute;
    // The incident that was going on at that moment, the latest of them; else one that can be reopened, or began shortly after.
    std::optional<Place> going_on, otherwise;
    std::uint32_t active_left = summary->active;
    bool newest_passed = false;  // the newest at that moment: a backfill does not see what came later
    index_.incidents_of(report.signature, latest_start, [&](StreamNumber number, const DecisionIncident& incident) {
        if (incident.state.active()) --active_left;
        const StreamNumber original = original_of(index_, number);
        const DecisionIncident target = original == number ? incident : index_.incident(original).value_or(incident);
        const bool began = incident.state.started_at <= at;
        const bool newest = began && !newest_passed;
        newest_passed = newest_passed || began;
        if (const auto place = place_in(original, target, newest, at)) {
            const bool was_going_on = place->kind != Place::Kind::reopen && at >= target.state.started_at;
            if (was_going_on) going_on = place;
            if (!otherwise) otherwise = place;
        }
        // Does anything older matter: active, standing for another incident, or still going on at that moment?
        return !going_on && (active_left > 0 || summary->duplicates > 0 || at <= summary->latest_end);
    });
    return going_on ? *going_on : otherwise.value_or(Place{});
}

AlertRules::Place AlertRules::place_at(StreamNumber number) const {
    return {index_.incident(number)->state.active() ? Place::Kind::join : Place::Kind::join_late, number, ""};
}

// Of a firing alert that the triage gives to an incident: there, unless it began once that was over, where nobody would see it.
// Then it reopens that incident if it may, else it goes where it would go by itself.
AlertRules::Place AlertRules::place_named(const AlertReport& report, StreamNumber number, const DecisionIncident& incident) const {
    const std::int64_t at = to_micros(report.alert_at);
    if (at < incident.state.started_at) return place_at(number);
    const auto place = place_in(number, incident, true, at);
    return place ? *place : place_firing(report);
}

// An end counts where the alert fires, also in an incident that is over or is a duplicate: kept from it, the alert would fire
// there for ever. One that ends nothing goes to the latest active incident that began before it.
AlertRules::Place AlertRules::place_resolved(const AlertReport& report) const {
    const std::int64_t at = to_micros(report.alert_at);
    const StreamNumber firing = fires_in(index_, report, at + policy_.reopen_minutes * minute);
    const bool told = report.decision == AlertReport::Decision::resolve;  // it wants an active incident
    if (firing && (!told || index_.incident(firing)->state.active())) return place_at(firing);
    const auto summary = index_.summary(report.signature);
    StreamNumber active;
    if (summary && (summary->active > 0 || summary->duplicates > 0)) {
        index_.incidents_of(report.signature, at, [&](StreamNumber number, const DecisionIncident&) {
            const StreamNumber original = original_of(index_, number);
            const auto target = index_.incident(original);
            if (target && target->state.active()) active = original;
            return !active;
        });
    }
    if (active) return place_at(active);
    return firing ? place_at(firing) : Place{Place::Kind::ignore, {}, ends_nothing};
}

Result<AlertRules::Place> AlertRules::place(const AlertReport& report, const KnownAlert& known, const JournalView& journal) const {
    using Triaged = AlertReport::Decision;
    if (report.repeats == AlertReport::Repeats::by_arrival) {
        const bool ends = report.alert.state == AlertState::resolved;
        const StreamNumber firing = ends ? fires_in(index_, report, to_micros(report.alert_at)) : StreamNumber{};
        if (firing) return place_at(firing);
        if (known.incident) return place_at(known.incident);
        return ends ? Place{Place::Kind::ignore, {}, ends_nothing} : Place{};
    }
    if (report.decision == Triaged::ignore) return Place{Place::Kind::ignore, {}, "the triage decided to ignore it"};
    if (report.decision == Triaged::create) return Place{};
    const bool named = report.incident_id && (report.decision == Triaged::update || report.decision == Triaged::resolve);
    if (named) {
        const auto number = journal.stream_number(*report.incident_id);
        const auto incident = number ? index_.incident(*number) : std::nullopt;
        if (!incident) return Refusal{RefusalCode::not_found, "no such incident: " + *report.incident_id, "/incident_id"};
        return report.alert.state == AlertState::firing ? place_named(report, *number, *incident) : place_at(*number);
    }
    return report.alert.state == AlertState::firing ? place_firing(report) : place_resolved(report);
}

Result<AlertDecision> AlertRules::decide(AlertReport& report, const JournalView& journal) const {
    const KnownAlert known = known_alert(index_, report);
    if (report.acknowledges) return acknowledge(report, known, journal);
    if (known.row) {
        if (is_repeat(report, *known.row)) return AlertDecision{AlertDecision::Kind::duplicate, {}, known.incident};
        put_in_order(report, *known.row, index_.incident(known.incident)->state);
    }
    auto place = this->place(report, known, journal);
    while (place && place->kind == Place::Kind::join_late && fires_still(report, known)) {
        count_after(report, over_since(index_.incident(place->number)->state));
        place = this->place(report, known, journal);
    }
    if (!place) return place.refusal();
    if (place->kind == Place::Kind::ignore) return ignored(report, place->reason);
    if (!report.fields_are_known && place->number) {
        const auto row = index_.alert(place->number, report.alert.fingerprint);
        complete(report, *journal.stream(journal.stream_id(place->number)), row ? &*row : nullptr, journal);
    }
    auto batch = lead_to(report, *place, journal);
    if (!batch) return batch.refusal();
    return AlertDecision{AlertDecision::Kind::taken, std::move(*batch), {}};
}

Result<AlertDecision> AlertRules::acknowledge(const AlertReport& report, const KnownAlert& known,
                                              const JournalView& journal) const {
    if (!known.incident) return ignored(report, "acknowledged, and no active incident has its signature");
    if (index_.incident(known.incident)->state.acknowledged())
        return AlertDecision{AlertDecision::Kind::duplicate, {}, known.incident};
    AlertDecision decision;
    BatchWriter(decision.batch, report, std::string(journal.stream_id(known.incident)))
        .add(encode(Acknowledged()), report.alert_at, std::nullopt);
    return decision;
}

Result<Batch> AlertRules::lead_to(AlertReport& report, const Place& place, const JournalView& journal) const {
    Batch batch;
    const bool opens = place.kind == Place::Kind::open;
    const std::string stream =
        opens ? new_incident_id(journal, start_of(report), entropy_) : std::string(journal.stream_id(place.number));
    const auto incident = opens ? std::nullopt : index_.incident(place.number);
    BatchWriter writer(batch, report, stream);
    if (opens) writer.add(incident_of(report), start_of(report), std::nullopt);
    writer.add(std::move(report.encoded_alert), report.alert_at, opens ? std::optional<std::size_t>(0) : std::nullopt);
    const std::size_t alert = alert_place(batch);

    bool raised = false;
    if (place.kind == Place::Kind::reopen) {
        StatusChanged reopened;
        reopened.from = incident->state.status;
        reopened.to = IncidentStatus::open;
        reopened.reason = "the alert came back";
        writer.add(encode(reopened), report.alert_at, alert);
    }
    if (incident) add_raise(batch, report, *incident, stream, raised);
    for (const std::string& text : report.notes) {
        Note note;
        note.message = text;
        writer.add(encode(note), report.reported_at, alert);
    }
    for (const AlertReport::NewFollowup& wanted : report.followups) {
        FollowupAdded followup;
        do {
            followup.followup_id = make_short_id("fu_", report.reported_at, entropy_);
        } while (index_.followup(followup.followup_id));
        followup.title = wanted.title;
        followup.owner = wanted.owner;
        followup.priority = wanted.priority;
        followup.due_at = wanted.due_at;
        followup.links = wanted.links;
        writer.add(encode(followup), report.reported_at, alert);
    }
    const bool quiet = incident && incident->state.acknowledged() && place.kind != Place::Kind::reopen && !raised;
    add_escalations(batch, report, journal, place.number, quiet, stream);
    if (report.alert.state == AlertState::resolved) {
        const DecisionIncident before = incident.value_or(DecisionIncident{});
        if (auto refusal = add_resolution(batch, report, place.number, before, stream)) return *refusal;
    }
    return batch;
}

// An alert worse than every earlier one of its incident, and than the incident, raises the severity: what a person lowered
// stays lowered until something worse comes.
void AlertRules::add_raise(Batch& batch, const AlertReport& report, const DecisionIncident& incident, const std::string& stream,
                           bool& raised) const {
    const Alert& alert = report.alert;
    const bool worse =
        static_cast<std::uint8_t>(alert.severity) < incident.worst_alert && is_worse(alert.severity, incident.state.severity);
    if (alert.state != AlertState::firing || !worse) return;
    SeverityChanged change;
    change.from = incident.state.severity;
    change.to = alert.severity;
    change.reason = "a worse alert";
    const std::int64_t at = std::max(to_micros(report.alert_at), incident.state.last_change);
    BatchWriter(batch, report, stream).add(encode(change), from_micros(at), alert_place(batch));
    raised = true;
}

std::optional<Refusal> AlertRules::add_resolution(Batch& batch, const AlertReport& report, StreamNumber number,
                                                  const DecisionIncident& incident, const std::string& stream) const {
    const IncidentState& state = incident.state;
    const bool told = report.decision == AlertReport::Decision::resolve;
    if (state.exists() && !state.active()) return std::nullopt;
    std::int64_t at = to_micros(report.alert_at);
    if (told) {
        if (state.exists() && at < state.last_change) {
            return Refusal{RefusalCode::conflict,
                           "the status or severity of " + stream + " last changed at " +
                               format_time(from_micros(state.last_change)) + ", after the resolution at " +
                               format_time(report.alert_at),
                           "/alert/ended_at"};
        }
    } else {
        if (!policy_.auto_resolve || (state.exists() && incident.opened_by_alert == 0)) return std::nullopt;
        // Does any other alert of the incident still fire?
        const auto known = state.exists() ? index_.alert(number, report.alert.fingerprint) : std::nullopt;
        const bool was_firing = known && known->state == AlertState::firing;
        const bool takes_effect = !known || at >= known->at;
        const std::uint32_t others = incident.firing_alerts - (was_firing && takes_effect ? 1U : 0U);
        if (others > 0) return std::nullopt;
        // All of them are over when the last one is, in whatever order they were told.
        at = std::max({at, incident.latest_alert, state.last_change});
    }
    StatusChanged resolved;
    resolved.from = state.status;
    resolved.to = IncidentStatus::resolved;
    resolved.reason = told ? "the triage resolved it" : "all its alerts are resolved";
    BatchWriter(batch, report, stream).add(encode(resolved), from_micros(at), alert_place(batch));
    return std::nullopt;
}

// `number` is 0 for an incident that this report opens; in a quiet one the policies escalate nothing.
void AlertRules::add_escalations(Batch& batch, const AlertReport& report, const JournalView& journal, StreamNumber number,
                                 bool quiet, const std::string& stream) const {
    BatchWriter writer(batch, report, stream);
    const std::size_t alert = alert_place(batch);
    std::set<int> told;  // levels
    if (report.escalation) {
        Escalated event;
        event.policy = "alert_triage";
        event.level = report.escalation->level;
        event.target = report.escalation->target;
        event.reason = report.escalation->reason;
        writer.add(encode(event), report.reported_at, alert);
        told.insert(report.escalation->level);
    }
    if (quiet || report.alert.state != AlertState::firing) return;
    for (const EscalationPolicy& policy : policy_.escalation) {
        const auto last = number.value != 0 ? index_.last_escalation(number, policy.level) : std::nullopt;
        const bool cooling = last && to_micros(report.reported_at) < *last + policy.cooldown_minutes * minute;
        if (cooling || told.count(policy.level) != 0 || !fits(policy, report, journal)) continue;
        told.insert(policy.level);
        Escalated event;
        event.policy = policy.name;
        event.level = policy.level;
        event.target = policy.target;
        event.reason = policy.alerts > 0
                           ? std::to_string(policy.alerts) + " alerts within " + std::to_string(policy.minutes) + " minutes"
                           : std::string(to_text(report.alert.severity)) + " in " + report.alert.env;
        writer.add(encode(event), report.reported_at, alert);
    }
}

bool AlertRules::fits(const EscalationPolicy& policy, const AlertReport& report, const JournalView& journal) const {
    if (policy.env && report.alert.env != *policy.env) return false;
    if (policy.severity && is_worse(*policy.severity, report.alert.severity)) return false;
    return policy.alerts == 0 || is_one_of_many(report, journal, policy.minutes, policy.alerts);
}

// Whether the report is one of `enough` firing alerts of its signature within `minutes`, in whatever order they are told.
bool AlertRules::is_one_of_many(const AlertReport& report, const JournalView& journal, int minutes, int enough) const {
    const std::int64_t at = to_micros(report.alert_at);
    const std::int64_t span = minutes * minute;
    const int look_back = std::max(look_back_min, 4 * enough);
    const auto summary = index_.summary(report.signature);
    std::uint32_t active_left = summary ? summary->active : 0;
    int incidents_left = look_back_incidents;
    std::vector<std::int64_t> times{at};
    index_.incidents_of(report.signature, at + span, [&](StreamNumber number, const DecisionIncident& incident) {
        if (incident.state.active()) --active_left;
        const bool is_quiet = incident.state.updated_at < at - span;
        const auto head = is_quiet ? std::nullopt : journal.stream(journal.stream_id(number));
        Sequence next = head ? head->sequence : Sequence{};
        for (int i = 0; next && i < look_back; ++i) {
            const auto header = journal.header(next);
            const bool firing = header->type == EventType::alert && header->to == static_cast<std::uint8_t>(AlertState::firing);
            if (firing && header->occurred_at >= at - span && header->occurred_at <= at + span)
                times.push_back(header->occurred_at);
            next = {header->previous};
        }
        // Does anything older matter: still active, or over no earlier than that?
        return --incidents_left > 0 && (active_left > 0 || summary->latest_end >= at - span);
    });
    return lie_together(std::move(times), at, span, static_cast<std::size_t>(enough));
}

}  // namespace daybook
