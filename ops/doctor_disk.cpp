// The disk: how fast it syncs, what file system it is, how much room there is, who may read, what lies about.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "journal/rewrite.hpp"
#include "journal/signing_key.hpp"
#include "journal/small_file.hpp"
#include "ops/access/api_keys.hpp"
#include "ops/doctor.hpp"

namespace daybook {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t mebibyte = 1024 * 1024;

std::string micros(nanoseconds time) { return fmt::format("{:.0f} µs", std::chrono::duration<double, std::micro>(time).count()); }

std::string mode_text(mode_t mode) { return fmt::format("{:04o}", static_cast<unsigned>(mode & 07777)); }

// What to do beside the chmod, where others may have changed a file, or read it; nothing for the latter where that is no problem.
struct Care {
    const char* when_changed = ", and run `daybook verify --checkpoint FILE`";
    const char* when_read = nullptr;
};
constexpr Care signing_key{.when_read = "; when others may have read it, it is no longer a secret, and a new key is needed"};
constexpr Care api_keys{", and look through `daybook key list`: others may have added a key",
                        "; until then nobody can call by key. What stands in it gives no key away"};

// What may be wrong with one file or directory; nothing when it is not there, or nothing is.
std::optional<Diagnosis> check_mode(const std::filesystem::path& path, const Care& care) {
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return std::nullopt;  // of what a link leads to: that is what others may change
    const bool directory = S_ISDIR(found.st_mode);
    const std::string name = path.filename().string();
    const std::string wanted = fmt::format("chmod {} {}", directory ? "700" : "600", path.string());
    if ((found.st_mode & 022) != 0) {
        return Diagnosis{"modes", Verdict::problem,
                         fmt::format("{} has mode {}: others may change it", name, mode_text(found.st_mode)),
                         wanted + care.when_changed};
    }
    if ((found.st_mode & 077) != 0 && care.when_read != nullptr) {
        return Diagnosis{"modes", Verdict::problem,
                         fmt::format("{} has mode {}: others may read it", name, mode_text(found.st_mode)),
                         wanted + care.when_read};
    }
    if ((found.st_mode & 077) != 0) {
        return Diagnosis{"modes", Verdict::warning,
                         fmt::format("{} has mode {}: others may read it", name, mode_text(found.st_mode)), wanted};
    }
    if (::geteuid() != 0 && found.st_uid != ::geteuid()) {
        return Diagnosis{"modes", Verdict::warning, fmt::format("{} belongs to the user with number {}", name, found.st_uid),
                         "run daybook as that user"};
    }
    return std::nullopt;
}

// Whether no process holds the lock on it; what is being written is locked.
bool is_unlocked(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    const bool unlocked = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
    ::close(fd);
    return unlocked;
}

// Of a name that ends with the number of the process that made it.
bool maker_died(const std::string& name) {
    const std::size_t digits = name.find_last_not_of("0123456789") + 1;
    return digits != name.size() && !is_alive(std::atoi(name.c_str() + digits));
}

bool is_leftover(const std::filesystem::path& path) {
    const std::string name = path.filename().string();
    if (name.starts_with('.') && name.ends_with(".partial")) return is_unlocked(path);
    const bool of_a_process = name.starts_with("verify-") || name.starts_with("apart-") || name.starts_with("signing.key.") ||
                              name.starts_with(".doctor-");
    return of_a_process && maker_died(name);
}

void find_leftovers(const std::filesystem::path& directory, std::vector<std::string>& found) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        if (is_leftover(entry.path())) found.push_back(entry.path().string());
    }
}

}  // namespace

const char* to_text(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok: return "ok";
        case Verdict::warning: return "warning";
        case Verdict::problem: return "problem";
    }
    return "?";
}

std::vector<nanoseconds> measure_sync(const std::filesystem::path& directory, int times) {
    const std::filesystem::path file = directory / (".doctor-" + std::to_string(::getpid()));
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) throw StorageError("cannot write to " + directory.string() + ": " + std::strerror(errno));
    ::unlink(file.c_str());
    const std::string page(4096, 'x');
    std::vector<nanoseconds> took;
    bool written = true;
    for (int i = 0; written && i < times; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        written =
            ::pwrite(fd, page.data(), page.size(), static_cast<off_t>(page.size()) * i) == static_cast<ssize_t>(page.size()) &&
            ::fdatasync(fd) == 0;
        took.push_back(std::chrono::steady_clock::now() - begin);
    }
    const int code = errno;
    ::close(fd);
    if (!written) throw StorageError("cannot write to " + directory.string() + ": " + std::strerror(code));
    return took;
}

Diagnosis judge_sync(std::vector<nanoseconds> times) {
    std::sort(times.begin(), times.end());
    const nanoseconds median = times[times.size() / 2];
    const std::string found = fmt::format("4 KiB are on disk in {} (median of {}; slowest {}); a commit takes two syncs",
                                          micros(median), times.size(), micros(times.back()));
    if (median < std::chrono::microseconds(20)) {
        return {"sync", Verdict::warning, found + "; that is quicker than a disk can be",
                "make sure that the disk writes through (no tmpfs, no cache without a battery): else a power cut loses what was "
                "acknowledged"};
    }
    if (median > std::chrono::milliseconds(50)) {
        return {"sync", Verdict::warning, found,
                "each append waits for this: look what else keeps the disk busy, or move the data to a quicker one"};
    }
    return {"sync", Verdict::ok, found};
}

Diagnosis judge_file_system(std::uint64_t magic) {
    struct Known {
        std::uint64_t magic;
        const char* name;
        Verdict verdict;
    };
    static constexpr Known known[] = {
        {0xEF53, "ext4", Verdict::ok},
        {0x58465342, "xfs", Verdict::ok},
        {0x9123683E, "btrfs", Verdict::ok},
        {0x2FC12FC1, "zfs", Verdict::ok},
        {0xF2F52010, "f2fs", Verdict::ok},
        {0x6969, "NFS", Verdict::problem},
        {0xFF534D42, "CIFS", Verdict::problem},
        {0xFE534D42, "SMB", Verdict::problem},
        {0x517B, "SMB", Verdict::problem},
        {0x00C36400, "Ceph", Verdict::problem},
        {0x01021997, "9P", Verdict::problem},
        {0x5346414F, "AFS", Verdict::problem},
        {0x0BD00BD0, "Lustre", Verdict::problem},
        {0x01161970, "GFS2", Verdict::problem},
        {0x7461636F, "OCFS2", Verdict::problem},
        {0x786F4256, "vboxsf", Verdict::problem},
        {0x65735546, "FUSE", Verdict::warning},
        {0x01021994, "tmpfs", Verdict::warning},
        {0x858458F6, "ramfs", Verdict::warning},
        {0x794C7630, "overlayfs", Verdict::warning},
    };
    const auto* found = std::find_if(std::begin(known), std::end(known), [&](const Known& one) { return one.magic == magic; });
    if (found == std::end(known))
        return {"file system", Verdict::ok, fmt::format("number {:#x}, not a network's that is known", magic)};
    const std::string name = found->name;
    if (found->verdict == Verdict::ok) return {"file system", Verdict::ok, name};
    if (found->verdict == Verdict::problem) {
        return {"file system", Verdict::problem, name + ", which is shared over a network: locks and maps do not hold there",
                "move the data directory to a local disk; a journal that was written to from two machines wants `daybook verify`"};
    }
    if (name == "FUSE") {
        return {"file system", Verdict::warning, "FUSE: what is below it cannot be told",
                "make sure that it is local, and that it syncs; else move the data directory to a local disk"};
    }
    if (name == "overlayfs") {
        return {"file system", Verdict::warning, "overlayfs: a container's own layer, which is removed with it",
                "mount a volume for the data directory"};
    }
    return {"file system", Verdict::warning, name + ", which is memory: gone when the machine stops",
            "move the data directory to a disk"};
}

Diagnosis check_file_system(const std::filesystem::path& directory) {
    struct statfs found{};
    if (::statfs(directory.c_str(), &found) != 0) {
        return {"file system", Verdict::warning, std::string("it cannot be told: ") + std::strerror(errno)};
    }
    // Some numbers have their highest bit set and were sign-extended.
    return judge_file_system(static_cast<std::uint32_t>(found.f_type));
}

std::uint64_t disk_room(const std::filesystem::path& directory) {
    struct statvfs found{};
    if (::statvfs(directory.c_str(), &found) != 0)
        throw StorageError("cannot look at " + directory.string() + ": " + std::strerror(errno));
    return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

Diagnosis judge_room(const Room& room) {
    const auto size = [](std::uint64_t bytes) {
        if (bytes >= 1024 * mebibyte) return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1024 * mebibyte));
        return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / mebibyte);
    };
    const double of_map = static_cast<double>(room.used_bytes) / static_cast<double>(std::max<std::uint64_t>(room.map_bytes, 1));
    const std::string found =
        fmt::format("the file has {} ({} to be used again), {:.1f} % of its map of {}; the disk has {} left", size(room.used_bytes),
                    size(room.free_bytes), 100 * of_map, size(room.map_bytes), size(room.disk_bytes));
    if (room.disk_bytes < 64 * mebibyte) {
        return {"room", Verdict::problem, found, "make room on the disk: nothing can be written when it is full"};
    }
    if (of_map > 0.85) {
        return {"room", Verdict::problem, found,
                "let daybook have more address space (`ulimit -v`, the container's limits): the file cannot grow beyond its map"};
    }
    if (room.disk_bytes < std::max(512 * mebibyte, room.used_bytes / 10)) {
        return {"room", Verdict::warning, found, "make room on the disk soon"};
    }
    if (of_map > 0.70) {
        return {"room", Verdict::warning, found, "let daybook have more address space soon (`ulimit -v`, the container's limits)"};
    }
    return {"room", Verdict::ok, found};
}

std::vector<Diagnosis> check_modes(const std::filesystem::path& data) {
    std::vector<Diagnosis> found;
    const auto check = [&](const std::filesystem::path& path, const Care& care = {}) {
        if (auto diagnosis = check_mode(path, care)) found.push_back(std::move(*diagnosis));
    };
    check(data);
    check(data / "journal");
    check(data / "journal" / "data.mdb");
    check(data / "journal" / "lock.mdb");
    check(private_key_file(data), signing_key);
    check(keys_file(data), api_keys);
    if (found.empty()) found.push_back({"modes", Verdict::ok, "the data directory is its owner's alone"});
    const bool published = std::filesystem::exists(public_key_file(data));
    if (published && !std::filesystem::exists(private_key_file(data))) {
        found.push_back({"signing key", Verdict::warning, "the private half, signing.key, is not in the data directory",
                         "name it with --signing-key where it is kept elsewhere, or put it back"});
    } else {
        found.push_back(
            {"signing key", Verdict::ok, published ? "both halves are there" : "it will be made with the first checkpoint"});
    }
    return found;
}

Diagnosis check_leftovers(const std::filesystem::path& data) {
    std::vector<std::string> found;
    find_leftovers(data, found);
    find_leftovers(data / "views", found);
    const std::filesystem::path staged =
        std::filesystem::absolute(data).parent_path() / ("." + std::filesystem::absolute(data).filename().string() + ".partial");
    if (is_leftover(staged)) found.push_back(staged.string());
    std::optional<std::string> current = read_if_exists(data / "views" / "CURRENT", 4096);
    if (current && !current->empty() && current->back() == '\n') current->pop_back();
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(data / "views", error)) {
        const std::string name = entry.path().filename().string();
        if (current && name.starts_with("generation-") && name != *current) found.push_back(entry.path().string());
    }
    if (const auto path = rest_of_rewrite(data / "journal")) {
        return {"leftovers", Verdict::problem,
                path->string() + ", of a redaction that was cut short: it may hold what was redacted",
                "run `daybook redact --finish`: it wipes them"};
    }
    if (found.empty()) return {"leftovers", Verdict::ok, "none"};
    std::sort(found.begin(), found.end());
    std::string names;
    for (const std::string& path : found) names += (names.empty() ? "" : ", ") + path;
    return {"leftovers", Verdict::warning, names, "unless a daybook is at work with them just now, remove them"};
}

}  // namespace daybook
