#include "ops/last_resort.hpp"

#include <utility>

#include <unistd.h>

namespace daybook {

LastResort::LastResort(std::chrono::milliseconds patience, std::function<void()> last_words)
    : patience_(patience), last_words_(std::move(last_words)), waiting_([this](const std::stop_token& stop) { wait(stop); }) {}

void LastResort::begin() {
    {
        const std::lock_guard lock(mutex_);
        begun_ = true;
    }
    changed_.notify_all();
}

void LastResort::wait(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return begun_; })) return;
    changed_.wait_for(lock, stop, patience_, [] { return false; });
    if (stop.stop_requested()) return;
    last_words_();
    ::_exit(1);
}

}  // namespace daybook
