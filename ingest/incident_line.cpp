#include "ingest/incident_line.hpp"

#include <algorithm>
#include <array>

#include "ingest/checks.hpp"
#include "ingest/fields.hpp"
#include "ingest/free_object.hpp"

namespace daybook {
namespace {

constexpr std::array<std::string_view, 24> columns{
    "id",          "service",  "env",        "severity",   "status",          "title",        "summary",     "kind",
    "signature",   "labels",   "assignee",   "started_at", "acknowledged_at", "mitigated_at", "resolved_at", "closed_at",
    "archived_at", "ended_at", "created_by", "created_at", "updated_at",      "duplicate_of", "event_count", "meta"};

Column<Time> moment(Fields& fields, const JsonValue& row, const char* name) {
    return {row.find(name) != nullptr, fields.optional_time(name)};
}

std::optional<JsonText> free_meta(const JsonValue& row) {
    FreeObject meta;
    if (const JsonValue* given = row.find("meta"); given != nullptr && given->is_object()) meta.add_all(*given);
    for (const JsonMember& member : row.members()) {
        if (std::find(columns.begin(), columns.end(), member.name) == columns.end()) meta.add(member.name, canonical(member.value));
    }
    return meta.finish();
}

// A status that the row does not name is the last one that it has a moment of.
std::optional<IncidentStatus> status_by_moments(const IncidentLine& line) {
    if (line.closed_at.value) return IncidentStatus::closed;
    if (line.resolved_at.value) return IncidentStatus::resolved;
    if (line.mitigated_at.value) return IncidentStatus::mitigated;
    return std::nullopt;
}

void check_moments(Fields& fields, const IncidentLine& line, const std::optional<Time>& ended_at) {
    const auto not_before_start = [&](const char* name, const std::optional<Time>& at) {
        if (at && *at < line.started_at) fields.fail(name, "lies before started_at");
    };
    not_before_start("ended_at", ended_at);
    not_before_start("mitigated_at", line.mitigated_at.value);
    not_before_start("resolved_at", line.resolved_at.value);
    not_before_start("closed_at", line.closed_at.value);
    if (!line.status) return;
    const auto not_later_than_status = [&](const char* name, const std::optional<Time>& at, IncidentStatus status) {
        if (at && *line.status < status) fields.fail(name, "is set, though the status is " + std::string(to_text(*line.status)));
    };
    not_later_than_status("ended_at", ended_at, IncidentStatus::resolved);
    not_later_than_status("mitigated_at", line.mitigated_at.value, IncidentStatus::mitigated);
    not_later_than_status("resolved_at", line.resolved_at.value, IncidentStatus::resolved);
    not_later_than_status("closed_at", line.closed_at.value, IncidentStatus::closed);
}

}  // namespace

Result<IncidentLine> read_incident_line(const JsonValue& row, Sha256& sha256) {
    Fields fields(row);
    IncidentLine line;
    line.id = fields.text("id", 1, name_bytes_max);
    line.service = fields.text("service", 1, name_bytes_max);
    line.title = fields.text("title", 0, text_characters_max);
    line.started_at = fields.time("started_at");
    line.env = fields.optional_text("env", 1, name_bytes_max);
    line.kind = fields.optional_text("kind", 0, name_bytes_max);
    line.summary = fields.optional_text("summary", 0, payload_bytes_max);
    line.signature = fields.optional_text("signature", 0, name_bytes_max);
    line.severity = fields.optional_word<Severity>("severity");
    line.labels = fields.optional_object("labels");
    (void)fields.optional_object("meta");
    line.created_by = fields.optional_text("created_by", 1, name_bytes_max).value_or(import_source);
    line.created_at = fields.optional_time("created_at");
    line.updated_at = fields.optional_time("updated_at");
    line.status = fields.optional_word<IncidentStatus>("status");
    line.acknowledged_at = moment(fields, row, "acknowledged_at");
    line.mitigated_at = moment(fields, row, "mitigated_at");
    line.resolved_at = moment(fields, row, "resolved_at");
    line.closed_at = moment(fields, row, "closed_at");
    line.archived_at = fields.optional_time("archived_at");
    const auto ended_at = fields.optional_time("ended_at");
    line.assignee = {row.find("assignee") != nullptr, fields.optional_text("assignee", 0, name_bytes_max)};
    line.duplicate_of = fields.optional_text("duplicate_of", 0, name_bytes_max);
    if (fields.refusal()) return *fields.refusal();

    if (!is_incident_id(line.id)) fields.fail("id", "must be inc_YYYYMMDD_HHMM_<rand>");
    if (!is_actor(line.created_by)) fields.fail("created_by", "must be of [A-Za-z0-9._@:-], 1 to 128");
    if (line.duplicate_of && !is_incident_id(*line.duplicate_of)) fields.fail("duplicate_of", "must be an incident's id");
    if (ended_at && !line.resolved_at.value && line.closed_at.value != ended_at) line.resolved_at = {true, ended_at};
    if (!line.status) line.status = status_by_moments(line);
    check_moments(fields, line, ended_at);
    if (fields.refusal()) return *fields.refusal();

    line.meta = free_meta(row);
    line.sha256 = to_hex(sha256({canonical(row)}));
    return line;
}

IncidentCreated created_from(const IncidentLine& line) {
    IncidentCreated created;
    created.service = line.service;
    created.env = line.env.value_or(default_env);
    created.severity = line.severity.value_or(default_severity);
    created.title = line.title;
    created.started_at = line.started_at;
    created.summary = line.summary;
    created.signature = line.signature;
    created.kind = line.kind;
    created.labels = line.labels;
    created.meta = line.meta;
    return created;
}

}  // namespace daybook
