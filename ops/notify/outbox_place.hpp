// How far a receiver has been told: a place in the journal, kept in `outbox/<receiver>.json` beside it. It is no projection: a
// replay leaves it alone, and so tells nobody anything.
//
//   {"origin":"…","position":1812,"overdue":{"since":"2026-03-02T00:00:00Z","followup_id":"fu_…"},"held":{"inc_…":1790}}
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "journal/time.hpp"

namespace daybook {

struct OutboxPlace {
    std::string origin;          // of the journal that it is a place in
    std::uint64_t position = 0;  // the last event that was looked at
    std::pair<Time, std::string>
        overdue;  // since when was news, and which follow-up was, what was told last; they are told in this order
    // Incidents that wait since the receiver refused an event of theirs: incident -> that event's seq. What follows in them waits
    // too.
    std::map<std::string, std::uint64_t, std::less<>> held;

    bool operator==(const OutboxPlace&) const = default;
};

// Nothing where there is none. Throws StorageError: it can't be read, or is damaged.
std::optional<OutboxPlace> read_outbox_place(const std::filesystem::path& file);
// When it returns, it is on disk. Throws StorageError.
void write_outbox_place(const std::filesystem::path& file, const OutboxPlace& place);

}  // namespace daybook
