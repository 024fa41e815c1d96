// Verification of the decision index: built again from the events, and compared row by row.
#include <algorithm>
#include <map>

#include "journal/index_feed.hpp"
#include "journal/name_cache.hpp"
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
        : transaction_(scope.environment, lmdb::Transaction::Kind::read),
          journal_(transaction_, scope.tables, &names_),
          feed_(journal_),
          scratch_(options.scratch, scratch_options()),
          indexes_(options.make_indexes()) {
        look_again();
    }

    std::uint64_t next() const { return next_; }
    void skip_to(std::uint64_t next) { next_ = std::max(next_, next); }
    // So many events are in the journal's tables, as it was when it was looked at last; why that is not known.
    std::uint64_t indexed() const { return indexed_; }
    const std::string& trouble() const { return trouble_; }
    lmdb::Environment& scratch() { return scratch_; }
    lmdb::Transaction& journal_transaction() { return transaction_; }

    // Between the two, on one thread, events are taken in, as one snapshot of the journal has them.
    void begin() {
        look_again();
        into_.emplace(scratch_, lmdb::Transaction::Kind::write);
        for (const auto& index : indexes_) index->begin(*into_, next_ - 1, next_ - 1);
    }
    void commit() {
        for (const auto& index : indexes_) index->flush();
        into_->commit();
        for (const auto& index : indexes_) index->end(next_ - 1);
        into_.reset();
    }

    // The events from next() up to `end`, as far as the journal's tables know them: of `read`, as far as they are there, else from
    // the journal. Those that cannot be read are left out: they are reported where events are verified.
    void take(std::uint64_t end, ReadBatch read) {
        end = std::min(end, indexed_ + 1);
        read.resize(std::max(end, next_) - next_);
        for (const auto& event : read) {
            const Sequence sequence{next_++};
            try {
                for (const auto& index : indexes_) {
                    if (event) {
                        feed_.give(event->header, event->facts, *index);
                    } else {
                        feed_.give(sequence, *index);
                    }
                }
            } catch (const StorageError&) {
                look_again();  // LMDB takes a transaction that met a damaged page for lost
            }
        }
    }

private:
    void look_again() {
        transaction_.renew();
        feed_.renew();
        try {
            indexed_ = indexed_events(journal_);
        } catch (const StorageError& error) {
            trouble_ = error.what();
        }
    }

    static lmdb::Options scratch_options() {
        lmdb::Options options;
        options.tables_max = 32;
        options.durable = false;
        return options;
    }

    lmdb::Transaction transaction_;
    NameCache names_;
    JournalView journal_;
    IndexFeed feed_;
    lmdb::Environment scratch_;
    std::optional<lmdb::Transaction> into_;  // of scratch_
    std::uint64_t next_ = 1;
    std::uint64_t indexed_ = 0;
    std::string trouble_;
    std::vector<std::unique_ptr<TransactionalIndex>> indexes_;
};

IndexCheck::IndexCheck(const Scope& scope, const VerifyOptions& options)
    : rebuild_(std::make_unique<Rebuild>(scope, options)),
      scope_(scope),
      options_(options),
      batches_end_(rebuild_->indexed() + 1) {}

IndexCheck::~IndexCheck() = default;

void IndexCheck::add(std::uint64_t from, std::uint64_t next, ReadBatch events) {
    if (from >= batches_end_) return;
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

// The batches that come next, as far as they are there and the journal's tables know their events.
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
        if (rebuild_->next() > rebuild_->indexed()) break;
        rebuild_->skip_to(batch.next);
    }
    rebuild_->commit();
}

void IndexCheck::finish() {
    take_in();
    if (!rebuild_->trouble().empty()) return scope_.findings.add(Kind::index, {}, rebuild_->trouble());
    // The journal's tables may hold more events by now.
    rebuild_->begin();
    lmdb::Transaction& transaction = rebuild_->journal_transaction();
    while (rebuild_->next() <= rebuild_->indexed()) rebuild_->take(rebuild_->next() + batch_events, {});
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
