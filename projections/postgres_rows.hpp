// The tables of the Postgres layout that hold rows, and the journal's rows in the two forms in which they go there: binary COPY for
// loading, and the JSON of the JSONL layout, which Postgres turns into rows itself, for writing by key.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "journal/written_json.hpp"
#include "projections/artifacts.hpp"
#include "projections/backlog.hpp"
#include "projections/incidents.hpp"
#include "projections/postgres.hpp"
#include "projections/timeline.hpp"

namespace daybook {

struct LayoutTable {
    enum class Type { text, time, number, json };
    struct Column {
        const char* name;
        Type type;
    };
    const char* name;
    const char* key;  // its primary key
    std::span<const Column> columns;

    std::string column_names() const;  // "a, b, c"
    // Takes one parameter, a JSON array of rows; a row whose key is there is written over.
    std::string write_statement() const;
    // Takes rows in the binary format.
    std::string copy_statement(bool frozen) const;
};
extern const LayoutTable incidents_layout, events_layout, artifacts_layout, backlog_layout;

// Rows in the binary format of COPY (PostgreSQL 15, COPY, "Binary Format"), into the table in pieces of 64 KiB.
class LoadedRows {
public:
    LoadedRows(postgres::Connection& connection, const LayoutTable& table, bool frozen);
    void add(const IncidentRow& row);
    void add(const TimelineRow& row);
    void add(const Artifact& artifact);
    void add(const BacklogRow& row);
    // Returns how many rows were taken.
    std::uint64_t finish();

private:
    void begin_row(const LayoutTable& table);
    void end_row();
    void text(std::string_view value);
    void text_or_null(const std::optional<std::string>& value);
    void json(std::string_view value);
    void json_or_null(const std::optional<std::string>& value);
    void time(std::int64_t micros);  // RecordHeader::no_time: null
    void number(std::int64_t value);
    void message(std::string_view json);

    postgres::CopyIn copy_;
    std::string bytes_;
    JsonReader reader_;
};

// Rows as JSON, in statements of up to 1,000 rows or about 1 MiB.
class WrittenRows {
public:
    WrittenRows(postgres::Pipeline& pipeline, const LayoutTable& table)
        : pipeline_(pipeline), statement_(table.write_statement()) {}
    // The text of one row: to be appended to. Call end_row() then.
    std::string& begin_row();
    void end_row();
    void finish();
    std::uint64_t count() const { return count_; }

private:
    postgres::Pipeline& pipeline_;
    std::string statement_;
    std::string rows_;
    std::size_t held_ = 0;
    std::uint64_t count_ = 0;
};

// The rows of a table as the server has them, each as one JSON object with the columns that it has there.
class StoredRows {
public:
    // `query` selects one column of jsonb.
    StoredRows(postgres::Connection& connection, const std::string& query);
    // The next row, read; nothing at the end. Valid until the next call. A refusal says why a row can't be read.
    std::optional<Result<const JsonValue*>> next();
    // Its JSON, which can't be read either then.
    const std::string& text() const { return text_; }

private:
    postgres::CopyOut copy_;
    bool begun_ = false;
    std::string text_;
    WrittenJsonReader reader_;
};

// A text, number or truth value of a row's JSON, also where the reader refuses the row. Nothing for null and all else.
std::optional<std::string> value_in_row(std::string_view row, std::string_view column);
// By what people find a row in its table: "incident_events, incident_id inc_20260216_0910_aaaa1111, id 17".
std::string name_of_row(const LayoutTable& table, std::string_view row);

// The row as text that is the same for equal rows, whether it is a line of the JSONL layout or what the server has.
void append_comparable(std::string& out, const LayoutTable& table, const JsonValue& row);

}  // namespace daybook
