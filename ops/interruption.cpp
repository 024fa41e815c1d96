#include "ops/interruption.hpp"

#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>

namespace daybook {
namespace {

volatile std::sig_atomic_t note_to = -1;

void note(int) {
    const std::uint64_t one = 1;
    (void)!::write(note_to, &one, sizeof one);
}

bool is_ignored() {
    struct sigaction now{};
    return ::sigaction(SIGINT, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

Interruption::Interruption() : noted_(is_ignored() ? -1 : ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (noted_.get() < 0) return;
    note_to = noted_.get();
    struct sigaction action{};
    action.sa_handler = note;
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    ::sigaction(SIGINT, &action, &before_);
}

Interruption::~Interruption() {
    if (noted_.get() >= 0) ::sigaction(SIGINT, &before_, nullptr);
}

bool Interruption::asked() const {
    pollfd noted{noted_.get(), POLLIN, 0};
    return ::poll(&noted, 1, 0) > 0;
}

}  // namespace daybook
