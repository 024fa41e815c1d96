// The rules for alerts (section 3): which incident a report belongs to, and what it changes there.
#pragma once

#include "ingest/alert_report.hpp"
#include "ingest/known_alert.hpp"
#include "ingest/triage_policy.hpp"
#include "journal/identifiers.hpp"
#include "journal/journal.hpp"
#include "projections/decision_index.hpp"

namespace daybook {

// What a report leads to.
struct AlertDecision {
    enum class Kind {
        taken,
        duplicate,  // it says what is known: `batch` is empty
        ignored     // no incident takes it: `batch` is an alert_ignored
    };
    Kind kind = Kind::taken;
    Batch batch;
    StreamNumber incident;  // of a duplicate: the incident that knows it
};

// Decides inside the write transaction. Times count by the alert's own clock, so that a backfill gives the incidents that a
// live feed would have given.
class AlertRules {
public:
    // All outlive it.
    AlertRules(const DecisionIndex& index, const TriagePolicy& policy, Entropy& entropy)
        : index_(index), policy_(policy), entropy_(entropy) {}

    // Takes the encoded alert out of the report. Refuses: not_found (the report names an incident that does not exist), conflict (a
    // resolution from before the last change).
    Result<AlertDecision> decide(AlertReport& report, const JournalView& journal) const;

private:
    // Where an alert goes.
    struct Place {
        enum class Kind { join, join_late, reopen, open, ignore };
        Kind kind = Kind::open;
        StreamNumber number;
        std::string reason;  // of ignore
    };
    Result<Place> place(const AlertReport& report, const KnownAlert& known, const JournalView& journal) const;
    Place place_at(StreamNumber number) const;
    Place place_named(const AlertReport& report, StreamNumber number, const DecisionIncident& incident) const;
    Place place_firing(const AlertReport& report) const;
    Place place_resolved(const AlertReport& report) const;
    std::optional<Place> place_in(StreamNumber number, const DecisionIncident& incident, bool newest, std::int64_t at) const;
    Result<AlertDecision> acknowledge(const AlertReport& report, const KnownAlert& known, const JournalView& journal) const;
    Result<Batch> lead_to(AlertReport& report, const Place& place, const JournalView& journal) const;

    void add_raise(Batch& batch, const AlertReport& report, const DecisionIncident& incident, const std::string& stream,
                   bool& raised) const;
    std::optional<Refusal> add_resolution(Batch& batch, const AlertReport& report, StreamNumber number,
                                          const DecisionIncident& incident, const std::string& stream) const;
    void add_escalations(Batch& batch, const AlertReport& report, const JournalView& journal, StreamNumber number, bool quiet,
                         const std::string& stream) const;
    bool fits(const EscalationPolicy& policy, const AlertReport& report, const JournalView& journal) const;
    bool is_one_of_many(const AlertReport& report, const JournalView& journal, int minutes, int enough) const;

    const DecisionIndex& index_;
    const TriagePolicy& policy_;
    Entropy& entropy_;
};

}  // namespace daybook
