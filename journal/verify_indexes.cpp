// Verification of the decision index: built again from the events, and compared row by row.
#include <algorithm>
#include <map>

#include "journal/layout.hpp"
#include "journal/verify_parts.hpp"

namespace daybook::verification {
namespace {

using Kind = Finding::Kind;

// Gives events to fresh indexes, as the append did.
class Rebuild {
public:
    Rebuild(lmdb::Environment& scratch, std::vector<std::unique_ptr<TransactionalIndex>> indexes)
        : scratch_(scratch), indexes_(std::move(indexes)) {}

    // Events [from, end) of `journal`, in one transaction. Those that cannot be read are left out: they are reported where
    // events are verified.
    void take(const JournalView& journal, std::uint64_t from, std::uint64_t end) {
        lmdb::Transaction transaction(scratch_, lmdb::Transaction::Kind::write);
        for (const auto& index : indexes_) index->begin(transaction);
        for (std::uint64_t sequence = from; sequence < end; ++sequence) {
            if (const auto event = read(journal, sequence)) apply(*event);
        }
        for (const auto& index : indexes_) index->flush();
        transaction.commit();
        for (const auto& index : indexes_) index->end();
    }

private:
    struct Event {
        RecordHeader header;
        std::string_view stream;
        std::string_view source;
        EventFacts facts;
        StreamNumber linked;
    };

    std::optional<Event> read(const JournalView& journal, std::uint64_t sequence) {
        try {
            const auto bytes = journal.transaction().get(journal.tables().events, key_of(sequence, 8));
            const auto record = bytes ? RecordView::parse(*bytes) : std::nullopt;
            if (!record || record->sequence().value != sequence) return std::nullopt;
            Event event{record->header(),
                        journal.stream_id(record->stream()),
                        journal.name({record->header().source}),
                        facts_of_record(journal, *record),
                        {}};
            if (record->type() == EventType::incident_linked) event.linked = linked(journal, *record, event.facts.subject);
            return event;
        } catch (const StorageError&) {
            journal.transaction().renew();  // LMDB takes a transaction that met a damaged page for lost
            return std::nullopt;
        }
    }

    void apply(const Event& event) {
        for (const auto& index : indexes_) index->apply({event.header, event.stream, event.source, event.facts, event.linked});
    }

    static StreamNumber linked(const JournalView& journal, const RecordView& record, std::string_view id) {
        const auto number = journal.stream_number(id);
        if (!number) return {};
        const auto first = journal.stream_sequences(*number, 1, 1);
        return !first.empty() && first.front() <= record.sequence() ? *number : StreamNumber{};
    }

    EventFacts facts_of_record(const JournalView& journal, const RecordView& record) {
        if (record.redacted()) return facts_of_redacted(journal, record);
        const auto value = reader_.read(record.payload());
        if (!value) return {};
        const auto payload = decode(record.type(), record.header().schema_version, **value);
        return payload ? facts_of(*payload) : EventFacts{};
    }

    EventFacts facts_of_redacted(const JournalView& journal, const RecordView& record) {
        if (!redactions_known_) find_redactions(journal);
        const auto found = redactions_.find(record.sequence().value);
        if (found == redactions_.end()) return {};
        const auto kept = reader_.read(found->second);
        return kept ? facts_of_kept(record.type(), **kept) : EventFacts{};
    }

    // What was kept of each redacted event. The first redacted event makes this look through all headers, once.
    void find_redactions(const JournalView& journal) {
        redactions_known_ = true;
        lmdb::Cursor cursor(journal.transaction(), journal.tables().events);
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

    lmdb::Environment& scratch_;
    std::vector<std::unique_ptr<TransactionalIndex>> indexes_;
    JsonReader reader_;
    std::map<std::uint64_t, std::string> redactions_;
    bool redactions_known_ = false;
};

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

void check_indexes(const Scope& scope, const VerifyOptions& options) {
    lmdb::Options scratch_options;
    scratch_options.tables_max = 32;
    scratch_options.durable = false;
    lmdb::Environment scratch(options.scratch, scratch_options);
    Rebuild rebuild(scratch, options.make_indexes());

    lmdb::Transaction transaction(scope.environment, lmdb::Transaction::Kind::read);
    const JournalView journal(transaction, scope.tables, nullptr);
    std::uint64_t next = 1;
    const auto take = [&](std::uint64_t end) {
        rebuild.take(journal, next, end);
        next = end;
    };
    while (next + batch_events <= scope.size) {
        transaction.renew();
        take(next + batch_events);
    }
    // The journal's tables speak of all events that there are now.
    transaction.renew();
    while (next <= journal.size()) take(std::min(next + batch_events, journal.size() + 1));
    lmdb::Transaction rebuilt(scratch, lmdb::Transaction::Kind::read);
    for (const std::string& table : options.index_tables) {
        try {
            compare(scope, table, transaction, rebuilt);
        } catch (const StorageError& error) {
            scope.findings.add(Kind::index, {}, "the table " + table + " cannot be compared to its end: " + error.what());
            transaction.renew();
        }
    }
}

}  // namespace daybook::verification
