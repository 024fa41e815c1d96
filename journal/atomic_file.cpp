#include "journal/atomic_file.hpp"

#include <cassert>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/lmdb.hpp"
#include "journal/sync_directory.hpp"

namespace daybook {

namespace {

// Where a file of this name is written: what a link leads to is to be kept up to date, and not the link replaced.
std::filesystem::path behind_links(std::filesystem::path path) {
    constexpr int links_max = 40;  // as Linux has it
    std::error_code error;
    for (int i = 0; i < links_max && std::filesystem::is_symlink(path, error); ++i) {
        path = path.parent_path() / std::filesystem::read_symlink(path, error);
    }
    return path;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path, Readers readers) : path_(behind_links(path)) {
    std::error_code error;
    const auto there = std::filesystem::status(path, error);  // of its own name: /dev/stdout leads to what has none
    if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
        throw StorageError("cannot write " + path.string() + ": it is no file, but a directory, a device or a pipe");
    }
    std::filesystem::path directory = path_.parent_path();
    if (directory.empty()) directory = ".";
    error.clear();
    if (path_ == path) std::filesystem::create_directories(directory, error);
    if (error) throw StorageError("cannot make the directory " + directory.string() + ": " + error.message());
    partial_ = directory / ("." + path_.filename().string() + ".partial");
    buffer_.reserve(buffer_bytes);
    open_partial(readers);
}

AtomicFile::~AtomicFile() {
    // Removed before it is unlocked, so that it cannot be one that another process has just begun.
    if (!committed_) ::unlink(partial_.c_str());
    ::close(fd_);
}

void AtomicFile::open_partial(Readers readers) {
    while (true) {
        fd_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd_ < 0) fail("make");
        if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
            ::close(fd_);
            throw StorageError("cannot write " + path_.string() + ": another process is writing it");
        }
        // The one that held the lock until now may have renamed or removed the file that was opened.
        struct stat mine{};
        struct stat there{};
        if (::fstat(fd_, &mine) == 0 && ::stat(partial_.c_str(), &there) == 0 && mine.st_ino == there.st_ino) break;
        ::close(fd_);
    }
    // What a killed process left there may have another mode.
    const bool mode_is_right = readers != Readers::owner_only || ::fchmod(fd_, 0600) == 0;
    if (!mode_is_right || ::ftruncate(fd_, 0) != 0) {
        const int code = errno;
        ::close(fd_);
        errno = code;
        fail("write");
    }
}

void AtomicFile::write(std::string_view bytes) {
    assert(!committed_);
    while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, buffer_bytes - buffer_.size());
        buffer_ += piece;
        bytes.remove_prefix(piece.size());
        if (buffer_.size() == buffer_bytes) flush();
    }
}

void AtomicFile::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
        const ssize_t written = ::write(fd_, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("write");
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    buffer_.clear();
}

void AtomicFile::commit() {
    assert(!committed_);
    flush();
    if (::fsync(fd_) != 0) fail("sync");
    if (::rename(partial_.c_str(), path_.c_str()) != 0) fail("rename");
    committed_ = true;
    sync_directory(partial_.parent_path());
}

void AtomicFile::fail(const char* doing) const {
    const int code = errno;
    std::string what = "cannot " + std::string(doing) + " " + path_.string() + ": " + std::strerror(code);
    if (code == ENOSPC || code == EDQUOT) what += " (make room, then run the command again; the old file, if any, is as it was)";
    throw StorageError(what);
}

}  // namespace daybook
