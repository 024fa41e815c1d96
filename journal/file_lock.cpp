#include "journal/file_lock.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/file.h>

#include "journal/lmdb.hpp"

namespace daybook {

FileLock::FileLock(const std::filesystem::path& file) : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    int outcome = file_.get();
    while (file_.get() >= 0 && (outcome = ::flock(file_.get(), LOCK_EX)) != 0 && errno == EINTR) continue;
    if (outcome < 0) throw StorageError("cannot lock " + file.string() + ": " + std::strerror(errno));
}

}  // namespace daybook
