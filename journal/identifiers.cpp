#include "journal/identifiers.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <stdexcept>

#include <openssl/rand.h>
#include <pthread.h>

namespace daybook {
namespace {

// Random bytes that were fetched ahead. After a fork the child must not hand out what its parent does.
thread_local std::array<char, 4096> pool;
thread_local std::size_t left = 0;
[[maybe_unused]] const int forgets_after_fork = ::pthread_atfork(nullptr, nullptr, [] { left = 0; });

}  // namespace

void SystemEntropy::fill(void* to, std::size_t size) {
    // Asking for each salt would cost as much as hashing it; asking for 4 KiB does not.
    auto* out = static_cast<char*>(to);
    while (size > 0) {
        if (left == 0) {
            if (RAND_bytes(reinterpret_cast<unsigned char*>(pool.data()), static_cast<int>(pool.size())) != 1) {
                throw std::runtime_error("no random numbers: the system's generator failed");
            }
            left = pool.size();
        }
        const std::size_t piece = std::min(size, left);
        char* from = pool.data() + (pool.size() - left);
        std::memcpy(out, from, piece);
        std::memset(from, 0, piece);  // what was handed out is not kept
        out += piece;
        left -= piece;
        size -= piece;
    }
}

void SeededEntropy::fill(void* to, std::size_t size) {
    auto* out = static_cast<unsigned char*>(to);
    while (size > 0) {
        // SplitMix64 (Steele, Lea, Flood 2014).
        constexpr std::uint64_t step = 0x9E3779B97F4A7C15ULL;
        std::uint64_t z = std::atomic_ref(state_).fetch_add(step, std::memory_order_relaxed) + step;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        z ^= z >> 31;
        const std::size_t piece = std::min<std::size_t>(size, sizeof z);
        std::memcpy(out, &z, piece);
        out += piece;
        size -= piece;
    }
}

Uuid make_uuid7(Time time, Entropy& entropy) {
    Uuid uuid;
    entropy.fill(uuid.data(), uuid.size());
    const auto millis = static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count());
    for (int i = 0; i < 6; ++i) uuid[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
    uuid[6] = static_cast<std::uint8_t>(0x70 | (uuid[6] & 0x0F));
    uuid[8] = static_cast<std::uint8_t>(0x80 | (uuid[8] & 0x3F));
    return uuid;
}

std::optional<std::int64_t> uuid7_millis(const Uuid& uuid) {
    if (uuid[6] >> 4 != 7) return std::nullopt;
    std::int64_t millis = 0;
    for (std::size_t i = 0; i < 6; ++i) millis = millis << 8 | uuid[i];
    return millis;
}

std::string make_incident_id(Time started_at, Entropy& entropy) {
    static constexpr char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    const std::string time = format_time(started_at);  // 2026-02-23T10:00:00Z
    std::string id =
        "inc_" + time.substr(0, 4) + time.substr(5, 2) + time.substr(8, 2) + '_' + time.substr(11, 2) + time.substr(14, 2) + '_';
    std::uint64_t random = 0;
    entropy.fill(&random, sizeof random);
    for (int i = 0; i < 10; ++i) {
        id += alphabet[random % 36];
        random /= 36;
    }
    return id;
}

std::string make_short_id(const char* prefix, Time time, Entropy& entropy) {
    static constexpr char alphabet[] = "0123456789abcdefghijklmnopqrstuv";
    std::string id = prefix;
    const auto millis = static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count());
    for (int shift = 40; shift >= 0; shift -= 5) id += alphabet[(millis >> shift) & 31];
    std::uint64_t random = 0;
    entropy.fill(&random, sizeof random);
    for (int i = 0; i < 7; ++i) {
        id += alphabet[random & 31];
        random >>= 5;
    }
    return id;
}

}  // namespace daybook
