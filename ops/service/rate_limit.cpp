#include "ops/service/rate_limit.hpp"

#include <algorithm>

namespace daybook {
namespace {

constexpr double seconds_held = 2;

double seconds_between(RateLimit::Clock::time_point from, RateLimit::Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

}  // namespace

bool RateLimit::take(std::string_view agent, Clock::time_point now) {
    if (per_second_ <= 0) return true;
    const std::lock_guard lock(mutex_);
    auto found = buckets_.find(agent);
    if (found == buckets_.end()) {
        if (buckets_.size() >= agents_max) drop_full(now);
        if (buckets_.size() >= agents_max) return false;
        found = buckets_.emplace(agent, Bucket{per_second_ * seconds_held, now}).first;
    }
    Bucket& bucket = found->second;
    bucket.tokens = std::min(per_second_ * seconds_held, bucket.tokens + per_second_ * seconds_between(bucket.filled, now));
    bucket.filled = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
}

void RateLimit::drop_full(Clock::time_point now) {
    std::erase_if(buckets_, [&](const auto& entry) { return seconds_between(entry.second.filled, now) >= seconds_held; });
}

}  // namespace daybook
