#include "ops/jobs/schedule.hpp"

#include <algorithm>

#include "ops/whole_number.hpp"

namespace daybook {
namespace {

struct Bounds {
    std::uint64_t least, most;
};
constexpr Bounds bounds[] = {{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}};

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> parts{""};
    for (const char c : text) {
        if (c == at) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

bool add_part(std::bitset<60>& field, const std::string& part, const Bounds& allowed) {
    const auto steps = split(part, '/');
    const auto ends = split(steps[0], '-');
    const auto step = steps.size() == 1 ? std::optional<std::uint64_t>(1) : whole_number(steps[1]);
    if (steps.size() > 2 || ends.size() > 2 || !step || *step == 0 || *step > allowed.most) return false;
    std::optional<std::uint64_t> first = allowed.least;
    std::optional<std::uint64_t> last = allowed.most;
    if (ends[0] != "*") {
        first = whole_number(ends[0]);
        last = ends.size() == 2 ? whole_number(ends[1]) : first;
    } else if (ends.size() == 2) {
        return false;
    }
    if (!first || !last || *first < allowed.least || *last > allowed.most || *first > *last) return false;
    for (std::uint64_t value = *first; value <= *last; value += *step) field.set(value);
    return true;
}

}  // namespace

std::optional<Schedule> Schedule::parse(std::string_view text) {
    const auto words = split(text, ' ');
    Schedule schedule;
    if (words.size() != schedule.fields_.size()) return std::nullopt;
    schedule.text_ = text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        for (const std::string& part : split(words[i], ',')) {
            if (!add_part(schedule.fields_[i], part, bounds[i])) return std::nullopt;
        }
    }
    schedule.any_day_ = words[2].starts_with('*');
    schedule.any_weekday_ = words[4].starts_with('*');
    if (schedule.fields_[4].test(7)) schedule.fields_[4].set(0);
    return schedule;
}

// Where both days are given, one of them is enough, as cron has it; one that begins with `*`, such as */2, is not given.
bool Schedule::matches(Time minute) const {
    using namespace std::chrono;
    const auto day = floor<days>(minute);
    const year_month_day date(day);
    const auto in_day = floor<minutes>(minute - day).count();
    const auto of = [&](std::size_t field, auto value) { return fields_[field].test(static_cast<std::size_t>(value)); };
    if (!of(0, in_day % 60) || !of(1, in_day / 60) || !of(3, static_cast<unsigned>(date.month()))) return false;
    const bool by_day = of(2, static_cast<unsigned>(date.day()));
    const bool by_weekday = of(4, weekday(day).c_encoding());
    return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

std::vector<Time> Schedule::between(Time from, Time to, std::size_t limit) const {
    std::vector<Time> found;
    const Time earliest = std::max(from, to - std::chrono::days(366));
    for (Time minute = std::chrono::floor<std::chrono::minutes>(to); minute > earliest && found.size() < limit;
         minute -= std::chrono::minutes(1)) {
        if (matches(minute)) found.push_back(minute);
    }
    std::reverse(found.begin(), found.end());
    return found;
}

}  // namespace daybook
