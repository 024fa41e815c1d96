// Messages to people, on standard error: data goes to standard output, so that a pipe holds nothing else.
//
//   daybook: taken 12 of 12 records
//   daybook: warning: 3 records were ignored
//   daybook: error: no incident inc_20260223_1000_abcd
//
// A server's messages have a time and no name in front: `2026-02-23T10:00:00.000Z error …`.
#pragma once

#include <iosfwd>
#include <memory>
#include <string_view>

namespace spdlog {
class logger;
}

namespace daybook {

enum class MessageKind {
    error,    // it failed, or the answer is no
    warning,  // it went on, and somebody should look
    notice,   // what was done
    detail,   // how it was done
};

class Messages {
public:
    struct Options {
        MessageKind least = MessageKind::notice;  // what is still shown: error with -q, detail with -v
        bool timed = false;                       // as a server writes them
        bool terminal = false;                    // one that knows escape sequences: a progress bar is wiped first
        bool colour = false;
    };
    // `out` outlives it.
    Messages(std::ostream& out, Options options);
    ~Messages();
    Messages(const Messages&) = delete;
    Messages& operator=(const Messages&) = delete;

    // `text` may hold anything: it is made visible (ops/visible.hpp). Further lines are indented. Written at once.
    // Thread-safe.
    void say(MessageKind kind, std::string_view text);

private:
    std::shared_ptr<spdlog::logger> logger_;
    Options options_;
};

}  // namespace daybook
