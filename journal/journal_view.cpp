// Reading the journal: JournalView.
#include <algorithm>
#include <bit>
#include <cstring>

#include "journal/journal.hpp"
#include "journal/layout.hpp"
#include "journal/merkle.hpp"
#include "journal/name_cache.hpp"
#include "journal/stream_row.hpp"

namespace daybook {
namespace {

// Asks for a page before it is read. Events lie in the file page behind page, in the order of seq, mostly: a scan comes to the page
// after the next one soon, and would wait for memory at each. Where that one is no page of events, or none at all, it does nothing.
class ReadAhead {
public:
    void at(std::string_view value) {
        const std::uintptr_t page = reinterpret_cast<std::uintptr_t>(value.data()) / page_bytes;
        if (page == page_) return;
        page_ = page;
        const auto* const ahead = reinterpret_cast<const char*>((page + pages_ahead) * page_bytes);  // never dereferenced
        for (std::size_t line = 0; line < page_bytes; line += line_bytes) __builtin_prefetch(ahead + line);
    }

private:
    static constexpr std::size_t page_bytes = 4096;  // LMDB's, on most machines
    static constexpr std::size_t line_bytes = 64;
    static constexpr std::size_t pages_ahead = 2;
    std::uintptr_t page_ = 0;
};

// A scan of fewer events lies on few pages.
constexpr std::uint64_t read_ahead_from = 32;

}  // namespace

std::uint64_t JournalView::size() const {
    if (pending_ != nullptr) return pending_->size();
    lmdb::Cursor cursor(transaction_, tables_.events);
    return cursor.last() ? read_big_endian(cursor.key()) : 0;
}

std::optional<RecordHeader> JournalView::header(Sequence sequence) const {
    if (pending_ != nullptr) {
        if (const auto header = pending_->header(sequence)) return header;
    }
    const auto found = record(sequence);
    return found ? std::optional(found->header()) : std::nullopt;
}

std::optional<RecordView> JournalView::record(Sequence sequence) const {
    if (pending_ != nullptr && pending_->header(sequence)) pending_->settle();
    const auto bytes = transaction_.get(tables_.events, key_of(sequence.value, 8));
    if (!bytes) return std::nullopt;
    const auto record = RecordView::parse(*bytes);
    if (!record || record->sequence() != sequence) {
        throw StorageError("the record of event " + std::to_string(sequence.value) + " in " +
                           transaction_.environment().directory().string() +
                           " is damaged: run `daybook verify`, then restore a backup");
    }
    return record;
}

std::optional<StreamNumber> JournalView::stream_number(std::string_view id) const {
    if (id.empty() || id.size() > layout::stored_key_bytes_max) return std::nullopt;
    const auto number = transaction_.get(tables_.stream_ids, id);
    if (!number) return std::nullopt;
    return StreamNumber{static_cast<std::uint32_t>(read_big_endian(*number))};
}

std::optional<StreamHead> JournalView::stream(std::string_view id) const {
    if (pending_ != nullptr) {
        if (const auto head = pending_->stream(id)) return head;
    }
    const auto number = stream_number(id);
    if (!number) return std::nullopt;
    return stream(*number);
}

std::optional<StreamHead> JournalView::stream(StreamNumber number) const {
    const auto row = transaction_.get(tables_.streams, key_of(number.value, 4));
    if (!row) return std::nullopt;
    StreamHead head = layout::read_stream_head(*row);
    head.number = number;
    return head;
}

std::string_view JournalView::stream_id(StreamNumber number) const {
    const auto row = transaction_.get(tables_.streams, key_of(number.value, 4));
    return row ? layout::stream_id_of(*row) : std::string_view();
}

std::uint64_t JournalView::stream_count() const { return transaction_.count(tables_.streams); }

std::vector<Sequence> JournalView::stream_sequences(StreamNumber number, std::uint64_t from, std::uint64_t to) const {
    std::vector<Sequence> sequences;
    const auto head = stream(number);
    if (!head) return sequences;
    from = std::max<std::uint64_t>(from, 1);
    to = std::min(to, head->version);
    layout::StreamBlock block;
    while (from <= to) {
        const std::uint64_t before = (from - 1) / layout::block_events * layout::block_events;
        const std::uint64_t last = std::min(to, before + layout::block_events);
        layout::find_stream_block(transaction_, tables_, number, before / layout::block_events, block);
        if (block.seqs().size() < 8 * (last - before)) {
            throw StorageError("stream_index lacks version " + std::to_string(last) + " of stream " + std::to_string(number.value) +
                               ": run `daybook verify`");
        }
        for (; from <= last; ++from) sequences.push_back({layout::read_u64(block.seqs().substr(8 * (from - before - 1)))});
    }
    return sequences;
}

std::string_view JournalView::name(NameNumber number) const {
    if (!number) return {};
    if (names_ != nullptr) {
        if (const auto text = names_->text(number)) return *text;
    }
    const auto text = transaction_.get(tables_.names, key_of(number.value, 4));
    if (!text) return {};
    if (names_ != nullptr) names_->add(number, *text);
    return *text;
}

std::optional<NameNumber> JournalView::find_name(std::string_view text) const {
    if (text.empty() || text.size() > layout::stored_name_bytes_max) return std::nullopt;
    if (names_ != nullptr) {
        if (const auto known = names_->find(text)) return known->number;
    }
    const auto number = transaction_.get(tables_.name_ids, text);
    if (!number) return std::nullopt;
    return NameNumber{static_cast<std::uint32_t>(read_big_endian(*number))};
}

std::optional<JournalView::Key> JournalView::key(std::string_view key) const {
    if (key.empty() || key.size() > layout::stored_key_bytes_max) return std::nullopt;
    const auto row = transaction_.get(tables_.keys, key);
    if (!row) return std::nullopt;
    return layout::read_key_row(*row);
}

std::optional<Sequence> JournalView::event_with_id(std::string_view event_id) const {
    if (event_id.empty() || event_id.size() > layout::stored_key_bytes_max) return std::nullopt;
    const auto uuid = parse_uuid(event_id);
    const auto row = transaction_.get(tables_.event_ids, uuid ? layout::bytes_of(*uuid) : event_id);
    if (row) return Sequence{layout::read_u64(*row)};
    const auto millis = uuid ? uuid7_millis(*uuid) : std::nullopt;
    if (!millis) return std::nullopt;
    // Ids of our own bear the moment of recording, which never decreases. Mostly a new event is asked for: the newest come first.
    const auto millis_of = [](const RecordHeader& header) {
        const Time recorded_at = from_micros(header.recorded_at);
        return std::chrono::floor<std::chrono::milliseconds>(recorded_at).time_since_epoch().count();
    };
    std::uint64_t end = size() + 1;  // of those that were not looked at
    for (; pending_ != nullptr && end > 1; --end) {
        const auto header = pending_->header({end - 1});
        if (!header) break;
        if (header->event_id == *uuid) return Sequence{end - 1};
        if (millis_of(*header) < *millis) return std::nullopt;
    }
    const auto is_before = [&](std::uint64_t sequence) { return millis_of(record({sequence})->header()) < *millis; };
    std::uint64_t high = end, step = 1;
    for (; step < end && !is_before(end - step); step *= 2) high = end - step;
    std::uint64_t low = step < end ? end - step + 1 : 1;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        if (is_before(middle)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    lmdb::Cursor cursor(transaction_, tables_.events);
    for (bool there = low < end && cursor.seek(key_of(low, 8)); there && low < end; there = cursor.next(), ++low) {
        const auto record = RecordView::parse(cursor.value());
        if (!record || millis_of(record->header()) != *millis) break;
        if (record->header().event_id == *uuid) return Sequence{low};
    }
    return std::nullopt;
}

std::optional<std::string_view> JournalView::blob(const Digest& sha256) const {
    return transaction_.get(tables_.blobs, bytes_of(sha256));
}

std::optional<Sequence> JournalView::redaction_of(Sequence sequence) const {
    if (tables_.redactions.number == 0) return std::nullopt;
    const auto row = transaction_.get(tables_.redactions, key_of(sequence.value, 8));
    return row ? std::optional(Sequence{layout::read_u64(*row)}) : std::nullopt;
}

Digest JournalView::root(Sha256& sha256, std::uint64_t size) const { return layout::frontier(*this, size).root(sha256); }

std::string JournalView::origin() const { return std::string(transaction_.get(tables_.meta, "origin").value_or("")); }

Sequence JournalView::scan(Sequence from, std::uint64_t count, const std::function<bool(const RecordView&)>& visit) const {
    if (pending_ != nullptr) pending_->settle();
    lmdb::Cursor cursor(transaction_, tables_.events);
    Sequence next = from;
    if (count == 0 || !cursor.seek(key_of(from.value, 8))) return next;
    std::optional<ReadAhead> pages;
    if (count >= read_ahead_from) pages.emplace();
    do {
        if (pages) pages->at(cursor.value());
        const std::uint64_t sequence = read_big_endian(cursor.key());
        const auto record = RecordView::parse(cursor.value());
        if (!record || sequence != next.value || record->sequence() != next) {
            throw StorageError("event " + std::to_string(next.value) + " in " + transaction_.environment().directory().string() +
                               " is missing or damaged: run `daybook verify`, then restore a backup");
        }
        next = next.next();
        if (!visit(*record)) return next;
    } while (--count != 0 && cursor.next());
    return next;
}

}  // namespace daybook
