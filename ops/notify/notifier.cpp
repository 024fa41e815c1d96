#include "ops/notify/notifier.hpp"

#include <algorithm>

namespace daybook {

Notifier::Notifier(OutboxParts parts) : parts_(std::move(parts)) {}

Notifier::~Notifier() { set_receivers({}); }

void Notifier::set_receivers(const std::vector<Receiver>& receivers) {
    std::vector<std::unique_ptr<Teller>> gone;
    {
        const std::lock_guard lock(mutex_);
        for (auto& teller : tellers_) {
            if (std::find(receivers.begin(), receivers.end(), teller->receiver) == receivers.end())
                gone.push_back(std::move(teller));
        }
        std::erase(tellers_, nullptr);
    }
    for (const auto& teller : gone) teller->thread.request_stop();
    gone.clear();  // waits for their threads: a receiver that was changed must not have two
    const std::lock_guard lock(mutex_);
    for (const Receiver& receiver : receivers) {
        const auto same = [&](const auto& teller) { return teller->receiver == receiver; };
        if (std::any_of(tellers_.begin(), tellers_.end(), same)) continue;
        tellers_.push_back(std::make_unique<Teller>());
        Teller& teller = *tellers_.back();
        teller.receiver = receiver;
        teller.thread = std::jthread([this, &teller](const std::stop_token& stop) { run(teller, stop); });
    }
}

void Notifier::news() {
    {
        const std::lock_guard lock(mutex_);
        ++news_;
    }
    changed_.notify_all();
}

std::vector<OutboxState> Notifier::states() const {
    std::vector<OutboxState> states;
    const std::lock_guard lock(mutex_);
    for (const auto& teller : tellers_) {
        if (teller->outbox) states.push_back(teller->outbox->state());
    }
    return states;
}

void Notifier::run(Teller& teller, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        auto until = Outbox::Clock::now() + std::chrono::seconds(5);  // after a failure, or while another server tells
        std::uint64_t seen = 0;
        try {
            if (holds_lock(seen)) {
                if (!teller.outbox) {
                    auto outbox = std::make_unique<Outbox>(parts_, teller.receiver);
                    const std::lock_guard lock(mutex_);
                    teller.outbox = std::move(outbox);
                }
                const auto next = teller.outbox->step(stop);
                if (!next) continue;
                until = *next;
            }
        } catch (const std::exception& error) {
            parts_.say(MessageKind::error, "receiver " + teller.receiver.name + ": " + error.what());
        }
        wait(stop, until, seen);
    }
}

bool Notifier::holds_lock(std::uint64_t& news) {
    const std::lock_guard lock(mutex_);
    news = news_;
    if (lock_) return true;
    std::filesystem::create_directories(parts_.directory);
    lock_ = FileLock::try_take(parts_.directory / "lock");
    if (!lock_ && !std::exchange(told_of_lock_, true)) {
        parts_.say(MessageKind::notice, "another server tells the receivers of this journal; this one does when that ends");
    }
    return lock_ != nullptr;
}

void Notifier::wait(const std::stop_token& stop, Outbox::Clock::time_point until, std::uint64_t seen) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, until, [&] { return news_ != seen; });
}

}  // namespace daybook
