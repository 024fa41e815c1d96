#include "journal/index_feed.hpp"

#include "journal/layout.hpp"
#include "journal/redaction.hpp"

namespace daybook {
namespace {

constexpr std::string_view indexed_mark = "indexed";  // the key in `meta`

}  // namespace

void IndexFeed::give(Sequence sequence, TransactionalIndex& index) {
    const auto record = journal_.record(sequence);
    if (!record) throw StorageError("event " + std::to_string(sequence.value) + " is missing: run `daybook verify`");
    check_known(journal_, *record);
    const auto payload = read_payload(journal_, *record, reader_);
    give(record->header(), payload ? facts_of(*payload) : EventFacts{}, index);
}

void IndexFeed::give(const RecordHeader& header, const EventFacts& facts, TransactionalIndex& index) {
    IndexedEvent event{header, stream_id({header.stream}), journal_.name({header.source}), facts, {}};
    if (header.type == EventType::incident_linked) event.linked = linked({header.sequence}, facts.subject);
    index.apply(event);
}

std::string_view IndexFeed::stream_id(StreamNumber number) {
    CachedStream& cached = streams_[number.value % streams_.size()];
    if (cached.number != number.value) cached = {number.value, journal_.stream_id(number)};
    return cached.id;
}

StreamNumber IndexFeed::linked(Sequence by, std::string_view id) const {
    const auto number = journal_.stream_number(id);
    if (!number) return {};
    const auto first = journal_.stream_sequences(*number, 1, 1);
    return !first.empty() && first.front() <= by ? *number : StreamNumber{};
}

std::uint64_t indexed_events(const JournalView& journal) {
    const auto mark = journal.transaction().get(journal.tables().meta, indexed_mark);
    // Before format 3 each commit wrote all.
    if (!mark && journal.transaction().get(journal.tables().meta, "format") != layout::current_format) return journal.size();
    const std::uint64_t size = journal.size();
    const std::uint64_t indexed = mark && mark->size() == 8 ? layout::read_u64(*mark) : UINT64_MAX;
    if (indexed > size) {
        throw StorageError("the journal in " + journal.transaction().environment().directory().string() +
                           " does not say how many of its events are indexed: run `daybook verify`, then restore a backup");
    }
    return indexed;
}

void say_indexed(lmdb::Transaction& transaction, const JournalTables& tables, std::uint64_t events) {
    std::string mark;
    layout::append_u64(mark, events);
    transaction.put(tables.meta, indexed_mark, mark);
}

}  // namespace daybook
