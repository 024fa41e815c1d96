// A text file read line by line, in constant memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace daybook {

// Not thread-safe.
class LineFile {
public:
    // Starts reading at `offset`, the start of line `number`; `-` is standard input, from where it stands. Throws StorageError.
    LineFile(std::filesystem::path path, std::size_t line_bytes_max, std::uint64_t offset = 0, std::uint64_t number = 1);
    // Once the descriptor `stop` can be read, the lines end: behind the last one that has an end, also while a pipe is waited for.
    void stop_at(int stop) { stop_ = stop; }
    ~LineFile();
    LineFile(const LineFile&) = delete;
    LineFile& operator=(const LineFile&) = delete;

    // The next line without its end, or nothing after the last one. The last line may lack its end. Valid until the next call.
    // Of a line over the limit only the start is given, and `too_long` says so; the next call passes over the rest of it.
    std::optional<std::string_view> next();

    // Of the line that `next` gave.
    std::uint64_t number() const { return number_; }  // from 1
    std::uint64_t offset() const { return offset_; }  // of its first byte in the file
    bool too_long() const { return too_long_; }
    // Whether it was told to stop before the end.
    bool interrupted() const { return interrupted_; }

private:
    bool fill();  // whether there was more to read
    bool stopped() const;
    bool skip_rest();

    static constexpr std::size_t read_bytes = 256 * 1024;
    std::filesystem::path path_;
    std::size_t line_bytes_max_;
    std::string buffer_;
    std::size_t at_ = 0;  // start in buffer_ of what was not given out yet
    std::uint64_t number_;
    std::uint64_t offset_;
    std::uint64_t next_offset_;
    int fd_ = -1;
    int stop_ = -1;
    bool ended_ = false;
    bool interrupted_ = false;
    bool too_long_ = false;
};

}  // namespace daybook
