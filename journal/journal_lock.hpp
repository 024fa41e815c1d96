// Who has the journal open: a lock on `users.lock` in its directory, across processes.
//
// Every Journal holds it shared; who must be alone with the files (a redaction, while it rewrites them) holds it exclusively. It is
// advisory and goes with the process. Where that file cannot be made or opened (read-only media), nobody can write either, and
// readers do without.
#pragma once

#include <filesystem>
#include <optional>
#include <utility>

namespace daybook {

class JournalLock {
public:
    // The file of a journal's directory.
    static std::filesystem::path path_in(const std::filesystem::path& directory) { return directory / "users.lock"; }

    // Waits while somebody holds it exclusively. `may_make`: makes the directory and the file.
    static JournalLock shared(const std::filesystem::path& directory, bool may_make);
    // Nothing where somebody else has the journal open. Throws StorageError.
    static std::optional<JournalLock> exclusive(const std::filesystem::path& directory);

    // Makes it exclusive, where nobody else has the journal open; else nothing is held until one of these is called again: several
    // may try at once. A lock on no file stays as it is: somebody else sees to that. Throws StorageError.
    bool try_exclusive(const std::filesystem::path& directory);
    void make_shared(const std::filesystem::path& directory);

    JournalLock() = default;  // holds nothing
    ~JournalLock();
    JournalLock(JournalLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    JournalLock& operator=(JournalLock&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

private:
    explicit JournalLock(int fd) : fd_(fd) {}
    int fd_ = -1;
};

}  // namespace daybook
