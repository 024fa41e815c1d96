// How a stream lies in the journal's tables (journal/FORMAT.md): its row of `streams`, and its blocks of `stream_index`. For
// journal/ alone.
//
// A block is written once, when it is whole; until then its seqs lie in the stream's row, which each event changes anyhow: what is
// written for live incidents fits into few pages. In a journal of format 1 every block lies in stream_index.
#pragma once

#include <string>
#include <string_view>

#include "journal/journal.hpp"

namespace daybook::layout {

inline constexpr std::uint64_t block_events = 32;     // of one row of stream_index
inline constexpr std::size_t stream_head_bytes = 48;  // version (8), newest seq (8), its leaf hash (32)

// Of the row of a stream; its number is not in there. Throws StorageError: the row is damaged.
StreamHead read_stream_head(std::string_view row);
std::string_view stream_id_of(std::string_view row);  // empty where the row is damaged

// A row of `streams`. `block`: the seqs, 8 bytes each, of the versions after the last whole block.
std::string stream_row(const StreamHead& head, std::string_view id, std::string_view block);

inline FixedKey block_key(StreamNumber number, std::uint64_t block) { return FixedKey().add(number.value, 4).add(block, 4); }

// The seqs, 8 bytes each, of versions 32·block + 1 to 32·block + 32, as far as there are events; empty where there are none, or
// where what says so is damaged.
struct StreamBlock {
    bool in_index = false;  // it has a row of stream_index
    std::string_view row;   // that one, in the map
    std::string last;       // else: from the stream's row
    std::string_view seqs() const { return in_index ? row : std::string_view(last); }
};
void find_stream_block(const lmdb::Transaction& transaction, const JournalTables& tables, StreamNumber number, std::uint64_t block,
                       StreamBlock& found);

}  // namespace daybook::layout
