// A JSON Lines file that is read forwards, and again line by line in any order. Blank lines are passed over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace daybook {

struct LinePlace {
    std::uint64_t offset = 0;  // of its first byte
    std::uint32_t length = 0;  // in bytes, without its end
    std::uint32_t number = 0;  // from 1
};

// Not thread-safe. Memory is bounded, whatever the file's length.
class JsonlFile {
public:
    // Throws StorageError.
    explicit JsonlFile(std::filesystem::path path);
    ~JsonlFile();
    JsonlFile(const JsonlFile&) = delete;
    JsonlFile& operator=(const JsonlFile&) = delete;

    // The place of the next line, or nothing at the end. Throws StorageError.
    std::optional<LinePlace> next();
    // The line there, or of a longer one its first `line_bytes_max`. Valid until the next call of either.
    std::string_view at(const LinePlace& place);

    static constexpr std::uint32_t line_bytes_max = 1024 * 1024;

private:
    // What lies from `offset` on in the file, at least `least` bytes of it unless it ends before.
    std::string_view from(std::uint64_t offset, std::size_t least, std::size_t read_bytes);

    static constexpr std::size_t forward_bytes = 256 * 1024;
    std::filesystem::path path_;
    int fd_ = -1;
    std::string window_;
    std::uint64_t window_offset_ = 0;
    std::uint64_t next_offset_ = 0;
    std::uint32_t number_ = 0;
    std::uint64_t last_end_ = 0;  // of the line that was read last
};

}  // namespace daybook
