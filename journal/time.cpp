#include "journal/time.hpp"

namespace daybook {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::month;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

// Takes digits from the front of a text; remembers the first thing that did not fit.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    int digits(std::size_t count) {
        int value = 0;
        if (rest_.size() < count) {
            good_ = false;
            return 0;
        }
        for (std::size_t i = 0; i < count; ++i) {
            const char c = rest_[i];
            if (c < '0' || c > '9') good_ = false;
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(count);
        return value;
    }
    bool next_is(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!next_is(c)) good_ = false;
    }
    void expect_either(char a, char b) {
        if (!next_is(a) && !next_is(b)) good_ = false;
    }
    bool digit_follows() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
    bool good() const { return good_; }
    bool finished() const { return good_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool good_ = true;
};

std::optional<sys_days> scan_date(Scanner& scan) {
    const int y = scan.digits(4);
    scan.expect('-');
    const int m = scan.digits(2);
    scan.expect('-');
    const int d = scan.digits(2);
    if (!scan.good()) return std::nullopt;
    const year_month_day date{year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d))};
    if (y < 1 || !date.ok()) return std::nullopt;
    return sys_days(date);
}

Microseconds scan_fraction(Scanner& scan) {
    std::int64_t micros = 0;
    int taken = 0;
    if (!scan.digit_follows()) scan.expect('0');  // a point wants a digit
    while (scan.digit_follows()) {
        const int digit = scan.digits(1);
        if (taken < 6) {
            micros = micros * 10 + digit;
            ++taken;
        }
    }
    for (; taken < 6; ++taken) micros *= 10;
    return Microseconds(micros);
}

// Writes `width` digits; returns the place after them.
char* put_digits(char* to, unsigned value, int width) {
    for (int i = width - 1; i >= 0; --i) {
        to[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    return to + width;
}

const Time earliest = Time(sys_days(year(1) / 1 / 1));
const Time after_latest = Time(sys_days(year(10000) / 1 / 1));

}  // namespace

std::optional<Time> parse_time(std::string_view text) {
    Scanner scan(text);
    const auto date = scan_date(scan);
    if (!date) return std::nullopt;
    scan.expect_either('T', 't');
    const int h = scan.digits(2);
    scan.expect(':');
    const int m = scan.digits(2);
    scan.expect(':');
    const int s = scan.digits(2);
    Microseconds fraction{0};
    if (scan.next_is('.')) fraction = scan_fraction(scan);
    if (!scan.good() || h > 23 || m > 59 || s > 60) return std::nullopt;

    minutes offset{0};
    if (!scan.next_is('Z') && !scan.next_is('z')) {
        const bool west = scan.next_is('-');
        if (!west) scan.expect('+');
        const int offset_hours = scan.digits(2);
        scan.expect(':');
        const int offset_minutes = scan.digits(2);
        if (!scan.good() || offset_hours > 23 || offset_minutes > 59) return std::nullopt;
        offset = hours(offset_hours) + minutes(offset_minutes);
        if (west) offset = -offset;
    }
    if (!scan.finished()) return std::nullopt;
    const Time time = Time(*date) + hours(h) + minutes(m) + seconds(s) + fraction - offset;
    if (time < earliest || time >= after_latest) return std::nullopt;
    return time;
}

std::optional<Time> parse_date(std::string_view text) {
    Scanner scan(text);
    const auto date = scan_date(scan);
    if (!date || !scan.finished()) return std::nullopt;
    return Time(*date);
}

void append_time(std::string& out, Time time) {
    const sys_days date = std::chrono::floor<days>(time);
    const year_month_day calendar(date);
    const auto since_midnight = time - Time(date);
    const auto total_seconds = std::chrono::floor<seconds>(since_midnight);
    const auto micros = (since_midnight - total_seconds).count();
    const auto s = static_cast<unsigned>(total_seconds.count());
    char text[32];  // written as a whole: times are in every event
    char* to = put_digits(text, static_cast<unsigned>(static_cast<int>(calendar.year())), 4);
    *to++ = '-';
    to = put_digits(to, static_cast<unsigned>(calendar.month()), 2);
    *to++ = '-';
    to = put_digits(to, static_cast<unsigned>(calendar.day()), 2);
    *to++ = 'T';
    to = put_digits(to, s / 3600, 2);
    *to++ = ':';
    to = put_digits(to, s / 60 % 60, 2);
    *to++ = ':';
    to = put_digits(to, s % 60, 2);
    if (micros != 0) {
        *to++ = '.';
        to = put_digits(to, static_cast<unsigned>(micros), 6);
    }
    *to++ = 'Z';
    out.append(text, to);
}

std::string format_time(Time time) {
    std::string out;
    out.reserve(28);
    append_time(out, time);
    return out;
}

}  // namespace daybook
