// Files whose bytes must not stay: they are written over with zeros before they are unlinked.
//
// That is the best that a program can do, and no promise: a file system that copies on write, a journal of its own or an SSD's
// spare blocks may hold the old bytes on, and so do backups and snapshots.
#pragma once

#include <filesystem>

namespace daybook {

// Nothing happens where there is no such file. Throws StorageError, and the file stays: also where it may not be written to, or is
// a symbolic link, since what that leads to would stay whole.
void scrub_file(const std::filesystem::path& file);
// All plain files below `directory`, then the directory itself. Symbolic links are removed, not followed. Throws StorageError.
void scrub_directory(const std::filesystem::path& directory);

}  // namespace daybook
