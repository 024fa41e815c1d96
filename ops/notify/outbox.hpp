// The webhooks that go to one receiver: what happened since its place in the journal, in the order of seq.
//
// Three things go on beside each other, each in its own order:
//   - the journal, event by event;
//   - incidents that are held: the receiver answered, and refused an event. That incident waits and is tried again; others go on;
//   - follow-ups that became overdue.
// A receiver that does not answer, or says that it is overloaded, is left alone for a while: then nothing goes to it. Waits grow
// from 1 s to 5 min. The place is on disk before the next delivery begins, so a crash repeats the last one at most.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "ops/messages.hpp"
#include "ops/notify/notification.hpp"
#include "ops/notify/outbox_place.hpp"
#include "ops/notify/outbox_state.hpp"
#include "ops/tools/shared_views.hpp"

namespace daybook {

// What outboxes work with; all outlive them.
struct OutboxParts {
    const Journal& journal;
    SharedViews& views;
    std::filesystem::path directory;  // of their places
    std::function<Time()> clock;      // the real one
    std::function<void(MessageKind, std::string_view)> say;
};

// One thread calls all but state().
class Outbox {
public:
    using Clock = std::chrono::steady_clock;

    // A receiver without a place begins behind the newest event, and so does one whose place is of another journal.
    // Throws StorageError, as does all below.
    Outbox(const OutboxParts& parts, Receiver receiver);

    // Makes the next delivery that is due, if there is one; answers when the next may be: at once, or not before that time unless
    // something is appended.
    std::optional<Clock::time_point> step(const std::stop_token& stop);
    // Thread-safe.
    OutboxState state() const;
    const Receiver& receiver() const { return receiver_; }

private:
    enum class Lane { journal, held, overdue };
    struct Delivery {
        Lane lane = Lane::journal;
        std::uint64_t sequence = 0;  // of its event; 0 for an overdue follow-up
        Notification notification;
    };
    // When something that failed is tried again.
    struct Retry {
        unsigned failures = 0;
        Clock::time_point at{};
        void again(Clock::time_point now, std::optional<std::chrono::seconds> at_least);
    };

    struct Overdue {
        std::pair<Time, std::string> place;  // as OutboxPlace::overdue
        Time since{};                        // it is overdue
        Notification notification;
    };

    std::filesystem::path file() const { return parts_.directory / (receiver_.name + ".json"); }
    void find_place();
    std::optional<Delivery> next(Clock::time_point now);
    std::optional<Delivery> next_in_journal();
    std::optional<Delivery> next_held(Clock::time_point now);
    std::optional<Delivery> first_waiting(const std::string& incident, std::uint64_t from);
    std::optional<Delivery> next_overdue(Clock::time_point now);
    void look_for_overdue(Time now);
    bool still_overdue(const Overdue& found);
    bool too_late(const Notification& notification) const;
    void settle(const Delivery& delivery, const HttpReply& reply, Clock::time_point now);
    void advance(const Delivery& delivery);
    void hold(const Delivery& delivery, Clock::time_point now);
    void go_on_in(const Delivery& delivery);
    void give_up(const Delivery& delivery);
    void remember();
    void say(MessageKind kind, const std::string& text) const { parts_.say(kind, "receiver " + receiver_.name + ": " + text); }
    void count(const std::function<void(OutboxState&)>& change);

    const OutboxParts parts_;
    const Receiver receiver_;
    OutboxPlace place_, written_;
    Retry receiver_retry_, overdue_retry_;
    std::map<std::string, Retry, std::less<>> held_retries_;
    std::deque<Overdue> overdue_;                // found and not told yet, in their order
    std::uint64_t looked_at_size_ = UINT64_MAX;  // of the journal, when follow-ups were looked at
    Time next_due_{};                            // when the next one falls due, as it was then
    Clock::time_point next_look_{};

    mutable std::mutex mutex_;
    OutboxState state_;  // under mutex_
};

}  // namespace daybook
