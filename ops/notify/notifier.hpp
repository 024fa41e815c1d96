// Tells receivers what happens: a thread for each, so that one that is slow or down holds up nobody else.
//
// Of several servers on one journal only one tells anybody: who holds `outbox/lock`. When it ends, another goes on from its places.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "journal/file_lock.hpp"
#include "ops/notify/outbox.hpp"

namespace daybook {

// Thread-safe.
class Notifier {
public:
    explicit Notifier(OutboxParts parts);
    // Stops; a delivery that is under way is broken off, and made again by the next one that starts.
    ~Notifier();
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;

    // Whom to tell from here on. Threads of receivers that stay as they are go on. Call it from one thread at a time.
    void set_receivers(const std::vector<Receiver>& receivers);
    // Something was appended. Brief.
    void news();
    // Of those whose place is known; of none while another server tells them.
    std::vector<OutboxState> states() const;

private:
    struct Teller {
        Receiver receiver;
        std::unique_ptr<Outbox> outbox;  // under mutex_; none before its place was found
        std::jthread thread;
    };
    void run(Teller& teller, const std::stop_token& stop);
    bool holds_lock(std::uint64_t& news);
    // Until then, or until there is other news than `seen`.
    void wait(const std::stop_token& stop, Outbox::Clock::time_point until, std::uint64_t seen);

    const OutboxParts parts_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::uint64_t news_ = 0;                        // under mutex_
    std::unique_ptr<FileLock> lock_;                // likewise
    bool told_of_lock_ = false;                     // likewise
    std::vector<std::unique_ptr<Teller>> tellers_;  // likewise
};

}  // namespace daybook
