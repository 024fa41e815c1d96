#include "journal/line_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "journal/lmdb.hpp"

namespace daybook {

LineFile::LineFile(std::filesystem::path path, std::size_t line_bytes_max, std::uint64_t offset, std::uint64_t number)
    : path_(std::move(path)), line_bytes_max_(line_bytes_max), number_(number - 1), offset_(offset), next_offset_(offset) {
    // Opened by a name (/dev/stdin), it would be refused where another user's or a socket, and a file would begin anew.
    const bool is_input = path_ == "-";
    if (is_input) path_ = "standard input";
    fd_ = is_input ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) throw StorageError("cannot read " + path_.string() + ": " + std::strerror(errno));
    if (offset != 0 && ::lseek(fd_, static_cast<off_t>(offset), SEEK_SET) < 0) {  // a pipe is read from its start
        const int code = errno;
        ::close(fd_);
        throw StorageError("cannot read " + path_.string() + ": " + std::strerror(code));
    }
}

LineFile::~LineFile() { ::close(fd_); }

// Waits until there is something to read, or a reason to stop.
bool LineFile::stopped() const {
    if (stop_ < 0) return false;
    pollfd either[] = {{fd_, POLLIN, 0}, {stop_, POLLIN, 0}};
    while (::poll(either, 2, -1) < 0 && errno == EINTR) continue;
    return either[1].revents != 0;
}

bool LineFile::fill() {
    if (ended_) return false;
    if (stopped()) {
        buffer_.resize(at_);  // a line without its end may be half a line
        ended_ = true;
        interrupted_ = true;
        return false;
    }
    buffer_.erase(0, at_);
    at_ = 0;
    const std::size_t had = buffer_.size();
    buffer_.resize(had + read_bytes);
    ssize_t got = 0;
    do {
        got = ::read(fd_, buffer_.data() + had, read_bytes);
    } while (got < 0 && errno == EINTR);
    if (got < 0) throw StorageError("cannot read " + path_.string() + ": " + std::strerror(errno));
    buffer_.resize(had + static_cast<std::size_t>(got));
    ended_ = got == 0;
    return !ended_;
}

std::optional<std::string_view> LineFile::next() {
    if (too_long_ && !skip_rest()) return std::nullopt;
    too_long_ = false;
    std::size_t looked_at = 0;  // bytes of this line that hold no end
    std::size_t end = 0;
    while (true) {
        end = buffer_.find('\n', at_ + looked_at);
        if (end != std::string::npos) break;
        looked_at = buffer_.size() - at_;
        if (looked_at > line_bytes_max_) break;
        if (!fill()) {
            if (at_ == buffer_.size()) return std::nullopt;
            break;
        }
    }
    ++number_;
    offset_ = next_offset_;
    const std::size_t size = end != std::string::npos ? end - at_ : looked_at;
    too_long_ = size > line_bytes_max_;
    const std::string_view line = std::string_view(buffer_).substr(at_, std::min(size, line_bytes_max_));
    // Of a line that is too long, what was not given out is passed over by the next call.
    const std::size_t taken = too_long_ ? line.size() : size + (end != std::string::npos ? 1 : 0);
    at_ += taken;
    next_offset_ += taken;
    return line;
}

// Whether the line has an end; what comes behind it is the next line.
bool LineFile::skip_rest() {
    while (true) {
        const std::size_t end = buffer_.find('\n', at_);
        const std::size_t taken = (end == std::string::npos ? buffer_.size() : end + 1) - at_;
        at_ += taken;
        next_offset_ += taken;
        if (end != std::string::npos) return true;
        if (!fill()) return false;
    }
}

}  // namespace daybook
