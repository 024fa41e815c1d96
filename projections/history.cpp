#include "projections/history.hpp"

#include <algorithm>
#include <cstring>

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
}

std::optional<std::string> HistoryProjection::apply(const ProjectedEvent& event) {
    const std::uint32_t number = event.header().stream;
    auto found = entries_.find(number);
    if (found == entries_.end()) {
        if (!event.of_incident()) return std::nullopt;
        found = entries_.try_emplace(number).first;
    }
    found->second.push_back(entry_of(event.header()));
    return std::nullopt;
}

void HistoryProjection::flush() {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(entries_.size());
    for (const auto& [number, entries] : entries_) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    for (const std::uint32_t number : numbers) append(number, entries_.at(number));
    entries_.clear();
}

// Fills the stream's last block, then begins new ones.
void HistoryProjection::append(std::uint32_t number, std::span<const HistoryEntry> entries) {
    std::uint32_t block = 0;
    std::string row;
    {
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
        transaction_->put(history_, FixedKey().add(number, 4).add(block++, 4), row);
        row.clear();
        entries = entries.subspan(taken.size());
    }
}

std::string HistoryProjection::describe(std::string_view, std::string_view key) const {
    return "stream " + std::to_string(read_big_endian(key.substr(0, 4))) + ", block " + std::to_string(read_big_endian(key.substr(4)));
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
