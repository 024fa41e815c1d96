// A progress bar on standard error, for work that takes over a second:
//
//   Checking  42% [=====>       ] 1.2M/2.9M events  310k events/s  6 s left
//
// It is drawn by `advance` itself: no thread. It is not drawn in the first second, at most ten times a second after it,
// and wiped at the end, so that nothing stays of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace daybook {

// Where a bar is drawn, and by which clock.
struct ProgressScreen {
    using Time = std::chrono::steady_clock::time_point;

    std::ostream& out;
    bool shown = false;  // on a terminal that knows escape sequences, and without -q
    int width = 80;      // columns of the terminal
    std::function<Time()> now = std::chrono::steady_clock::now;
};

// Not thread-safe: one thread advances it.
class Progress {
public:
    // The screen's stream outlives it. `what` is being done, like "Checking"; `total` 0 means that nobody knows. `unit`: "events",
    // "lines", or "bytes", which are counted in KiB, MiB …
    Progress(ProgressScreen screen, std::string_view what, std::uint64_t total, std::string unit);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // `count` more are done. Cheap: looks at the clock only when it may be time to draw.
    void advance(std::uint64_t count = 1) {
        done_ += count;
        if (done_ >= next_look_) look();
    }
    // Wipes it; it is not drawn again. The destructor does it too.
    void finish();

private:
    void look();
    std::string line(double seconds) const;
    std::string amount(double count) const;

    ProgressScreen screen_;
    std::string what_;
    std::string unit_;
    std::uint64_t total_;
    std::uint64_t done_ = 0;
    std::uint64_t next_look_ = 1;  // the count at which the clock is looked at again
    ProgressScreen::Time started_{};
    ProgressScreen::Time next_drawing_{};
    ProgressScreen::Time last_look_{};
    std::uint64_t last_done_ = 0;
    bool drawn_ = false;
};

}  // namespace daybook
