#include "journal/small_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/descriptor.hpp"
#include "journal/lmdb.hpp"

namespace daybook {

std::optional<std::string> read_if_exists(const std::filesystem::path& file, std::size_t bytes_max) {
    const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    if (descriptor.get() < 0) throw StorageError("cannot read " + file.string() + ": " + std::strerror(errno));
    std::string bytes;
    while (true) {
        char buffer[16 * 1024];
        const ssize_t size = ::read(descriptor.get(), buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) throw StorageError("cannot read " + file.string() + ": " + std::strerror(errno));
        if (size == 0) return bytes;
        bytes.append(buffer, static_cast<std::size_t>(size));
        if (bytes.size() > bytes_max)
            throw StorageError(file.string() + " is longer than " + std::to_string(bytes_max) +
                               " bytes: it is not what it should be");
    }
}

void check_owner_only(const std::filesystem::path& file, const std::string& then) {
    struct stat found{};
    if (::stat(file.c_str(), &found) != 0) {
        if (errno == ENOENT) return;
        throw StorageError("cannot look at " + file.string() + ": " + std::strerror(errno));
    }
    if ((found.st_mode & 077) == 0) return;
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(found.st_mode & 07777));
    throw StorageError(file.string() + " has mode " + mode + ", which lets others at it: `chmod 600 " + file.string() + "`" + then);
}

}  // namespace daybook
