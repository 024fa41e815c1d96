#include "journal/journal_lock.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "journal/lmdb.hpp"
#include "journal/meta_pages.hpp"

namespace daybook {
namespace {

// Whether it was taken; with LOCK_NB false means that somebody else has it.
bool take(int fd, int operation, const std::filesystem::path& directory) {
    while (::flock(fd, operation) != 0) {
        if (errno == EWOULDBLOCK) return false;
        if (errno != EINTR)
            throw StorageError("cannot lock " + JournalLock::path_in(directory).string() + ": " + std::strerror(errno));
    }
    return true;
}

}  // namespace

JournalLock JournalLock::shared(const std::filesystem::path& directory, bool may_make) {
    const auto file = path_in(directory);
    if (may_make) {
        std::error_code ignored;  // who opens the journal says what is wrong with its directory
        std::filesystem::create_directories(directory, ignored);
    }
    int fd = may_make ? ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0) fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    JournalLock lock(fd);
    if (fd >= 0) take(fd, LOCK_SH, directory);
    // Room for what must be noted when there is none (journal/failed_commit.hpp).
    constexpr std::uint64_t none = 0;
    if (may_make && fd >= 0 && ::lseek(fd, 0, SEEK_END) == 0) (void)!::pwrite(fd, &none, sizeof none, 0);
    return lock;
}

std::optional<JournalLock> JournalLock::exclusive(const std::filesystem::path& directory) {
    const auto file = path_in(directory);
    JournalLock lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.fd_ < 0) throw StorageError("cannot open " + file.string() + ": " + std::strerror(errno));
    if (!take(lock.fd_, LOCK_EX | LOCK_NB, directory) || lmdb::is_open_somewhere(directory))
        return std::nullopt;  // finds those too that know no `users.lock`
    return lock;
}

bool JournalLock::try_exclusive(const std::filesystem::path& directory) {
    if (fd_ < 0 || take(fd_, LOCK_EX | LOCK_NB, directory)) return true;
    take(fd_, LOCK_UN, directory);
    return false;
}

void JournalLock::make_shared(const std::filesystem::path& directory) {
    if (fd_ >= 0) take(fd_, LOCK_SH, directory);
}

JournalLock::~JournalLock() {
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace daybook
