// Names on disk: to sync a file is not to sync that it is there (fsync(2)).
#pragma once

#include <filesystem>

namespace daybook {

// What was renamed, made or removed in `directory` is on disk when it returns. Throws StorageError.
void sync_directory(const std::filesystem::path& directory);

}  // namespace daybook
