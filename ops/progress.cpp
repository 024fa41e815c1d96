#include "ops/progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <ostream>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "ops/visible.hpp"

namespace daybook {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 1s;  // before it is drawn at all
constexpr auto between_drawings = 100ms;
constexpr auto between_looks = 20ms;  // aimed at
constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
constexpr std::string_view wipe_line = "\r\x1b[K";  // to the line's start, and clear it
constexpr int bar_width_min = 10, bar_width_max = 40;

double in_seconds(std::chrono::steady_clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

// Three digits and the unit's prefix: 999, 1.23k, 12.3M.
std::string scaled(double count, double step, const std::array<const char*, 5>& prefixes) {
    std::size_t prefix = 0;
    for (; count >= step - 0.5 && prefix + 1 < prefixes.size(); ++prefix) count /= step;
    const int decimals = prefix == 0 || count >= 99.95 ? 0 : count >= 9.995 ? 1 : 2;
    return fmt::format("{:.{}f}{}", count, decimals, prefixes[prefix]);
}

std::string time_left(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::ceil(std::min(seconds, 360'000.0)));
    if (whole < 60) return fmt::format("{} s left", whole);
    if (whole < 3600) return fmt::format("{} min {:02} s left", whole / 60, whole % 60);
    return fmt::format("{} h {:02} min left", whole / 3600, whole / 60 % 60);
}

}  // namespace

Progress::Progress(ProgressScreen screen, std::string_view what, std::uint64_t total, std::string unit)
    : screen_(std::move(screen)), what_(visible(what, Breaks::space)), unit_(std::move(unit)), total_(total) {
    if (!screen_.shown) {
        next_look_ = never;
        return;
    }
    started_ = last_look_ = screen_.now();
    next_drawing_ = started_ + patience;
}

Progress::~Progress() { finish(); }

void Progress::finish() {
    next_look_ = never;
    if (drawn_) screen_.out << wipe_line << std::flush;
    drawn_ = false;
}

void Progress::look() {
    if (next_look_ == never) return;  // `done_` can reach it
    const auto now = screen_.now();
    // How many are done between two looks, at the speed since the last one; at most twice as many as the last time,
    // so that a fast start does not hide a slow rest.
    const auto stride = done_ - last_done_;
    const double speed = static_cast<double>(stride) / std::max(in_seconds(now - last_look_), 1e-9);
    const double aim = std::clamp(speed * in_seconds(between_looks), 1.0, 2.0 * static_cast<double>(stride));
    next_look_ = done_ + static_cast<std::uint64_t>(aim);
    last_look_ = now;
    last_done_ = done_;

    if (now < next_drawing_) return;
    next_drawing_ = now + between_drawings;
    drawn_ = true;
    screen_.out << wipe_line << line(in_seconds(now - started_)) << std::flush;
}

std::string Progress::amount(double count) const {
    if (unit_ != "bytes") return scaled(count, 1000, {"", "k", "M", "G", "T"});
    return scaled(count, 1024, {" B", " KiB", " MiB", " GiB", " TiB"});
}

std::string Progress::line(double seconds) const {
    const auto done = static_cast<double>(done_);
    const double rate = done / seconds;
    const std::string unit = unit_ == "bytes" ? "" : " " + unit_;
    const int room = screen_.width - 1;  // a full line would wrap
    if (room < 1) return "";

    std::string head = what_ + "  ";
    std::string tail = amount(done) + unit + "  " + amount(rate) + unit + "/s";
    if (total_ > 0) {
        const double share = std::min(done / static_cast<double>(total_), 1.0);
        head += fmt::format("{:3.0f}%", std::floor(share * 100));
        tail = amount(done) + "/" + amount(static_cast<double>(total_)) + unit + "  " + amount(rate) + unit + "/s  " +
               time_left((1 - share) * static_cast<double>(total_) / rate);
        const int bar = std::min(room - display_width(head) - display_width(tail) - 5, bar_width_max);
        if (bar >= bar_width_min) {
            const auto filled = static_cast<std::size_t>(share * bar);
            const std::string done_part = std::string(filled, '=') + (share < 1 ? ">" : "");
            head += fmt::format(" [{:<{}}]", done_part, bar);
        }
        head += "  ";
    }
    return cut_to_width(head + tail, room);
}

}  // namespace daybook
