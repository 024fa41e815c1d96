// What comes back (section 5, "Correlation and recurrence"): incidents of one env, service and signature, counted by their starts.
//
// A pure function of a journal prefix, a policy and a time. Archived incidents and duplicates come back nowhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "projections/correlation_index.hpp"
#include "projections/incident_as_of.hpp"
#include "projections/intelligence_policy.hpp"
#include "projections/provenance.hpp"

namespace daybook {

enum class RecurrenceState : std::uint8_t { chronic, recurring };
std::string_view to_text(RecurrenceState state);

struct RecurringGroup {
    std::string env, service, signature;
    RecurrenceState state = RecurrenceState::recurring;
    // It came back after all follow-ups of its earlier incidents were done (cancelled ones do not count; there was one at least).
    bool fix_ineffective = false;
    std::uint64_t in_7_days = 0, in_30_days = 0, in_window = 0;  // starts, up to the end of the window
    std::vector<std::string> reasons;                            // "3 in 7 days", "an incident in each of 3 ISO weeks running" …
    std::vector<ListedIncident> incidents;                       // of the window, the ten newest: newest start first, then id
};

// Counts the incidents that it is shown. Used for one window.
class RecurrenceCounter {
public:
    // A window of so many days that ends before `window.end`, as of then.
    RecurrenceCounter(const RecurrencePolicy& policy, const ReportWindow& window, int days);

    // Incidents that started before this (µs) count for nothing.
    std::int64_t look_back() const { return look_back_; }
    void add(const IncidentAsOf& incident, const SignatureKey& signature);
    // Groups that came back in the window: chronic ones first, then the most in 30 days, then by env, service and signature.
    std::vector<RecurringGroup> groups(lmdb::Transaction& views, const JournalView& journal);

private:
    struct Case {
        std::uint32_t env = 0, service = 0;
        SignatureKey signature{};
        std::int64_t started_at = 0;
        IncidentAsOf incident;
    };
    bool came_back_after_fix(std::span<const Case> cases, lmdb::Transaction& views, const JournalView& journal) const;
    std::optional<RecurringGroup> group_of(std::span<const Case> cases, lmdb::Transaction& views, const JournalView& journal) const;

    RecurrencePolicy policy_;
    ReportWindow window_;
    std::int64_t from_ = 0, look_back_ = 0;
    std::vector<Case> cases_;
};

struct RecurrenceRequest {
    std::optional<std::string> service, env;
    int window_days = 7;     // 1 or more; looks back from `now`
    Time now{};              // what occurred at that very moment included
    std::uint64_t size = 0;  // events that count: the first so many
    IntelligencePolicy policy;
};

struct Recurrence {
    std::optional<std::string> service, env;  // that were asked for
    int window_days = 7;
    Provenance provenance;
    std::vector<RecurringGroup> groups;
};

// `views` has seen at least the first `size` events, and `journal` at least as many.
Recurrence recurrence(lmdb::Transaction& views, const JournalView& journal, const RecurrenceRequest& request);

std::string recurrence_json(const Recurrence& recurrence);
std::string recurrence_markdown(const Recurrence& recurrence);

}  // namespace daybook
