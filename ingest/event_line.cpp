#include "ingest/event_line.hpp"

#include <algorithm>
#include <array>

#include "ingest/checks.hpp"
#include "ingest/fields.hpp"
#include "ingest/free_object.hpp"
#include "journal/control.hpp"
#include "projections/artifacts.hpp"
#include "projections/default_message.hpp"

namespace daybook {
namespace {

constexpr std::array<std::string_view, 10> columns{"seq",  "event_id", "incident_id", "ts",     "recorded_at",
                                                   "type", "message",  "actor",       "source", "meta"};
constexpr std::array<std::string_view, 7> changeable{"env", "kind", "labels", "service", "started_at", "summary", "title"};
constexpr std::size_t identity_bytes_max = 256;  // of what is a key of an index: an alert's identity, a follow-up's id

std::string json_text(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}
std::string json_text(Time time) { return '"' + format_time(time) + '"'; }

// A bare date means the end of that day. Anything else is left as it is.
std::string due_text(const JsonValue& value) {
    const auto date = value.is_string() ? parse_date(value.text()) : std::nullopt;
    return date ? json_text(*date + std::chrono::days(1)) : canonical(value);
}

// The `changes` of a followup_updated, with due_date as due_at and bare dates as times.
std::string changes_with_due_at(const JsonValue& changes) {
    if (!changes.is_object()) return canonical(changes);
    JsonTexts out;
    for (const JsonMember& change : changes.members()) {
        const bool due = change.name == "due_date" || change.name == "due_at";
        if (!due || !change.value.is_object()) {
            out.insert_or_assign(std::string(change.name), canonical(change.value));
            continue;
        }
        JsonTexts sides;
        for (const JsonMember& side : change.value.members()) sides.emplace(side.name, due_text(side.value));
        out.try_emplace("due_at", object_of(sides).text);
    }
    return object_of(out).text;
}

// What a followup_updated says of the fields of a follow-up: `to` must be what such a field can be. Others are kept as they are.
std::optional<Refusal> check_followup_changes(const JsonValue& row) {
    const JsonValue* meta = row.find("meta");
    const JsonValue* changes = meta == nullptr ? nullptr : meta->find("changes");
    if (changes == nullptr || !changes->is_object()) return std::nullopt;  // refused as a payload
    for (const auto& [name, change] : changes->members()) {
        const bool due = name == "due_at" || name == "due_date";
        const bool known = due || name == "title" || name == "owner" || name == "priority";
        if (!known) continue;
        const std::string place = "/meta/changes/" + std::string(name);
        const JsonValue* to = change.find("to");
        if (to == nullptr) return Refusal{RefusalCode::invalid, "must be an object with `to`, and `from`", place};
        const bool cleared = (due || name == "owner") && to->is_null();
        const auto refuse = [&](const std::string& what) { return Refusal{RefusalCode::invalid, what, place + "/to"}; };
        if (cleared) continue;
        if (!to->is_string()) return refuse("must be a text");
        if (due && !parse_due(to->text())) return refuse("must be a time (RFC 3339) or a date");
        if (name == "priority" && !from_text<Severity>(to->text())) return refuse("must be one of " + choices<Severity>());
    }
    return std::nullopt;
}

std::optional<Refusal> wrong(const char* field, const std::string& what) {
    return Refusal{RefusalCode::invalid, std::string(field) + ' ' + what, std::string("/meta/") + field};
}

std::optional<Refusal> check_identity(const char* field, const std::string& text) {
    if (!text.empty() && text.size() <= identity_bytes_max) return std::nullopt;
    return wrong(field, "must have 1 to " + std::to_string(identity_bytes_max) + " bytes");
}

// What the indexes and the folds rely on, beyond the kinds of the fields.
std::optional<Refusal> check(const Payload& payload) {
    if (const auto* created = std::get_if<IncidentCreated>(&payload)) {
        return created->signature && !created->signature->empty() ? check_identity("signature", *created->signature) : std::nullopt;
    }
    if (const auto* alert = std::get_if<Alert>(&payload)) return check_identity("fingerprint", alert->fingerprint);
    if (const auto* added = std::get_if<FollowupAdded>(&payload)) {
        if (has_control(added->followup_id)) return wrong("followup_id", "must hold no control character");
        return check_identity("followup_id", added->followup_id);
    }
    if (const auto* updated = std::get_if<IncidentUpdated>(&payload)) {
        if (!updated->changes.text.starts_with('{')) return wrong("changes", "must be an object");
    }
    if (const auto* updated = std::get_if<FollowupUpdated>(&payload)) {
        if (!updated->changes.text.starts_with('{')) return wrong("changes", "must be an object");
    }
    if (const auto* linked = std::get_if<IncidentLinked>(&payload)) {
        if (!is_incident_id(linked->other)) return wrong("other", "must be an incident's id");
    }
    if (const auto* attached = std::get_if<ArtifactAttached>(&payload)) {
        if (!is_artifact_name(attached->name)) return wrong("name", "can't be a file's: [A-Za-z0-9._-], 1 to 128");
        if (!digest_from_hex(attached->sha256)) return wrong("sha256", "must be a SHA-256 in lower-case hex");
        return check_identity("artifact_id", attached->artifact_id);
    }
    return std::nullopt;
}

}  // namespace

// A row's fields, on their way to a payload.
struct EventLineReader::Parts {
    EventType type = EventType::note;
    JsonTexts known;  // fields of the type
    FreeObject free;
    std::string message;

    // Where the row does not say: nothing, or null.
    bool lacks(const char* field) const {
        const auto found = known.find(field);
        return found == known.end() || found->second == "null";
    }
    void fill(const char* field, const std::string& json) {
        if (lacks(field)) known.insert_or_assign(field, json);
    }
};

std::optional<EventType> type_in_layout(std::string_view word) {
    const auto type = from_text<EventType>(word);
    return type && *type <= EventType::incident_archived ? type : std::nullopt;
}

std::uint8_t changed_field(std::string_view name) {
    const auto found = std::find(changeable.begin(), changeable.end(), name);
    return found == changeable.end() ? std::uint8_t{0} : static_cast<std::uint8_t>(1 << (found - changeable.begin()));
}

Result<EventLine> EventLineReader::read(const JsonValue& row) {
    Fields fields(row);
    EventLine line;
    Parts parts;
    const auto sequence = fields.optional_integer("seq", 1, std::int64_t{1} << 53);
    line.event_id = fields.optional_text("event_id", 1, identity_bytes_max);
    line.incident_id = fields.text("incident_id", 1, name_bytes_max);
    line.ts = fields.time("ts");
    line.recorded_at = fields.optional_time("recorded_at");
    const std::string word = fields.text("type", 1, name_bytes_max);
    parts.message = fields.text("message", 0, payload_bytes_max);
    line.actor = fields.optional_text("actor", 1, name_bytes_max).value_or(import_source);
    line.source = fields.optional_text("source", 1, name_bytes_max).value_or(import_source);
    (void)fields.optional_object("meta");
    if (fields.refusal()) return *fields.refusal();
    if (!is_incident_id(line.incident_id)) fields.fail("incident_id", "must be inc_YYYYMMDD_HHMM_<rand>");
    if (!is_actor(line.actor)) fields.fail("actor", "must be of [A-Za-z0-9._@:-], 1 to 128");
    if (line.source.size() > name_bytes_max) fields.fail("source", "must have 1 to 128 bytes");
    if (line.event_id && line.event_id->size() > identity_bytes_max) fields.fail("event_id", "must have 1 to 256 bytes");
    if (line.event_id && has_control(*line.event_id)) fields.fail("event_id", "must hold no control character");
    if (fields.refusal()) return *fields.refusal();

    if (sequence) line.sequence = static_cast<std::uint64_t>(*sequence);
    line.sha256 = to_hex(sha256_({canonical(row)}));
    if (word == to_text(EventType::redacted)) {
        return Refusal{
            RefusalCode::invalid,
            "a redaction names an event by its seq in the journal that it comes from: `daybook import journal` brings both over",
            "/type"};
    }
    const auto type = type_in_layout(word);
    parts.type = type.value_or(EventType::note);
    if (type == EventType::followup_updated) {
        if (auto refusal = check_followup_changes(row)) return *refusal;
    }
    if (!type) parts.free.add("legacy_type", json_text(word));
    sort_fields(row, parts);
    add_defaults(line, parts);
    auto payload = payload_of(parts);
    if (!payload) return payload.refusal();
    line.payload = std::move(*payload);
    return line;
}

// Fields that the type knows, and the rest.
void EventLineReader::sort_fields(const JsonValue& row, Parts& parts) {
    const bool legacy = row.find("type")->text() != to_text(parts.type);
    const bool is_followup = parts.type == EventType::followup;
    const JsonValue* due_date = nullptr;
    const JsonValue* meta = row.find("meta");
    if (meta != nullptr && meta->is_object()) {
        for (const auto& [name, value] : meta->members()) {
            if (name == "meta" && value.is_object() && !legacy) {
                parts.free.add_all(value);
            } else if (is_followup && name == "due_date") {
                due_date = &value;
            } else if (is_followup && name == "due_at") {
                parts.known.emplace(name, due_text(value));
            } else if (parts.type == EventType::followup_updated && name == "changes") {
                parts.known.emplace(name, changes_with_due_at(value));
            } else if (!legacy && name != "message" && name != "meta" && has_field(parts.type, name)) {
                parts.known.emplace(name, canonical(value));
            } else {
                parts.free.add(name, canonical(value));
            }
        }
    }
    if (due_date != nullptr) {
        if (parts.lacks("due_at")) {
            parts.fill("due_at", due_text(*due_date));
        } else {
            parts.free.add("due_date", canonical(*due_date));
        }
    }
    for (const JsonMember& member : row.members()) {
        if (std::find(columns.begin(), columns.end(), member.name) == columns.end())
            parts.free.add(member.name, canonical(member.value));
    }
}

void EventLineReader::add_incident_defaults(const IncidentContext& context, Parts& parts) {
    if (context.line != nullptr) {
        const IncidentLine& line = *context.line;
        const auto unchanged = [&](const char* field) { return (context.changed & changed_field(field)) == 0; };
        parts.fill("service", json_text(line.service));
        parts.fill("title", json_text(line.title));
        parts.fill("started_at", json_text(line.started_at));
        if (line.env) parts.fill("env", json_text(*line.env));
        if (line.severity) parts.fill("severity", json_text(to_text(*line.severity)));
        if (line.signature) parts.fill("signature", json_text(*line.signature));
        if (line.summary && unchanged("summary")) parts.fill("summary", json_text(*line.summary));
        if (line.kind && unchanged("kind")) parts.fill("kind", json_text(*line.kind));
        if (line.labels && unchanged("labels")) parts.fill("labels", line.labels->text);
        if (line.meta) {
            const auto meta = meta_reader_.read(line.meta->text);
            if (meta) parts.free.add_lacking(**meta);
        }
    }
    parts.fill("env", json_text(default_env));
    parts.fill("severity", json_text(to_text(default_severity)));
}

void EventLineReader::add_defaults(const EventLine& line, Parts& parts) {
    const IncidentContext context = find_incident_(line.incident_id);
    const IncidentLine* incident = context.line;
    switch (parts.type) {
        case EventType::incident_created: add_incident_defaults(context, parts); return;
        case EventType::severity_changed:  // `from` is what the journal says
            parts.fill("from", json_text(to_text(default_severity)));
            return;
        case EventType::status_changed: parts.fill("from", json_text(to_text(IncidentStatus::open))); return;
        case EventType::followup_status_change: parts.fill("from", json_text(to_text(FollowupStatus::open))); return;
        case EventType::alert: {
            const std::string signature = incident != nullptr ? incident->signature.value_or(import_source) : import_source;
            if (!parts.lacks("alert_ref")) parts.fill("fingerprint", parts.known.at("alert_ref"));
            parts.fill("fingerprint", json_text(signature));
            parts.fill("alert_ref", parts.known.at("fingerprint"));
            parts.fill("state", json_text(to_text(AlertState::firing)));
            parts.fill("title", json_text(parts.message));
            parts.fill("service", json_text(incident != nullptr ? incident->service : import_source));
            parts.fill("env", json_text(incident != nullptr && incident->env ? *incident->env : default_env));
            parts.fill("kind", json_text(incident != nullptr && incident->kind ? *incident->kind : import_source));
            parts.fill("severity",
                       json_text(to_text(incident != nullptr ? incident->severity.value_or(default_severity) : default_severity)));
            parts.fill("source", json_text(line.source));
            parts.fill("starts_at", json_text(line.ts));
            parts.fill("labels", "{}");
            parts.fill("annotations", "{}");
            return;
        }
        case EventType::followup:
            parts.fill("followup_id", json_text("fu_" + line.sha256.substr(0, 16)));
            parts.fill("title", json_text(parts.message));
            parts.fill("priority", json_text(to_text(default_severity)));
            parts.fill("status", json_text(to_text(FollowupStatus::open)));
            return;
        case EventType::artifact_attached: {
            if (parts.lacks("artifact_id")) return;
            const std::string& id = parts.known.at("artifact_id");
            const ArtifactLine* artifact = id.size() < 2 ? nullptr : find_artifact_(std::string_view(id).substr(1, id.size() - 2));
            if (artifact == nullptr || artifact->incident_id != line.incident_id) return;
            parts.fill("kind", json_text(artifact->kind));
            parts.fill("format", json_text(to_text(artifact->format)));
            parts.fill("name", json_text(artifact->name));
            if (artifact->sha256) parts.fill("sha256", json_text(*artifact->sha256));
            if (artifact->size_bytes) parts.fill("size_bytes", std::to_string(*artifact->size_bytes));
            return;
        }
        case EventType::escalated:
        case EventType::incident_archived: parts.fill("reason", json_text(parts.message)); return;
        case EventType::incident_updated:
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
        case EventType::incident_linked:
        case EventType::alert_ignored:
        case EventType::triage_run:
        case EventType::job_started:
        case EventType::job_finished:
        case EventType::report_generated:
        case EventType::risk_snapshot:
        case EventType::backlog_item:
        case EventType::gate_evaluated:
        case EventType::redacted: return;
    }
}

Result<Payload> EventLineReader::payload_of(Parts& parts) {
    if (const auto meta = parts.free.finish()) parts.known.insert_or_assign("meta", meta->text);
    const auto value = reader_.read(object_of(parts.known).text);
    if (!value) return Refusal{RefusalCode::invalid, value.refusal().message, "/meta" + value.refusal().field};
    auto payload = decode(parts.type, schema_version_of(parts.type), **value);
    if (!payload) return Refusal{RefusalCode::invalid, payload.refusal().message, "/meta" + payload.refusal().field};
    if (auto refusal = check(*payload)) return *refusal;
    if (is_entry(parts.type) || parts.message != default_message(*payload)) common_fields(*payload).message = parts.message;
    return payload;
}

}  // namespace daybook
