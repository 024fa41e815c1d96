// Ids and randomness: UUIDv7 for events, inc_… for incidents, fu_… for follow-ups, art_… for artifacts.
//
// Randomness comes in as an argument, so that a test can repeat a run from a seed. Ids start with the time, so that what
// is made together lies together in every index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "journal/record.hpp"
#include "journal/time.hpp"

namespace daybook {

// A source of bytes.
class Entropy {
public:
    virtual ~Entropy() = default;
    virtual void fill(void* to, std::size_t size) = 0;
};

// OpenSSL's generator, seeded by the operating system (NIST SP 800-90A): bytes nobody can guess, since salts hide short secrets
// after a redaction. Thread-safe. A process that forks must not go on with it in both halves.
class SystemEntropy final : public Entropy {
public:
    void fill(void* to, std::size_t size) override;
};

// Repeatable bytes from a seed: for tests and generated data only. Thread-safe; threads share the one sequence.
class SeededEntropy final : public Entropy {
public:
    explicit SeededEntropy(std::uint64_t seed) : state_(seed) {}
    void fill(void* to, std::size_t size) override;

private:
    std::uint64_t state_;
};

// RFC 9562 section 5.7: 48 bits of Unix milliseconds, then random bits.
Uuid make_uuid7(Time time, Entropy& entropy);
// The milliseconds of a UUIDv7, or nothing where `uuid` is of another version.
std::optional<std::int64_t> uuid7_millis(const Uuid& uuid);

// inc_YYYYMMDD_HHMM_<rand>: the minute in which the incident started, and 10 random characters of [a-z0-9].
std::string make_incident_id(Time started_at, Entropy& entropy);
// `prefix` and 16 characters of [0-9a-v], of which the first 9 are the time, in milliseconds.
std::string make_short_id(const char* prefix, Time time, Entropy& entropy);

}  // namespace daybook
