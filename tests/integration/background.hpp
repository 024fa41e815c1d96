// A program that runs while a test goes on: a server.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace daybook::test {

// A port of loopback that nobody listens on just now.
std::uint16_t free_port();

// Waits for what another thread or process does, at most a minute; whether it came.
template <class Condition>
bool becomes_true(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < end) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

// Killed at the end, if it still runs.
class Background {
public:
    // Throws std::system_error if it cannot be run. In `directory`, if one is given.
    explicit Background(const std::vector<std::string>& command, const std::string& directory = {});
    ~Background();
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

    // The first line, of standard output or standard error, with `text` in it; waits for it. Throws std::runtime_error, with all
    // that it said, where it ends before or half a minute passes.
    std::string line_with(std::string_view text);
    // All that it said so far.
    std::string said();

    void signal(int number) const;
    // Waits until it has ended: its exit status, or 128 and the signal's number. Throws std::runtime_error after half a minute.
    int wait();
    int process() const { return process_; }

private:
    void read(int descriptor);

    int process_ = -1;
    int status_ = -1;
    bool ended_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string text_;
    bool closed_ = false;
    std::thread reading_;
};

}  // namespace daybook::test
