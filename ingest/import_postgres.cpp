#include "ingest/import_postgres.hpp"

#include <algorithm>
#include <fstream>
#include <span>

#include "ingest/artifact_line.hpp"
#include "ingest/import_layout.hpp"
#include "journal/sha256.hpp"
#include "journal/time.hpp"
#include "projections/artifacts.hpp"

namespace daybook {
namespace {

constexpr const char* always_of_incidents[] = {"event_count", "created_by", "created_at", "updated_at"};
constexpr const char* always_of_events[] = {"seq", "event_id", "recorded_at", "actor", "source", "meta"};
constexpr const char* always_of_artifacts[] = {"artifact_id", "name", "sha256", "size_bytes", "created_by", "created_at"};

struct Source {
    const LayoutTable& table;
    const char* file;
    std::span<const char* const> always;  // columns that daybook fills in
    const char* order;                    // of an older store's rows
};
const Source incident_rows{incidents_layout, "incidents.jsonl", always_of_incidents, "r.id"};
const Source event_rows{events_layout, "events.jsonl", always_of_events,
                        "r.ts, (to_jsonb(r) ->> 'seq')::bigint, to_jsonb(r) -> 'id', r.ctid"};
const Source artifact_rows{artifacts_layout, "artifacts.jsonl", always_of_artifacts, "to_jsonb(r) ->> 'created_at', r.ctid"};

constexpr std::string_view made_up_id = "older:";

// Whether the migration made this key up.
bool is_made_up(const JsonMember& member) {
    if (member.name == "seq") return member.value.kind == JsonValue::Kind::integer && member.value.integer < 0;
    return member.name == "artifact_id" && member.value.is_string() && member.value.text().starts_with(made_up_id);
}

bool is_of_older_store(const Source& source, const JsonValue& row) {
    const auto lacks = [&](const char* column) {
        const JsonValue* value = row.find(column);
        return value == nullptr || value->is_null();
    };
    return std::any_of(source.always.begin(), source.always.end(), lacks) ||
           std::any_of(row.members().begin(), row.members().end(), is_made_up);
}

// Nothing for a column that is not the layout's.
std::optional<LayoutTable::Type> type_of(const LayoutTable& table, std::string_view name) {
    const auto found =
        std::find_if(table.columns.begin(), table.columns.end(), [&](const auto& column) { return column.name == name; });
    return found == table.columns.end() ? std::nullopt : std::optional(found->type);
}

// Of a column without a zone in UTC. Nothing for what is no time: the import says so then.
std::optional<Time> time_of(const JsonValue& value) {
    if (!value.is_string()) return std::nullopt;
    const auto time = parse_time(value.text());
    return time ? time : parse_time(std::string(value.text()) + 'Z');
}

// Its RFC 8785 text, as the row has its members in that order.
std::string line_of(const Source& source, const JsonValue& row) {
    const bool older = is_of_older_store(source, row);
    std::string line = "{";
    for (const JsonMember& member : row.members()) {
        const auto type = type_of(source.table, member.name);
        if (older ? member.value.is_null() || is_made_up(member) : !type) continue;
        if (line.size() > 1) line += ',';
        append_json_string(line, member.name);
        line += ':';
        const auto time = type == LayoutTable::Type::time ? time_of(member.value) : std::nullopt;
        if (time) {
            append_json_string(line, format_time(*time));
        } else {
            append_canonical(line, member.value);
        }
    }
    return line + '}';
}

std::uint64_t write_file(postgres::Connection& connection, const Source& source, const std::filesystem::path& directory) {
    const std::string name = source.table.name;
    if (connection.query("SELECT to_regclass($1)", {name}).is_null(0, 0)) return 0;
    const std::filesystem::path file = directory / source.file;
    std::ofstream out(file, std::ios::binary);
    std::uint64_t count = 0;
    StoredRows rows(connection, "SELECT to_jsonb(r) FROM " + name + " r ORDER BY " + source.order);
    while (const auto row = rows.next()) {
        ++count;
        out << (*row ? line_of(source, ***row) : rows.text()) << '\n';
    }
    if (!out.flush()) throw StorageError("cannot write " + file.string() + ": no space left? TMPDIR says where");
    return count;
}

std::string_view text_in(const JsonValue& row, const char* column) {
    const JsonValue* value = row.find(column);
    return value != nullptr && value->is_string() ? value->text() : std::string_view();
}

}  // namespace

PostgresRowsRead write_layout_from_postgres(postgres::Connection& connection, const std::filesystem::path& directory) {
    postgres::Transaction transaction(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    PostgresRowsRead read;
    read.incidents = write_file(connection, incident_rows, directory);
    read.events = write_file(connection, event_rows, directory);
    read.artifacts = write_file(connection, artifact_rows, directory);
    transaction.commit();
    return read;
}

bool is_in_journal(const LayoutTable& table, const JsonValue& row, const JournalView& journal, lmdb::Transaction& views) {
    const bool is_event = &table == &events_layout;
    const std::string sha256 = to_hex(Sha256()({line_of(is_event ? event_rows : artifact_rows, row)}));
    const std::string_view incident = text_in(row, "incident_id");
    if (is_event) {
        const std::string_view id = text_in(row, "event_id");
        const auto key = id.empty() ? journal.key(import_key(sha256)) : std::nullopt;
        const auto sequence = key ? std::optional(key->sequence) : journal.event_with_id(id);
        const auto record = sequence ? journal.record(*sequence) : std::nullopt;
        const JsonValue* ts = row.find("ts");
        return record && journal.stream_id(record->stream()) == incident && ts != nullptr && time_of(*ts) == record->occurred_at();
    }
    const std::string_view id = text_in(row, "artifact_id");
    const bool has_id = !id.empty() && !id.starts_with(made_up_id);
    const auto artifact = find_artifact(views, has_id ? std::string(id) : made_artifact_id(sha256));
    return artifact && artifact->incident_id == incident;
}

}  // namespace daybook
