// The backlog as a file: a line for each backlog_item event, by seq.
//
// On disk: `items.jsonl`, JSON Lines, keys in this order (the table `backlog_items` of the Postgres layout has them as columns):
//   {"item_id":…,"cause":…,"title":…,"priority":"P1","created_at":…,"created_by":…,"seq":…}
#pragma once

#include <filesystem>
#include <optional>

#include "journal/journal.hpp"
#include "journal/result.hpp"

namespace daybook {

inline constexpr const char* backlog_directory = "ops/backlog";

// Writes `directory`/items.jsonl, unless it has those bytes already. Refuses: conflict (it holds what this journal can't write
// again, such as the backlog of a system before it).
std::optional<Refusal> write_backlog(const JournalView& journal, const std::filesystem::path& directory);

// Whether `directory`/items.jsonl has items of this journal alone, by their seqs: an id says but the cause, which others have too.
bool is_backlog_of(const JournalView& journal, const std::filesystem::path& directory);

}  // namespace daybook
