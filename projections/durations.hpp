// How long things took (section 5, "Durations"): samples in whole seconds, and what is said of them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "projections/incident_as_of.hpp"

namespace daybook {

// Seconds. With `n` 0 there is nothing to say, and the rest means nothing.
struct DurationStatistic {
    std::uint64_t n = 0;
    std::int64_t mean = 0;  // rounded down
    std::int64_t p50 = 0;   // nearest rank: the smallest sample that half of all do not exceed
    std::int64_t p90 = 0;
};

DurationStatistic statistic_of(std::vector<std::int64_t> samples);

// From start to acknowledgement, to mitigation, to resolution.
struct DurationStatistics {
    DurationStatistic tta, ttm, ttr;
};

// From µs to µs in whole seconds. What happened before its incident started took no time.
std::int64_t seconds_between(std::int64_t from, std::int64_t to);

// Gathers, by severity, the durations whose moment falls in the window. Archived incidents and duplicates are left out.
class DurationSamples {
public:
    void add(const IncidentAsOf& incident, const ReportWindow& window);
    DurationStatistics of(Severity severity) const;
    DurationStatistics of_all() const;

private:
    struct Samples {
        std::vector<std::int64_t> tta, ttm, ttr;
    };
    std::array<Samples, 5> by_severity_;
};

}  // namespace daybook
