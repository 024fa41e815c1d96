#include "projections/event_index.hpp"

#include <algorithm>
#include <cstring>

namespace daybook {
namespace {

constexpr const char* event_index_table = "event_index";
constexpr std::size_t offset_bytes = sizeof(std::uint32_t);

FixedKey block_key(PostingKind kind, std::uint32_t number, std::uint64_t first) {
    return FixedKey().add(static_cast<std::uint8_t>(kind), 1).add(number, 4).add(first, 8);
}

// A row of the table, taken apart.
struct Block {
    PostingKind kind;
    std::uint32_t number = 0;
    std::uint64_t first = 0;
    std::string_view offsets;

    std::size_t size() const { return offsets.size() / offset_bytes; }
    std::uint64_t at(std::size_t place) const {
        std::uint32_t offset = 0;
        std::memcpy(&offset, offsets.data() + place * offset_bytes, offset_bytes);
        return first + offset;
    }
    std::uint64_t last() const { return at(size() - 1); }
    // The first place whose seq is at least `sequence`.
    std::size_t place_of(std::uint64_t sequence) const {
        std::size_t low = 0;
        std::size_t high = size();
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            if (at(middle) < sequence) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
};

Block block_at(const lmdb::Cursor& cursor) {
    const std::string_view key = cursor.key();
    if (key.size() != 13 || cursor.value().size() < offset_bytes) {
        throw StorageError("a row of the views is damaged: run `daybook replay --rebuild`");
    }
    return {static_cast<PostingKind>(key[0]), static_cast<std::uint32_t>(read_big_endian(key.substr(1, 4))),
            read_big_endian(key.substr(5)), cursor.value()};
}

bool is_of(const lmdb::Cursor& cursor, PostingKind kind, std::uint32_t number) {
    const Block block = block_at(cursor);
    return block.kind == kind && block.number == number;
}

// Stands on the last block of a list that begins at or before `sequence`; false where there is none.
bool seek_back(lmdb::Cursor& cursor, PostingKind kind, std::uint32_t number, std::uint64_t sequence) {
    const FixedKey wanted = block_key(kind, number, sequence);
    const bool there = cursor.seek(wanted);
    if (there && cursor.key() == std::string_view(wanted)) return true;
    return (there ? cursor.previous() : cursor.last()) && is_of(cursor, kind, number);
}

void append_offset(std::string& row, std::uint64_t offset) {
    const auto small = static_cast<std::uint32_t>(offset);
    row.append(reinterpret_cast<const char*>(&small), offset_bytes);
}

}  // namespace

std::uint32_t day_number(std::int64_t micros) {
    const auto days = std::chrono::floor<std::chrono::days>(from_micros(micros)).time_since_epoch().count();
    return static_cast<std::uint32_t>(days) ^ (std::uint32_t{1} << 31);
}

void EventIndexProjection::Chains::clear() {
    newest_.clear();
    recent_.fill({});
    previous_.clear();
}

void EventIndexProjection::Chains::add(std::uint32_t number) {
    Recent& recent = recent_[number % recent_.size()];
    if (recent.newest == nullptr || recent.number != number) recent = {number, &newest_[number]};
    previous_.push_back(*recent.newest);
    *recent.newest = static_cast<std::uint32_t>(previous_.size());
}

std::vector<std::uint32_t> EventIndexProjection::Chains::numbers() const {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(newest_.size());
    for (const auto& [number, newest] : newest_) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

void EventIndexProjection::Chains::places(std::uint32_t number, std::vector<std::uint32_t>& places) const {
    places.clear();
    for (std::uint32_t place = newest_.at(number); place != 0; place = previous_[place - 1]) places.push_back(place - 1);
    std::reverse(places.begin(), places.end());
}

void EventIndexProjection::begin(lmdb::Transaction& transaction) {
    transaction_ = &transaction;
    table_ = *transaction.open(event_index_table);
    sequences_.clear();
    for (Chains& chains : chains_) chains.clear();
}

std::optional<std::string> EventIndexProjection::apply(const ProjectedEvent& event) {
    const RecordHeader& header = event.header();
    sequences_.push_back(header.sequence);
    chains(PostingKind::type).add(static_cast<std::uint8_t>(header.type));
    chains(PostingKind::actor).add(header.actor);
    chains(PostingKind::source).add(header.source);
    chains(PostingKind::day).add(day_number(header.occurred_at));
    if (header.service != 0) {
        chains(PostingKind::service).add(header.service);
    } else {
        chains(PostingKind::service).skip();
    }
    return std::nullopt;
}

void EventIndexProjection::flush() {
    std::vector<std::uint32_t> places;
    std::vector<std::uint64_t> sequences;
    for (std::size_t i = 0; i < chains_.size(); ++i) {
        for (const std::uint32_t number : chains_[i].numbers()) {
            chains_[i].places(number, places);
            sequences.clear();
            for (const std::uint32_t place : places) sequences.push_back(sequences_[place]);
            append(static_cast<PostingKind>(i + 1), number, sequences);
        }
    }
    sequences_.clear();
    for (Chains& chains : chains_) chains.clear();
}

// Fills the list's last block, then begins new ones.
void EventIndexProjection::append(PostingKind kind, std::uint32_t number, std::span<const std::uint64_t> sequences) {
    std::uint64_t first = sequences.front();
    std::string row;
    {
        lmdb::Cursor cursor(*transaction_, table_);
        if (seek_back(cursor, kind, number, UINT64_MAX)) {
            const Block block = block_at(cursor);
            if (block.size() < block_events && sequences.front() - block.first <= UINT32_MAX) {
                first = block.first;
                row = block.offsets;
            }
        }
    }
    for (const std::uint64_t sequence : sequences) {
        if (row.size() == block_events * offset_bytes || sequence - first > UINT32_MAX) {
            transaction_->put(table_, block_key(kind, number, first), row);
            first = sequence;
            row.clear();
        }
        append_offset(row, sequence - first);
    }
    transaction_->put(table_, block_key(kind, number, first), row);
}

std::string EventIndexProjection::describe(std::string_view, std::string_view key) const {
    static constexpr const char* kinds[] = {"type", "actor", "source", "service", "day"};
    const auto kind = static_cast<std::size_t>(key.empty() ? 0 : key[0]);
    if (key.size() != 13 || kind == 0 || kind > posting_kinds) return "a key of another form";
    return std::string(kinds[kind - 1]) + " " + std::to_string(read_big_endian(key.substr(1, 4))) + ", from event " +
           std::to_string(read_big_endian(key.substr(5)));
}

std::optional<EventIndex> EventIndex::open(lmdb::Transaction& transaction) {
    const auto table = transaction.open(event_index_table);
    if (!table) return std::nullopt;
    EventIndex index;
    index.transaction_ = &transaction;
    index.table_ = *table;
    return index;
}

// Every event has a type.
std::uint64_t EventIndex::size() const {
    std::uint64_t newest = 0;
    lmdb::Cursor cursor(*transaction_, table_);
    for (const std::uint32_t type : numbers(PostingKind::type, 0, UINT32_MAX, UINT8_MAX)) {
        if (seek_back(cursor, PostingKind::type, type, UINT64_MAX)) newest = std::max(newest, block_at(cursor).last());
    }
    return newest;
}

std::optional<std::uint64_t> EventIndex::visit(PostingKind kind, std::uint32_t number, std::uint64_t from, std::uint64_t to,
                                               const std::function<void(std::uint64_t)>& visit) const {
    lmdb::Cursor cursor(*transaction_, table_);
    bool there =
        seek_back(cursor, kind, number, from) || (cursor.seek(block_key(kind, number, from)) && is_of(cursor, kind, number));
    while (there) {
        const Block block = block_at(cursor);
        for (std::size_t place = block.place_of(from); place < block.size(); ++place) {
            const std::uint64_t sequence = block.at(place);
            if (sequence > to) return sequence;
            visit(sequence);
        }
        there = cursor.next() && is_of(cursor, kind, number);
    }
    return std::nullopt;
}

std::vector<std::uint32_t> EventIndex::numbers(PostingKind kind, std::uint32_t from, std::uint32_t to, std::size_t limit) const {
    std::vector<std::uint32_t> numbers;
    lmdb::Cursor cursor(*transaction_, table_);
    bool there = cursor.seek(block_key(kind, from, 0));
    while (there && numbers.size() < limit) {
        const Block block = block_at(cursor);
        if (block.kind != kind || block.number > to) break;
        numbers.push_back(block.number);
        if (block.number == UINT32_MAX) break;
        there = cursor.seek(block_key(kind, block.number + 1, 0));
    }
    return numbers;
}

}  // namespace daybook
