// Makes the journal's file anew from its rows, so that it holds nothing but them: no free pages, and no rest of an older row in the
// unused part of a page.
//
// LMDB's own compacting copy is not enough for that: it copies the pages of large values whole, with whatever the process
// that wrote them had in memory behind the value. Here every byte is written from a row that is there.
//
// On disk, beside data.mdb (where that is a symbolic link, beside the file that it leads to), for the time being:
// `data.mdb.rewritten/`, the new environment; `data.mdb.replaced`, the old file, until it is written over (journal/scrub.hpp). Both
// are dealt with by the next call if this one is cut short.
#pragma once

#include <filesystem>
#include <optional>

namespace daybook {

// The caller holds the journal's lock exclusively, and has no Journal open. The file is replaced whole or not at all. A redaction's
// mark then says that the file is done. Throws StorageError: the journal is as it was, or as it shall be, and another call goes on.
void rewrite_journal(const std::filesystem::path& directory);

// Whether a call was cut short before it wrote over the old file.
bool has_replaced_file(const std::filesystem::path& directory);

// A file or directory that a call which was cut short has left, if there is one.
std::optional<std::filesystem::path> rest_of_rewrite(const std::filesystem::path& directory);

}  // namespace daybook
