// A directory that appears whole or not at all: filled beside its place, synced, then renamed onto it. As AtomicFile for a file.
//
// While it is filled it lies next to its place as `.NAME.partial`, locked; what a killed process left there is removed.
#pragma once

#include <filesystem>

namespace daybook {

// Not thread-safe.
class StagedDirectory {
public:
    // Makes the directories above it too. Throws StorageError: no permission, or another process is filling it.
    explicit StagedDirectory(const std::filesystem::path& place);
    // Removes what was made, unless it was committed.
    ~StagedDirectory();
    StagedDirectory(const StagedDirectory&) = delete;
    StagedDirectory& operator=(const StagedDirectory&) = delete;

    // Where to put its files, which must be synced; mode 0700.
    const std::filesystem::path& path() const { return partial_; }

    // Puts it in its place, where there must be nothing or an empty directory. When it returns, it is on disk.
    // Throws StorageError: then nothing is there but what was.
    void commit();

private:
    std::filesystem::path place_;
    std::filesystem::path partial_;
    int fd_ = -1;
    bool committed_ = false;
};

// Whether nothing is there, or a directory with nothing in it.
bool is_empty_place(const std::filesystem::path& place);

// Copies a file, so that it is on disk when this returns, with mode 0600. Throws StorageError.
void copy_synced(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace daybook
