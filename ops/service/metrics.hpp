// What the server counts, in the text format of Prometheus (version 0.0.4).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/journal.hpp"
#include "ops/notify/outbox_state.hpp"

namespace daybook {

// How often it took how long. Upper bounds in seconds; the last bucket has none.
class Histogram {
public:
    static constexpr std::array<double, 12> bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};
    void add(double seconds);
    // Appends its lines; `labels` is empty, or as `route="/healthz"`.
    void write(std::string& out, std::string_view name, std::string_view labels) const;

private:
    std::array<std::uint64_t, bounds.size() + 1> counts_{};
    std::uint64_t count_ = 0;
    double sum_ = 0;
};

// What is so at the moment of asking.
struct Gauges {
    std::uint64_t journal_events = 0, journal_bytes = 0, map_bytes = 0;
    double root_age_seconds = 0;       // since the newest event was recorded
    std::uint64_t projection_lag = 0;  // events that the views have not seen
    std::uint64_t parked = 0;          // events that a projection could not take
    std::uint64_t connections = 0, requests = 0, streams = 0;
    std::vector<OutboxState> outboxes;
    struct Export {
        std::string layout;         // jsonl, postgres
        std::uint64_t size = 0;     // of the journal's prefix that it holds
        bool late = false;          // the last try failed
        double behind_seconds = 0;  // since the first event that it lacks was recorded
    };
    std::vector<Export> exports;
};

// Thread-safe.
class Metrics {
public:
    void committed(const Commit& commit);
    // `route` is a pattern, never a path: what clients choose must not make series.
    void answered(std::string_view method, std::string_view route, int status, std::chrono::microseconds duration);
    void refused(std::string_view code);
    void ingested(std::string_view format, std::string_view outcome, std::uint64_t count);
    std::string text(const Gauges& gauges) const;

private:
    using Labels = std::map<std::string, std::uint64_t>;  // labels -> count

    mutable std::mutex mutex_;
    std::uint64_t commits_ = 0, appended_ = 0;
    Histogram sync_;
    Labels requests_, refusals_, ingested_;
    std::map<std::string, Histogram> durations_;  // by labels
};

}  // namespace daybook
