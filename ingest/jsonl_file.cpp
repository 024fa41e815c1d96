#include "ingest/jsonl_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "journal/lmdb.hpp"

namespace daybook {
namespace {

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

JsonlFile::JsonlFile(std::filesystem::path path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) throw StorageError("cannot read " + path_.string() + ": " + std::strerror(errno));
}

JsonlFile::~JsonlFile() { ::close(fd_); }

std::string_view JsonlFile::from(std::uint64_t offset, std::size_t least, std::size_t read_bytes) {
    const bool inside = offset >= window_offset_ && offset + least <= window_offset_ + window_.size();
    if (!inside) {
        window_.resize(std::max(least, read_bytes));
        window_offset_ = offset;
        std::size_t got = 0;
        while (got < window_.size()) {
            const ssize_t more = ::pread(fd_, window_.data() + got, window_.size() - got, static_cast<off_t>(offset + got));
            if (more < 0 && errno == EINTR) continue;
            if (more < 0) throw StorageError("cannot read " + path_.string() + ": " + std::strerror(errno));
            if (more == 0) break;
            got += static_cast<std::size_t>(more);
        }
        window_.resize(got);
    }
    return std::string_view(window_).substr(static_cast<std::size_t>(offset - window_offset_));
}

std::optional<LinePlace> JsonlFile::next() {
    while (true) {
        LinePlace place;
        place.offset = next_offset_;
        std::uint64_t end = next_offset_;
        bool ended = false;
        while (!ended) {
            const std::string_view piece = from(end, 1, forward_bytes);
            const std::size_t found = piece.find('\n');
            ended = found != std::string_view::npos || piece.empty();
            end += std::min(found, piece.size());
            next_offset_ = found == std::string_view::npos ? end : end + 1;
        }
        if (next_offset_ == place.offset) return std::nullopt;
        place.number = ++number_;
        place.length = static_cast<std::uint32_t>(std::min<std::uint64_t>(end - place.offset, UINT32_MAX));
        if (!is_blank(at(place))) return place;
    }
}

std::string_view JsonlFile::at(const LinePlace& place) {
    const std::size_t length = std::min(place.length, line_bytes_max);
    const bool forwards = place.offset == last_end_;
    last_end_ = place.offset + place.length + 1;
    return from(place.offset, length, forwards ? forward_bytes : 0).substr(0, length);
}

}  // namespace daybook
