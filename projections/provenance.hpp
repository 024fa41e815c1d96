// What a report was made from: whoever has the same journal prefix, policy and time makes it again, byte for byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "journal/journal.hpp"
#include "journal/time.hpp"

namespace daybook {

struct Provenance {
    std::string origin;              // of the journal
    std::uint64_t journal_size = 0;  // the report counts the first so many events
    std::string root_hash;           // of the tree over them, in hex
    std::string policy_sha256;       // of the policy file's bytes, in hex; empty where there is none
    Time generated_for{};            // nothing that occurred at or after this is in the report
};

// `size` is at most the journal's.
Provenance provenance_of(const JournalView& journal, std::uint64_t size, std::optional<std::string_view> policy,
                         Time generated_for);

}  // namespace daybook
