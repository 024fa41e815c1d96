#include "projections/history_reader.hpp"

#include <cstring>

namespace daybook {

HistoryReader::HistoryReader(lmdb::Transaction& transaction) {
    if (const auto table = transaction.open("history")) cursor_.emplace(transaction, *table);
}

std::span<const HistoryEntry> HistoryReader::entries_of(StreamNumber stream) {
    entries_.clear();
    if (!cursor_) return entries_;
    const FixedKey start = key_of(stream.value, 4);
    // Between the rows that were read last and the one that it stands on there is none.
    const bool in_order = there_ && last_ < stream && cursor_->key() >= std::string_view(start);
    if (!in_order) there_ = cursor_->seek(start);
    last_ = stream;
    for (; there_ && cursor_->key().starts_with(std::string_view(start)); there_ = cursor_->next()) {
        const std::size_t before = entries_.size();
        entries_.resize(before + cursor_->value().size() / sizeof(HistoryEntry));
        std::memcpy(entries_.data() + before, cursor_->value().data(), (entries_.size() - before) * sizeof(HistoryEntry));
    }
    return entries_;
}

}  // namespace daybook
