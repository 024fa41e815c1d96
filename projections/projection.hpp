// A projection: a pure fold of the journal's events into rows that can be thrown away and made again.
//
// No clock, no randomness, no unordered iteration, no floats: the same events give the same rows, byte for byte, however
// they are cut into batches. replay/ drives projections; they never see whether a run is live or a rebuild.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.hpp"
#include "journal/json.hpp"
#include "journal/lmdb.hpp"
#include "journal/payload.hpp"
#include "journal/record.hpp"

namespace daybook {

// Decodes payloads for folds that need one, at most once for each event. Not thread-safe.
class PayloadDecoder {
public:
    // The payload of `record`, valid until the next call; a redacted one with `[redacted]` for its texts. A refusal says why it
    // can't be had.
    Result<const Payload*> decode(const RecordView& record, const JournalView& journal);

    // For work that is shared with another thread: decodes and gives away; takes over what was decoded elsewhere.
    Result<Payload> decode_apart(const RecordView& record, const JournalView& journal);
    void adopt(const RecordView& record, Payload payload);

private:
    JsonReader reader_;
    Payload payload_;
    std::uint64_t sequence_ = 0;  // which event's `payload_` is
};

// One event as a fold sees it. Valid during the call that gets it.
struct ProjectedEvent {
    const RecordView& record;
    const JournalView& journal;
    PayloadDecoder& payloads;
    std::string_view fingerprint = {};  // of an alert, as its payload has it, with the quotes; replay/ finds it

    const RecordHeader& header() const { return record.header(); }
    Result<const Payload*> payload() const { return payloads.decode(record, journal); }
    // Whether the event belongs to an incident (and not to a stream such as $triage).
    bool of_incident() const { return !journal.stream_id(record.stream()).starts_with('$'); }
};

// What a fold asks of an event's payload; each is more than the one before.
enum class PayloadUse : std::uint8_t { none, fingerprint, whole };

// The views' environment as one transaction sees it. Used by one thread at a time.
class Projection {
public:
    virtual ~Projection() = default;

    virtual std::string_view name() const = 0;
    // The tables that hold its rows, in a fixed order.
    virtual std::vector<std::string> tables() const = 0;

    // A write transaction begins; makes its tables.
    virtual void begin(lmdb::Transaction& transaction) = 0;
    // What `apply` asks of such events: it is then found ahead, on another thread. A wrong answer costs time only.
    virtual PayloadUse payload_use(EventType) const { return PayloadUse::none; }
    // Takes the next event. Returns why it can't be taken: the event is then left out, and reported.
    virtual std::optional<std::string> apply(const ProjectedEvent& event) = 0;
    // The transaction is about to commit: writes the rows that it holds back.
    virtual void flush() = 0;

    // A key of one of its tables, for people.
    virtual std::string describe(std::string_view table, std::string_view key) const = 0;
};

}  // namespace daybook
