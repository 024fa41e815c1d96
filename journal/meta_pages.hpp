// The two meta pages that an LMDB file begins with, read as plain bytes: LMDB trusts what stands in them, and a process that maps a
// file which was cut, or follows a page number that is none, dies. So they are looked at before LMDB opens the file.
//
// LMDB 0.9, data version 1, on a 64-bit little-endian machine. Commit N is written to page N % 2; the newer one counts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "journal/result.hpp"

namespace daybook::lmdb {

// Where a table's tree begins, and how large it is. The file's own two trees stand in the meta page: the free list and the main
// table, whose rows are the trees of the named tables.
struct TreeHead {
    std::uint32_t pad = 0;  // in the free list's: the page size
    std::uint16_t flags = 0;
    std::uint16_t depth = 0;
    std::uint64_t branch_pages = 0, leaf_pages = 0, overflow_pages = 0;
    std::uint64_t entries = 0;
    std::uint64_t root = 0;

    static constexpr std::uint64_t no_page = UINT64_MAX;  // the root of an empty table
};
static_assert(sizeof(TreeHead) == 48);

struct Meta {
    std::uint32_t magic = 0, version = 0;
    std::uint64_t address = 0;   // 0: LMDB may map the file anywhere
    std::uint64_t map_size = 0;  // of the process that wrote it
    TreeHead free_list, main;
    std::uint64_t last_page = 0;
    std::uint64_t commit = 0;

    std::uint64_t page_size() const { return free_list.pad; }
};
static_assert(sizeof(Meta) == 136);

// What every page begins with.
struct PageHeader {
    std::uint64_t number = 0;
    std::uint16_t unused = 0;
    std::uint16_t flags = 0;
    std::uint16_t lower = 0, upper = 0;  // of an overflow page instead: how many pages it has (4)

    static constexpr std::uint16_t branch = 0x01, leaf = 0x02, overflow = 0x04, meta = 0x08;
};
static_assert(sizeof(PageHeader) == 16);

struct MetaPages {
    Meta metas[2];
    int newest = 0;
};

// Reads them from the open data.mdb. Refuses (invalid) where LMDB could not open the file, or would be killed by it: a meta page is
// damaged, or the file was cut. Throws StorageError where it cannot be read.
Result<MetaPages> read_meta_pages(int fd);
// Likewise, of the file in `directory`.
Result<MetaPages> read_meta_pages(const std::filesystem::path& directory);

// For an environment that is about to be opened in `directory`, if there is one. A data.mdb of 0 bytes was cut, unless a
// process is just making it: LMDB would take it for a new one. Throws StorageError.
void check_before_opening(const std::filesystem::path& directory);

// Whether a process has the environment in `directory` open: each holds a lock on the first byte of its lock file. For who does not
// have it open itself: closing the file would end LMDB's own lock.
bool is_open_somewhere(const std::filesystem::path& directory);

}  // namespace daybook::lmdb
