// Rows of the views to bytes and back, by cereal: portable, and the same bytes for the same row on every machine.
//
// For rows that are read by ones and hundreds. What is scanned by the million (history) is flat instead; tests/bench shows
// both. Include it in .cpp files only. The bytes are our own, from the views' environment; a row that does not decode
// means that the file is damaged, and the views can be deleted and replayed.
#pragma once

#include <sstream>
#include <string>
#include <string_view>

#include <cereal/archives/portable_binary.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>

#include "journal/lmdb.hpp"

namespace daybook {

// A stream buffer over bytes that are there already, so that reading a row copies nothing first.
class ViewBuffer final : public std::streambuf {
public:
    void read(std::string_view bytes) {
        char* start = const_cast<char*>(bytes.data());
        setg(start, start, start + bytes.size());
    }
};

// A stream buffer that writes to a string.
class StringBuffer final : public std::streambuf {
public:
    explicit StringBuffer(std::string& out) : out_(out) {}

protected:
    std::streamsize xsputn(const char* bytes, std::streamsize size) override {
        out_.append(bytes, static_cast<std::size_t>(size));
        return size;
    }
    int_type overflow(int_type c) override {
        if (c != traits_type::eof()) out_ += static_cast<char>(c);
        return c;
    }

private:
    std::string& out_;
};

// Make one for many rows: setting up a stream takes as long as encoding a row.
class RowEncoder {
public:
    // Valid until the next call.
    template <class Row>
    const std::string& operator()(const Row& row) {
        out_.clear();
        cereal::PortableBinaryOutputArchive archive(stream_);
        archive(row);
        return out_;
    }

private:
    std::string out_;
    StringBuffer buffer_{out_};
    std::ostream stream_{&buffer_};
};

template <class Row>
std::string encode_row(const Row& row) {
    RowEncoder encode;
    return encode(row);
}

// Likewise, the other way round.
class RowDecoder {
public:
    template <class Row>
    Row decode(std::string_view bytes) {
        try {
            Row row;
            buffer_.read(bytes);
            stream_.clear();
            cereal::PortableBinaryInputArchive archive(stream_);
            archive(row);
            return row;
        } catch (const std::exception&) {
            throw StorageError("a row of the views is damaged: run `daybook replay --rebuild`");
        }
    }

private:
    ViewBuffer buffer_;
    std::istream stream_{&buffer_};
};

template <class Row>
Row decode_row(std::string_view bytes) {
    RowDecoder rows;
    return rows.decode<Row>(bytes);
}

}  // namespace daybook
