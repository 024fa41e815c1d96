#include "projections/digest_counts.hpp"

#include <chrono>

namespace daybook {
namespace {

void add(CountByName& to, const CountByName& other) {
    for (const auto& [name, count] : other) to[name] += count;
}

template <std::size_t size>
void add(std::array<std::uint64_t, size>& to, const std::array<std::uint64_t, size>& other) {
    for (std::size_t i = 0; i < size; ++i) to[i] += other[i];
}

void count_status(WeekCounts& counts, IncidentStatus from, IncidentStatus to) {
    switch (to) {
        case IncidentStatus::open:
            if (is_reopening(from, to)) ++counts.reopened;
            break;
        case IncidentStatus::mitigated: ++counts.mitigated; break;
        case IncidentStatus::resolved: ++counts.resolved; break;
        case IncidentStatus::closed: ++counts.closed; break;
    }
}

}  // namespace

WeekCounts& WeekCounts::operator+=(const WeekCounts& other) {
    opened += other.opened;
    acknowledged += other.acknowledged;
    mitigated += other.mitigated;
    resolved += other.resolved;
    closed += other.closed;
    reopened += other.reopened;
    active_at_end += other.active_at_end;
    add(by_severity, other.by_severity);
    add(by_service, other.by_service);
    add(by_env, other.by_env);
    add(by_day, other.by_day);
    return *this;
}

std::string mean_of_four(std::uint64_t sum) {
    constexpr const char* fractions[] = {"", ".25", ".5", ".75"};
    return std::to_string(sum / 4) + fractions[sum % 4];
}

void WeekCounter::add_event(const HistoryEntry& entry) {
    if (entry.type == EventType::acknowledged) ++counts_.acknowledged;
    if (entry.type == EventType::status_changed) {
        count_status(counts_, static_cast<IncidentStatus>(entry.from), static_cast<IncidentStatus>(entry.to));
    }
    if (entry.type != EventType::incident_created) return;
    constexpr std::int64_t day = std::chrono::microseconds(std::chrono::days(1)).count();
    opened_ = true;
    ++counts_.opened;
    ++counts_.by_day[static_cast<std::size_t>((entry.occurred_at - window_.from) / day)];
}

void WeekCounter::finish_incident(const IncidentAsOf& incident, const JournalView& journal) {
    if (incident.state.exists() && incident.state.active() && !incident.state.archived()) ++counts_.active_at_end;
    if (!opened_) return;
    opened_ = false;
    ++counts_.by_severity[static_cast<std::size_t>(incident.state.severity)];
    ++counts_.by_service[std::string(journal.name({incident.state.service}))];
    ++counts_.by_env[std::string(journal.name({incident.state.env}))];
}

}  // namespace daybook
