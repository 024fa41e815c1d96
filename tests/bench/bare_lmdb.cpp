#include "tests/bench/bare_lmdb.hpp"

#include <stdexcept>
#include <string>

#include "journal/lmdb.hpp"

namespace daybook::bench {

void demand(int code) {
    if (code != 0) throw std::runtime_error(mdb_strerror(code));
}

BareLog::BareLog(const std::filesystem::path& directory) {
    std::filesystem::create_directories(directory);
    demand(mdb_env_create(&environment_));
    demand(mdb_env_set_maxdbs(environment_, 2));
    demand(mdb_env_set_mapsize(environment_, std::size_t{1} << 36));
    demand(mdb_env_open(environment_, directory.c_str(), 0, 0600));
    MDB_txn* transaction = nullptr;
    demand(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    demand(mdb_dbi_open(transaction, "log", MDB_CREATE, &log_));
    demand(mdb_dbi_open(transaction, "index", MDB_CREATE, &index_));
    demand(mdb_txn_commit(transaction));
}

BareLog::~BareLog() { mdb_env_close(environment_); }

void BareLog::append(std::string_view stream, std::string_view bytes) {
    Waiting waiting{{stream, bytes}};
    std::unique_lock lock(mutex_);
    queue_.push_back(&waiting);
    while (!waiting.done) {
        changed_.wait(lock, [&] { return waiting.done || !writing_; });
        if (waiting.done) return;
        const std::vector<Waiting*> group(queue_.begin(), queue_.end());
        queue_.clear();
        writing_ = true;
        lock.unlock();
        write_group(group);
        lock.lock();
        writing_ = false;
        for (Waiting* one : group) one->done = true;
        changed_.notify_all();
    }
}

void BareLog::write_group(std::span<Waiting* const> group) {
    MDB_txn* transaction = nullptr;
    demand(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    for (const Waiting* one : group) write(transaction, one->event);
    demand(mdb_txn_commit(transaction));
}

void BareLog::append_all(std::span<const Event> events) {
    MDB_txn* transaction = nullptr;
    demand(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    for (const Event& event : events) write(transaction, event);
    demand(mdb_txn_commit(transaction));
}

void BareLog::write(MDB_txn* transaction, const Event& event) {
    const FixedKey sequence = key_of(++sequence_, 8);
    MDB_val key = value_of(sequence);
    MDB_val value = value_of(event.bytes);
    demand(mdb_put(transaction, log_, &key, &value, MDB_APPEND));
    std::string place(event.stream);
    place += std::string_view(sequence);
    key = value_of(place);
    value = value_of("");
    demand(mdb_put(transaction, index_, &key, &value, 0));
}

std::uint64_t BareLog::read_stream(std::string_view stream, std::uint64_t count, std::string& out) {
    MDB_txn* transaction = nullptr;
    demand(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &transaction));
    MDB_cursor* cursor = nullptr;
    demand(mdb_cursor_open(transaction, index_, &cursor));
    out.clear();
    std::uint64_t found = 0;
    MDB_val place = value_of(stream), value;
    for (int code = mdb_cursor_get(cursor, &place, &value, MDB_SET_RANGE);
         code == 0 && found < count && view_of(place).starts_with(stream);
         code = mdb_cursor_get(cursor, &place, &value, MDB_NEXT)) {
        MDB_val key = value_of(view_of(place).substr(stream.size()));
        demand(mdb_get(transaction, log_, &key, &value));
        out += view_of(value);
        ++found;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(transaction);
    return found;
}

std::uint64_t BareLog::read_all() {
    MDB_txn* transaction = nullptr;
    demand(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &transaction));
    MDB_cursor* cursor = nullptr;
    demand(mdb_cursor_open(transaction, log_, &cursor));
    std::uint64_t found = 0, sum = 0;
    MDB_val key, value;
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        for (const char byte : view_of(value)) sum += static_cast<unsigned char>(byte);
        ++found;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(transaction);
    demand(sum == 0 && found != 0 ? MDB_CORRUPTED : MDB_SUCCESS);
    return found;
}

}  // namespace daybook::bench
