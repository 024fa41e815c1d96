// Rows of one table that a write transaction has read or changed, as they lie in memory: each is read once and written once.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "journal/lmdb.hpp"

namespace daybook {

// `Row` is plain numbers without padding. Used by the thread that holds the transaction.
template <class Row>
class RowCache {
public:
    void begin(lmdb::Transaction& transaction, lmdb::Table table) {
        transaction_ = &transaction;
        table_ = table;
        rows_.clear();
    }

    // Throws StorageError where the row is damaged.
    std::optional<Row> get(std::string_view key) {
        if (const auto known = rows_.find(key); known != rows_.end()) return known->second.row;
        return rows_.emplace(key, Kept{read(key), false}).first->second.row;
    }
    void put(std::string_view key, const Row& row) {
        const auto known = rows_.find(key);
        if (known != rows_.end()) {
            known->second = {row, true};
        } else {
            rows_.emplace(key, Kept{row, true});
        }
    }
    // Writes what was changed, in the order of keys.
    void flush() {
        std::vector<std::pair<const std::string, Kept>*> dirty;
        for (auto& row : rows_) {
            if (std::exchange(row.second.dirty, false)) dirty.push_back(&row);
        }
        std::sort(dirty.begin(), dirty.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
        for (const auto* row : dirty) {
            transaction_->put(table_, row->first, {reinterpret_cast<const char*>(&*row->second.row), sizeof(Row)});
        }
    }
    void end() {
        transaction_ = nullptr;
        rows_.clear();
    }

private:
    struct Kept {
        std::optional<Row> row;  // nothing: it was looked for and is not there
        bool dirty = false;
    };
    struct KeyHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
    };

    std::optional<Row> read(std::string_view key) const {
        const auto bytes = transaction_->get(table_, key);
        if (!bytes) return std::nullopt;
        if (bytes->size() < sizeof(Row)) throw StorageError("a row of the decision index is damaged: run `daybook verify`");
        Row row;
        std::memcpy(&row, bytes->data(), sizeof(Row));
        return row;
    }

    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table table_;
    std::unordered_map<std::string, Kept, KeyHash, std::equal_to<>> rows_;
};

}  // namespace daybook
