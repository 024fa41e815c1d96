// The policy of correlation and recurrence, `ops/policy/intelligence.yml`. What stands here are the defaults; the points that a
// signal gives are the specification's (section 5) and no policy.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace daybook {

struct CorrelationPolicy {
    // Scores: from `strong` on a duplicate or a recurrence, from `related` on related, from `possible` on shown when asked for.
    // 40 <= related < strong <= 100, 30 <= possible <= related.
    int strong = 70;
    int related = 40;
    int possible = 30;
    // A signature that makes up so many percent of the incidents of the last 30 days, or more, says less.
    int common_signature_percent = 20;
    // Service -> the services that it needs.
    std::map<std::string, std::vector<std::string>, std::less<>> dependencies;
};

// How many incidents of one env, service and signature make a recurrence.
struct RecurrencePolicy {
    int recurring_in_7_days = 2;
    int recurring_in_30_days = 3;
    int chronic_in_7_days = 3;
    int chronic_in_30_days = 5;
    int chronic_weeks_running = 3;  // ISO weeks, one incident in each at least; 2 to 8
};

struct IntelligencePolicy {
    CorrelationPolicy correlation;
    RecurrencePolicy recurrence;
    std::optional<std::string> bytes;  // the file as it stands, which reports name by its SHA-256; nothing where there is none
};

}  // namespace daybook
