// Risk (section 5, "Jobs"): for each service and env a score of 0 to 100, with the reason for each of its points. A pure function
// of a journal prefix, a policy and a time.
//
//   active incident         P0 40, P1 25, P2 10, P3 3, P4 1
//   unacknowledged P0/P1    10 each
//   overdue follow-up       5 each, 20 at most
//   signature               chronic 15, recurring 8 each
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "projections/recurrence.hpp"

namespace daybook {

struct RiskReason {
    std::string text;  // "2 active P1"
    int points = 0;
};

struct Risk {
    std::string service, env;
    int score = 0;  // the sum, 100 at most
    std::vector<RiskReason> reasons;
};

struct RiskRequest {
    Time now{};              // what occurred at that very moment included
    std::uint64_t size = 0;  // events that count: the first so many
    IntelligencePolicy policy;
};

// Those with a score: highest first, then by service and env.
std::vector<Risk> risks(lmdb::Transaction& views, const JournalView& journal, const RiskRequest& request);

}  // namespace daybook
