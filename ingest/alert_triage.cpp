#include "ingest/alert_triage.hpp"

#include "ingest/checks.hpp"
#include "ingest/fields.hpp"

namespace daybook {
namespace {

constexpr const char* record_schema = "alert_triage/1";
constexpr const char* run_schema = "alert_triage_run/1";

AlertReport::Decision decision_of(Fields& record) {
    const auto word = record.optional_text("decision", 0, name_bytes_max);
    if (!word || *word == "auto") return AlertReport::Decision::automatic;
    if (*word == "create") return AlertReport::Decision::create;
    if (*word == "update") return AlertReport::Decision::update;
    if (*word == "resolve") return AlertReport::Decision::resolve;
    if (*word == "ignore") return AlertReport::Decision::ignore;
    record.fail("decision", "must be one of auto, create, update, resolve, ignore");
    return AlertReport::Decision::automatic;
}

std::optional<Time> read_alert(Fields& fields, Alert& alert) {
    fields.allow_only({"alert_ref", "annotations", "ended_at", "env", "evidence", "fingerprint", "kind", "labels", "links",
                       "metrics", "service", "severity", "source", "started_at", "state", "summary", "title"});
    fields.never_null({"alert_ref", "annotations", "env", "evidence", "fingerprint", "kind", "labels", "links", "metrics",
                       "service", "severity", "source", "started_at", "state", "title"});
    alert.service = fields.text("service", 1, name_bytes_max);
    alert.kind = fields.text("kind", 1, name_bytes_max);
    alert.title = fields.text("title", 1, title_characters_max);
    alert.starts_at = fields.time("started_at");
    alert.env = fields.optional_text("env", 1, name_bytes_max).value_or("prod");
    alert.source = fields.optional_text("source", 1, name_bytes_max).value_or("alert_triage");
    alert.severity = fields.optional_word<Severity>("severity").value_or(Severity::p2);
    alert.state = fields.optional_word<AlertState>("state").value_or(AlertState::firing);
    alert.summary = fields.optional_text("summary", 0, text_characters_max);
    alert.ends_at = fields.optional_time("ended_at");
    alert.alert_ref = fields.optional_text("alert_ref", 0, key_bytes_max).value_or("");
    alert.fingerprint = fields.optional_text("fingerprint", 0, name_bytes_max).value_or("");
    if (auto labels = fields.optional_map("labels", JsonValue::Kind::string)) alert.labels = *labels;
    if (auto annotations = fields.optional_map("annotations", JsonValue::Kind::string)) alert.annotations = *annotations;
    alert.metrics = fields.optional_map("metrics", JsonValue::Kind::real);
    alert.links = fields.optional_texts("links");
    alert.evidence = fields.optional_object("evidence");
    if (alert.ends_at && *alert.ends_at < alert.starts_at) fields.fail("ended_at", "lies before started_at");
    return alert.ends_at;
}

void read_followups(Fields& record, AlertReport& report) {
    record.each("followups", [&](Fields& fields) {
        fields.allow_only({"due_at", "links", "owner", "priority", "title"});
        fields.never_null({"links", "priority", "title"});
        AlertReport::NewFollowup followup;
        followup.title = fields.text("title", 1, title_characters_max);
        followup.owner = fields.optional_text("owner", 0, name_bytes_max);
        if (followup.owner && followup.owner->empty()) followup.owner.reset();
        followup.priority = fields.optional_word<Severity>("priority").value_or(Severity::p2);
        followup.due_at = fields.optional_time("due_at");
        followup.links = fields.optional_texts("links");
        report.followups.push_back(std::move(followup));
    });
}

void read_escalation(Fields& record, AlertReport& report) {
    record.with_object("escalation", [&](Fields& fields) {
        fields.never_null({"level", "reason", "target"});
        AlertReport::NewEscalation escalation;
        escalation.target = fields.text("target", 1, name_bytes_max);
        escalation.level = static_cast<int>(fields.optional_integer("level", 0, 254).value_or(1));
        escalation.reason = fields.optional_text("reason", 0, text_characters_max).value_or("");
        report.escalation = std::move(escalation);
    });
}

// Of an id that no key has room for, its digest stands in the key.
constexpr std::size_t id_bytes_max = 224;

KeyedInput keyed(const std::optional<std::string>& id, const JsonValue& record, Sha256& sha256) {
    KeyedInput input;
    std::string text;
    text.reserve(1024);
    append_canonical(text, record);
    input.sha256 = sha256({text});
    const bool has_id = id && !id->empty();
    if (!has_id) {
        input.key = "alert_triage:" + to_hex(*input.sha256);
    } else {
        input.key = "alert_triage:" + (id->size() <= id_bytes_max ? *id : to_hex(sha256({*id})));
    }
    return input;
}

std::string actor_of(Fields& record, const std::string& caller) {
    const auto agent = record.optional_text("agent_id", 1, name_bytes_max);
    if (agent && !is_actor(*agent)) record.fail("agent_id", "must be of [A-Za-z0-9._@:-], 1 to 128");
    return agent.value_or(caller);
}

Result<std::variant<AlertReport, TriageRunReport>> read_run(const JsonValue& value, const std::string& caller, Sha256& sha256) {
    Fields record(value);
    record.never_null({"agent_id", "created", "errors", "finished_at", "ignored", "processed", "run_id", "started_at", "updated"});
    TriageRunReport report;
    report.actor = actor_of(record, caller);
    report.run.run_id = record.optional_text("run_id", 0, text_characters_max);
    report.run.started_at = record.time("started_at");
    report.run.finished_at = record.time("finished_at");
    constexpr std::int64_t most = (std::int64_t{1} << 53) - 1;
    report.run.processed = record.optional_integer("processed", -most, most);
    report.run.created = record.optional_integer("created", -most, most);
    report.run.updated = record.optional_integer("updated", -most, most);
    report.run.ignored = record.optional_integer("ignored", -most, most);
    report.run.errors = record.optional_integer("errors", -most, most);
    if (record.refusal()) return *record.refusal();
    report.input = keyed(report.run.run_id ? std::optional("run:" + *report.run.run_id) : std::nullopt, value, sha256);
    report.run.input_sha256 = to_hex(*report.input.sha256);
    return std::variant<AlertReport, TriageRunReport>(std::move(report));
}

}  // namespace

std::string default_signature(const std::string& env, const std::string& service, const std::string& kind) {
    thread_local Sha256 sha256;
    return to_hex(sha256({env, "\n", service, "\n", kind})).substr(0, 16);
}

Result<std::variant<AlertReport, TriageRunReport>> read_alert_triage(const JsonValue& value, const std::string& caller,
                                                                     Sha256& sha256) {
    Fields record(value);
    const std::string schema = record.text("schema", 1, name_bytes_max);
    if (record.refusal()) return *record.refusal();
    if (schema == run_schema) return read_run(value, caller, sha256);
    if (schema != record_schema) {
        return Refusal{RefusalCode::invalid, "schema must be alert_triage/1 or alert_triage_run/1, not " + schema, "/schema"};
    }
    record.allow_only({"agent_id", "alert", "decision", "escalation", "followups", "incident_id", "meta", "notes", "schema",
                       "signature", "triage_id", "triaged_at"});
    record.never_null({"agent_id", "alert", "followups", "meta", "notes", "triaged_at"});
    AlertReport report;
    report.source = "alert_triage";
    const auto triage_id = record.optional_text("triage_id", 0, name_bytes_max);
    report.reported_at = record.time("triaged_at");
    report.actor = actor_of(record, caller);
    report.decision = decision_of(record);
    report.incident_id = record.optional_text("incident_id", 0, name_bytes_max);
    if (report.incident_id && !is_incident_id(*report.incident_id)) {
        record.fail("incident_id", "must be of the form inc_YYYYMMDD_HHMM_<rand>");
    }
    const auto signature = record.optional_text("signature", 0, name_bytes_max);
    std::optional<Time> ended_at;
    record.with_required_object("alert", [&](Fields& fields) { ended_at = read_alert(fields, report.alert); });
    read_followups(record, report);
    read_escalation(record, report);
    record.each_text("notes", text_characters_max, [&](std::string_view note) {
        if (!note.empty()) report.notes.emplace_back(note);
    });
    report.alert.meta = record.optional_object("meta");
    if (record.refusal()) return *record.refusal();

    Alert& alert = report.alert;
    report.signature = signature && !signature->empty() ? *signature : default_signature(alert.env, alert.service, alert.kind);
    if (report.decision == AlertReport::Decision::resolve) alert.state = AlertState::resolved;
    if (alert.fingerprint.empty()) alert.fingerprint = alert.alert_ref.empty() ? report.signature : alert.alert_ref;
    if (alert.alert_ref.empty()) alert.alert_ref = alert.fingerprint;
    report.alert_at = alert.state == AlertState::firing ? alert.starts_at : ended_at.value_or(report.reported_at);
    report.input = keyed(triage_id, value, sha256);
    alert.input_sha256 = to_hex(*report.input.sha256);
    report.encoded_alert = encode(Payload(alert));
    return std::variant<AlertReport, TriageRunReport>(std::move(report));
}

}  // namespace daybook
