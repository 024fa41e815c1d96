#include "journal/meta_pages.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/lmdb.hpp"

namespace daybook::lmdb {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t magic_number = 0xBEEFC0DE;
constexpr std::uint32_t data_version = 1;
constexpr const char* what_to_do =
    " (restore a backup, or import a journal.jsonl; views are made anew when their directory is removed)";

class OpenFile {
public:
    OpenFile(const std::filesystem::path& file, int flags) : fd_(::open(file.c_str(), flags | O_CLOEXEC)) {}
    ~OpenFile() {
        if (fd_ >= 0) ::close(fd_);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    int fd() const { return fd_; }

private:
    int fd_;
};

// Whether so many bytes could be read.
bool read_at(int fd, void* to, std::size_t size, std::uint64_t at, const std::string& file) {
    auto* next = static_cast<char*>(to);
    while (size != 0) {
        const ssize_t got = ::pread(fd, next, size, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw StorageError("cannot read " + file + ": " + std::strerror(errno));
        if (got == 0) return false;
        next += got;
        at += static_cast<std::uint64_t>(got);
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

std::uint64_t size_of(int fd, const std::string& file) {
    struct stat found{};
    if (::fstat(fd, &found) != 0) throw StorageError("cannot look at " + file + ": " + std::strerror(errno));
    return static_cast<std::uint64_t>(found.st_size);
}

bool may_be_page_size(std::uint64_t size) { return std::has_single_bit(size) && size >= 512 && size <= 65536; }

// What is wrong with a meta page so that LMDB must not see it; empty when nothing is.
std::string fault(const PageHeader& header, const Meta& meta) {
    if ((header.flags & PageHeader::meta) == 0) return "it is not marked as one";
    if (meta.magic != magic_number) return "it is not one of an LMDB file";
    if (meta.version != data_version) return "it has data version " + std::to_string(meta.version) + ", not 1";
    if (!may_be_page_size(meta.page_size())) return "it has a page size of " + std::to_string(meta.page_size());
    for (const TreeHead* tree : {&meta.free_list, &meta.main}) {
        const bool empty = tree->root == TreeHead::no_page;
        if (!empty && (tree->root < 2 || tree->root > meta.last_page)) {
            return "a table would begin on page " + std::to_string(tree->root) + ", and the last one is " +
                   std::to_string(meta.last_page);
        }
    }
    return "";
}

// The page size is in the meta pages themselves: the second page is where the first one says, or else where this machine would have
// put it.
MetaPages read_once(int fd, const std::string& file) {
    MetaPages pages;
    std::uint64_t page_size = 0;
    for (int place = 0; place < 2; ++place) {
        std::array<char, sizeof(PageHeader) + sizeof(Meta)> bytes{};
        if (!read_at(fd, bytes.data(), bytes.size(), static_cast<std::uint64_t>(place) * page_size, file)) {
            throw StorageError(file + " was cut: it has " + std::to_string(size_of(fd, file)) + " bytes" + what_to_do);
        }
        PageHeader header;
        Meta& meta = pages.metas[place];
        std::memcpy(&header, bytes.data(), sizeof header);
        std::memcpy(&meta, bytes.data() + sizeof header, sizeof meta);
        if (meta.magic != magic_number && (header.flags & PageHeader::meta) == 0 && place == 0) {
            throw StorageError(file + " is not a daybook database");
        }
        std::string wrong = fault(header, meta);
        if (wrong.empty() && place == 1 && meta.page_size() != page_size) {
            wrong =
                "it has a page size of " + std::to_string(meta.page_size()) + ", and page 0 one of " + std::to_string(page_size);
        }
        if (!wrong.empty()) {
            throw StorageError(file + " is damaged: page " + std::to_string(place) + ", one of its two meta pages: " + wrong +
                               what_to_do);
        }
        page_size = meta.page_size();
    }
    // As LMDB chooses.
    pages.newest = pages.metas[1].commit > pages.metas[0].commit ? 1 : 0;
    return pages;
}

void check_size(int fd, const MetaPages& pages, const std::string& file) {
    const Meta& meta = pages.metas[pages.newest];
    const std::uint64_t size = size_of(fd, file);
    const std::uint64_t pages_there = size / meta.page_size();
    if (meta.last_page < pages_there) return;
    // Only the meta pages of a new file are sure to be there.
    if (meta.last_page <= 1 && pages_there >= 2) return;
    throw StorageError(file + " was cut: it has " + std::to_string(size) + " bytes and must have " +
                       std::to_string((meta.last_page + 1) * meta.page_size()) + what_to_do);
}

// Whether a process is just making the environment: it holds a write lock on lock.mdb until the meta pages are there.
bool is_being_made(const std::filesystem::path& lock_file) {
    const OpenFile lock(lock_file, O_RDWR);
    struct flock probe{};
    probe.l_type = F_WRLCK;
    probe.l_whence = SEEK_SET;
    probe.l_len = 1;
    return lock.fd() >= 0 && ::fcntl(lock.fd(), F_GETLK, &probe) == 0 && probe.l_type == F_WRLCK;
}

// Waits until the meta pages of a new file are there. Refuses one that is empty for good.
void refuse_emptied(const std::filesystem::path& directory) {
    const std::filesystem::path file = directory / "data.mdb";
    const std::filesystem::path lock_file = directory / "lock.mdb";
    const auto meta_bytes = 2 * static_cast<std::uintmax_t>(::sysconf(_SC_PAGESIZE));
    std::error_code error;
    const auto size = [&] { return std::filesystem::file_size(file, error); };
    while (size() < meta_bytes && !error && is_being_made(lock_file)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (size() != 0 || error || !std::filesystem::exists(lock_file)) return;
    throw StorageError(file.string() + " was cut: it has 0 bytes, and lock.mdb beside it says that there was more" + what_to_do);
}

}  // namespace

MetaPages read_meta_pages(int fd, const std::string& file) {
    // A page that is just being written may be seen half old and half new: what is wrong twice is wrong.
    for (int tries = 3; true; --tries) {
        try {
            const MetaPages pages = read_once(fd, file);
            check_size(fd, pages, file);
            return pages;
        } catch (const StorageError&) {
            if (tries == 0) throw;
        }
    }
}

void check_before_opening(const std::filesystem::path& directory) {
    refuse_emptied(directory);
    const std::filesystem::path file = directory / "data.mdb";
    const OpenFile data(file, O_RDONLY);
    if (data.fd() < 0) return;  // LMDB says why
    if (size_of(data.fd(), file.string()) == 0) return;
    (void)read_meta_pages(data.fd(), file.string());
}

}  // namespace daybook::lmdb
