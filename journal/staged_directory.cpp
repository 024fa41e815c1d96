#include "journal/staged_directory.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/lmdb.hpp"

namespace daybook {
namespace {

[[noreturn]] void fail(const char* doing, const std::filesystem::path& what) {
    const int code = errno;
    std::string text = "cannot " + std::string(doing) + " " + what.string() + ": " + std::strerror(code);
    if (code == ENOSPC || code == EDQUOT) text += " (make room, then run the command again)";
    if (code == EBUSY) text += " (a file system is mounted there: name a directory below it)";
    throw StorageError(text);
}

void sync(const std::filesystem::path& what) {
    const int fd = ::open(what.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail("sync", what);
    const int outcome = ::fsync(fd);
    const int code = errno;
    ::close(fd);
    errno = code;
    if (outcome != 0) fail("sync", what);
}

// `x/` and `x` are the same place, and a link stands for what it leads to.
std::filesystem::path resolve(const std::filesystem::path& place) {
    std::filesystem::path resolved = std::filesystem::weakly_canonical(std::filesystem::absolute(place));
    return resolved.has_filename() ? resolved : resolved.parent_path();
}

}  // namespace

StagedDirectory::StagedDirectory(const std::filesystem::path& place) : place_(resolve(place)) {
    partial_ = place_.parent_path() / ("." + place_.filename().string() + ".partial");
    std::error_code error;
    std::filesystem::create_directories(place_.parent_path(), error);
    if (error) throw StorageError("cannot make the directory " + place_.parent_path().string() + ": " + error.message());
    if (::mkdir(partial_.c_str(), 0700) != 0 && errno != EEXIST) fail("make", partial_);
    fd_ = ::open(partial_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd_ < 0) fail("open", partial_);
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        ::close(fd_);
        throw StorageError("cannot fill " + place_.string() + ": another process is doing it");
    }
    for (const auto& left : std::filesystem::directory_iterator(partial_)) std::filesystem::remove_all(left.path());
}

StagedDirectory::~StagedDirectory() {
    std::error_code ignored;
    if (!committed_) std::filesystem::remove_all(partial_, ignored);
    ::close(fd_);
}

void StagedDirectory::commit() {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(partial_)) {
        if (entry.is_directory()) sync(entry.path());
    }
    sync(partial_);
    if (::rename(partial_.c_str(), place_.c_str()) != 0) fail("put a directory in the place of", place_);
    committed_ = true;
    sync(place_.parent_path());
}

bool is_empty_place(const std::filesystem::path& place) {
    if (!std::filesystem::exists(std::filesystem::symlink_status(place))) return true;
    return std::filesystem::is_directory(place) && std::filesystem::is_empty(place);
}

void copy_synced(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::error_code error;
    std::filesystem::copy_file(from, to, error);
    if (error) {
        errno = error.value();
        fail("copy", from);
    }
    if (::chmod(to.c_str(), 0600) != 0) fail("set the mode of", to);
    sync(to);
}

}  // namespace daybook
