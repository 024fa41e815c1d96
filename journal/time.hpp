// Time in daybook: UTC, microseconds, RFC 3339 text with a `Z`.
//
// Only ops/ reads the clock; everything below it is given its times.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daybook {

using Microseconds = std::chrono::microseconds;
using Time = std::chrono::sys_time<Microseconds>;

inline std::int64_t to_micros(Time time) { return time.time_since_epoch().count(); }
inline Time from_micros(std::int64_t micros) { return Time(Microseconds(micros)); }

// Reads RFC 3339 (section 5.6) with any offset, and normalises it to UTC. Finer fractions are cut to microseconds;
// a leap second (:60) is read as the second after. Nothing for any other text: no offset, no such day,
// a year outside 0001–9999 after normalising.
std::optional<Time> parse_time(std::string_view text);

// Writes `2026-02-23T10:00:00Z`; six digits of fraction unless it is zero. `time` lies in years 0001–9999.
std::string format_time(Time time);
void append_time(std::string& out, Time time);

// Reads a bare date, `2026-02-23`, as its first moment.
std::optional<Time> parse_date(std::string_view text);

}  // namespace daybook
