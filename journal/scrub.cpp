#include "journal/scrub.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/lmdb.hpp"

namespace daybook {
namespace {

[[noreturn]] void fail(const char* doing, const std::filesystem::path& path) {
    throw StorageError(std::string("cannot ") + doing + " " + path.string() + ": " + std::strerror(errno));
}

bool overwrite(int fd) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) return false;
    const std::string zeros(std::size_t{1} << 20, '\0');
    for (off_t at = 0; at < status.st_size;) {
        const auto size = static_cast<std::size_t>(std::min<off_t>(status.st_size - at, static_cast<off_t>(zeros.size())));
        const ssize_t written = ::pwrite(fd, zeros.data(), size, at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        at += written;
    }
    return ::fsync(fd) == 0;
}

}  // namespace

void scrub_file(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return;
    if (fd < 0 && errno == ELOOP) {
        throw StorageError(file.string() + " is a symbolic link: wipe the file that it leads to, and remove the link");
    }
    if (fd < 0) fail("write over", file);
    const bool done = overwrite(fd);
    const int code = errno;
    ::close(fd);
    errno = code;
    if (!done) fail("write over", file);
    if (::unlink(file.c_str()) != 0) fail("remove", file);
}

void scrub_directory(const std::filesystem::path& directory) {
    std::error_code error;
    if (!std::filesystem::exists(directory, error)) return;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (entry.symlink_status().type() == std::filesystem::file_type::regular) scrub_file(entry.path());
    }
    std::filesystem::remove_all(directory, error);
    if (error) throw StorageError("cannot remove " + directory.string() + ": " + error.message());
}

}  // namespace daybook
