#include "journal/failed_commit.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "journal/descriptor.hpp"
#include "journal/journal_lock.hpp"

namespace daybook {

void note_failed_commit(const std::filesystem::path& directory, std::uint64_t number) {
    const Descriptor file(::open(JournalLock::path_in(directory).c_str(), O_WRONLY | O_CLOEXEC));
    if (file.get() >= 0) (void)!::pwrite(file.get(), &number, sizeof number, 0);
}

std::uint64_t failed_commit(const std::filesystem::path& directory) {
    const Descriptor file(::open(JournalLock::path_in(directory).c_str(), O_RDONLY | O_CLOEXEC));
    std::uint64_t number = 0;
    const bool known = file.get() >= 0 && ::pread(file.get(), &number, sizeof number, 0) == static_cast<ssize_t>(sizeof number);
    return known ? number : 0;
}

}  // namespace daybook
