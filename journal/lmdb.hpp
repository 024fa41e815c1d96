// LMDB in three small classes: an environment, a transaction that aborts unless committed, a cursor.
//
// lmdb.h stays in lmdb.cpp. Every unexpected answer of LMDB is thrown as StorageError; a key that is not there is an
// absent optional.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace daybook {

// A fault of the machine: disk full, no permission, a damaged file. Says what happened, to which file, what to do.
class StorageError : public std::runtime_error {
public:
    explicit StorageError(const std::string& what) : std::runtime_error(what) {}
};

// The disk is full, or a quota used up: nothing was written, and reading goes on.
class NoRoom : public StorageError {
public:
    explicit NoRoom(const std::string& what) : StorageError(what) {}
};

namespace lmdb {

// One named table; valid for the life of its Environment.
struct Table {
    unsigned number = 0;
};

struct Options {
    unsigned tables_max = 16;
    std::size_t map_bytes = std::size_t{1} << 40;  // address space reserved once: the file itself grows as it is written to
    bool read_only = false;
    bool durable = true;  // false: commits are not synced (views, which can be rebuilt); call sync() before relying on them
    bool keep_dead_readers = false;  // for who wants to see them
};

// A slot in the readers' table: a read transaction of some process, or one that has ended and keeps its slot.
struct Reader {
    int process = 0;
    std::optional<std::uint64_t> commit;  // whose pages it holds; nothing when it reads nothing just now
};

// Thread-safe. Open a directory at most once per process; never use one after fork().
class Environment {
public:
    // Opens or makes the environment in `directory` (mode 0700), which is made too. Clears the slots of readers that died.
    // Throws StorageError: no permission, no space, not a database, a database with other settings.
    Environment(std::filesystem::path directory, const Options& options);
    ~Environment();
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

    const std::filesystem::path& directory() const { return directory_; }
    bool read_only() const { return read_only_; }
    MDB_env* handle() const { return handle_; }
    // Bytes of the file in use, pages in free lists among them.
    std::uint64_t used_bytes() const;
    // How much address space is reserved: the file can't grow beyond it.
    std::uint64_t map_bytes() const;
    // The open data.mdb. LMDB's own: for reading alone.
    int descriptor() const;
    // The file must have all pages that count, those too that nobody has written yet: see check_before_opening. Throws
    // StorageError.
    void make_long_enough(std::uint64_t bytes);
    // Writes everything to disk. Throws StorageError.
    void sync();
    // Writes a consistent copy to `fd`, as of now, while others write; synced when it returns. `compact` leaves free pages out;
    // false is returned, and what was written is of no use, where the file has lost pages that belong to nothing, which LMDB does
    // not compact. It is a long reader. Throws StorageError.
    bool copy_to(int fd, bool compact);
    std::vector<Reader> readers() const;
    // Clears the slots of readers whose process died; returns how many.
    int clear_dead_readers();

private:
    std::filesystem::path directory_;
    MDB_env* handle_ = nullptr;
    bool read_only_ = false;
};

// A read snapshot, or the one write transaction of all processes. Used by one thread at a time.
class Transaction {
public:
    enum class Kind { read, write };
    // A write waits for other writers.
    Transaction(Environment& environment, Kind kind);
    Transaction(Transaction&& other) noexcept;  // which is of no use after that
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    MDB_txn* handle() const { return handle_; }
    Environment& environment() const { return environment_; }
    // Of the commit that a read transaction sees, or that this one will be.
    std::uint64_t number() const;
    // How many pages of the file are free, of those that were freed by the commit `since` or later.
    std::uint64_t free_pages(std::uint64_t since = 0) const;

    // Opens a table, makes it in a write transaction; nothing when it is absent in a read transaction.
    std::optional<Table> open(const char* name);

    // The names of all tables, in order.
    std::vector<std::string> table_names() const;

    // The value lies in the map: it is valid until this transaction ends or, in a write transaction, writes again.
    std::optional<std::string_view> get(Table table, std::string_view key) const;
    // Writes over what was there.
    void put(Table table, std::string_view key, std::string_view value);
    // As put, for a key greater than all in the table (std::logic_error otherwise): fills pages completely.
    void append(Table table, std::string_view key, std::string_view value);
    // Room of `size` bytes in the map, to be filled before the next call.
    char* reserve(Table table, std::string_view key, std::size_t size, bool append);
    // Whether there was such a key.
    bool erase(Table table, std::string_view key);
    void clear(Table table);
    std::uint64_t count(Table table) const;

    // Puts the free pages of the file in the order of their numbers, and a run of new ones behind them where none is long enough
    // (an eighth of those in use, 8 MiB at most). LMDB takes pages by the age of the commit that freed them: those that a commit
    // writes would lie all over the file, and a disk is slowed down by each place. The pages of the next 64 commits or so lie
    // together. `scratch`: a table of the caller's, which is left as it was. Does nothing where a quarter as many as are in use
    // are free already, or 32 MiB, or where the map is almost used up.
    void gather_free_pages(Table scratch);

    // Durable when it returns (unless the environment is not). Throws StorageError: whether the changes are on disk is then
    // not known (LMDB may have failed after writing its meta page); reopen and look before answering anybody.
    void commit();

    // For a read transaction: lets go of its snapshot, and takes a new one.
    void renew();

private:
    Environment& environment_;
    MDB_txn* handle_ = nullptr;
    Kind kind_;
};

// A place in a table. Must be gone before its transaction commits or ends.
class Cursor {
public:
    Cursor(const Transaction& transaction, Table table);
    ~Cursor();
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    // Each says whether it stands on an entry now.
    bool first();
    bool last();
    bool next();
    bool previous();
    bool seek(std::string_view key);  // the first entry with a key of at least `key`

    std::string_view key() const { return key_; }
    std::string_view value() const { return value_; }

    // As Transaction's, in a write transaction: much quicker where it stands near `key` already. It must be gone before the
    // transaction is committed. Stands on the new entry; key() and value() do not say so.
    void put(std::string_view key, std::string_view value) { put(key, value, 0); }
    void append(std::string_view key, std::string_view value);

private:
    bool move(int operation);
    void put(std::string_view key, std::string_view value, unsigned flags);
    MDB_cursor* handle_ = nullptr;
    std::string_view key_;
    std::string_view value_;
};

}  // namespace lmdb

// Keys that sort as their numbers do: big-endian.
inline void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xFF);
}
inline std::uint64_t read_big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
    return value;
}
// A signed number so that it sorts too: the sign bit is turned round.
inline std::uint64_t sortable(std::int64_t value) { return static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63); }
inline std::int64_t from_sortable(std::uint64_t value) { return static_cast<std::int64_t>(value ^ (std::uint64_t{1} << 63)); }

// A big-endian key of at most 16 bytes, without the heap.
class FixedKey {
public:
    FixedKey& add(std::uint64_t value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) data_[size_++] = static_cast<char>((value >> shift) & 0xFF);
        return *this;
    }
    operator std::string_view() const { return {data_, size_}; }

private:
    char data_[16];
    std::size_t size_ = 0;
};
inline FixedKey key_of(std::uint64_t value, int bytes) { return FixedKey().add(value, bytes); }

}  // namespace daybook
