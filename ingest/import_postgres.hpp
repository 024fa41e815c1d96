// `daybook import postgres`: the three tables, daybook's own or an older store's, become the three files of a JSONL layout, which
// are imported as any other (ingest/import_jsonl.hpp).
//
// A row is daybook's where all is filled in that daybook always fills in; its other columns are passed over, since what they held
// is in its meta already. Any other row is of an older store: its columns that are null say nothing, and neither do the keys that
// `daybook migrate postgres` gave it. So it is the same row before and after a migration. Its other columns are taken along.
#pragma once

#include <cstdint>
#include <filesystem>

#include "journal/journal.hpp"
#include "projections/postgres.hpp"
#include "projections/postgres_rows.hpp"

namespace daybook {

struct PostgresRowsRead {
    std::uint64_t incidents = 0, events = 0, artifacts = 0;
};

// Writes incidents.jsonl, events.jsonl and artifacts.jsonl into `directory`, with the tables as they are at one moment; a table
// that is not there gives no file. Rows of other journals' exports are rows as any. A row that can't be read is a line as it is:
// who reads the files refuses it, and says why. Throws postgres::Error, StorageError.
PostgresRowsRead write_layout_from_postgres(postgres::Connection& connection, const std::filesystem::path& directory);

// Whether the journal has the event or artifact that a row of incident_events or incident_artifacts says: by its id, or as an
// import took it. `views` are the journal's.
bool is_in_journal(const LayoutTable& table, const JsonValue& row, const JournalView& journal, lmdb::Transaction& views);

}  // namespace daybook
