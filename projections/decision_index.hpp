// What a decision needs, looked up inside the write transaction (section 1, "Appending"): the state of each incident, the incidents
// of each signature, the state of each alert, the follow-ups, the last escalations.
//
// On disk, in the journal's own environment, as far as journal/index.hpp says; everything can be rebuilt from the events, and `verify` does:
//   decision_incidents    stream number (4) -> DecisionIncident, as it lies in memory, then the signature
//   decision_signatures   signature, 0, started_at (8, sortable), stream number (4) -> nothing
//   decision_summaries    signature -> SignatureSummary
//   decision_alerts       stream number (4), the alert's identity -> AlertRow
//   decision_followups    follow-up id -> FollowupRow
//   decision_escalations  stream number (4), level (1) -> occurred_at (8) of the latest
// Of a signature or an identity over 256 bytes a key holds the start and the SHA-256: LMDB's keys have at most 511 bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "journal/index.hpp"
#include "journal/journal.hpp"
#include "projections/incident_state.hpp"
#include "projections/row_cache.hpp"

namespace daybook {

struct DecisionIncident {
    IncidentState state;
    std::int64_t latest_alert = RecordHeader::no_time;  // when one of its alerts last changed, by the alerts' own clocks
    std::uint32_t duplicate_of = 0;                     // stream number; 0: none
    std::uint32_t firing_alerts = 0;                    // alerts whose newest state is firing
    std::uint8_t worst_alert = 255;                     // the worst severity of any of its alerts so far; 255: none
    std::uint8_t opened_by_alert = 0;                   // 1: it is resolved when all its alerts are
    std::uint8_t opened_by_pagerduty = 0;               // 1: of PagerDuty's alerts it takes those alone that it knows
    std::uint8_t unused[5] = {};
};
static_assert(sizeof(DecisionIncident) == 120);

struct AlertRow {
    std::int64_t starts_at = 0;  // of its newest state
    std::int64_t at = 0;         // when it entered that state, by its own clock
    AlertState state = AlertState::firing;
    Severity severity = Severity::p2;
    std::uint8_t unused[6] = {};
};

struct FollowupRow {
    std::uint32_t stream = 0;
    FollowupStatus status = FollowupStatus::open;
    Severity priority = Severity::p2;
    std::uint8_t unused[2] = {};
};

struct SignatureSummary {
    std::int64_t latest_end = RecordHeader::no_time;  // no incident of the signature ended after this
    std::uint32_t active = 0;                         // how many of its incidents are open or mitigated
    std::uint32_t duplicates = 0;                     // how many are duplicates of another incident, whatever their status
};

// Used by the thread that holds the write transaction, between begin() and end(); the questions too.
class DecisionIndex final : public TransactionalIndex {
public:
    // The tables, for `verify`.
    static const std::vector<std::string>& table_names();

    std::optional<DecisionIncident> incident(StreamNumber number) const;
    std::optional<SignatureSummary> summary(std::string_view signature) const;
    std::optional<AlertRow> alert(StreamNumber incident, std::string_view identity) const;
    std::optional<FollowupRow> followup(std::string_view followup_id) const;
    std::optional<std::int64_t> last_escalation(StreamNumber incident, int level) const;
    std::string signature_of(StreamNumber number) const;

    // Visits the incidents of a signature that started at or before `latest_start`, the latest first, until `visit` answers false.
    void incidents_of(std::string_view signature, std::int64_t latest_start,
                      const std::function<bool(StreamNumber, const DecisionIncident&)>& visit) const;

private:
    void open(lmdb::Transaction& transaction) override;
    void take(const IndexedEvent& event) override;
    void write() override;
    std::size_t rows() const override;
    void drop_rows() override;

    struct Cached {
        DecisionIncident incident;
        std::string signature;
        bool dirty = false;
    };
    Cached* find(StreamNumber number) const;
    void take_created(const IndexedEvent& event);
    void take_alert(Cached& cached, const RecordHeader& header, const EventFacts& facts);
    void take_followup(const RecordHeader& header, const EventFacts& facts);
    void take_escalation(const RecordHeader& header);
    void take_link(Cached& cached, StreamNumber original);
    void count_in_signature(const Cached& cached, bool was_active);
    void move_start(const Cached& cached, StreamNumber number, std::int64_t old_start);

    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table incidents_table_;
    // What was met since the tables were written.
    mutable std::unordered_map<std::uint32_t, Cached> incidents_;
    mutable RowCache<AlertRow> alerts_;
    mutable RowCache<SignatureSummary> summaries_;
    mutable RowCache<FollowupRow> followups_;
    mutable RowCache<std::int64_t> escalations_;
    KeyCache starts_;  // decision_signatures
    // The incident of a signature that started last: most alerts ask for no other.
    struct Start {
        std::int64_t started_at = 0;
        std::uint32_t number = 0;
        auto operator<=>(const Start&) const = default;
    };
    mutable std::unordered_map<std::string, Start> newest_;
    std::optional<Start> newest_of(const std::string& signature) const;
};

}  // namespace daybook
