// `daybook import postgres`: the three tables, daybook's own or an older store's, become the three files of a JSONL layout, which
// are imported as any other (ingest/import_jsonl.hpp).
//
// A row of an older store is known by what daybook always fills in (event_count, event_id, created_by). Its columns that are null
// say nothing, and neither do the keys that `daybook migrate postgres` gave it: so it is the same row before and after a migration.
// Its other columns are taken along. Of a row that daybook wrote they are not: what they held is in its meta already.
#pragma once

#include <cstdint>
#include <filesystem>

#include "projections/postgres.hpp"

namespace daybook {

struct PostgresRowsRead {
    std::uint64_t incidents = 0, events = 0, artifacts = 0;
};

// Writes incidents.jsonl, events.jsonl and artifacts.jsonl into `directory`, with the tables as they are at one moment; a table
// that is not there gives no file. Rows of other journals' exports are rows as any. A row that can't
// be read is a line as it is: who reads the files refuses it, and says why. Throws postgres::Error, StorageError.
PostgresRowsRead write_layout_from_postgres(postgres::Connection& connection, const std::filesystem::path& directory);

}  // namespace daybook
