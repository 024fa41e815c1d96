// The journal's events in chunks, read and decoded ahead on a thread of their own, while those before them are folded.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "journal/journal.hpp"
#include "journal/payload.hpp"
#include "projections/projection.hpp"

namespace daybook {

// Used by one thread.
class EventFeed {
public:
    // Records that follow one another, and the view in which they lie; both are valid as long as the chunk is.
    struct Chunk {
        struct Decoded {
            std::size_t place = 0;  // in `records`
            Payload payload;
        };
        Snapshot snapshot;
        std::vector<RecordView> records;
        std::vector<Decoded> decoded;                // by place: payloads that were asked for and could be had
        std::vector<std::string_view> fingerprints;  // of each record, as ProjectedEvent has it; empty where it was not asked for
    };
    using UseOf = std::function<PayloadUse(EventType)>;

    // The events from `from` on, `count` of them. Starts no thread where one chunk holds them all. `journal` outlives it.
    EventFeed(const Journal& journal, Sequence from, std::uint64_t count, const UseOf& use_of);
    // Does not wait for what was not asked for.
    ~EventFeed();
    EventFeed(const EventFeed&) = delete;
    EventFeed& operator=(const EventFeed&) = delete;

    // Nothing at the end. Throws StorageError: a record is missing or damaged.
    std::unique_ptr<Chunk> next();
    // Of the event that `next` gives first.
    Sequence next_sequence() const { return next_sequence_; }

    static constexpr std::uint64_t chunk_events = 4096;

private:
    std::unique_ptr<Chunk> read(Sequence from, std::uint64_t count) const;
    void read_ahead();
    std::unique_ptr<Chunk> take();

    static constexpr std::size_t chunks_waiting_max = 4;

    const Journal& journal_;
    std::array<PayloadUse, event_type_count + 1> uses_{};  // by type
    Sequence next_sequence_;
    Sequence end_;  // the first that is not part of it

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::unique_ptr<Chunk>> waiting_;
    std::exception_ptr failure_;
    bool stopped_ = false;
    std::thread reading_;
};

}  // namespace daybook
