// Interned names that this process has met, so that most look-ups need no read of the database.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "journal/types.hpp"

namespace daybook {

// Thread-safe. Holds committed names only, and never forgets one: texts that it hands out live as long as it does. It stops
// taking new ones at a limit, so that a flood of names costs time and not memory.
class NameCache {
public:
    std::optional<std::string_view> text(NameNumber number) const {
        const std::shared_lock lock(mutex_);
        const auto found = texts_.find(number.value);
        if (found == texts_.end()) return std::nullopt;
        return std::string_view(found->second);
    }
    struct Known {
        NameNumber number;
        std::string_view text;
    };
    std::optional<Known> find(std::string_view text) const {
        const std::shared_lock lock(mutex_);
        const auto found = numbers_.find(text);
        if (found == numbers_.end()) return std::nullopt;
        return Known{{found->second}, found->first};
    }
    void add(NameNumber number, std::string_view text) {
        const std::unique_lock lock(mutex_);
        if (texts_.size() >= names_max) return;
        const auto [place, added] = texts_.emplace(number.value, text);
        if (added) numbers_.emplace(place->second, number.value);
    }

private:
    static constexpr std::size_t names_max = 65536;
    mutable std::shared_mutex mutex_;
    std::unordered_map<std::uint32_t, std::string> texts_;
    std::unordered_map<std::string_view, std::uint32_t> numbers_;  // views of the strings in texts_
};

}  // namespace daybook
