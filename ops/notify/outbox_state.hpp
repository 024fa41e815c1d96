// How the webhooks to one receiver stand, for those who watch.
#pragma once

#include <cstdint>
#include <string>

namespace daybook {

struct OutboxState {
    std::string receiver;
    std::uint64_t delivered = 0, failed = 0, given_up = 0;  // attempts that came through; that did not; what was never told
    std::uint64_t lag_events = 0;                           // events that it has not looked at yet
    std::uint64_t held_incidents = 0;
    bool failing = false;  // the last attempt did not come through
};

}  // namespace daybook
