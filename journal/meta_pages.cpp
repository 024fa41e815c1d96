#include "journal/meta_pages.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/descriptor.hpp"
#include "journal/lmdb.hpp"

namespace daybook::lmdb {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t magic_number = 0xBEEFC0DE;
constexpr std::uint32_t data_version = 1;

Refusal damaged(const std::string& what) { return {RefusalCode::invalid, "data.mdb " + what, ""}; }

// Whether so many bytes could be read.
bool read_at(int fd, void* to, std::size_t size, std::uint64_t at) {
    auto* next = static_cast<char*>(to);
    while (size != 0) {
        const ssize_t got = ::pread(fd, next, size, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw StorageError(std::string("cannot read data.mdb: ") + std::strerror(errno));
        if (got == 0) return false;
        next += got;
        at += static_cast<std::uint64_t>(got);
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

std::uint64_t size_of(int fd) {
    struct stat found{};
    if (::fstat(fd, &found) != 0) throw StorageError(std::string("cannot look at data.mdb: ") + std::strerror(errno));
    return static_cast<std::uint64_t>(found.st_size);
}

bool may_be_page_size(std::uint64_t size) { return std::has_single_bit(size) && size >= 512 && size <= 65536; }

// What is wrong with a meta page so that LMDB must not see it; empty when nothing is.
std::string fault(const PageHeader& header, const Meta& meta) {
    if ((header.flags & PageHeader::meta) == 0) return "it is not marked as one";
    if (meta.magic != magic_number) return "it is not one of an LMDB file";
    if (meta.version != data_version) return "it has data version " + std::to_string(meta.version) + ", not 1";
    if (!may_be_page_size(meta.page_size())) return "it has a page size of " + std::to_string(meta.page_size());
    return "";
}

// The same for the newest one alone: nobody follows the roots of the other, and after a commit that failed they are that one's.
std::string fault_of_roots(const Meta& meta) {
    for (const TreeHead* tree : {&meta.free_list, &meta.main}) {
        const bool empty = tree->root == TreeHead::no_page;
        if (!empty && (tree->root < 2 || tree->root > meta.last_page)) {
            return "a table would begin on page " + std::to_string(tree->root) + ", and the last one is " +
                   std::to_string(meta.last_page);
        }
    }
    return "";
}

std::optional<Refusal> check_size(int fd, const Meta& meta) {
    const std::uint64_t size = size_of(fd);
    const std::uint64_t pages_there = size / meta.page_size();
    if (meta.last_page < pages_there) return std::nullopt;
    // Only the meta pages of a new file are sure to be there.
    if (meta.last_page <= 1 && pages_there >= 2) return std::nullopt;
    return damaged("was cut: it has " + std::to_string(size) + " bytes and must have " +
                   std::to_string((meta.last_page + 1) * meta.page_size()));
}

// The second page lies where the first one says.
Result<MetaPages> read_once(int fd) {
    MetaPages pages;
    std::uint64_t page_size = 0;
    for (int place = 0; place < 2; ++place) {
        std::array<char, sizeof(PageHeader) + sizeof(Meta)> bytes{};
        if (!read_at(fd, bytes.data(), bytes.size(), static_cast<std::uint64_t>(place) * page_size)) {
            return damaged("was cut: it has " + std::to_string(size_of(fd)) + " bytes");
        }
        PageHeader header;
        Meta& meta = pages.metas[place];
        std::memcpy(&header, bytes.data(), sizeof header);
        std::memcpy(&meta, bytes.data() + sizeof header, sizeof meta);
        if (place == 0 && meta.magic != magic_number && (header.flags & PageHeader::meta) == 0) {
            return damaged("is not a daybook database");
        }
        std::string wrong = fault(header, meta);
        if (wrong.empty() && place == 1 && meta.page_size() != page_size) {
            wrong =
                "it has a page size of " + std::to_string(meta.page_size()) + ", and page 0 one of " + std::to_string(page_size);
        }
        if (!wrong.empty()) {
            return damaged("is damaged: page " + std::to_string(place) + ", one of its two meta pages: " + wrong);
        }
        page_size = meta.page_size();
    }
    // As LMDB chooses.
    pages.newest = pages.metas[1].commit > pages.metas[0].commit ? 1 : 0;
    if (const std::string wrong = fault_of_roots(pages.metas[pages.newest]); !wrong.empty()) {
        return damaged("is damaged: page " + std::to_string(pages.newest) + ", the newer of its two meta pages: " + wrong);
    }
    if (auto cut = check_size(fd, pages.metas[pages.newest])) return *cut;
    return pages;
}

// Which lock somebody else has on the first byte of lock.mdb.
short lock_elsewhere(const std::filesystem::path& directory) {
    const Descriptor file(::open((directory / "lock.mdb").c_str(), O_RDONLY | O_CLOEXEC));
    struct flock probe{};
    probe.l_type = F_WRLCK;
    probe.l_whence = SEEK_SET;
    probe.l_len = 1;
    const bool asked = file.get() >= 0 && ::fcntl(file.get(), F_GETLK, &probe) == 0;
    return asked ? probe.l_type : short{F_UNLCK};
}

}  // namespace

Result<MetaPages> read_meta_pages(int fd) {
    // A page that is just being written may be seen half old and half new: what is wrong time and again is wrong.
    for (int tries = 3; tries > 0; --tries) {
        auto pages = read_once(fd);
        if (pages) return pages;
    }
    return read_once(fd);
}

Result<MetaPages> read_meta_pages(const std::filesystem::path& directory) {
    const Descriptor data(::open((directory / "data.mdb").c_str(), O_RDONLY | O_CLOEXEC));
    if (data.get() < 0) throw StorageError("cannot open " + (directory / "data.mdb").string() + ": " + std::strerror(errno));
    return read_meta_pages(data.get());
}

void check_before_opening(const std::filesystem::path& directory) {
    const Descriptor data(::open((directory / "data.mdb").c_str(), O_RDONLY | O_CLOEXEC));
    if (data.get() < 0) return;  // LMDB says why
    const auto pages = read_meta_pages(data.get());
    if (pages) return;
    throw StorageError(directory.string() + '/' + pages.refusal().message +
                       " (restore a backup, or import a journal.jsonl; views are made anew when their directory is removed)");
}

bool is_open_somewhere(const std::filesystem::path& directory) { return lock_elsewhere(directory) != F_UNLCK; }

}  // namespace daybook::lmdb
