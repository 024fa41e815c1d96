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

    // A row's place in memory.
    class Place {
    public:
        explicit Place(std::optional<Row> row) : row_(row) {}
        // Nothing: it is not there.
        const std::optional<Row>& get() const { return row_; }
        void put(const Row& row) {
            row_ = row;
            dirty_ = true;
        }

    private:
        friend RowCache;
        std::optional<Row> row_;
        bool dirty_ = false;
    };

    // Valid until end(). Throws StorageError where the row is damaged.
    Place& at(std::string_view key) {
        if (const auto known = rows_.find(key); known != rows_.end()) return known->second;
        return rows_.emplace(key, read(key)).first->second;
    }
    // Writes what was changed, in the order of keys.
    void flush() {
        std::vector<std::pair<const std::string, Place>*> dirty;
        for (auto& row : rows_) {
            if (std::exchange(row.second.dirty_, false)) dirty.push_back(&row);
        }
        std::sort(dirty.begin(), dirty.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
        for (const auto* row : dirty) {
            transaction_->put(table_, row->first, {reinterpret_cast<const char*>(&*row->second.row_), sizeof(Row)});
        }
    }
    void end() {
        transaction_ = nullptr;
        rows_.clear();
    }

private:
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
    std::unordered_map<std::string, Place, KeyHash, std::equal_to<>> rows_;
};

}  // namespace daybook
