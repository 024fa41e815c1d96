#include "ops/rows.hpp"

#include "projections/jsonl_layout.hpp"

namespace daybook {
namespace {

Cell time_cell(std::int64_t micros) { return micros == RecordHeader::no_time ? Cell() : Cell(from_micros(micros)); }

Cell json_cell(const std::optional<std::string>& text) { return text ? Cell(JsonText{*text}) : Cell(); }

}  // namespace

bool is_for_programs(Format format) { return format == Format::json || format == Format::jsonl || format == Format::csv; }

std::vector<Column> all_incident_columns() {
    return {{"id", ""},
            {"service", ""},
            {"env", ""},
            {"severity", "", Align::left, Paint::severity},
            {"status", "", Align::left, Paint::status},
            {"title", ""},
            {"summary", ""},
            {"kind", ""},
            {"signature", ""},
            {"labels", ""},
            {"assignee", ""},
            {"started_at", ""},
            {"acknowledged_at", ""},
            {"mitigated_at", ""},
            {"resolved_at", ""},
            {"closed_at", ""},
            {"archived_at", ""},
            {"ended_at", ""},
            {"created_by", ""},
            {"created_at", ""},
            {"updated_at", ""},
            {"duplicate_of", ""},
            {"event_count", ""},
            {"meta", ""}};
}

Row all_incident_cells(const IncidentRow& incident) {
    const IncidentState& state = incident.state;
    return {incident.id,
            incident.service,
            incident.env,
            state.severity,
            state.status,
            incident.title,
            incident.summary,
            incident.kind,
            incident.signature,
            json_cell(incident.labels),
            incident.assignee,
            time_cell(state.started_at),
            time_cell(state.acknowledged_at),
            time_cell(state.mitigated_at),
            time_cell(state.resolved_at),
            time_cell(state.closed_at),
            time_cell(state.archived_at),
            time_cell(state.ended_at()),
            incident.created_by,
            time_cell(state.created_at),
            time_cell(state.updated_at),
            incident.duplicate_of,
            state.event_count,
            json_cell(incident.meta)};
}

std::vector<Column> incident_columns(Format format) {
    if (is_for_programs(format)) return all_incident_columns();
    return {{"id", "INCIDENT"},
            {"severity", "SEV", Align::left, Paint::severity},
            {"status", "STATUS", Align::left, Paint::status},
            {"started_at", "STARTED"},
            {"env", "ENV"},
            {"service", "SERVICE", Align::left, Paint::none, true},
            {"assignee", "ASSIGNEE"},
            {"title", "TITLE", Align::left, Paint::none, true}};
}

Row incident_cells(const IncidentRow& incident, Format format) {
    if (is_for_programs(format)) return all_incident_cells(incident);
    return {incident.id,  incident.state.severity, incident.state.status, time_cell(incident.state.started_at),
            incident.env, incident.service,        incident.assignee,     incident.title};
}

std::vector<Column> timeline_columns(Format format, bool with_stream) {
    if (is_for_programs(format)) {
        return {{"seq", "", Align::right}, {"event_id", ""}, {"incident_id", ""}, {"ts", ""},  {"recorded_at", ""}, {"type", ""},
                {"message", ""},           {"actor", ""},    {"source", ""},      {"meta", ""}};
    }
    std::vector<Column> columns{{"seq", "SEQ", Align::right}, {"ts", "WHEN"}};
    if (with_stream) columns.push_back({"stream", "STREAM"});
    columns.push_back({"type", "TYPE"});
    columns.push_back({"actor", "WHO"});
    columns.push_back({"message", "WHAT", Align::left, Paint::none, true});
    return columns;
}

Row timeline_cells(const TimelineRow& row, Format format, bool with_stream) {
    if (is_for_programs(format)) {
        return {row.sequence, row.event_id,  row.incident_id, row.ts,     row.recorded_at,
                row.type,     row.message(), row.actor,       row.source, JsonText{row.meta}};
    }
    Row cells{row.sequence, row.ts};
    if (with_stream) cells.push_back(row.incident_id);
    cells.push_back(row.type);
    cells.push_back(row.actor);
    cells.push_back(row.message());
    return cells;
}

Row timeline_cells(const TimelineRow& row, Format format, const Corrections& corrections) {
    Row cells = timeline_cells(row, format, false);
    if (is_for_programs(format)) return cells;
    std::string mark;
    if (const Corrections::Correction* correction = corrections.of(row.sequence))
        mark += "[corrected by " + std::to_string(correction->sequence.value) + ": " + correction->message + "] ";
    if (const Sequence* entry = corrections.corrected_by(row.sequence)) mark += "[corrects " + std::to_string(entry->value) + "] ";
    cells.back() = mark + row.message();
    return cells;
}

std::vector<Column> followup_columns() {
    return {{"followup_id", "FOLLOW-UP"},
            {"incident_id", "INCIDENT"},
            {"priority", "PRIO", Align::left, Paint::severity},
            {"status", "STATUS", Align::left, Paint::status},
            {"due_at", "DUE"},
            {"overdue", "OVERDUE"},
            {"owner", "OWNER"},
            {"title", "TITLE", Align::left, Paint::none, true}};
}

Row followup_cells(const Followup& followup, Time now) {
    const FollowupState& state = followup.state;
    return {followup.id,
            followup.incident_id,
            state.priority,
            state.status,
            time_cell(state.due_at),
            Cell(state.overdue(to_micros(now))),
            state.owner,
            state.title};
}

std::vector<Column> artifact_columns() {
    return {{"artifact_id", "ARTIFACT"},
            {"incident_id", "INCIDENT"},
            {"kind", "KIND"},
            {"format", "FORMAT"},
            {"name", "NAME"},
            {"path", "PATH"},
            {"sha256", "SHA-256"},
            {"size_bytes", "BYTES", Align::right},
            {"created_by", "BY"},
            {"created_at", "WHEN"}};
}

Row artifact_cells(const Artifact& artifact) {
    return {artifact.id,       artifact.incident_id, artifact.kind,       artifact.format,     artifact.name,
            path_of(artifact), artifact.sha256,      artifact.size_bytes, artifact.created_by, from_micros(artifact.created_at)};
}

}  // namespace daybook
