// The SQL of ops/postgres/, as it stands there.
#pragma once

namespace daybook {

extern const char* const postgres_tables;  // makes the tables, and brings an older store's up to date
extern const char* const postgres_keys;    // keys and indexes
extern const char* const postgres_load;    // drops those, before the rows of an empty table are loaded
extern const char* const postgres_views;   // what people ask

}  // namespace daybook
