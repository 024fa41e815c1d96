// The counts of a weekly digest: what happened to incidents in a week, and what there was at its end.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "projections/incident_as_of.hpp"

namespace daybook {

using CountByName = std::map<std::string, std::uint64_t>;  // in the order of the bytes

// Events by occurred_at, all of them: an incident that was resolved twice counts twice. Archived incidents and duplicates count.
struct WeekCounts {
    std::uint64_t opened = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t mitigated = 0;
    std::uint64_t resolved = 0;
    std::uint64_t closed = 0;
    std::uint64_t reopened = 0;
    std::uint64_t active_at_end = 0;
    // Of the incidents opened; severity, service and env as of the window's end.
    std::array<std::uint64_t, 5> by_severity{};
    CountByName by_service, by_env;
    std::array<std::uint64_t, 7> by_day{};  // from Monday on, by the event's occurred_at

    WeekCounts& operator+=(const WeekCounts& other);
};

// A sum over four weeks as their mean, exactly: "2.25".
std::string mean_of_four(std::uint64_t sum);

// Counts incidents of one window that starts on a Monday. Used for one window.
class WeekCounter {
public:
    explicit WeekCounter(const ReportWindow& window) : window_(window) {}

    const ReportWindow& window() const { return window_; }
    void add_event(const HistoryEntry& entry);  // of the window, taken by the fold
    // Once for each incident, after its events.
    void finish_incident(const IncidentAsOf& incident, const JournalView& journal);
    const WeekCounts& counts() const { return counts_; }

private:
    ReportWindow window_;
    WeekCounts counts_;
    bool opened_ = false;  // the incident at hand, in this window
};

}  // namespace daybook
