// A commit whose very last write failed: LMDB then writes the older meta page again, with the roots of that commit under the number
// that stood there before, so that nobody takes it for a commit. `users.lock` says which one it was: verification would take such a
// page for damage, though it is written over by the next commit.
#pragma once

#include <cstdint>
#include <filesystem>

namespace daybook {

// As well as the disk allows: what fails here is not told. Nothing where the directory has no `users.lock`, as that of the views.
void note_failed_commit(const std::filesystem::path& directory, std::uint64_t number);
// 0 where none is known.
std::uint64_t failed_commit(const std::filesystem::path& directory);

}  // namespace daybook
