// ISO 8601 weeks, which the weekly reports are named by: `2026-08`, Monday 00:00 UTC to the next.
//
// A week belongs to the year that its Thursday lies in: 2027-01-01 lies in 2026-53.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "journal/time.hpp"

namespace daybook {

struct IsoWeek {
    int year = 1;
    int week = 1;  // 1 to 52 or 53

    auto operator<=>(const IsoWeek&) const = default;

    Time from() const;  // its Monday
    Time to() const;    // the next Monday, which is not part of it
    IsoWeek next() const;
    IsoWeek previous() const;
};

// First to last, both part of it.
struct IsoWeekRange {
    IsoWeek first;
    IsoWeek last;
    bool operator==(const IsoWeekRange&) const = default;
};

// How many weeks that year has.
int iso_weeks_in(int year);
IsoWeek iso_week_of(Time time);
// The newest week that has ended at `now`.
inline IsoWeek last_complete_week(Time now) { return iso_week_of(now).previous(); }

// Reads `YYYY-WW`; nothing for any other text, and for a week that does not exist. Years 0001–9998, so that the end of each
// week can be written as a time.
std::optional<IsoWeek> parse_iso_week(std::string_view text);
std::string format_iso_week(IsoWeek week);

// Reads `YYYY-WW..YYYY-WW`, or one week, which is then first and last; nothing where the last is before the first.
std::optional<IsoWeekRange> parse_iso_week_range(std::string_view text);

}  // namespace daybook
