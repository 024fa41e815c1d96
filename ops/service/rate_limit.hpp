// How often an agent may ask: a token bucket for each, which holds two seconds' worth.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace daybook {

// Thread-safe. Memory is bounded: of agents that ask for nothing, nothing is kept.
class RateLimit {
public:
    using Clock = std::chrono::steady_clock;
    // 0: no limit.
    explicit RateLimit(double per_second) : per_second_(per_second) {}

    // Whether `agent` may ask now; counts it then.
    bool take(std::string_view agent, Clock::time_point now);

private:
    struct Bucket {
        double tokens = 0;
        Clock::time_point filled{};
    };
    void drop_full(Clock::time_point now);

    static constexpr std::size_t agents_max = 10'000;
    double per_second_;
    std::mutex mutex_;
    std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace daybook
