// LMDB without daybook: what its limits are. A log with one index, committed in groups as daybook does it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include <lmdb.h>

namespace daybook::bench {

// Throws where LMDB says no.
void demand(int code);

inline MDB_val value_of(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
inline std::string_view view_of(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

// Thread-safe.
class BareLog {
public:
    explicit BareLog(const std::filesystem::path& directory);
    ~BareLog();
    BareLog(const BareLog&) = delete;
    BareLog& operator=(const BareLog&) = delete;

    struct Event {
        std::string_view stream, bytes;
    };
    // Durable when it returns; callers that wait at the same time share a sync.
    void append(std::string_view stream, std::string_view bytes);
    // With one sync. Not while others append.
    void append_all(std::span<const Event> events);

    // Copies the first `count` events of a stream; how many there are.
    std::uint64_t read_stream(std::string_view stream, std::uint64_t count, std::string& out);
    // Looks at every byte of every event; how many there are.
    std::uint64_t read_all();

private:
    struct Waiting {
        Event event;
        bool done = false;
    };
    void write_group(std::span<Waiting* const> group);
    void write(MDB_txn* transaction, const Event& event);

    MDB_env* environment_ = nullptr;
    MDB_dbi log_ = 0, index_ = 0;
    std::uint64_t sequence_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Waiting*> queue_;
    bool writing_ = false;
};

}  // namespace daybook::bench
