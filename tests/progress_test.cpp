#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "ops/progress.hpp"
#include "ops/visible.hpp"

namespace daybook {
namespace {

using namespace std::chrono_literals;

// A screen with a clock that stands still until it is set.
struct Desk {
    std::ostringstream out;
    ProgressScreen::Time time{};
    int looks = 0;  // how often the clock was read

    ProgressScreen screen(int width = 80, bool shown = true) {
        return {out, shown, width, [this] {
                    ++looks;
                    return time;
                }};
    }
    // What was drawn, one after the other.
    std::vector<std::string> drawings() const {
        std::vector<std::string> all;
        const std::string text = out.str();
        const std::string wipe = "\r\x1b[K";
        for (std::size_t at = 0; at < text.size();) {
            REQUIRE(text.compare(at, wipe.size(), wipe) == 0);
            const std::size_t end = std::min(text.find(wipe, at + 1), text.size());
            all.push_back(text.substr(at + wipe.size(), end - at - wipe.size()));
            at = end;
        }
        return all;
    }
};

}  // namespace

TEST_CASE("a progress bar shows share, amount, speed and the time left, and wipes itself at the end") {
    Desk desk;
    {
        Progress progress(desk.screen(), "Checking", 4'000, "events");
        desk.time += 2s;
        progress.advance(1'000);
        CHECK(desk.drawings() ==
              std::vector<std::string>{"Checking   25% [====>             ]  1.00k/4.00k events  500 events/s  6 s left"});
        desk.time += 2s;
        progress.advance(3'000);
    }
    const auto drawings = desk.drawings();
    REQUIRE(drawings.size() == 3);
    CHECK(drawings[1] == "Checking  100% [================]  4.00k/4.00k events  1.00k events/s  0 s left");
    CHECK(drawings[2] == "");
}

TEST_CASE("work that takes less than a second shows nothing") {
    Desk desk;
    {
        Progress progress(desk.screen(), "Checking", 100, "events");
        for (int i = 0; i < 100; ++i) {
            desk.time += 9ms;
            progress.advance();
        }
    }
    CHECK(desk.out.str() == "");
}

TEST_CASE("a progress bar that is not to be shown writes nothing and never reads the clock") {
    Desk desk;
    {
        Progress progress(desk.screen(80, false), "Checking", 100, "events");
        for (int i = 0; i < 100; ++i) {
            desk.time += 1s;
            progress.advance();
        }
    }
    CHECK(desk.out.str() == "");
    CHECK(desk.looks == 0);
}

TEST_CASE("a progress bar is drawn at most ten times a second") {
    Desk desk;
    Progress progress(desk.screen(), "Checking", 0, "lines");
    for (int i = 0; i < 10'000; ++i) {
        desk.time += 1ms;
        progress.advance();
    }
    const auto count = desk.drawings().size();
    CHECK(count <= 91);
    CHECK(count >= 70);
}

TEST_CASE("advancing often reads the clock seldom") {
    Desk desk;
    Progress progress(desk.screen(), "Checking", 0, "events");
    for (int i = 0; i < 10'000'000; ++i) {
        if (i % 1'000 == 0) desk.time += 1ms;  // a million a second
        progress.advance();
    }
    CHECK(desk.looks < 1'000);
    CHECK(desk.drawings().size() >= 70);
}

TEST_CASE("work that becomes slow is seen to be slow") {
    Desk desk;
    Progress progress(desk.screen(), "Checking", 0, "events");
    for (int i = 0; i < 1'000'000; ++i) {
        if (i % 1'000 == 0) desk.time += 1ms;
        progress.advance();
    }
    const auto before = desk.drawings().size();
    for (int i = 0; i < 50'000; ++i) {
        desk.time += 100us;  // a hundred times slower
        progress.advance();
    }
    CHECK(desk.drawings().size() >= before + 20);
}

TEST_CASE("bytes are counted in units of 1024") {
    Desk desk;
    Progress progress(desk.screen(), "Reading", 3'000'000'000, "bytes");
    desk.time += 10s;
    progress.advance(1'500'000'000);
    CHECK(desk.drawings().front() == "Reading   50% [===========>          ]  1.40 GiB/2.79 GiB  143 MiB/s  10 s left");
}

TEST_CASE("without a total a progress bar shows amount and speed") {
    Desk desk;
    Progress progress(desk.screen(), "Taking", 0, "lines");
    desk.time += 2s;
    progress.advance(999);
    CHECK(desk.drawings().front() == "Taking  999 lines  500 lines/s");
}

TEST_CASE("a long wait is told in minutes and hours") {
    Desk desk;
    Progress progress(desk.screen(), "Checking", 1'000'000, "events");
    desk.time += 2s;
    progress.advance(1'000);
    CHECK(desk.drawings().front().ends_with("  33 min 18 s left"));
    desk.time += 100s;
    progress.advance(20);
    CHECK(desk.drawings().back().ends_with("  27 h 44 min left"));
}

TEST_CASE("more than the total counts as all of it") {
    Desk desk;
    Progress progress(desk.screen(), "Checking", 10, "events");
    desk.time += 2s;
    progress.advance(20);
    CHECK(desk.drawings().front() == "Checking  100% [=========================]  20/10 events  10 events/s  0 s left");
}

TEST_CASE("a progress bar never fills the terminal's last column") {
    for (int width = 1; width < 200; ++width) {
        Desk desk;
        Progress progress(desk.screen(width), "Überprüfe 検査", 4'000, "events");
        desk.time += 2s;
        progress.advance(1'000);
        CHECK(display_width(desk.drawings().front()) < width);
    }
}

TEST_CASE("what a progress bar is about cannot command the terminal") {
    Desk desk;
    Progress progress(desk.screen(), "Reading a\x1b[2J\nb", 0, "lines");
    desk.time += 2s;
    progress.advance();
    CHECK(desk.drawings().front() == "Reading a\\x1b[2J b  1 lines  0 lines/s");
}

TEST_CASE("a finished progress bar stays silent") {
    Desk desk;
    Progress progress(desk.screen(), "Checking", 0, "lines");
    desk.time += 2s;
    progress.advance();
    progress.finish();
    const std::string before = desk.out.str();
    desk.time += 2s;
    progress.advance();
    progress.finish();
    CHECK(desk.out.str() == before);
}

}  // namespace daybook
