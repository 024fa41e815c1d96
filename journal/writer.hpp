// One write transaction of the journal: takes requests one after the other, then commits them with one sync. For journal/ alone.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "journal/journal.hpp"
#include "journal/merkle.hpp"
#include "journal/name_cache.hpp"
#include "journal/record_maker.hpp"

namespace daybook {

// What the writer knows from its last transaction, so that the next one need not read it again; it holds as long as no
// other process has appended in between.
struct WriterMemory {
    MerkleFrontier frontier;
    std::int64_t last_recorded = RecordHeader::no_time;
};

class Writer final : private Pending {
public:
    // Waits for the write lock of all processes. `memory` and the rest outlive it.
    Writer(lmdb::Environment& environment, const JournalTables& tables, const JournalOptions& options, NameCache& names,
           WriterMemory& memory, Sha256& sha256);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // Throws StorageError: the whole transaction must be given up.
    Result<Appended> append(const AppendRequest& request);
    // As Journal::restore, for one event. After a refusal the transaction must be given up.
    std::optional<Refusal> restore(const Journal::Restored& event);
    void put_blob(const Blob& blob);
    // The commit puts all that the indexes know into their tables.
    void index_all() { index_all_ = changed_ = true; }

    bool changed() const { return changed_; }
    // Durable when it returns. Throws StorageError: outcome not known.
    void commit();

private:
    struct Name {
        NameNumber number;
        std::string_view text;  // lives as long as the writer
    };
    struct Stream {
        StreamHead head;  // without the leaf
        Digest leaf{};    // of the newest event that was made: see RecordMaker
        std::string id;
        std::string block;                       // the seqs of the versions after the last whole block: see journal/stream_row.hpp
        std::optional<std::uint64_t> old_block;  // of a journal of format 1: stream_index has it, though it is not whole
        bool dirty = false;
        Name actor, source, service, env, kind;  // of its newest event here: most events repeat them
    };
    // All of an event that is not yet decided by its place in the journal.
    struct Draft {
        Stream* stream = nullptr;
        const EncodedPayload* payload = nullptr;
        Time occurred_at{}, recorded_at{};
        std::string_view actor, source;
        std::optional<std::string_view> key;
        std::string_view event_id;  // empty: make one
        Sequence cause;
        bool redacted = false;
    };

    const WriterMemory& remembered(WriterMemory& memory);
    std::uint64_t size() const override { return records_.size(); }
    std::optional<StreamHead> stream(std::string_view id) const override;
    std::optional<RecordHeader> header(Sequence sequence) const override { return records_.header(sequence); }
    void settle() override { records_.finish(); }

    Result<Appended> answer_again(const KeyedInput& input, const JournalView::Key& known) const;
    std::optional<Refusal> check(const Batch& batch, const AppendRequest& request);
    std::optional<Refusal> check_event(const NewEvent& event, std::size_t place);
    Stream& stream_at(std::string_view id);  // a new one has version 0
    // A name's number, given out anew if need be; where it is that of `last`, without looking it up.
    const Name& intern(Name& last, std::string_view text);
    Name find_or_add_name(std::string_view text);
    std::optional<JournalView::Key> find_key(std::string_view key);
    void put_key(std::string_view key, Sequence sequence, const std::optional<Digest>& input);
    Time not_before_last(Time time) const;
    void keep_facts(RecordHeader& header, Stream& stream, const EventFacts& facts);
    void begin(Stream& stream);
    void extend(Stream& stream, Sequence sequence);
    void name_event(RecordDraft& record, const Draft& draft);
    Sequence write(const Draft& draft);  // fills in seq and version; returns the seq
    void write_streams();
    void begin_indexes();
    void write_indexes();

    const JournalTables& tables_;
    const JournalOptions& options_;
    NameCache& names_;
    WriterMemory& memory_;
    lmdb::Transaction transaction_;
    JournalView view_;
    std::optional<lmdb::Cursor> events_, keys_;  // where the last one was put, the next one mostly goes
    std::int64_t last_recorded_ = RecordHeader::no_time;
    // Looked up by std::string_view, without making a string.
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    template <class Value>
    using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;
    TextMap<Stream> streams_;
    TextMap<NameNumber> met_names_;  // new ones, and those that were not in the cache
    std::uint32_t last_stream_ = 0;
    std::uint32_t last_name_ = 0;
    std::uint64_t old_size_ = 0;  // before this transaction
    std::uint64_t indexed_ = 0;   // events that the tables of the indexes hold
    std::uint64_t fed_ = 0;       // events after those that an index had to be told of
    bool index_all_ = false;      // the tables of the indexes must say all: some were written already, or somebody wants it
    bool changed_ = false;
    bool committed_ = false;
    RecordMaker records_;  // gone first: it holds on to names and streams
};

}  // namespace daybook
