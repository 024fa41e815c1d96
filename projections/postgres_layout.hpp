// The Postgres layout (section 2 of the specification): the rows of the JSONL layout in three tables, in a fourth one the
// backlog, and in a fifth one how far they have got. ops/postgres/ has their DDL.
//
//   backlog_items    the lines of ops/backlog/items.jsonl, by seq
//   daybook_export   origin (of the journal), seq (the last event that the tables hold), root (of the tree there, in hex)
//
// Rows and position change in one transaction: stopped anywhere, the database is as it was before the export or after it. Two
// exports at once take turns, by a lock on daybook_export.
//
// The first export loads empty tables by COPY. Each one after it writes, by their keys, the rows of new events and of the incidents
// that they are of; what was redacted since the last one is written anew as well.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "journal/journal.hpp"
#include "journal/result.hpp"
#include "projections/postgres.hpp"

namespace daybook {

struct PostgresExportOptions {
    std::string before_load, after_load;                   // DDL that drops keys and indexes, and makes them again
    std::chrono::seconds load_timeout{3600};               // of a statement that moves all rows or makes an index
    std::function<void(std::uint64_t sequence)> progress;  // of a load, now and then; may be empty
    std::function<void()> before_rows;                     // once the tables are known to be this journal's; may be empty
};

struct PostgresExported {
    std::uint64_t size = 0;  // of the journal's prefix
    Digest root{};
    std::uint64_t incidents = 0, events = 0, artifacts = 0, backlog_items = 0;  // rows that were written
    std::uint64_t left_out = 0;                                                 // events of incidents that the views could not take
    bool loaded = false;                                                        // it was the first
};

// Brings the tables to the first `size` events of the journal. `views` are exactly there. Tables that are there already stay as
// they are, to the last byte. Memory: a bit for each incident, and some MiB.
// Refuses (conflict) where the rows are of another journal, or of nobody.
// Throws postgres::Error; StorageError, where the journal is damaged. Nothing has changed then, unless the answer to the commit
// was lost: the next export finds out.
Result<PostgresExported> export_postgres(postgres::Connection& connection, const Journal& journal, lmdb::Transaction& views,
                                         std::uint64_t size, const PostgresExportOptions& options);

struct PostgresPosition {
    std::string origin;
    std::uint64_t size = 0;
    std::string root;
};
// Where the tables are; nothing before the first export.
std::optional<PostgresPosition> postgres_position(postgres::Connection& connection);
// Why rows at that position are not this journal's; nothing where they are.
std::optional<Refusal> refuse_position(const PostgresPosition& position, const JournalView& journal);
// In the transaction that wrote the rows.
void move_position(postgres::Connection& connection, const JournalView& journal, std::uint64_t size);
// Whether the tables hold a row.
bool has_rows(postgres::Connection& connection);
// That nobody else exports while the transaction runs. Readers do not wait.
inline constexpr const char* lock_position = "LOCK TABLE daybook_export IN EXCLUSIVE MODE";

}  // namespace daybook
