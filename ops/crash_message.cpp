#include "ops/crash_message.hpp"

#include <csignal>
#include <string_view>

#include <unistd.h>

namespace daybook {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool under_sanitizer = true;
#else
constexpr bool under_sanitizer = false;
#endif

// Nothing here but what a signal handler may do.
void say_and_end(int signal) {
    constexpr std::string_view segment =
        "daybook: error: reading went astray (SIGSEGV): a file of the journal or of the views is damaged, or daybook has a bug.\n";
    constexpr std::string_view bus =
        "daybook: error: a page of the journal or of the views could not be read (SIGBUS): the disk is failing, or a file was "
        "cut.\n";
    constexpr std::string_view advice =
        "daybook: run `daybook verify`; if it finds the journal sound, remove the directory views: it is made anew\n";
    const std::string_view text = signal == SIGBUS ? bus : segment;
    (void)!::write(STDERR_FILENO, text.data(), text.size());
    (void)!::write(STDERR_FILENO, advice.data(), advice.size());
    ::_exit(1);
}

}  // namespace

void install_crash_message() {
    if (under_sanitizer) return;
    // On a stack of its own, since the usual one may be what has run out.
    static char stack[64 * 1024];
    stack_t alternative{};
    alternative.ss_sp = stack;
    alternative.ss_size = sizeof stack;
    ::sigaltstack(&alternative, nullptr);
    struct sigaction action{};
    action.sa_handler = say_and_end;
    action.sa_flags = SA_ONSTACK;
    ::sigaction(SIGSEGV, &action, nullptr);
    ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace daybook
