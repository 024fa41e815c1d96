// Whether an LMDB file is sound as a structure: each page what it says that it is, each tree whole, each page in one place only. It
// reads the file as bytes, so that damage gets a name before LMDB, which trusts its pages, follows it out of the file.
//
// What stands in the values is not its business: that is verify's (journal/verify.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "journal/verify.hpp"

namespace daybook {

// What a byte of the file is for in the newest commit. Of what is not told, a page that no tree leads to is free, and the rest of
// the others is unused: the room between what grows from both ends of a page, the end of a page that a long value does not fill, a
// byte of alignment.
enum class ByteUse {
    live,        // a table's rows or its structure: if another bit stands there, the check or `verify` has a finding
    older_meta,  // the meta page of the commit before
    separator,   // a key on a branch page, in a table whose rows may be erased: any key that still separates will do
    free_since,  // which commit freed pages: of use only while readers from before it are there
};
using ByteUses = std::function<void(std::uint64_t offset, std::uint64_t size, ByteUse use)>;

struct PageCheck {
    std::uint64_t pages = 0;        // all, the two meta pages too
    std::uint64_t live = 0;         // in a tree
    std::uint64_t free = 0;         // in the free list
    std::uint64_t lost = 0;         // in neither: never used again, and harmless
    std::vector<Finding> findings;  // the first ones
    std::uint64_t findings_count = 0;

    static constexpr std::size_t kept_max = 100;
    bool sound() const { return findings_count == 0; }
};

// Checks the journal's environment in `directory`, which this process must not have open, as the newest commit left it; others may
// write meanwhile. It must have the journal's own tables, may have `index_tables`, and no others. Memory grows by two bits a page.
// With `uses`, tells what bytes are for, which holds where the check finds nothing.
// Throws StorageError where the file cannot be read.
PageCheck check_pages(const std::filesystem::path& directory, const std::vector<std::string>& index_tables,
                      const ByteUses& uses = {});

}  // namespace daybook
