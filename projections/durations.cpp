#include "projections/durations.hpp"

#include <algorithm>
#include <numeric>

namespace daybook {
namespace {

// The nearest rank: of n samples in order, the one at ⌈n × percent / 100⌉.
std::int64_t percentile(const std::vector<std::int64_t>& sorted, std::size_t percent) {
    return sorted[(sorted.size() * percent + 99) / 100 - 1];
}

void append(std::vector<std::int64_t>& to, const std::vector<std::int64_t>& samples) {
    to.insert(to.end(), samples.begin(), samples.end());
}

}  // namespace

DurationStatistic statistic_of(std::vector<std::int64_t> samples) {
    if (samples.empty()) return {};
    std::sort(samples.begin(), samples.end());
    const std::int64_t sum = std::accumulate(samples.begin(), samples.end(), std::int64_t{0});
    return {samples.size(), sum / static_cast<std::int64_t>(samples.size()), percentile(samples, 50), percentile(samples, 90)};
}

std::int64_t seconds_between(std::int64_t from, std::int64_t to) { return to < from ? 0 : (to - from) / 1'000'000; }

void DurationSamples::add(const IncidentAsOf& incident, const ReportWindow& window) {
    if (incident.state.archived() || incident.duplicate) return;
    Samples& samples = by_severity_[static_cast<std::size_t>(incident.state.severity)];
    const auto take = [&](std::vector<std::int64_t>& to, std::int64_t moment) {
        if (window.contains(moment)) to.push_back(seconds_between(incident.state.started_at, moment));
    };
    take(samples.tta, incident.first_acknowledged_at);
    take(samples.ttm, incident.first_mitigated_at);
    take(samples.ttr, incident.state.resolved_at);
}

DurationStatistics DurationSamples::of(Severity severity) const {
    const Samples& samples = by_severity_[static_cast<std::size_t>(severity)];
    return {statistic_of(samples.tta), statistic_of(samples.ttm), statistic_of(samples.ttr)};
}

DurationStatistics DurationSamples::of_all() const {
    Samples all;
    for (const Samples& samples : by_severity_) {
        append(all.tta, samples.tta);
        append(all.ttm, samples.ttm);
        append(all.ttr, samples.ttr);
    }
    return {statistic_of(std::move(all.tta)), statistic_of(std::move(all.ttm)), statistic_of(std::move(all.ttr))};
}

}  // namespace daybook
