// Verification of the decision index: built again from the events, and compared row by row.
#include <algorithm>
#include <map>

#include "journal/layout.hpp"
#include "journal/verify_parts.hpp"

namespace daybook::verification {
namespace {

using Kind = Finding::Kind;

// Rows of `table` in the journal (`is`) and rebuilt (`should`), in step. Throws StorageError.
void compare(const Scope& scope, const std::string& table, lmdb::Transaction& is, lmdb::Transaction& should) {
    const auto report = [&](std::string_view key, const std::string& what) {
        scope.findings.add(Kind::index, {}, "the table " + table + " " + what + " " + show(key));
    };
    const auto is_table = is.open(table.c_str());
    const auto should_table = should.open(table.c_str());
    std::optional<lmdb::Cursor> left;
    std::optional<lmdb::Cursor> right;
    if (is_table) left.emplace(is, *is_table);
    if (should_table) right.emplace(should, *should_table);
    bool on_left = left && left->first();
    bool on_right = right && right->first();
    while (on_left || on_right) {
        const int order = !on_left ? 1 : !on_right ? -1 : left->key().compare(right->key());
        if (order < 0) report(left->key(), "has a row that the events do not lead to:");
        if (order > 0) report(right->key(), "lacks the row");
        if (order == 0 && left->value() != right->value()) report(left->key(), "does not say what the events lead to for");
        if (order <= 0) on_left = left->next();
        if (order >= 0) on_right = right->next();
    }
}

}  // namespace

// Gives events to fresh indexes, as the append did.
class IndexCheck::Rebuild {
public:
    Rebuild(const Scope& scope, const VerifyOptions& options)
        : journal_transaction_(scope.environment, lmdb::Transaction::Kind::read),
          journal_(journal_transaction_, scope.tables, nullptr),
          names_(scope.names),
          scratch_(options.scratch, scratch_options()),
          indexes_(options.make_indexes()) {}

    std::uint64_t next() const { return next_; }
    void skip_to(std::uint64_t next) { next_ = std::max(next_, next); }
    lmdb::Environment& scratch() { return scratch_; }
    lmdb::Transaction& journal_transaction() { return journal_transaction_; }
    const JournalView& journal() const { return journal_; }

    // Between the two, on one thread, events are taken in, as one snapshot of the journal has them.
    void begin() {
        journal_transaction_.renew();
        streams_.fill({});
        transaction_.emplace(scratch_, lmdb::Transaction::Kind::write);
        for (const auto& index : indexes_) index->begin(*transaction_);
    }
    void commit() {
        for (const auto& index : indexes_) index->flush();
        transaction_->commit();
        for (const auto& index : indexes_) index->end();
        transaction_.reset();
    }

    // The events from next() up to `end`: of `read`, as far as they are there, else from the journal. Those that cannot be read are
    // left out: they are reported where events are verified.
    void take(std::uint64_t end, ReadBatch read) {
        read.resize(end - next_);
        for (const auto& event : read) {
            const Sequence sequence{next_++};
            try {
                if (event) {
                    apply(event->header, event->facts);
                } else if (const auto record = journal_.record(sequence)) {
                    apply(record->header(), facts_of_record(*record));
                }
            } catch (const StorageError&) {
                journal_transaction_.renew();  // LMDB takes a transaction that met a damaged page for lost
                streams_.fill({});
            }
        }
    }

private:
    void apply(const RecordHeader& header, const EventFacts& facts) {
        const std::string_view source = header.source < names_.size() ? names_[header.source] : journal_.name({header.source});
        IndexedEvent event{header, stream_id({header.stream}), source, facts, {}};
        if (header.type == EventType::incident_linked) event.linked = linked({header.sequence}, facts.subject);
        for (const auto& index : indexes_) index->apply(event);
    }

    std::string_view stream_id(StreamNumber number) {
        CachedStream& cached = streams_[number.value % streams_.size()];
        if (cached.number != number.value) cached = {number.value, journal_.stream_id(number)};
        return cached.id;
    }

    StreamNumber linked(Sequence by, std::string_view id) {
        const auto number = journal_.stream_number(id);
        if (!number) return {};
        const auto first = journal_.stream_sequences(*number, 1, 1);
        return !first.empty() && first.front() <= by ? *number : StreamNumber{};
    }

    EventFacts facts_of_record(const RecordView& record) {
        if (record.redacted()) return facts_of_redacted(record);
        const auto value = reader_.read(record.payload());
        if (!value) return {};
        const auto payload = decode(record.type(), record.header().schema_version, **value);
        return payload ? facts_of(*payload) : EventFacts{};
    }

    EventFacts facts_of_redacted(const RecordView& record) {
        if (!redactions_known_) find_redactions();
        const auto found = redactions_.find(record.sequence().value);
        if (found == redactions_.end()) return {};
        const auto kept = reader_.read(found->second);
        const auto payload = kept ? decode(record.type(), record.header().schema_version, **kept) : Result<Payload>(Refusal{});
        return payload ? facts_of(*payload) : EventFacts{};
    }

    // What was kept of each redacted event. The first redacted event makes this look through all headers, once.
    void find_redactions() {
        redactions_known_ = true;
        lmdb::Cursor cursor(journal_transaction_, journal_.tables().events);
        for (bool there = cursor.first(); there; there = cursor.next()) {
            const auto record = RecordView::parse(cursor.value());
            if (!record || record->type() != EventType::redacted) continue;
            const auto value = reader_.read(record->payload());
            const auto payload =
                value ? decode(record->type(), record->header().schema_version, **value) : Result<Payload>(Refusal{});
            if (!payload) continue;
            const auto& redacted = std::get<Redacted>(*payload);
            redactions_.emplace(static_cast<std::uint64_t>(redacted.redacts), redacted.kept.text);
        }
    }

    static lmdb::Options scratch_options() {
        lmdb::Options options;
        options.tables_max = 32;
        options.durable = false;
        return options;
    }

    lmdb::Transaction journal_transaction_;
    JournalView journal_;
    const std::vector<std::string>& names_;  // by number
    struct CachedStream {
        std::uint32_t number = 0;
        std::string_view id;
    };
    std::array<CachedStream, 256> streams_;  // by the last byte of the number; good for one snapshot
    lmdb::Environment scratch_;
    std::optional<lmdb::Transaction> transaction_;  // of scratch_
    std::uint64_t next_ = 1;
    std::vector<std::unique_ptr<TransactionalIndex>> indexes_;
    JsonReader reader_;
    std::map<std::uint64_t, std::string> redactions_;
    bool redactions_known_ = false;
};

IndexCheck::IndexCheck(const Scope& scope, const VerifyOptions& options)
    : rebuild_(std::make_unique<Rebuild>(scope, options)), scope_(scope), options_(options) {}

IndexCheck::~IndexCheck() = default;

void IndexCheck::add(std::uint64_t from, std::uint64_t next, ReadBatch events) {
    // Several batches in one transaction: a row that changes with each event is written once in that.
    constexpr std::size_t enough = 4;
    std::size_t waiting = 0;
    {
        const std::lock_guard lock(mutex_);
        waiting_.emplace(from, Batch{std::move(events), next});
        waiting = waiting_.size();
    }
    if (waiting < enough) return;
    std::unique_lock turn(turn_, std::defer_lock);
    if (waiting >= 2 * enough) {
        turn.lock();
    } else if (!turn.try_lock()) {
        return;  // who has the turn, or brings the next batch, sees to it
    }
    take_in();
}

// The batches that come next, as far as they are there.
void IndexCheck::take_in() {
    rebuild_->begin();
    while (true) {
        Batch batch;
        {
            const std::lock_guard lock(mutex_);
            const auto first = waiting_.find(rebuild_->next());
            if (first == waiting_.end()) break;
            batch = std::move(first->second);
            waiting_.erase(first);
        }
        const std::uint64_t end = rebuild_->next() + batch.events.size();
        rebuild_->take(end, std::move(batch.events));
        rebuild_->skip_to(batch.next);
    }
    rebuild_->commit();
}

void IndexCheck::finish() {
    take_in();
    // The journal's tables speak of all events that there are now.
    rebuild_->begin();
    lmdb::Transaction& transaction = rebuild_->journal_transaction();
    const std::uint64_t end = rebuild_->journal().size() + 1;
    while (rebuild_->next() < end) rebuild_->take(std::min(rebuild_->next() + batch_events, end), {});
    rebuild_->commit();
    lmdb::Transaction rebuilt(rebuild_->scratch(), lmdb::Transaction::Kind::read);
    for (const std::string& table : options_.index_tables) {
        try {
            compare(scope_, table, transaction, rebuilt);
        } catch (const StorageError& error) {
            scope_.findings.add(Kind::index, {}, "the table " + table + " cannot be compared to its end: " + error.what());
            transaction.renew();
        }
    }
}

}  // namespace daybook::verification
