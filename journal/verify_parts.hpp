// The parts of verification. For verify*.cpp alone.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/journal.hpp"
#include "journal/json.hpp"
#include "journal/leaf.hpp"
#include "journal/merkle.hpp"
#include "journal/stream_row.hpp"
#include "journal/verify.hpp"

namespace daybook::verification {

// How long one read transaction is used: LMDB can't reuse the pages that it sees.
inline constexpr std::uint64_t batch_events = 8192;  // a power of two

// Thread-safe.
class Findings {
public:
    void add(Finding::Kind kind, Sequence sequence, std::string text);
    void notice(std::string text);
    void give(Verification& to);

private:
    std::mutex mutex_;
    std::vector<Finding> of_events_;  // the first ones, in the order of seq
    std::vector<Finding> of_tables_;
    std::uint64_t findings_count_ = 0;
    std::vector<std::string> notices_;
    std::uint64_t notices_count_ = 0;
};

// What there was when verification began. Never changed after that.
struct Scope {
    lmdb::Environment& environment;
    const JournalTables& tables;
    Findings& findings;
    std::uint64_t size = 0;
    std::uint64_t key_rows = 0;
    std::uint64_t event_id_rows = 0;
    std::uint64_t redaction_rows = 0;
    std::vector<std::string> names;    // by number; the first of them, if there are very many
    std::vector<std::uint64_t> blobs;  // the first 8 bytes of each SHA-256, sorted
};

// What the events say about the tables.
struct Tally {
    std::uint64_t key_rows = 0;  // rows of `keys` that an event has
    std::uint64_t event_id_rows = 0;
    std::uint64_t index_entries = 0;        // of stream_index
    std::uint64_t redaction_rows = 0;       // of `redactions`
    std::uint64_t future_versions = 0;      // events of a schema version that this program does not know
    std::vector<std::uint64_t> redacted;    // events whose payload is gone
    std::vector<std::uint64_t> redactions;  // events that a `redacted` event names
    std::vector<std::uint64_t> blobs;       // first 8 bytes of each SHA-256 that an artifact_attached names

    void add(const Tally& other);
};

// The nodes of the tree over the leaves as they are stored, from the start of a batch on.
class TreeCheck {
public:
    // The tree before `from`: from the nodes that are stored. What cannot be read is not compared.
    void start(const JournalView& journal, Sequence from);
    // Levels of the record's nodes that are wrong; valid until the next call.
    const std::vector<int>& add(Sha256& sha256, const RecordView& record);
    // The leaves before `next` are lost from the last one added on; nodes above them are not compared.
    void skip(Sha256& sha256, Sequence next);

private:
    MerkleFrontier frontier_;
    std::uint64_t sound_from_ = 1;  // no leaf from here on is lost
    std::vector<Digest> nodes_;
    std::vector<int> wrong_;
};

// Two events must not have one id. Those that are found by their time lie in the same millisecond if they are equal.
class IdCheck {
public:
    explicit IdCheck(Findings& findings) : findings_(findings) {}
    // A batch begins, after an event of `millis`; that millisecond was begun by another batch, which sees to all of it.
    void start(std::int64_t millis) {
        millis_ = millis;
        mine_ = false;
    }
    void add(const RecordView& record);
    // Whether an event of that moment belongs to the millisecond that the last one began.
    bool goes_on(const RecordView& record) const;
    void finish();

private:
    Findings& findings_;
    std::int64_t millis_ = RecordHeader::no_time;
    bool mine_ = true;
    std::vector<std::pair<Uuid, std::uint64_t>> ids_;
};

// A batch of events as they were read, from its first one on; nothing for those whose payload cannot be decoded.
struct ReadEvent {
    RecordHeader header;
    EventFacts facts;
};
using ReadBatch = std::vector<std::optional<ReadEvent>>;

// Verifies events, batch by batch. One per thread.
class EventCheck {
public:
    explicit EventCheck(const Scope& scope);

    // Events [from, end), at most batch_events. Returns where the next batch may begin: `end`,
    // or later where nothing lies in between.
    std::uint64_t check(std::uint64_t from, std::uint64_t end);
    const Tally& tally() const { return tally_; }
    ReadBatch take_batch() { return std::move(batch_); }  // that was checked last

private:
    // What is remembered of a stream, for as long as one transaction.
    struct StreamMemory {
        StreamNumber number;
        std::string_view id;
        StreamHead newest;  // of what was checked; sequence 0: nothing yet
        std::optional<std::uint64_t> block_number;
        layout::StreamBlock block;
    };

    void take_snapshot();
    void begin_batch(std::uint64_t from);
    void check_row(std::string_view bytes);
    void check_header(const RecordView& record);
    void check_order(const RecordView& record);
    void check_stream(const RecordView& record);
    void check_leaf(const RecordView& record);
    void check_payload(const RecordView& record);
    void check_facts(const RecordView& record, const EventFacts& facts, const std::string& whose);
    void check_artifact(const ArtifactAttached& artifact);
    void check_redacted(const Redacted& redacted);
    void check_kept(const RecordView& record, const Redacted& redacted);
    void check_key(const RecordView& record, const std::optional<std::string>& input_sha256, bool known);
    void check_event_id(const RecordView& record);
    void finish_ids(std::uint64_t next);
    void lose(std::uint64_t from, std::uint64_t to, const std::string& why);
    void report(Finding::Kind kind, const std::string& what);

    std::string_view name(std::uint32_t number);  // reports one that is not there
    std::string_view stream_id(StreamNumber number);
    StreamMemory& memory_of(StreamNumber number);
    std::optional<StreamHead> previous_in(const StreamMemory& memory, Sequence sequence);

    const Scope& scope_;
    lmdb::Transaction transaction_;
    JournalView view_;
    std::optional<lmdb::Cursor> keys_;  // of the snapshot; near the last key, since most keys grow with time
    Sha256 sha256_;
    JsonReader reader_;
    JsonReader kept_reader_;
    TreeCheck tree_;
    IdCheck ids_;
    Tally tally_;
    ReadBatch batch_;
    std::string text_;
    std::uint64_t first_ = 0;  // of the batch
    std::uint64_t at_ = 0;     // the event that is looked at
    std::int64_t last_recorded_ = RecordHeader::no_time;
    std::optional<Digest> previous_leaf_;
    std::array<StreamMemory, 2048> streams_;  // by the last bits of the number
};

// Visits all rows of a table, with a fresh snapshot now and then. What LMDB can't read ends it and is a finding.
void walk(const Scope& scope, lmdb::Table table, const char* table_name, Finding::Kind kind,
          const std::function<void(const JournalView& journal, std::string_view key, std::string_view value)>& visit);

// A key of a table as it is shown to people.
std::string show(std::string_view key);

// What there is, in one snapshot; the names are checked on the way.
Scope look(const Journal& journal, Findings& findings);
void check_streams(const Scope& scope);
void check_blobs(const Scope& scope);
// After all events: what the tables hold beyond them.
void check_rows(const Scope& scope, const Tally& tally);
void check_redactions(const Scope& scope, Tally& tally);
void check_redaction_is_finished(const Journal& journal, Findings& findings);
void check_blob_names(const Scope& scope, Tally& tally);

// Builds the decision index again from the events, in an environment of its own, and compares it. Thread-safe: a batch is given by
// whoever has checked it, and taken in by one thread at a time, in the order of seq.
class IndexCheck {
public:
    // Throws StorageError where the scratch directory cannot be written.
    IndexCheck(const Scope& scope, const VerifyOptions& options);
    ~IndexCheck();

    // The events from `from` on, which is of no use where the tables do not know them yet; the next batch begins at `next`. May
    // wait while too much is waiting.
    void add(std::uint64_t from, std::uint64_t next, ReadBatch events);
    // After all batches: takes in what there is still, and compares.
    void finish();

private:
    class Rebuild;
    std::unique_ptr<Rebuild> rebuild_;
    const Scope& scope_;
    const VerifyOptions& options_;
    const std::uint64_t batches_end_;  // events from here on were not in the journal's tables when verification began
    std::mutex turn_;                  // of whoever takes events in
    std::mutex mutex_;                 // guards waiting_
    struct Batch {
        ReadBatch events;
        std::uint64_t next = 0;
    };
    std::map<std::uint64_t, Batch> waiting_;  // by their first event
    void take_in();
};

}  // namespace daybook::verification
