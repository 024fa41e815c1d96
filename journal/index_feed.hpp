// Gives an index events that are in the journal, as the append gave them.
#pragma once

#include <array>

#include "journal/index.hpp"
#include "journal/journal.hpp"
#include "journal/json.hpp"

namespace daybook {

class IndexFeed {
public:
    // Reads `journal`, which outlives it. Forget what was read of it (renew) when its transaction sees something else.
    explicit IndexFeed(const JournalView& journal) : journal_(journal) {}
    void renew() { streams_.fill({}); }

    // Throws StorageError where the event cannot be read.
    void give(Sequence sequence, TransactionalIndex& index);
    // Of an event that the caller has read.
    void give(const RecordHeader& header, const EventFacts& facts, TransactionalIndex& index);

private:
    std::string_view stream_id(StreamNumber number);
    StreamNumber linked(Sequence by, std::string_view id) const;

    const JournalView& journal_;
    struct CachedStream {
        std::uint32_t number = 0;
        std::string_view id;
    };
    std::array<CachedStream, 256> streams_;  // by the last byte of the number
    JsonReader reader_;
};

// How many events the tables of the journal's indexes hold: see journal/index.hpp. Throws StorageError where the journal does not
// say.
std::uint64_t indexed_events(const JournalView& journal);
void say_indexed(lmdb::Transaction& transaction, const JournalTables& tables, std::uint64_t events);

}  // namespace daybook
