// Rows of one table that were read or changed, as they lie in memory: each is read once, and a changed one is written when it is
// asked for. Used by the thread that holds the write transaction.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "journal/lmdb.hpp"

namespace daybook {

// `Row` is plain numbers without padding.
template <class Row>
class RowCache {
public:
    // The transaction that rows are read in, and written, from now on.
    void open(lmdb::Transaction& transaction, lmdb::Table table) {
        transaction_ = &transaction;
        table_ = table;
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

    // Valid until clear(). Throws StorageError where the row is damaged.
    Place& at(std::string_view key) {
        if (const auto known = rows_.find(key); known != rows_.end()) return known->second;
        return rows_.emplace(key, read(key)).first->second;
    }
    std::size_t size() const { return rows_.size(); }
    // Writes what was changed, in the order of keys.
    void write() {
        std::vector<std::pair<const std::string, Place>*> dirty;
        for (auto& row : rows_) {
            if (std::exchange(row.second.dirty_, false)) dirty.push_back(&row);
        }
        std::sort(dirty.begin(), dirty.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
        for (const auto* row : dirty) {
            transaction_->put(table_, row->first, {reinterpret_cast<const char*>(&*row->second.row_), sizeof(Row)});
        }
    }
    void clear() { rows_.clear(); }

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

// Likewise for a table whose rows are keys alone: what was put into it and erased.
class KeyCache {
public:
    void open(lmdb::Transaction& transaction, lmdb::Table table) {
        transaction_ = &transaction;
        table_ = table;
    }
    void put(std::string key) { changes_.insert_or_assign(std::move(key), true); }
    void erase(std::string key) { changes_.insert_or_assign(std::move(key), false); }
    // The greatest key below `end`.
    std::optional<std::string> last_before(std::string_view end) const {
        auto change = changes_.lower_bound(end);
        while (change != changes_.begin() && !(--change)->second) continue;
        const bool is_new = change != changes_.end() && change->first < end && change->second;
        lmdb::Cursor cursor(*transaction_, table_);
        bool there = cursor.seek(end) ? cursor.previous() : cursor.last();
        while (there && is_erased(cursor.key())) there = cursor.previous();
        if (there && (!is_new || cursor.key() > change->first)) return std::string(cursor.key());
        return is_new ? std::optional(change->first) : std::nullopt;
    }
    std::size_t size() const { return changes_.size(); }
    void write() {
        for (const auto& [key, is_there] : changes_) {
            if (is_there) {
                transaction_->put(table_, key, "");
            } else {
                transaction_->erase(table_, key);
            }
        }
    }
    void clear() { changes_.clear(); }

private:
    bool is_erased(std::string_view key) const {
        const auto change = changes_.find(key);
        return change != changes_.end() && !change->second;
    }

    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table table_;
    std::map<std::string, bool, std::less<>> changes_;  // whether it is there
};

}  // namespace daybook
