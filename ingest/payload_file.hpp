// A file of payloads: JSON Lines, or one JSON document over many lines, as a webhook that somebody saved. A byte-order mark (UTF-8)
// at its start is passed over, and so are blank lines.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "journal/line_file.hpp"

namespace daybook {

struct PayloadText {
    std::string_view text;     // without its end; of one that is too long its start, up to the limit
    std::uint64_t number = 0;  // of its first line, from 1
    std::uint64_t offset = 0;  // of its first byte in the file
    std::uint64_t end = 0;     // of its last byte, and one more
    std::size_t bytes_max = 0;
    bool too_long = false;
};

// Not thread-safe. Memory is bounded by the two limits, whatever the file's length.
class PayloadFile {
public:
    // Throws StorageError.
    PayloadFile(std::filesystem::path path, std::size_t line_bytes_max, std::size_t document_bytes_max);

    // As LineFile's. A document that is not read to its end is not given.
    void stop_at(int stop) { lines_.stop_at(stop); }

    // The next payload, or nothing at the end. Its text is valid until the next call. Throws StorageError.
    std::optional<PayloadText> next();

private:
    struct Line {
        std::string text;
        std::uint64_t number = 0;
        std::uint64_t offset = 0;
        bool too_long = false;
    };
    std::optional<PayloadText> next_line();
    PayloadText payload_of(std::string_view text, std::uint64_t number, std::uint64_t offset, bool too_long) const;
    std::optional<PayloadText> document(const PayloadText& first);

    LineFile lines_;
    std::size_t line_bytes_max_;
    std::size_t document_bytes_max_;
    bool started_ = false;
    std::deque<Line> ahead_;  // lines that were read to see whether the file is one document
    std::string text_;        // the document; or the line that was taken from `ahead_`
};

}  // namespace daybook
