#include "journal/lmdb.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <lmdb.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "journal/descriptor.hpp"
#include "journal/failed_commit.hpp"
#include "journal/meta_pages.hpp"
#include "journal/sync_directory.hpp"

namespace daybook::lmdb {
namespace {

std::string advice(int code) {
    switch (code) {
        case ENOSPC: return "the disk is full: make room, then run the command again; nothing acknowledged is lost";
        case EDQUOT: return "the disk quota is used up: make room, then run the command again; nothing acknowledged is lost";
        case EACCES:
        case EPERM: return "this user may not read and write it: check owner and mode";
        case EROFS: return "the file system is read-only";
        case ENOENT: return "it does not exist";
        case EIO: return "the disk reported an error: look at the kernel's log; run `daybook verify` before going on";
        case MDB_MAP_FULL: return "the address space reserved for it is used up";
        case MDB_INVALID: return "this is not a daybook database";
        case MDB_VERSION_MISMATCH: return "another version of LMDB wrote it";
        case MDB_CORRUPTED:
        case MDB_PAGE_NOTFOUND: return "it is damaged: run `daybook verify`, and restore a backup if it says so";
        case MDB_READERS_FULL: return "too many readers at once: close some daybook processes";
        case MDB_BAD_TXN:
            return "lock.mdb does not know the newest commit, and nothing was read or written: end all processes that have it "
                   "open, and run "
                   "the command again";
        case MDB_PANIC: return "an earlier error on the disk stopped it: run the command again";
        default: return "";
    }
}

// What LMDB says, and what to do.
std::string reason(int code) {
    const std::string more = advice(code);
    return mdb_strerror(code) + (more.empty() ? "" : " (" + more + ")");
}

constexpr unsigned readers_max = 510;
constexpr Table free_list_table{0};  // LMDB's own

// LMDB reports what could be written in part as EIO: mostly the disk is full.
bool is_full(const std::filesystem::path& directory) {
    struct statvfs room{};
    return ::statvfs(directory.c_str(), &room) == 0 && room.f_bavail * room.f_frsize < 64 * 1024;
}

[[noreturn]] void fail(int code, const std::filesystem::path& directory, const char* doing) {
    if (code == EIO && is_full(directory)) code = ENOSPC;
    const std::string what = std::string("cannot ") + doing + " " + directory.string() + ": " + reason(code);
    if (code == ENOSPC || code == EDQUOT) throw NoRoom(what);
    throw StorageError(what);
}

MDB_val value_of(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
std::string_view view_of(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

// LMDB 0.9 looks up the newest commit (N) and then copies its meta page. A reader that is held up in between finds there, once
// N+2 is being written to the same page, a commit that is not on disk yet, and the next reader would see an older one again.
// While the newest meta page is that of N+1 at most, the page of N was not written over.
bool is_of_finished_commit(MDB_env* env, MDB_txn* txn) {
    MDB_envinfo info;
    mdb_env_info(env, &info);
    return info.me_last_txnid <= mdb_txn_id(txn) + 1;
}

// Begins a read transaction again until its snapshot is of a commit that is over; LMDB's code. A commit lasts no minute: where
// there seems to be one that does, lock.mdb is behind the file.
int settle(MDB_env* env, MDB_txn* txn) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!is_of_finished_commit(env, txn)) {
        if (std::chrono::steady_clock::now() > end) return MDB_BAD_TXN;
        mdb_txn_reset(txn);
        const int code = mdb_txn_renew(txn);
        if (code != 0) return code;
    }
    return 0;
}

// A writer goes on from the commit that lock.mdb names. Where the file has a newer one it would write over that: never do it.
int check_newest(MDB_env* env, MDB_txn* txn) {
    MDB_envinfo info;
    mdb_env_info(env, &info);
    return info.me_last_txnid > mdb_txn_id(txn) ? MDB_BAD_TXN : 0;
}

// Whether the last write of a commit failed, the one that makes it count.
bool is_given_up(MDB_env* env) {
    MDB_txn* txn = nullptr;
    const int code = mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn);
    if (code == 0) mdb_txn_abort(txn);
    return code == MDB_PANIC;
}

// Held while an environment is opened, by one process at a time.
//
// Who opens alone makes lock.mdb anew, as of commit 0, and fills in the newest commit at the end. LMDB lets others wait for that;
// but where the opening fails in between, or is killed, the next of those that wait takes commit 0 for the newest, and writes over
// what was acknowledged. Nobody waits in LMDB when all wait here. Where a file system knows no such locks nobody waits at all.
class OpeningTurn {
public:
    explicit OpeningTurn(const std::filesystem::path& directory)
        : directory_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        while (directory_.get() >= 0 && ::flock(directory_.get(), LOCK_EX) != 0 && errno == EINTR) continue;
    }

private:
    Descriptor directory_;
};

// A data.mdb that is there has its two meta pages, whatever happens meanwhile: it is made elsewhere and renamed.
void make_file(const std::filesystem::path& directory, bool durable) {
    const OpeningTurn turn(directory);
    if (std::filesystem::exists(directory / "data.mdb")) return;
    const std::filesystem::path apart = directory / "new";
    std::error_code error;
    std::filesystem::remove_all(apart, error);
    int code = ::mkdir(apart.c_str(), 0700) == 0 ? 0 : errno;
    MDB_env* env = nullptr;
    if (code == 0) code = mdb_env_create(&env);
    if (code == 0) code = mdb_env_open(env, apart.c_str(), MDB_NOLOCK, 0600);
    if (code == 0 && durable) code = mdb_env_sync(env, 1);
    if (env != nullptr) mdb_env_close(env);
    if (code == 0 && ::rename((apart / "data.mdb").c_str(), (directory / "data.mdb").c_str()) != 0) code = errno;
    std::filesystem::remove_all(apart, error);
    if (code != 0) fail(code, directory, "make the database in");
    if (!durable) return;
    sync_directory(directory);
    sync_directory(directory.parent_path());
}

// LMDB writes to lock.mdb where it is mapped: without room for it the process would die of SIGBUS. So the room is taken before, for
// readers_max slots of 64 bytes with a head. Not while this process has the environment open: to close a descriptor ends its locks.
void take_room_for_lock_file(const std::filesystem::path& directory) {
    constexpr off_t bytes = 64 * (off_t{readers_max} + 2);
    const Descriptor file(::open((directory / "lock.mdb").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.get() < 0 || ::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, bytes) == 0) return;  // LMDB says why it can't be opened
    if (errno == ENOSPC || errno == EDQUOT) fail(errno, directory, "open the database in");
}

// Whether a reader must do without lock.mdb: this user may not write to it. Where somebody else has the environment open that would
// not be safe, since a writer can't see such a reader, and would write over the pages that it reads.
bool must_do_without_lock(const std::filesystem::path& directory) {
    const std::filesystem::path file = directory / "lock.mdb";
    const bool there = ::access(file.c_str(), F_OK) == 0;
    if (::access((there ? file : directory).c_str(), W_OK) == 0 || errno != EACCES) return false;
    if (!is_open_somewhere(directory)) return true;
    throw StorageError("cannot read " + directory.string() +
                       " while another process has it open, since this user may not write to " + file.string() +
                       ": give it that right, or read a backup");
}

// A new handle in the place of `handle`; LMDB's code.
int open_environment(MDB_env*& handle, const std::filesystem::path& directory, const Options& options, unsigned flags,
                     std::size_t map_bytes) {
    if (handle != nullptr) mdb_env_close(std::exchange(handle, nullptr));
    const int code = mdb_env_create(&handle);
    if (code != 0) return code;
    mdb_env_set_maxdbs(handle, options.tables_max);
    mdb_env_set_maxreaders(handle, readers_max);
    mdb_env_set_mapsize(handle, map_bytes);
    return mdb_env_open(handle, directory.c_str(), flags, 0600);
}

// LMDB found that a page is not what it must be, and would abort() the process when this returned.
[[noreturn]] void end_on_damage(MDB_env* env, const char* assertion) {
    const char* directory = "";
    mdb_env_get_path(env, &directory);
    const std::string text =
        std::string("daybook: error: ") + directory + "/data.mdb is damaged (LMDB: " + assertion + "): run `daybook verify`\n";
    (void)!::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(1);
}

}  // namespace

Environment::Environment(std::filesystem::path directory, const Options& options)
    : directory_(std::move(directory)), read_only_(options.read_only) {
    std::error_code error;
    if (!options.read_only && !std::filesystem::exists(directory_ / "data.mdb", error)) {
        std::filesystem::create_directories(directory_, error);
        if (error) {
            throw StorageError("cannot make the directory " + directory_.string() + ": " + error.message());
        }
        ::chmod(directory_.c_str(), 0700);
        make_file(directory_, options.durable);
    }
    check_before_opening(directory_);
    take_room_for_lock_file(directory_);
    unsigned flags = MDB_NOTLS;
    if (options.read_only) flags |= MDB_RDONLY;
    if (options.read_only && must_do_without_lock(directory_)) flags |= MDB_NOLOCK;
    if (!options.durable) flags |= MDB_NOSYNC;
    try {
        const OpeningTurn turn(directory_);
        std::size_t map_bytes = options.map_bytes;
        int code = open_environment(handle_, directory_, options, flags, map_bytes);
        // Where the process may not reserve so much address space, less will do.
        while ((code == ENOMEM || code == EINVAL) && map_bytes > (std::size_t{1} << 30)) {
            map_bytes /= 4;
            code = open_environment(handle_, directory_, options, flags, map_bytes);
        }
        if (code != 0) fail(code, directory_, "open the database in");
        mdb_env_set_assert(handle_, end_on_damage);
        if (!options.keep_dead_readers) clear_dead_readers();
        // What another process wrote and could not sync is read all the same; whoever answers by it must have it on disk.
        if (!options.read_only && options.durable) code = mdb_env_sync(handle_, 1);
        if (code != 0) fail(code, directory_, "sync the database in");
    } catch (...) {
        if (handle_ != nullptr) mdb_env_close(handle_);
        throw;
    }
}

Environment::~Environment() { mdb_env_close(handle_); }

std::uint64_t Environment::used_bytes() const {
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(handle_, &info);
    mdb_env_stat(handle_, &stat);
    return (static_cast<std::uint64_t>(info.me_last_pgno) + 1) * stat.ms_psize;
}

std::uint64_t Environment::map_bytes() const {
    MDB_envinfo info;
    mdb_env_info(handle_, &info);
    return info.me_mapsize;
}

int Environment::descriptor() const {
    mdb_filehandle_t fd = -1;
    mdb_env_get_fd(handle_, &fd);
    return fd;
}

void Environment::make_long_enough(std::uint64_t bytes) {
    const auto end = static_cast<off_t>(bytes);
    struct stat found{};
    const bool known = ::fstat(descriptor(), &found) == 0;
    if (known && found.st_size >= end) return;
    if (!known || ::ftruncate(descriptor(), end) != 0) fail(errno, directory_, "make the file longer in");
}

bool Environment::copy_to(int fd, bool compact) {
    const int code = mdb_env_copyfd2(handle_, fd, compact ? MDB_CP_COMPACT : 0);
    if (compact && code == MDB_INCOMPATIBLE) return false;
    if (code != 0) fail(code, directory_, "copy the database in");
    if (::fsync(fd) != 0) fail(errno, directory_, "sync the copy of the database in");
    return true;
}

std::vector<Reader> Environment::readers() const {
    std::vector<Reader> readers;
    // A line of text for each: process, thread, commit or `-`.
    const auto read_line = [](const char* line, void* to) {
        Reader reader;
        unsigned long long commit = 0;
        const int fields = std::sscanf(line, "%d %*s %llu", &reader.process, &commit);
        if (fields == 2) reader.commit = commit;
        if (fields >= 1) static_cast<std::vector<Reader>*>(to)->push_back(reader);
        return 0;
    };
    mdb_reader_list(handle_, read_line, &readers);
    return readers;
}

void Environment::sync() {
    const int code = mdb_env_sync(handle_, 1);
    if (code != 0) fail(code, directory_, "sync the database in");
    sync_directory(directory_);
    sync_directory(directory_.parent_path());
}

int Environment::clear_dead_readers() {
    int dead = 0;
    mdb_reader_check(handle_, &dead);
    return dead;
}

Transaction::Transaction(Environment& environment, Kind kind) : environment_(environment), kind_(kind) {
    if (kind == Kind::write && environment.read_only()) {
        throw StorageError("cannot write to " + environment.directory().string() + ": it was opened read-only");
    }
    const unsigned flags = kind == Kind::read ? MDB_RDONLY : 0;
    int code = mdb_txn_begin(environment.handle(), nullptr, flags, &handle_);
    if (code == MDB_READERS_FULL) {
        environment.clear_dead_readers();
        code = mdb_txn_begin(environment.handle(), nullptr, flags, &handle_);
    }
    if (code == 0) {
        code = kind == Kind::read ? settle(environment.handle(), handle_) : check_newest(environment.handle(), handle_);
        if (code != 0) mdb_txn_abort(std::exchange(handle_, nullptr));
    }
    if (code != 0) fail(code, environment.directory(), kind == Kind::read ? "read" : "write to");
}

Transaction::Transaction(Transaction&& other) noexcept
    : environment_(other.environment_), handle_(std::exchange(other.handle_, nullptr)), kind_(other.kind_) {}

std::uint64_t Transaction::number() const { return mdb_txn_id(handle_); }

std::uint64_t Transaction::free_pages(std::uint64_t since) const {
    std::uint64_t pages = 0;
    Cursor cursor(*this, free_list_table);
    for (bool there = cursor.first(); there; there = cursor.next()) {
        std::uint64_t commit = 0;
        std::uint64_t count = 0;
        if (cursor.key().size() != sizeof commit || cursor.value().size() < sizeof count) continue;
        std::memcpy(&commit, cursor.key().data(), sizeof commit);
        std::memcpy(&count, cursor.value().data(), sizeof count);
        if (commit >= since) pages += count;
    }
    return pages;
}

Transaction::~Transaction() {
    if (handle_ != nullptr) mdb_txn_abort(handle_);
}

std::optional<Table> Transaction::open(const char* name) {
    MDB_dbi dbi = 0;
    const int code = mdb_dbi_open(handle_, name, kind_ == Kind::write ? MDB_CREATE : 0, &dbi);
    if (code == MDB_NOTFOUND) return std::nullopt;
    if (code != 0) fail(code, environment_.directory(), "open a table in");
    return Table{dbi};
}

std::vector<std::string> Transaction::table_names() const {
    MDB_dbi all = 0;
    const int code = mdb_dbi_open(handle_, nullptr, 0, &all);
    if (code != 0) fail(code, environment_.directory(), "list the tables of");
    std::vector<std::string> names;
    Cursor cursor(*this, Table{all});
    for (bool there = cursor.first(); there; there = cursor.next()) names.emplace_back(cursor.key());
    return names;
}

std::optional<std::string_view> Transaction::get(Table table, std::string_view key) const {
    MDB_val k = value_of(key);
    MDB_val v;
    const int code = mdb_get(handle_, table.number, &k, &v);
    if (code == MDB_NOTFOUND) return std::nullopt;
    if (code != 0) fail(code, environment_.directory(), "read");
    return view_of(v);
}

void Transaction::put(Table table, std::string_view key, std::string_view value) {
    MDB_val k = value_of(key);
    MDB_val v = value_of(value);
    const int code = mdb_put(handle_, table.number, &k, &v, 0);
    if (code != 0) fail(code, environment_.directory(), "write to");
}

void Transaction::append(Table table, std::string_view key, std::string_view value) {
    MDB_val k = value_of(key);
    MDB_val v = value_of(value);
    const int code = mdb_put(handle_, table.number, &k, &v, MDB_APPEND);
    if (code == MDB_KEYEXIST) throw std::logic_error("a key was appended out of order");
    if (code != 0) fail(code, environment_.directory(), "write to");
}

char* Transaction::reserve(Table table, std::string_view key, std::size_t size, bool append) {
    MDB_val k = value_of(key);
    MDB_val v{size, nullptr};
    const int code = mdb_put(handle_, table.number, &k, &v, MDB_RESERVE | (append ? unsigned{MDB_APPEND} : 0U));
    if (code == MDB_KEYEXIST) throw std::logic_error("a key was appended out of order");
    if (code != 0) fail(code, environment_.directory(), "write to");
    return static_cast<char*>(v.mv_data);
}

bool Transaction::erase(Table table, std::string_view key) {
    MDB_val k = value_of(key);
    const int code = mdb_del(handle_, table.number, &k, nullptr);
    if (code == MDB_NOTFOUND) return false;
    if (code != 0) fail(code, environment_.directory(), "write to");
    return true;
}

void Transaction::clear(Table table) {
    const int code = mdb_drop(handle_, table.number, 0);
    if (code != 0) fail(code, environment_.directory(), "write to");
}

std::uint64_t Transaction::count(Table table) const {
    MDB_stat stat;
    const int code = mdb_stat(handle_, table.number, &stat);
    if (code != 0) fail(code, environment_.directory(), "read");
    return stat.ms_entries;
}

// A value that fills so many pages is written and erased again: LMDB joins one row of its free list after the other until it
// finds a run of that length, takes one from the end of the file if there is none, and gets all of it back.
void Transaction::gather_free_pages(Table scratch) {
    constexpr std::uint64_t run_pages_max = 2048;   // 8 MiB
    constexpr std::uint64_t free_pages_max = 8192;  // also bounds the work: all that are joined are named anew
    MDB_stat stat;
    const int code = mdb_stat(handle_, free_list_table.number, &stat);
    if (code != 0) fail(code, environment_.directory(), "read");
    const std::uint64_t page_bytes = stat.ms_psize;
    const std::uint64_t pages = environment_.used_bytes() / page_bytes;
    const std::uint64_t free = Transaction(environment_, Kind::read).free_pages();  // no write transaction can list them
    const std::uint64_t live = pages - std::min(pages, free);
    const std::uint64_t run_pages = std::min(run_pages_max, live / 8 + 1);
    if (free > std::min(free_pages_max, live / 4) || pages + 2 * run_pages > environment_.map_bytes() / page_bytes) return;
    constexpr std::string_view key = "run";
    const char* value = reserve(scratch, key, run_pages * page_bytes - sizeof(PageHeader), false);
    PageHeader header;  // it stands before the value, on a page of its own
    std::memcpy(&header, value - sizeof header, sizeof header);
    environment_.make_long_enough((header.number + run_pages) * page_bytes);
    erase(scratch, key);
}

void Transaction::commit() {
    MDB_txn* handle = std::exchange(handle_, nullptr);
    const std::uint64_t number = mdb_txn_id(handle);
    const int code = mdb_txn_commit(handle);
    if (code == 0) return;
    if (kind_ == Kind::write && is_given_up(environment_.handle())) note_failed_commit(environment_.directory(), number);
    fail(code, environment_.directory(), "commit to");
}

void Transaction::renew() {
    assert(kind_ == Kind::read);
    mdb_txn_reset(handle_);
    int code = mdb_txn_renew(handle_);
    if (code == 0) code = settle(environment_.handle(), handle_);
    if (code != 0) fail(code, environment_.directory(), "read");
}

Cursor::Cursor(const Transaction& transaction, Table table) {
    const int code = mdb_cursor_open(transaction.handle(), table.number, &handle_);
    if (code != 0) fail(code, transaction.environment().directory(), "read");
}

Cursor::~Cursor() { mdb_cursor_close(handle_); }

bool Cursor::move(int operation) {
    MDB_val k = value_of(key_);
    MDB_val v;
    const int code = mdb_cursor_get(handle_, &k, &v, static_cast<MDB_cursor_op>(operation));
    if (code == MDB_NOTFOUND) return false;
    if (code != 0) throw StorageError("cannot read a table: " + reason(code));
    key_ = view_of(k);
    value_ = view_of(v);
    return true;
}

void Cursor::put(std::string_view key, std::string_view value, unsigned flags) {
    MDB_val k = value_of(key);
    MDB_val v = value_of(value);
    const int code = mdb_cursor_put(handle_, &k, &v, flags);
    if (code == MDB_KEYEXIST) throw std::logic_error("a key was appended out of order");
    if (code != 0) throw StorageError("cannot write to a table: " + reason(code));
}

void Cursor::append(std::string_view key, std::string_view value) { put(key, value, MDB_APPEND); }

bool Cursor::first() { return move(MDB_FIRST); }
bool Cursor::last() { return move(MDB_LAST); }
bool Cursor::next() { return move(MDB_NEXT); }
bool Cursor::previous() { return move(MDB_PREV); }
bool Cursor::seek(std::string_view key) {
    key_ = key;
    return move(MDB_SET_RANGE);
}

}  // namespace daybook::lmdb
