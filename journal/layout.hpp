// How the journal's small rows look on disk (journal/FORMAT.md). For journal/ alone.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.hpp"
#include "journal/merkle.hpp"

namespace daybook::layout {

inline constexpr std::string_view current_format = "3";    // in `meta`
inline constexpr std::size_t stored_key_bytes_max = 256;   // of a key, of an imported event_id
inline constexpr std::size_t stored_name_bytes_max = 511;  // of an interned name: LMDB's longest key
inline constexpr std::size_t key_digest_bytes = 16;        // of the input's SHA-256, in a row of keys

inline void append_u64(std::string& out, std::uint64_t value) {
    char bytes[8];
    std::memcpy(bytes, &value, sizeof bytes);
    out.append(bytes, sizeof bytes);
}
// The first 8 bytes, little-endian; 0 where there are fewer.
inline std::uint64_t read_u64(std::string_view bytes) {
    std::uint64_t value = 0;
    if (bytes.size() >= sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}
inline std::string_view bytes_of(const Uuid& uuid) { return {reinterpret_cast<const char*>(uuid.data()), uuid.size()}; }
// Whether an event's id needs no row in `event_ids`: its time is the moment of recording, and it is found by that.
inline bool found_by_time(const Uuid& event_id, Time recorded_at) {
    return uuid7_millis(event_id) == std::chrono::floor<std::chrono::milliseconds>(recorded_at).time_since_epoch().count();
}

// A row of `keys`: seq (8), then 16 bytes of the input's digest, if it has one.
inline JournalView::Key read_key_row(std::string_view row) {
    return {{read_u64(row)}, row.substr(std::min<std::size_t>(row.size(), 8))};
}

// The right edge of the tree of the first `size` events, from the nodes that their records hold.
inline MerkleFrontier frontier(const JournalView& view, std::uint64_t size) {
    std::vector<Digest> subtrees;
    std::uint64_t covered = 0;
    for (int level = 63; level >= 0; --level) {
        const std::uint64_t leaves = std::uint64_t{1} << level;
        if ((size & leaves) == 0) continue;
        covered += leaves;
        const auto record = view.record({covered});
        if (!record) throw StorageError("event " + std::to_string(covered) + " is missing: run `daybook verify`");
        subtrees.push_back(record->node(level));
    }
    return {size, std::move(subtrees)};
}

}  // namespace daybook::layout
