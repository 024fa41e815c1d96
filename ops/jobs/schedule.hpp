// A schedule as crontab(5) has it: minute, hour, day of month, month, day of week (0 and 7: Sunday), in UTC. Numbers, `*`, lists,
// ranges and steps; no names.
#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/time.hpp"

namespace daybook {

class Schedule {
public:
    static std::optional<Schedule> parse(std::string_view text);

    const std::string& text() const { return text_; }
    bool matches(Time minute) const;
    // The minutes after `from`, up to `to`, ascending: the newest `limit` of them. Looks back a year at most.
    std::vector<Time> between(Time from, Time to, std::size_t limit) const;

private:
    std::string text_;
    std::array<std::bitset<60>, 5> fields_;
    bool any_day_ = false, any_weekday_ = false;
};

}  // namespace daybook
