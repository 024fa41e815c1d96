#include "projections/postgres_rows.hpp"

#include <algorithm>
#include <utility>

#include "projections/jsonl_layout.hpp"

namespace daybook {
namespace {

using Type = LayoutTable::Type;

constexpr LayoutTable::Column incident_columns[] = {{"id", Type::text},
                                                    {"service", Type::text},
                                                    {"env", Type::text},
                                                    {"severity", Type::text},
                                                    {"status", Type::text},
                                                    {"title", Type::text},
                                                    {"summary", Type::text},
                                                    {"kind", Type::text},
                                                    {"signature", Type::text},
                                                    {"labels", Type::json},
                                                    {"assignee", Type::text},
                                                    {"started_at", Type::time},
                                                    {"acknowledged_at", Type::time},
                                                    {"mitigated_at", Type::time},
                                                    {"resolved_at", Type::time},
                                                    {"closed_at", Type::time},
                                                    {"archived_at", Type::time},
                                                    {"ended_at", Type::time},
                                                    {"created_by", Type::text},
                                                    {"created_at", Type::time},
                                                    {"updated_at", Type::time},
                                                    {"duplicate_of", Type::text},
                                                    {"event_count", Type::number},
                                                    {"meta", Type::json}};
constexpr LayoutTable::Column event_columns[] = {{"seq", Type::number},   {"event_id", Type::text},    {"incident_id", Type::text},
                                                 {"ts", Type::time},      {"recorded_at", Type::time}, {"type", Type::text},
                                                 {"message", Type::text}, {"actor", Type::text},       {"source", Type::text},
                                                 {"meta", Type::json}};
constexpr LayoutTable::Column artifact_columns[] = {
    {"artifact_id", Type::text}, {"incident_id", Type::text}, {"kind", Type::text},   {"format", Type::text},
    {"name", Type::text},        {"path", Type::text},        {"sha256", Type::text}, {"size_bytes", Type::number},
    {"created_by", Type::text},  {"created_at", Type::time}};
constexpr LayoutTable::Column backlog_columns[] = {{"item_id", Type::text},  {"cause", Type::text},      {"title", Type::text},
                                                   {"priority", Type::text}, {"created_at", Type::time}, {"created_by", Type::text},
                                                   {"seq", Type::number}};

constexpr std::size_t copy_bytes = 64 * 1024;
constexpr std::size_t statement_rows_max = 1000;
constexpr std::size_t statement_bytes_max = std::size_t{1} << 20;

// The signature, no flags, no extension.
constexpr std::string_view copy_header("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
constexpr std::string_view copy_trailer("\377\377", 2);
constexpr char jsonb_version = 1;
// From 1970 to 2000, where Postgres counts from.
constexpr std::int64_t epoch_micros = 946'684'800'000'000;

void append_network(std::string& out, std::uint64_t value, int bytes) { append_big_endian(out, value, bytes); }

// A whole number of so many digits that the strict reader takes it for one that JSON can't hold: jsonb writes 1e+21 so.
constexpr std::size_t safe_digits = 15;

// Behind the string that begins there.
std::size_t end_of_string(std::string_view json, std::size_t begin) {
    std::size_t end = begin + 1;
    while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2U : 1U;
    return std::min(end + 1, json.size());
}

// jsonb's text, with an exponent behind every long whole number, so that it is read as the number that it was written as.
std::string with_exponents(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    for (std::size_t at = 0; at < json.size();) {
        const char c = json[at];
        if (c == '"') {
            const std::size_t end = end_of_string(json, at);
            out += json.substr(at, end - at);
            at = end;
        } else if ((c >= '0' && c <= '9') || c == '-') {
            const std::size_t end = std::min(json.find_first_not_of("0123456789+-.eE", at), json.size());
            const std::string_view number = json.substr(at, end - at);
            out += number;
            if (number.size() > safe_digits && number.find_first_of(".eE") == std::string_view::npos) out += "e0";
            at = end;
        } else {
            out += c;
            ++at;
        }
    }
    return out;
}

}  // namespace

const LayoutTable incidents_layout{"incidents", "id", incident_columns};
const LayoutTable events_layout{"incident_events", "seq", event_columns};
const LayoutTable artifacts_layout{"incident_artifacts", "artifact_id", artifact_columns};
const LayoutTable backlog_layout{"backlog_items", "seq", backlog_columns};

std::string LayoutTable::column_names() const {
    std::string names;
    for (const Column& column : columns) names += (names.empty() ? "" : ", ") + std::string(column.name);
    return names;
}

std::string LayoutTable::write_statement() const {
    const std::string names = column_names();
    std::string changes;
    for (const Column& column : columns) {
        const std::string column_name = column.name;
        if (column_name == key) continue;
        if (!changes.empty()) changes += ", ";
        changes += column_name;
        changes += " = excluded.";
        changes += column_name;
    }
    return std::string("INSERT INTO ") + name + " (" + names + ") SELECT " + names +
           " FROM jsonb_populate_recordset(NULL::" + name + ", $1::jsonb) ON CONFLICT (" + key + ") DO UPDATE SET " + changes;
}

std::string LayoutTable::copy_statement(bool frozen) const {
    return std::string("COPY ") + name + " (" + column_names() + ") FROM STDIN (FORMAT binary" + (frozen ? ", FREEZE)" : ")");
}

// --- LoadedRows

LoadedRows::LoadedRows(postgres::Connection& connection, const LayoutTable& table, bool frozen)
    : copy_(connection, table.copy_statement(frozen)), bytes_(copy_header) {}

void LoadedRows::begin_row(const LayoutTable& table) { append_network(bytes_, table.columns.size(), 2); }

void LoadedRows::end_row() {
    if (bytes_.size() < copy_bytes) return;
    copy_.write(bytes_);
    bytes_.clear();
}

void LoadedRows::text(std::string_view value) {
    append_network(bytes_, value.size(), 4);
    bytes_ += value;
}

void LoadedRows::text_or_null(const std::optional<std::string>& value) {
    if (value) return text(*value);
    append_network(bytes_, UINT32_MAX, 4);
}

void LoadedRows::json(std::string_view value) {
    append_network(bytes_, value.size() + 1, 4);
    bytes_ += jsonb_version;
    bytes_ += value;
}

void LoadedRows::json_or_null(const std::optional<std::string>& value) {
    if (value) return json(*value);
    append_network(bytes_, UINT32_MAX, 4);
}

void LoadedRows::time(std::int64_t micros) {
    if (micros == RecordHeader::no_time) return text_or_null(std::nullopt);
    number(micros - epoch_micros);
}

void LoadedRows::number(std::int64_t value) {
    append_network(bytes_, 8, 4);
    append_network(bytes_, static_cast<std::uint64_t>(value), 8);
}

// Most messages have nothing that is escaped.
void LoadedRows::message(std::string_view json) {
    if (json.find('\\') == std::string_view::npos) return text(json.substr(1, json.size() - 2));
    const auto value = reader_.read(json);
    text(value && (*value)->is_string() ? (*value)->text() : std::string_view());
}

void LoadedRows::add(const IncidentRow& row) {
    const IncidentState& state = row.state;
    begin_row(incidents_layout);
    text(row.id);
    text(row.service);
    text(row.env);
    text(to_text(state.severity));
    text(to_text(state.status));
    text(row.title);
    text_or_null(row.summary);
    text_or_null(row.kind);
    text_or_null(row.signature);
    json_or_null(row.labels);
    text_or_null(row.assignee);
    time(state.started_at);
    time(state.acknowledged_at);
    time(state.mitigated_at);
    time(state.resolved_at);
    time(state.closed_at);
    time(state.archived_at);
    time(state.ended_at());
    text(row.created_by);
    time(state.created_at);
    time(state.updated_at);
    text_or_null(row.duplicate_of);
    number(state.event_count);
    json_or_null(row.meta);
    end_row();
}

void LoadedRows::add(const TimelineRow& row) {
    begin_row(events_layout);
    number(static_cast<std::int64_t>(row.sequence.value));
    text(row.event_id);
    text(row.incident_id);
    time(to_micros(row.ts));
    time(to_micros(row.recorded_at));
    text(to_text(row.type));
    message(row.message_json);
    text(row.actor);
    text(row.source);
    json(row.meta);
    end_row();
}

void LoadedRows::add(const Artifact& artifact) {
    begin_row(artifacts_layout);
    text(artifact.id);
    text(artifact.incident_id);
    text(artifact.kind);
    text(to_text(artifact.format));
    text(artifact.name);
    text(path_of(artifact));
    text(artifact.sha256);
    number(artifact.size_bytes);
    text(artifact.created_by);
    time(artifact.created_at);
    end_row();
}

void LoadedRows::add(const BacklogRow& row) {
    begin_row(backlog_layout);
    text(row.item_id);
    text(row.cause);
    text(row.title);
    text(to_text(row.priority));
    time(to_micros(row.created_at));
    text(row.created_by);
    number(static_cast<std::int64_t>(row.sequence.value));
    end_row();
}

std::uint64_t LoadedRows::finish() {
    bytes_ += copy_trailer;
    copy_.write(bytes_);
    return copy_.finish();
}

// --- WrittenRows

std::string& WrittenRows::begin_row() {
    rows_ += rows_.empty() ? '[' : ',';
    return rows_;
}

void WrittenRows::end_row() {
    ++count_;
    if (++held_ >= statement_rows_max || rows_.size() >= statement_bytes_max) finish();
}

void WrittenRows::finish() {
    if (held_ == 0) return;
    rows_ += ']';
    pipeline_.send(statement_, {rows_});
    rows_.clear();
    held_ = 0;
}

// --- StoredRows

StoredRows::StoredRows(postgres::Connection& connection, const std::string& query)
    : copy_(connection, "COPY (" + query + ") TO STDOUT (FORMAT binary)") {}

std::optional<Result<const JsonValue*>> StoredRows::next() {
    constexpr std::size_t before_text = 2 + 4 + 1;  // how many fields, how long this one is, jsonb's version
    auto message = copy_.next();
    if (message && !std::exchange(begun_, true)) message->remove_prefix(std::min(copy_header.size(), message->size()));
    if (message && message->size() > copy_trailer.size()) {
        text_ = with_exponents(message->substr(std::min(before_text, message->size())));
        return reader_.read(text_);
    }
    while (message) message = copy_.next();
    return std::nullopt;
}

std::optional<std::string> value_in_row(std::string_view row, std::string_view column) {
    std::string quoted;
    append_json_string(quoted, column);
    int depth = 0;
    bool wanted = false;  // what comes next at this depth is the column's value
    for (std::size_t at = 0, end = 0; at < row.size(); at = end) {
        const char c = row[at];
        end = at + 1;
        if (c == '{' || c == '[') {
            if (wanted) return std::nullopt;
            ++depth;
        } else if (c == '}' || c == ']') {
            --depth;
        } else if (c == '"') {
            end = end_of_string(row, at);
            const std::string_view text = row.substr(at, end - at);
            JsonReader reader;
            if (wanted) {
                const auto value = reader.read(text);
                return value ? std::optional(std::string((*value)->text())) : std::nullopt;
            }
            const std::size_t next = row.find_first_not_of(' ', end);
            wanted = depth == 1 && text == quoted && next != std::string_view::npos && row[next] == ':';
        } else if (wanted && c != ' ' && c != ':') {
            end = std::min(row.find_first_of(" ,}", at), row.size());
            const std::string_view text = row.substr(at, end - at);
            return text == "null" ? std::nullopt : std::optional(std::string(text));
        }
    }
    return std::nullopt;
}

std::string name_of_row(const LayoutTable& table, std::string_view row) {
    std::string name = table.name;
    const auto add = [&](const char* column) {
        const auto value = value_in_row(row, column);
        if (!value || value->size() > name_bytes_max) return false;
        name += std::string(", ") + column + ' ' + *value;
        return true;
    };
    add("incident_id");
    for (const char* column : {"id", "seq", "event_id", "artifact_id", "ts", "path", "name"}) {
        if (add(column)) break;
    }
    return name;
}

void append_comparable(std::string& out, const LayoutTable& table, const JsonValue& row) {
    char between = '[';
    for (const LayoutTable::Column& column : table.columns) {
        out += std::exchange(between, ',');
        const JsonValue* value = row.find(column.name);
        if (value == nullptr) {
            out += "null";
            continue;
        }
        const auto time = column.type == Type::time && value->is_string() ? parse_time(value->text()) : std::nullopt;
        if (time) {
            append_time(out, *time);
        } else {
            append_canonical(out, *value);
        }
    }
    out += ']';
}

}  // namespace daybook
