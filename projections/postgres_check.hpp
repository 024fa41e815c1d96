// Whether the tables of the Postgres layout hold what the journal says, and mending what they do not.
//
// Of each incident, and on both sides, the rows of each table are counted and digested: the XOR of the SHA-256 of each row, cut
// to 16 bytes, since rows come in any order and have keys. What differs is named by incident. The backlog is of none: its table is
// compared as a whole.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "projections/postgres_layout.hpp"
#include "projections/postgres_rows.hpp"

namespace daybook {

inline constexpr std::string_view backlog_stream = "$backlog";

struct PostgresDifference {
    std::string incident_id;  // empty: rows that name no incident; backlog_stream: the table of the backlog
    std::string what;         // for people
};

struct PostgresChecked {
    std::uint64_t size = 0;    // of the prefix that the tables are held against
    bool has_position = true;  // false: no export says whose the rows are, and they are held against the whole journal
    std::uint64_t incidents = 0, events = 0, artifacts = 0;
    std::vector<PostgresDifference> differences;  // by incident, as the journal has them; those that it does not have; the backlog
    std::uint64_t mended = 0;                     // of them, whose rows were written anew
    std::optional<Refusal> no_repair;             // what a repair would be refused for
};

struct PostgresCheckOptions {
    bool repair = false;
    std::chrono::seconds statement_timeout{3600};
    // Calls `use` with views of exactly the first `size` events.
    std::function<void(std::uint64_t size, const std::function<void(lmdb::Transaction& views)>& use)> views_at;
    std::uint64_t size = 0;             // of the journal: for tables that were never exported to
    std::function<void()> before_rows;  // of a repair, once it may write; may be empty
    // Whether the journal has what a row of incident_events or incident_artifacts says: asked of such tables alone.
    std::function<bool(const LayoutTable& table, const JsonValue& row, const JournalView& journal, lmdb::Transaction& views)>
        is_in_journal;
};

// Compares at the position where the tables are. With `repair`, writes anew what differs and takes away what the journal does not
// have, in one transaction that is kept only if the tables then hold what they should. Tables with rows that no journal was
// exported to become this journal's that way, if the journal has all that they say: what it does not have would be nowhere then.
// Memory: 120 bytes for each incident. Refuses: conflict (the rows are another journal's; rows that the journal does not have, and
// no position says whose they are), not_found (nothing has been exported yet). Throws as export_postgres.
Result<PostgresChecked> check_postgres(postgres::Connection& connection, const Journal& journal,
                                       const PostgresCheckOptions& options);

}  // namespace daybook
