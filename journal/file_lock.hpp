// A lock across processes, on a file that is there for nothing else, or on a directory. Advisory; let go of when the process ends.
#pragma once

#include <filesystem>
#include <memory>

#include "journal/descriptor.hpp"

namespace daybook {

// Held by one at a time, across processes and threads: not to be taken twice by one thread.
class FileLock {
public:
    // Waits for it. Makes `file`, in a directory that is there. Throws StorageError.
    explicit FileLock(const std::filesystem::path& file);
    // As above, without waiting; nothing where somebody else holds it.
    static std::unique_ptr<FileLock> try_take(const std::filesystem::path& file);
    // Waits for a lock on `directory` itself, which it makes: no file is made for it. Throws StorageError.
    static std::unique_ptr<FileLock> on_directory(const std::filesystem::path& directory);

private:
    FileLock(const std::filesystem::path& file, int flags, int operation);
    Descriptor file_;
    bool taken_ = false;
};

}  // namespace daybook
