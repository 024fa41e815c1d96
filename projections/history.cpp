#include "projections/history.hpp"

#include <algorithm>
#include <cstring>

#include "projections/history_reader.hpp"

namespace daybook {
namespace {

constexpr const char* history_table = "history";

HistoryEntry entry_of(const RecordHeader& header) {
    HistoryEntry entry;
    entry.occurred_at = header.occurred_at;
    entry.sequence = header.sequence;
    entry.type = header.type;
    entry.severity = header.severity;
    entry.from = header.from;
    entry.to = header.to;
    entry.service = header.service;
    entry.env = header.env;
    entry.kind = header.kind;
    entry.moment = header.moment;
    return entry;
}

// 0 where the table is empty.
std::uint32_t last_stream(const lmdb::Transaction& transaction, lmdb::Table table) {
    lmdb::Cursor cursor(transaction, table);
    return cursor.last() ? static_cast<std::uint32_t>(read_big_endian(cursor.key().substr(0, 4))) : 0;
}

}  // namespace

std::optional<std::string> apply(IncidentState& state, const HistoryEntry& entry) {
    RecordHeader header;
    header.occurred_at = entry.occurred_at;
    header.sequence = entry.sequence;
    header.type = entry.type;
    header.severity = entry.severity;
    header.from = entry.from;
    header.to = entry.to;
    header.service = entry.service;
    header.env = entry.env;
    header.kind = entry.kind;
    header.moment = entry.moment;
    return apply(state, header);
}

void HistoryProjection::begin(lmdb::Transaction& transaction) {
    transaction_ = &transaction;
    history_ = *transaction.open(history_table);
    entries_.clear();
    newest_.clear();
}

std::optional<std::string> HistoryProjection::apply(const ProjectedEvent& event) {
    const std::uint32_t number = event.header().stream;
    auto found = newest_.find(number);
    if (found == newest_.end()) {
        if (!event.of_incident()) return std::nullopt;
        found = newest_.emplace(number, 0).first;
    }
    entries_.push_back({entry_of(event.header()), found->second});
    found->second = static_cast<std::uint32_t>(entries_.size());
    return std::nullopt;
}

void HistoryProjection::flush() {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(newest_.size());
    for (const auto& [number, newest] : newest_) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    const std::uint32_t last_known = last_stream(*transaction_, history_);
    std::vector<HistoryEntry> entries;
    for (const std::uint32_t number : numbers) {
        entries.clear();
        for (std::uint32_t place = newest_.at(number); place != 0; place = entries_[place - 1].previous) {
            entries.push_back(entries_[place - 1].entry);
        }
        std::reverse(entries.begin(), entries.end());
        append(number, entries, number <= last_known);
    }
    entries_.clear();
    newest_.clear();
}

// Fills the stream's last block, then begins new ones. A stream that is not `known` has no block yet, nor has any after it.
void HistoryProjection::append(std::uint32_t number, std::span<const HistoryEntry> entries, bool known) {
    std::uint32_t block = 0;
    std::string row;
    if (known) {
        lmdb::Cursor cursor(*transaction_, history_);
        const auto end = FixedKey().add(number, 4).add(UINT32_MAX, 4);
        const bool before_end = cursor.seek(end) ? cursor.previous() : cursor.last();
        if (before_end && read_big_endian(cursor.key().substr(0, 4)) == number) {
            block = static_cast<std::uint32_t>(read_big_endian(cursor.key().substr(4)));
            row = cursor.value();
            if (row.size() >= block_entries * sizeof(HistoryEntry)) {
                ++block;
                row.clear();
            }
        }
    }
    while (!entries.empty()) {
        const std::size_t room = block_entries - row.size() / sizeof(HistoryEntry);
        const auto taken = entries.first(std::min(room, entries.size()));
        row.append(reinterpret_cast<const char*>(taken.data()), taken.size_bytes());
        const auto key = FixedKey().add(number, 4).add(block++, 4);
        known ? transaction_->put(history_, key, row) : transaction_->append(history_, key, row);
        row.clear();
        entries = entries.subspan(taken.size());
    }
}

std::string HistoryProjection::describe(std::string_view, std::string_view key) const {
    return "stream " + std::to_string(read_big_endian(key.substr(0, 4))) + ", block " +
           std::to_string(read_big_endian(key.substr(4)));
}

std::vector<HistoryEntry> history_of(lmdb::Transaction& transaction, StreamNumber stream) {
    HistoryReader reader(transaction);
    const auto entries = reader.entries_of(stream);
    return {entries.begin(), entries.end()};
}

void scan_history(lmdb::Transaction& transaction, const std::function<void(StreamNumber, std::span<const HistoryEntry>)>& visit) {
    const auto table = transaction.open(history_table);
    if (!table) return;
    std::vector<HistoryEntry> entries;
    std::uint64_t current = 0;
    lmdb::Cursor cursor(transaction, *table);
    for (bool there = cursor.first(); there; there = cursor.next()) {
        const std::uint64_t number = read_big_endian(cursor.key().substr(0, 4));
        if (number != current) {
            if (!entries.empty()) visit({static_cast<std::uint32_t>(current)}, entries);
            entries.clear();
            current = number;
        }
        const std::size_t start = entries.size();
        entries.resize(start + cursor.value().size() / sizeof(HistoryEntry));
        std::memcpy(entries.data() + start, cursor.value().data(), (entries.size() - start) * sizeof(HistoryEntry));
    }
    if (!entries.empty()) visit({static_cast<std::uint32_t>(current)}, entries);
}

}  // namespace daybook
