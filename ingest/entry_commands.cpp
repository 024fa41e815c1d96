// The commands that write into an incident's timeline without changing its state: entries, follow-ups, artifacts.
#include "ingest/changes.hpp"
#include "ingest/checks.hpp"
#include "ingest/commands.hpp"
#include "ingest/current.hpp"
#include "projections/artifacts.hpp"

namespace daybook {
namespace {

Refusal invalid(std::string message, std::string field) { return {RefusalCode::invalid, std::move(message), std::move(field)}; }

std::optional<Payload> entry(const AppendEntry& command) {
    const auto fill = [&](auto event) {
        event.message = command.message;
        event.meta = command.meta;
        return std::optional<Payload>(event);
    };
    if (command.type == EventType::note) return fill(Note{});
    if (command.type == EventType::decision) return fill(Decision{});
    if (command.type == EventType::action) return fill(Action{});
    if (command.type == EventType::comms) return fill(Comms{});
    if (command.type == EventType::metric) return fill(Metric{});
    if (command.type == EventType::log) return fill(Log{});
    return std::nullopt;
}

std::optional<ArtifactFormat> format_of(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? std::nullopt : from_text<ArtifactFormat>(name.substr(dot + 1));
}

}  // namespace

Result<CommandOutcome> CommandHandler::run(const AppendEntry& command, const CommandContext& context) {
    if (auto refusal = check_message(command.message, "message")) return *refusal;
    auto payload = entry(command);
    if (!payload) return invalid("type must be one of note, decision, action, comms, metric, log", "/type");
    return on_incident(command.incident_id, context,
                       [&](const JournalView&, const Target&) -> Result<std::optional<Payload>> { return payload; });
}

Result<CommandOutcome> CommandHandler::run(const CorrectEntry& command, const CommandContext& context) {
    if (auto refusal = check_message(command.message, "message")) return *refusal;
    return on_incident(
        command.incident_id, context, [&](const JournalView& journal, const Target& target) -> Result<std::optional<Payload>> {
            const auto record = journal.record(command.corrects);
            if (!record || record->stream() != target.head.number) {
                return Refusal{
                    RefusalCode::not_found,
                    "event " + std::to_string(command.corrects.value) + " is not in the timeline of " + command.incident_id,
                    "/seq"};
            }
            EntryCorrected corrected;
            corrected.corrects = static_cast<std::int64_t>(command.corrects.value);
            corrected.message = command.message;
            return std::optional<Payload>(corrected);
        });
}

Result<CommandOutcome> CommandHandler::run(const AddFollowup& command, const CommandContext& context) {
    if (auto refusal = check_title(command.title)) return *refusal;
    if (auto refusal = check_optional_name(command.owner, "owner")) return *refusal;
    if (auto refusal = check_text(command.message, "message")) return *refusal;
    return on_incident(command.incident_id, context, [&](const JournalView&, const Target&) -> Result<std::optional<Payload>> {
        FollowupAdded added;
        do {
            added.followup_id = make_short_id("fu_", context.occurred_at, entropy_);
        } while (index_.followup(added.followup_id));
        added.title = command.title;
        added.owner = command.owner;
        added.priority = command.priority;
        added.due_at = command.due_at;
        added.message = command.message;
        added.links = command.links;
        return std::optional<Payload>(added);
    });
}

Result<CommandOutcome> CommandHandler::run(const ChangeFollowupStatus& command, const CommandContext& context) {
    if (auto refusal = check_text(command.message, "message")) return *refusal;
    return on_followup(
        command.followup_id, context, [&](const JournalView& journal, const Target& target) -> Result<std::optional<Payload>> {
            if (command.incident_id && journal.stream_id(target.head.number) != *command.incident_id) {
                return Refusal{RefusalCode::not_found, "no such follow-up of " + *command.incident_id + ": " + command.followup_id,
                               "/followup_id"};
            }
            const FollowupStatus status = index_.followup(command.followup_id)->status;
            if (status == command.to) return std::optional<Payload>();
            FollowupStatusChanged changed;
            changed.followup_id = command.followup_id;
            changed.from = status;
            changed.to = command.to;
            changed.message = command.message;
            return std::optional<Payload>(changed);
        });
}

Result<CommandOutcome> CommandHandler::run(const UpdateFollowup& command, const CommandContext& context) {
    if (command.title) {
        if (auto refusal = check_title(*command.title)) return *refusal;
    }
    if (command.owner && !command.owner->empty()) {
        if (auto refusal = check_name(*command.owner, "owner")) return *refusal;
    }
    if (command.due_at && command.no_due_date) return invalid("give a due date, or take it away, not both", "/due_at");
    if (auto refusal = check_text(command.message, "message")) return *refusal;
    return on_followup(command.followup_id, context,
                       [&](const JournalView& journal, const Target& target) -> Result<std::optional<Payload>> {
                           const auto state = current_followup(journal, target.head, command.followup_id);
                           if (!state)
                               return Refusal{RefusalCode::not_found, "no such follow-up: " + command.followup_id, "/followup_id"};
                           Changes changes;
                           if (command.due_at)
                               changes.add("due_at", json_time(state->due_at), json_time(to_micros(*command.due_at)));
                           if (command.no_due_date) changes.add("due_at", json_time(state->due_at), "null");
                           if (command.owner) changes.add("owner", json_or_null(state->owner), json_or_null(command.owner));
                           if (command.priority)
                               changes.add("priority", json_of(to_text(state->priority)), json_of(to_text(*command.priority)));
                           if (command.title) changes.add("title", json_of(state->title), json_of(*command.title));
                           if (changes.empty()) return std::optional<Payload>();
                           FollowupUpdated updated;
                           updated.followup_id = command.followup_id;
                           updated.changes = changes.finish();
                           updated.message = command.message;
                           return std::optional<Payload>(updated);
                       });
}

Result<CommandOutcome> CommandHandler::run(const AttachArtifact& command, const CommandContext& context) {
    if (auto refusal = check_name(command.kind, "kind")) return *refusal;
    if (!is_artifact_name(command.name)) {
        return invalid("an artifact's name has 1 to 128 of [A-Za-z0-9._-] and starts with none of . and -: " + command.name,
                       "/name");
    }
    const auto format = format_of(command.name);
    if (!format)
        return invalid("only json, md and txt may be attached, and the name's ending says which: " + command.name, "/name");
    if (command.bytes.size() > artifact_bytes_max) {
        return Refusal{RefusalCode::too_large,
                       command.name + " has " + std::to_string(command.bytes.size()) + " bytes, the limit is " +
                           std::to_string(artifact_bytes_max),
                       "/content"};
    }
    if (!is_clean_utf8(command.bytes)) return invalid(command.name + " is not UTF-8 text", "/content");
    if (*format == ArtifactFormat::json) {
        if (const auto value = JsonReader().read(command.bytes); !value) {
            return invalid(command.name + " is no JSON: " + value.refusal().message, "/content" + value.refusal().field);
        }
    }
    if (auto refusal = check_text(command.message, "message")) return *refusal;
    Sha256 sha256;
    const Digest digest = sha256({command.bytes});
    return on_incident(command.incident_id, context,
                       [&](const JournalView&, const Target&) -> Result<std::optional<Payload>> {
                           ArtifactAttached attached;
                           attached.artifact_id = make_short_id("art_", context.occurred_at, entropy_);
                           attached.kind = command.kind;
                           attached.format = *format;
                           attached.name = command.name;
                           attached.sha256 = to_hex(digest);
                           attached.size_bytes = static_cast<std::int64_t>(command.bytes.size());
                           attached.message = command.message;
                           return std::optional<Payload>(attached);
                       },
                       {Blob{digest, command.bytes}});
}

}  // namespace daybook
