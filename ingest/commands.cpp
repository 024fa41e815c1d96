#include "ingest/commands.hpp"

#include <algorithm>
#include <utility>

#include "ingest/changes.hpp"
#include "ingest/checks.hpp"
#include "ingest/current.hpp"

namespace daybook {
namespace {

// Duplicates of duplicates are followed so far; an import may bring a ring of them.
constexpr int duplicate_hops_max = 64;

Refusal conflict(std::string message, std::string field = "") {
    return {RefusalCode::conflict, std::move(message), std::move(field)};
}

// Status and severity are told in the order in which they changed: a command from before the last change would rewrite it.
std::optional<Refusal> check_order(const IncidentState& state, const CommandContext& context, const std::string& incident_id) {
    if (context.by_clock || to_micros(context.occurred_at) >= state.last_change) return std::nullopt;
    return Refusal{RefusalCode::conflict,
                   "the status or severity of " + incident_id + " last changed at " + format_time(from_micros(state.last_change)) +
                       ", which is after " + format_time(context.occurred_at) + ": give a later time, or write it down as a note",
                   "/occurred_at"};
}

// An incident does not end before it began; by the clock it may, where a source with a fast clock opened it.
std::optional<Refusal> check_start(const IncidentState& state, const CommandContext& context, const ChangeStatus& command) {
    const bool reopens = command.to == IncidentStatus::open;
    if (reopens || context.by_clock || to_micros(context.occurred_at) >= state.started_at) return std::nullopt;
    return Refusal{RefusalCode::conflict,
                   command.incident_id + " began at " + format_time(from_micros(state.started_at)) + ", which is after " +
                       format_time(context.occurred_at) + ": give a later time, or change when it began",
                   "/occurred_at"};
}

}  // namespace

Result<CommandHandler::Target> CommandHandler::find(const JournalView& journal, const std::string& incident_id) const {
    const auto head = journal.stream(incident_id);
    const auto incident = head ? index_.incident(head->number) : std::nullopt;
    if (!incident) return Refusal{RefusalCode::not_found, "no such incident: " + incident_id, "/incident_id"};
    return Target{*head, *incident};
}

Result<std::string> CommandHandler::incident_of_followup(const JournalView& journal, const std::string& followup_id) const {
    const auto row = index_.followup(followup_id);
    if (!row) return Refusal{RefusalCode::not_found, "no such follow-up: " + followup_id, "/followup_id"};
    return std::string(journal.stream_id({row->stream}));
}

CommandOutcome CommandHandler::outcome_of(const Appended& appended) const {
    CommandOutcome outcome;
    outcome.appended = appended;
    if (!appended.first) return outcome;
    const Snapshot journal = journal_.snapshot();
    const auto record = journal->record(appended.first);
    outcome.incident_id = journal->stream_id(record->stream());
    outcome.version = journal->stream(record->stream())->version;
    PayloadDecoder payloads;
    const auto payload = payloads.decode(*record, *journal);
    if (!payload) return outcome;
    outcome.subject_id = followup_id_of(**payload);
    if (const auto* artifact = std::get_if<ArtifactAttached>(*payload)) outcome.subject_id = artifact->artifact_id;
    return outcome;
}

Result<CommandOutcome> CommandHandler::rehearse(const AppendRequest& request) {
    std::optional<Refusal> refusal;
    CommandOutcome outcome;
    outcome.dry_run = true;
    bool asked = false;
    journal_.rehearse([&] { return std::exchange(asked, true) ? std::vector<AppendRequest>() : std::vector{request}; },
                      [&](std::size_t, const Result<Appended>& answer) {
                          if (!answer) {
                              refusal = answer.refusal();
                          } else {
                              outcome.appended.duplicate = answer->duplicate;
                          }
                      });
    if (refusal) return *refusal;
    return outcome;
}

// An alert whose clock was ahead opened an incident that is of a time to come: it can be changed all the same.
Time CommandHandler::time_of(const NewEvent& event, const CommandContext& context, const JournalView& journal) const {
    const EventType type = event.payload.type;
    const bool in_order = type == EventType::status_changed || type == EventType::severity_changed;
    const auto head = context.by_clock && in_order ? journal.stream(event.stream) : std::nullopt;
    const auto incident = head ? index_.incident(head->number) : std::nullopt;
    return incident ? std::max(context.occurred_at, from_micros(incident->state.last_change)) : context.occurred_at;
}

Result<CommandOutcome> CommandHandler::append(const CommandContext& context, const Decide& decide) {
    AppendRequest request;
    if (context.idempotency_key) request.input = KeyedInput{*context.idempotency_key, context.input_sha256};
    request.decide = [&](const JournalView& journal, Time now) -> Result<Batch> {
        auto batch = decide(journal, now);
        if (!batch) return batch;
        for (NewEvent& event : batch->events) {
            event.actor = context.actor;
            event.source = context.source;
            event.occurred_at = time_of(event, context, journal);
        }
        return batch;
    };
    if (context.dry_run) return rehearse(request);
    const auto appended = journal_.append(request);
    if (!appended) return appended.refusal();
    return outcome_of(*appended);
}

Result<CommandOutcome> CommandHandler::on_target(const FindIncident& find_incident, const CommandContext& context,
                                                 const DecidePayload& decide, const std::vector<Blob>& blobs) {
    std::string incident_id;
    std::uint64_t version = 0;
    auto outcome = append(context, [&](const JournalView& journal, Time) -> Result<Batch> {
        const auto id = find_incident(journal);
        if (!id) return id.refusal();
        const auto target = find(journal, *id);
        if (!target) return target.refusal();
        incident_id = *id;
        version = target->head.version;
        auto payload = decide(journal, *target);
        if (!payload) return payload.refusal();
        Batch batch;
        if (context.expected_version) batch.expected.push_back({incident_id, *context.expected_version});
        if (!*payload) return batch;
        if (context.idempotency_key && context.input_sha256) common_fields(**payload).input_sha256 = to_hex(*context.input_sha256);
        NewEvent event;
        event.stream = incident_id;
        event.payload = encode(**payload);
        batch.events.push_back(std::move(event));
        batch.blobs = blobs;
        return batch;
    });
    if (outcome && outcome->incident_id.empty()) {
        outcome->incident_id = incident_id;
        outcome->version = version;
    }
    return outcome;
}

Result<CommandOutcome> CommandHandler::on_incident(const std::string& incident_id, const CommandContext& context,
                                                   const DecidePayload& decide, const std::vector<Blob>& blobs) {
    return on_target([&](const JournalView&) -> Result<std::string> { return incident_id; }, context, decide, blobs);
}

Result<CommandOutcome> CommandHandler::on_followup(const std::string& followup_id, const CommandContext& context,
                                                   const DecidePayload& decide) {
    auto outcome =
        on_target([&](const JournalView& journal) { return incident_of_followup(journal, followup_id); }, context, decide, {});
    if (outcome) outcome->subject_id = followup_id;
    return outcome;
}

Result<CommandOutcome> CommandHandler::run(const CreateIncident& command, const CommandContext& context) {
    if (auto refusal = check_name(command.service, "service")) return *refusal;
    if (auto refusal = check_name(command.env, "env")) return *refusal;
    if (auto refusal = check_title(command.title)) return *refusal;
    if (auto refusal = check_text(command.summary, "summary")) return *refusal;
    if (auto refusal = check_optional_name(command.kind, "kind")) return *refusal;
    if (auto refusal = check_optional_name(command.signature, "signature")) return *refusal;
    if (auto refusal = check_text(command.message, "message")) return *refusal;
    const Time started_at = command.started_at.value_or(context.occurred_at);
    return append(context, [&](const JournalView& journal, Time) -> Result<Batch> {
        IncidentCreated created;
        created.service = command.service;
        created.env = command.env;
        created.severity = command.severity;
        created.title = command.title;
        created.started_at = started_at;
        created.summary = command.summary;
        created.kind = command.kind;
        created.signature = command.signature;
        created.labels = command.labels;
        created.message = command.message;
        created.meta = command.meta;
        if (context.idempotency_key && context.input_sha256) created.input_sha256 = to_hex(*context.input_sha256);
        NewEvent event;
        event.stream = new_incident_id(journal, started_at, entropy_);
        event.payload = encode(created);
        Batch batch;
        if (context.expected_version.value_or(0) != 0) {
            return conflict("a new incident has no version yet: expected_version must be none", "/expected_version");
        }
        batch.events.push_back(std::move(event));
        return batch;
    });
}

Result<CommandOutcome> CommandHandler::run(const ChangeStatus& command, const CommandContext& context) {
    if (auto refusal = check_text(command.reason, "reason")) return *refusal;
    if (auto refusal = check_text(command.message, "message")) return *refusal;
    return on_incident(command.incident_id, context,
                       [&](const JournalView&, const Target& target) -> Result<std::optional<Payload>> {
                           const IncidentState& state = target.incident.state;
                           if (state.status == command.to) return std::optional<Payload>();
                           if (!may_follow(state.status, command.to)) {
                               return conflict(command.incident_id + " is " + std::string(to_text(state.status)) +
                                               " and can't become " + std::string(to_text(command.to)) + ": reopen it first");
                           }
                           if (auto refusal = check_order(state, context, command.incident_id)) return *refusal;
                           if (auto refusal = check_start(state, context, command)) return *refusal;
                           StatusChanged changed;
                           changed.from = state.status;
                           changed.to = command.to;
                           changed.reason = command.reason;
                           changed.message = command.message;
                           return std::optional<Payload>(changed);
                       });
}

Result<CommandOutcome> CommandHandler::run(const ChangeSeverity& command, const CommandContext& context) {
    if (auto refusal = check_text(command.reason, "reason")) return *refusal;
    if (auto refusal = check_text(command.message, "message")) return *refusal;
    return on_incident(command.incident_id, context,
                       [&](const JournalView&, const Target& target) -> Result<std::optional<Payload>> {
                           const IncidentState& state = target.incident.state;
                           if (state.severity == command.to) return std::optional<Payload>();
                           if (auto refusal = check_order(state, context, command.incident_id)) return *refusal;
                           SeverityChanged changed;
                           changed.from = state.severity;
                           changed.to = command.to;
                           changed.reason = command.reason;
                           changed.message = command.message;
                           return std::optional<Payload>(changed);
                       });
}

Result<CommandOutcome> CommandHandler::run(const Acknowledge& command, const CommandContext& context) {
    if (auto refusal = check_text(command.message, "message")) return *refusal;
    return on_incident(command.incident_id, context,
                       [&](const JournalView&, const Target& target) -> Result<std::optional<Payload>> {
                           if (target.incident.state.acknowledged()) return std::optional<Payload>();
                           Acknowledged acknowledged;
                           acknowledged.message = command.message;
                           return std::optional<Payload>(acknowledged);
                       });
}

Result<CommandOutcome> CommandHandler::run(const Assign& command, const CommandContext& context) {
    if (command.to && !is_actor(*command.to)) {
        return Refusal{RefusalCode::invalid, "not a person or agent ([A-Za-z0-9._@:-], 1 to 128): " + *command.to, "/to"};
    }
    if (auto refusal = check_text(command.message, "message")) return *refusal;
    return on_incident(command.incident_id, context,
                       [&](const JournalView& journal, const Target& target) -> Result<std::optional<Payload>> {
                           const IncidentRow row = current_incident(journal, target.head);
                           if (row.assignee == command.to) return std::optional<Payload>();
                           Assigned assigned;
                           assigned.from = row.assignee;
                           assigned.to.value = command.to;
                           assigned.message = command.message;
                           return std::optional<Payload>(assigned);
                       });
}

Result<CommandOutcome> CommandHandler::run(const UpdateIncident& command, const CommandContext& context) {
    if (command.title) {
        if (auto refusal = check_title(*command.title)) return *refusal;
    }
    if (command.service) {
        if (auto refusal = check_name(*command.service, "service")) return *refusal;
    }
    if (command.env) {
        if (auto refusal = check_name(*command.env, "env")) return *refusal;
    }
    if (command.kind && !command.kind->empty()) {
        if (auto refusal = check_name(*command.kind, "kind")) return *refusal;
    }
    if (auto refusal = check_text(command.summary, "summary")) return *refusal;
    if (auto refusal = check_text(command.message, "message")) return *refusal;
    return on_incident(
        command.incident_id, context, [&](const JournalView& journal, const Target& target) -> Result<std::optional<Payload>> {
            const IncidentRow row = current_incident(journal, target.head);
            Changes changes;
            if (command.env) changes.add("env", json_of(row.env), json_of(*command.env));
            if (command.kind) changes.add("kind", json_or_null(row.kind), json_or_null(command.kind));
            if (command.labels) changes.add("labels", row.labels.value_or("null"), command.labels->text);
            if (command.service) changes.add("service", json_of(row.service), json_of(*command.service));
            if (command.started_at)
                changes.add("started_at", json_time(row.state.started_at), json_time(to_micros(*command.started_at)));
            if (command.summary) changes.add("summary", json_or_null(row.summary), json_or_null(command.summary));
            if (command.title) changes.add("title", json_of(row.title), json_of(*command.title));
            if (changes.empty()) return std::optional<Payload>();
            const std::int64_t ended_at = row.state.ended_at();
            if (command.started_at && ended_at != RecordHeader::no_time && to_micros(*command.started_at) > ended_at) {
                return conflict(
                    command.incident_id + " ended at " + format_time(from_micros(ended_at)) + ": it can't have started after that",
                    "/started_at");
            }
            IncidentUpdated updated;
            updated.changes = changes.finish();
            updated.message = command.message;
            return std::optional<Payload>(updated);
        });
}

Result<CommandOutcome> CommandHandler::run(const ArchiveIncident& command, const CommandContext& context) {
    if (auto refusal = check_message(command.reason, "reason")) return *refusal;
    return on_incident(command.incident_id, context,
                       [&](const JournalView&, const Target& target) -> Result<std::optional<Payload>> {
                           if (target.incident.state.archived()) return std::optional<Payload>();
                           IncidentArchived archived;
                           archived.reason = command.reason;
                           return std::optional<Payload>(archived);
                       });
}

Result<CommandOutcome> CommandHandler::run(const LinkIncident& command, const CommandContext& context) {
    if (command.other == command.incident_id) {
        return Refusal{RefusalCode::invalid, "an incident can't be linked to itself", "/other"};
    }
    if (auto refusal = check_text(command.message, "message")) return *refusal;
    return on_incident(
        command.incident_id, context, [&](const JournalView& journal, const Target& target) -> Result<std::optional<Payload>> {
            const auto other = find(journal, command.other);
            if (!other) {
                Refusal refusal = other.refusal();
                refusal.field = "/other";
                return refusal;
            }
            if (command.relation == LinkRelation::duplicate_of) {
                if (target.incident.duplicate_of == other->head.number.value) return std::optional<Payload>();
                // Following duplicates must end somewhere.
                int hops_left = duplicate_hops_max;
                for (auto at = std::optional(other->incident); at && at->duplicate_of != 0;
                     at = index_.incident({at->duplicate_of})) {
                    if (at->duplicate_of == target.head.number.value || --hops_left == 0) {
                        return conflict(command.other + " is itself, by way of others, a duplicate of " + command.incident_id,
                                        "/other");
                    }
                }
            }
            IncidentLinked linked;
            linked.relation = command.relation;
            linked.other = command.other;
            linked.message = command.message;
            return std::optional<Payload>(linked);
        });
}

}  // namespace daybook
