// An index that a decision needs, kept in the journal's own environment and changed in the transaction of the append.
//
// The journal does not know what is in it: projections/decision_index.hpp does. It can be rebuilt from the events alone.
#pragma once

#include <string_view>

#include "journal/lmdb.hpp"
#include "journal/payload.hpp"
#include "journal/record.hpp"

namespace daybook {

struct IndexedEvent {
    const RecordHeader& header;
    std::string_view stream;
    std::string_view source;
    const EventFacts& facts;
    StreamNumber linked;  // of an incident_linked: the stream of the other incident, where that was there before this event
};

// Used by the thread that holds the write transaction only.
class TransactionalIndex {
public:
    virtual ~TransactionalIndex() = default;

    // A write transaction begins; tables are opened (and made) here.
    virtual void begin(lmdb::Transaction& transaction) = 0;
    // Takes one event, in the order of sequence. Must not fail for an event that it can't make sense of: it leaves it out.
    virtual void apply(const IndexedEvent& event) = 0;
    // The transaction is about to commit: whatever is held back is written now.
    virtual void flush() = 0;
    // The transaction is over, committed or not: nothing may be remembered of it that a new one would not see.
    virtual void end() = 0;
};

}  // namespace daybook
