// The report `incident_correlation`: which other incidents an incident has to do with, how much and why. Over the correlation
// index: it looks at those that were near, and at those of the same signature or fingerprint.
//
// A pure function of a journal prefix, a policy and a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "projections/correlation.hpp"
#include "projections/provenance.hpp"

namespace daybook {

struct CorrelateRequest {
    StreamNumber incident;
    Time now{};               // as of it; what occurred at that very moment included
    std::uint64_t size = 0;   // events that count: the first so many
    bool possible = false;    // those of low scores too
    bool other_envs = false;  // those of other envs too
    IntelligencePolicy policy;
};

struct Correlated {
    ListedIncident incident;
    CorrelationKind kind = CorrelationKind::related;
    int score = 0;
    std::int64_t gap_seconds = 0;
    std::vector<CorrelationReason> reasons;
};

struct Correlations {
    ListedIncident incident;
    Provenance provenance;  // generated_for is `now`
    // Not archived: highest score first, then smallest gap, then oldest start, then id.
    std::vector<Correlated> related;
};

// `views` has seen at least the first `size` events, and `journal` at least as many. Nothing where the incident is not there yet.
std::optional<Correlations> correlate(lmdb::Transaction& views, const JournalView& journal, const CorrelateRequest& request);

std::string correlations_json(const Correlations& correlations);
std::string correlations_markdown(const Correlations& correlations);
// The findings as an entry of the timeline: its text, its `meta` (an object as RFC 8785 text), and what it is known by: the same
// incidents of the same kinds have the same key. Nothing where nothing was found.
struct CorrelationNote {
    std::string message, meta, key;
};
std::optional<CorrelationNote> correlation_note(const Correlations& correlations);

// Visits the incidents that started from `from` on and before `end` (µs), as of the window's end, by stream number.
void each_started(lmdb::Transaction& views, const ReportWindow& window, std::int64_t from, std::int64_t end,
                  const std::function<void(const IncidentAsOf&)>& visit);

}  // namespace daybook
