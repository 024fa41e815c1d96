// The append-only journal: daybook's one source of truth. Everything else can be deleted and rebuilt from it.
//
// On disk: one LMDB environment, `<data>/journal`.
//   events        seq (8 bytes, big-endian) -> record (journal/record.hpp); key order is replay order
//   streams       stream number (4) -> StreamHead, the stream's id, the seqs of its last events; numbers follow first
//                 appearance: live incidents lie together
//   stream_ids    id -> stream number
//   stream_index  stream number (4), block (4) -> the seqs of 32 events of that stream, once there are
//                 so many
//   names         name number (4) -> text: actors, sources, services, envs, kinds;  name_ids: text -> number
//   keys          idempotency key -> seq, and 16 bytes of the input's digest
//   event_ids     UUID or text -> seq, for ids that came with an import (ours are found by their time)
//   blobs         SHA-256 -> artifact bytes
//   redactions    seq of an event that was redacted -> seq of the `redacted` event that says so
//   meta          format, origin; how many events are indexed; the mark of a redaction that is not finished
// and the tables of the decision index. The format, with a worked example: journal/FORMAT.md
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "journal/identifiers.hpp"
#include "journal/index.hpp"
#include "journal/lmdb.hpp"
#include "journal/payload.hpp"
#include "journal/record.hpp"
#include "journal/result.hpp"
#include "journal/types.hpp"

namespace daybook {

using Clock = std::function<Time()>;

// Where a stream ends.
struct StreamHead {
    StreamNumber number;
    std::uint64_t version = 0;
    Sequence sequence;  // of its newest event
    Digest leaf{};      // leaf hash of that event
};

struct JournalTables {
    lmdb::Table events, streams, stream_ids, stream_index, names, name_ids, keys, event_ids, blobs, meta;
    lmdb::Table redactions;  // number 0 where a journal from before there was one is read only
};

class NameCache;

// What a write transaction has taken and not yet written to its tables.
class Pending {
public:
    // Of the journal with all that was taken.
    virtual std::uint64_t size() const = 0;
    // A stream that it has changed, or looked at; `leaf` is not filled in.
    virtual std::optional<StreamHead> stream(std::string_view id) const = 0;
    // An event that is not yet in its table.
    virtual std::optional<RecordHeader> header(Sequence sequence) const = 0;
    // Puts all events into their table.
    virtual void settle() = 0;

protected:
    ~Pending() = default;
};

// The journal as one transaction sees it. Not thread-safe. Texts and records that it hands out lie in the map and are valid
// until the transaction ends (or writes again).
class JournalView {
public:
    // In a write transaction `names` is null, since what it sees may yet be undone and must not be remembered, and `pending`
    // is there.
    JournalView(lmdb::Transaction& transaction, const JournalTables& tables, NameCache* names, Pending* pending = nullptr)
        : transaction_(transaction), tables_(tables), names_(names), pending_(pending) {}

    // How many events there are: also the newest seq, and the size of the tree.
    std::uint64_t size() const;
    // Throws StorageError where the record is damaged.
    std::optional<RecordView> record(Sequence sequence) const;
    // Of a record; much quicker where the event was taken in this transaction.
    std::optional<RecordHeader> header(Sequence sequence) const;

    std::optional<StreamHead> stream(std::string_view id) const;
    std::optional<StreamNumber> stream_number(std::string_view id) const;
    std::optional<StreamHead> stream(StreamNumber number) const;  // not what is pending in this transaction
    std::string_view stream_id(StreamNumber number) const;
    std::uint64_t stream_count() const;
    // The seqs of the stream's events with versions in [from, to], ascending; without those pending in this transaction.
    std::vector<Sequence> stream_sequences(StreamNumber number, std::uint64_t from = 1, std::uint64_t to = UINT64_MAX) const;

    std::string_view name(NameNumber number) const;  // empty for none
    std::optional<NameNumber> find_name(std::string_view text) const;

    struct Key {
        Sequence sequence;
        std::string_view digest;  // 16 bytes of the input's SHA-256; empty where the key was not of a digested input
    };
    std::optional<Key> key(std::string_view key) const;
    std::optional<Sequence> event_with_id(std::string_view event_id) const;
    std::optional<std::string_view> blob(const Digest& sha256) const;
    // The `redacted` event that names the event.
    std::optional<Sequence> redaction_of(Sequence sequence) const;

    // The tree's root over the first `size` events.
    Digest root(Sha256& sha256, std::uint64_t size) const;
    std::string origin() const;

    // Calls `visit(record)` for seqs from `from` on, at most `count` of them, until it answers false. Returns the next seq.
    Sequence scan(Sequence from, std::uint64_t count, const std::function<bool(const RecordView&)>& visit) const;

    lmdb::Transaction& transaction() const { return transaction_; }
    const JournalTables& tables() const { return tables_; }

private:
    lmdb::Transaction& transaction_;
    const JournalTables& tables_;
    NameCache* names_;
    Pending* pending_;
};

struct NewEvent {
    std::string stream;
    EncodedPayload payload;
    Time occurred_at{};
    std::string actor;
    std::string source;
    Sequence cause;                             // an event that is in the journal, or
    std::optional<std::size_t> cause_in_batch;  // an earlier one of this batch, by its place
    std::optional<std::string> event_id;        // an import's; else one is made
    std::optional<Time> recorded_at;            // an import's; taken when it is not before the event before it
};

// A stream's version that a caller relies on; 0: that there is no such stream yet.
struct ExpectedVersion {
    std::string stream;
    std::uint64_t version = 0;
};

struct Blob {
    Digest sha256;
    std::string bytes;
};

// Taken whole or not at all.
struct Batch {
    std::vector<NewEvent> events;
    std::vector<ExpectedVersion> expected;
    std::vector<Blob> blobs;
};

// An input that must be taken once only: its idempotency key, and the digest of its RFC 8785 text, unless the key itself says which
// input it is. The first event that it leads to must carry that digest (input_sha256): a later input under the key is compared
// with it.
struct KeyedInput {
    std::string key;
    std::optional<Digest> sha256;
};

// Decides, inside the write transaction and thus with nothing between, what an input leads to. Called once at most; must not keep
// references into the view.
using Decide = std::function<Result<Batch>(const JournalView& journal, Time now)>;

struct AppendRequest {
    std::optional<KeyedInput> input;
    Decide decide;
};

struct Appended {
    Sequence first;         // the first event written, or of a duplicate the one that was there
    std::size_t count = 0;  // events written; they have consecutive seqs
    bool duplicate = false;
};

// A read transaction of its own. Keep it short: LMDB can't reuse pages that it sees.
class Snapshot {
public:
    Snapshot(lmdb::Environment& environment, const JournalTables& tables, NameCache* names)
        : transaction_(environment, lmdb::Transaction::Kind::read), view_(transaction_, tables, names) {}
    const JournalView& operator*() const { return view_; }
    const JournalView* operator->() const { return &view_; }

private:
    lmdb::Transaction transaction_;
    JournalView view_;
};

// One commit of this process: a transaction and its sync.
struct Commit {
    std::uint64_t requests = 0, events = 0;
    std::chrono::nanoseconds sync{};  // what writing the pages and the sync took
};

struct JournalOptions {
    Clock clock;                                   // the real clock
    Entropy* entropy = nullptr;                    // outlives the journal
    std::vector<TransactionalIndex*> indexes;      // likewise; used by no other journal meanwhile
    std::uint64_t unindexed_max = 4096;            // events that the indexes hold in memory alone: see journal/index.hpp
    std::string origin;                            // of a new journal; empty: one is made up
    std::function<void(const Commit&)> committed;  // after each, before its callers are answered; brief, and throws nothing
    bool read_only = false;
    bool alone = false;  // the caller holds the JournalLock exclusively; else the journal holds it shared while it is open
};

// Thread-safe: readers never wait; writers take turns, across processes too. Open a directory at most once per process.
class Journal {
public:
    // Opens the journal in `directory`, and makes it unless `read_only`. Throws StorageError.
    Journal(const std::filesystem::path& directory, JournalOptions options);
    ~Journal();

    // Appends what `request` decides. When it returns, the events are on disk (synced); calls that wait at the same time share
    // one sync. A key that is known is looked up before anything is decided: nothing is written, and the answer
    // holds the first event's seq and says `duplicate`. An empty batch writes nothing and all is well.
    // Refuses: what `decide` refuses; conflict (an expected version), idempotency_conflict; too_large.
    // Throws StorageError: nothing of the request is written, and a later one may go well; but where must_be_opened_anew() holds,
    // it is not known whether it is on disk.
    Result<Appended> append(const AppendRequest& request);

    // Many requests in one transaction and one sync; each is taken or refused by itself, in order. With `stop_at_refusal` the first
    // refusal is the last answer, and nothing after it is looked at.
    std::vector<Result<Appended>> append_all(std::span<const AppendRequest> requests, bool stop_at_refusal = false);

    // Tries `requests` out, in order, each seeing what those before it would have written; nothing is kept. Calls `more` for
    // the next requests until it gives none. Other writers wait meanwhile.
    void rehearse(const std::function<std::vector<AppendRequest>()>& more,
                  const std::function<void(std::size_t place, const Result<Appended>&)>& answer);

    // A commit failed where the newest one is named in the file. This process can neither append nor read any more: who opens the
    // journal again sees what is there.
    bool must_be_opened_anew() const;

    Snapshot snapshot() const;
    lmdb::Environment& environment() const;

    // An event of an imported journal.jsonl: everything about it is given. Appended as the next ones, in one transaction;
    // `sequence` must be the next, and the leaf that comes out must hash to `leaf`.
    struct Restored {
        Sequence sequence;
        std::string stream;
        EncodedPayload payload;  // sealed; for a redacted event with an empty text and the digest alone
        bool redacted = false;
        std::uint64_t version = 0;
        Time occurred_at{}, recorded_at{};
        std::string actor, source, event_id;
        std::optional<std::string> key;
        Sequence cause;
        Digest leaf{};
    };
    // The indexes are left behind, since what a redacted event holds is known once the `redacted` event is there: index_all() after
    // the last call. Refuses: conflict, invalid (why an event does not fit, and with `field` which of `events`: "/7"); then nothing
    // of this call is written.
    Result<std::uint64_t> restore(std::span<const Restored> events, std::span<const Blob> blobs);
    // Puts all events into the tables of the indexes. Throws StorageError.
    void index_all();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace daybook
