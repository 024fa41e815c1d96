#include "journal/sync_directory.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "journal/descriptor.hpp"
#include "journal/lmdb.hpp"

namespace daybook {

void sync_directory(const std::filesystem::path& directory) {
    const Descriptor file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (file.get() >= 0 && ::fsync(file.get()) == 0) return;
    throw StorageError("cannot sync the directory " + directory.string() + ": " + std::strerror(errno));
}

}  // namespace daybook
