#include "projections/iso_week.hpp"

namespace daybook {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::weekday;
using std::chrono::weeks;
using std::chrono::year;
using std::chrono::year_month_day;

sys_days monday_of(sys_days day) { return day - (weekday(day) - std::chrono::Monday); }

// 4 January always lies in week 1.
sys_days first_monday(int year_number) { return monday_of(year(year_number) / 1 / 4); }

int digits(std::string_view text) {
    int value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

std::string padded(int value, std::size_t width) {
    const std::string text = std::to_string(value);
    return std::string(text.size() < width ? width - text.size() : 0, '0') + text;
}

}  // namespace

Time IsoWeek::from() const { return first_monday(year) + weeks(week - 1); }
Time IsoWeek::to() const { return from() + weeks(1); }
IsoWeek IsoWeek::next() const { return iso_week_of(to()); }
IsoWeek IsoWeek::previous() const { return iso_week_of(from() - days(1)); }

int iso_weeks_in(int year_number) {
    return static_cast<int>(std::chrono::floor<weeks>(first_monday(year_number + 1) - first_monday(year_number)).count());
}

IsoWeek iso_week_of(Time time) {
    const sys_days monday = monday_of(std::chrono::floor<days>(time));
    const sys_days thursday = monday + days(3);
    const int year_number = static_cast<int>(year_month_day(thursday).year());
    return {year_number, static_cast<int>((monday - first_monday(year_number)).count()) / 7 + 1};
}

std::optional<IsoWeek> parse_iso_week(std::string_view text) {
    if (text.size() != 7 || text[4] != '-') return std::nullopt;
    const int year_number = digits(text.substr(0, 4));
    const int week = digits(text.substr(5));
    if (year_number < 1 || year_number > 9998 || week < 1 || week > iso_weeks_in(year_number)) return std::nullopt;
    return IsoWeek{year_number, week};
}

std::string format_iso_week(IsoWeek week) { return padded(week.year, 4) + "-" + padded(week.week, 2); }

std::optional<IsoWeekRange> parse_iso_week_range(std::string_view text) {
    const std::size_t dots = text.find("..");
    const auto first = parse_iso_week(text.substr(0, dots));
    const auto last = dots == std::string_view::npos ? first : parse_iso_week(text.substr(dots + 2));
    if (!first || !last || *last < *first) return std::nullopt;
    return IsoWeekRange{*first, *last};
}

}  // namespace daybook
