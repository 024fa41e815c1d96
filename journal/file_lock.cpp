#include "journal/file_lock.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/file.h>

#include "journal/lmdb.hpp"

namespace daybook {

FileLock::FileLock(const std::filesystem::path& file, int flags, int operation)
    : file_(::open(file.c_str(), flags | O_CLOEXEC, 0600)) {
    int outcome = file_.get();
    while (file_.get() >= 0 && (outcome = ::flock(file_.get(), operation)) != 0 && errno == EINTR) continue;
    taken_ = outcome >= 0;
    if (!taken_ && errno != EWOULDBLOCK) throw StorageError("cannot lock " + file.string() + ": " + std::strerror(errno));
}

FileLock::FileLock(const std::filesystem::path& file) : FileLock(file, O_RDWR | O_CREAT, LOCK_EX) {}

std::unique_ptr<FileLock> FileLock::on_directory(const std::filesystem::path& directory) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) throw StorageError("cannot make the directory " + directory.string() + ": " + error.message());
    return std::unique_ptr<FileLock>(new FileLock(directory, O_RDONLY | O_DIRECTORY, LOCK_EX));
}

std::unique_ptr<FileLock> FileLock::try_take(const std::filesystem::path& file) {
    std::unique_ptr<FileLock> lock(new FileLock(file, O_RDWR | O_CREAT, LOCK_EX | LOCK_NB));
    return lock->taken_ ? std::move(lock) : nullptr;
}

}  // namespace daybook
