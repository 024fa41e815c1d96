#include "replay/event_feed.hpp"

#include <algorithm>
#include <utility>

#include "journal/json.hpp"
#include "journal/redaction.hpp"
#include "projections/canonical_walk.hpp"

namespace daybook {

EventFeed::EventFeed(const Journal& journal, Sequence from, std::uint64_t count, const UseOf& use_of)
    : journal_(journal), next_sequence_(from), end_{from.value + count} {
    for (std::size_t type = 1; type < uses_.size(); ++type) uses_[type] = use_of(static_cast<EventType>(type));
    if (count > chunk_events) reading_ = std::thread([this] { read_ahead(); });
}

EventFeed::~EventFeed() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    changed_.notify_all();
    if (reading_.joinable()) reading_.join();
}

std::unique_ptr<EventFeed::Chunk> EventFeed::next() {
    if (next_sequence_ >= end_) return nullptr;
    auto chunk = reading_.joinable() ? take() : read(next_sequence_, end_.value - next_sequence_.value);
    next_sequence_ = chunk->records.back().sequence().next();
    return chunk;
}

namespace {

// To be found here keeps the folding thread away from payloads, which lie far apart.
std::string_view fingerprint_of(const RecordView& record) {
    const auto place = find_member(record.payload(), "fingerprint");
    return place ? record.payload().substr(place->value, place->end - place->value) : std::string_view();
}

}  // namespace

std::unique_ptr<EventFeed::Chunk> EventFeed::read(Sequence from, std::uint64_t count) const {
    auto chunk = std::unique_ptr<Chunk>(new Chunk{journal_.snapshot(), {}, {}, {}});
    chunk->records.reserve(count);
    chunk->fingerprints.reserve(count);
    PayloadDecoder decoder;
    const Sequence next = chunk->snapshot->scan(from, count, [&](const RecordView& record) {
        check_known(*chunk->snapshot, record);
        const PayloadUse use = uses_[static_cast<std::size_t>(record.type())];
        if (use == PayloadUse::whole) {
            // What cannot be decoded is tried again by the fold that wants it, which reports why.
            if (auto payload = decoder.decode_apart(record, *chunk->snapshot))
                chunk->decoded.push_back({chunk->records.size(), std::move(*payload)});
        }
        chunk->fingerprints.push_back(use == PayloadUse::fingerprint ? fingerprint_of(record) : std::string_view());
        chunk->records.push_back(record);
        return true;
    });
    if (next.value != from.value + count) {
        throw StorageError("event " + std::to_string(next.value) + " is missing: run `daybook verify`, then restore a backup");
    }
    return chunk;
}

void EventFeed::read_ahead() {
    try {
        for (Sequence from = next_sequence_; from < end_;) {
            const std::uint64_t count = std::min(chunk_events, end_.value - from.value);
            auto chunk = read(from, count);
            from.value += count;
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return stopped_ || waiting_.size() < chunks_waiting_max; });
            if (stopped_) return;
            waiting_.push_back(std::move(chunk));
            changed_.notify_all();
        }
    } catch (...) {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
        changed_.notify_all();
    }
}

std::unique_ptr<EventFeed::Chunk> EventFeed::take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || !waiting_.empty(); });
    if (waiting_.empty()) std::rethrow_exception(failure_);
    auto chunk = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return chunk;
}

}  // namespace daybook
