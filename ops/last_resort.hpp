// Ends a process whose orderly end takes too long, as one that waits for a lock that another process holds, or for a name that is
// being looked up. What was acknowledged is on disk, and exports and outboxes go on from where they were, as after kill -9.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace daybook {

// Thread-safe. It is there while the end may take its time; when it goes, the end came in time.
class LastResort {
public:
    // `last_words` is called before the process ends with exit status 1.
    LastResort(std::chrono::milliseconds patience, std::function<void()> last_words);
    LastResort(const LastResort&) = delete;
    LastResort& operator=(const LastResort&) = delete;

    // The end begins now. Brief.
    void begin();

private:
    void wait(const std::stop_token& stop);

    const std::chrono::milliseconds patience_;
    const std::function<void()> last_words_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool begun_ = false;    // under mutex_
    std::jthread waiting_;  // the last member: it stops first
};

}  // namespace daybook
