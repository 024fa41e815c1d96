// A file that appears whole or not at all: written beside its place, synced, then renamed onto it.
//
// While it is written it lies next to its place as `.NAME.partial`, locked; what a killed process left there is written over.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace daybook {

// Not thread-safe.
class AtomicFile {
public:
    enum class Readers { as_umask_says, owner_only };
    // Makes the directory too; follows links. Throws StorageError: no permission, it is a device, another process is writing it.
    explicit AtomicFile(std::filesystem::path path, Readers readers = Readers::as_umask_says);
    // Removes what was written, unless it was committed.
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    // Throws StorageError: the disk is full, for one.
    void write(std::string_view bytes);

    // Puts the file in its place, over what was there. When it returns, it is on disk.
    // Throws StorageError: the place then holds the old file, or the new one, never a part of it.
    void commit();

private:
    void open_partial(Readers readers);
    void flush();
    [[noreturn]] void fail(const char* doing) const;

    static constexpr std::size_t buffer_bytes = 256 * 1024;
    std::filesystem::path path_;
    std::filesystem::path partial_;
    std::string buffer_;
    int fd_ = -1;
    bool committed_ = false;
};

}  // namespace daybook
