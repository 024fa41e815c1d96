// An index that a decision needs, kept in the journal's own environment.
//
// It is a projection with a checkpoint: its tables hold what the first `indexed` events lead to (journal/FORMAT.md, `meta`), and
// what the later ones lead to is held in memory until there is enough of it to be written at once. Rows of live incidents lie among
// those of ended ones: to write them with each commit would cost more than the events. Whoever opens the journal gives the later
// events to its index.
//
// The journal does not know what is in it: projections/decision_index.hpp does. It can be rebuilt from the events alone.
#pragma once

#include <optional>
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

    // A write transaction begins, in a journal of `size` events, of which the tables hold the first `indexed`. Tables are opened
    // (and made) here. Returns how many events the index knows: it must be given those after them before it is asked anything.
    std::uint64_t begin(lmdb::Transaction& transaction, std::uint64_t indexed, std::uint64_t size);
    // Takes one event, in the order of seq. Does not fail for an event that it can't make sense of: it leaves it out.
    void apply(const IndexedEvent& event);
    // Writes what is held in memory.
    void flush();
    // Whether more is held in memory than should be.
    bool is_large() const;
    // The transaction is over, committed or not: the journal has `size` events now.
    void end(std::uint64_t size);
    // The next journal may be another one.
    void forget();

protected:
    // Before each answer: throws std::logic_error outside of begin() and end(), where rows are of a transaction that is gone.
    void require_transaction() const;

private:
    virtual void open(lmdb::Transaction& transaction) = 0;
    virtual void take(const IndexedEvent& event) = 0;
    virtual void write() = 0;
    // Rows in memory: changed ones, which write() puts into the tables, and others.
    virtual std::size_t rows() const = 0;
    virtual void drop_rows() = 0;

    std::optional<std::uint64_t>
        indexed_;              // what is in memory comes on top of tables with so many events; nothing: it is of no use
    std::uint64_t taken_ = 0;  // events, of which memory and those tables speak together
    bool in_transaction_ = false;
};

}  // namespace daybook
