// A history of incidents for the tests of reports: events in the order in which they are told, whenever they occurred, then the
// report over the real journal and the real views.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/event.hpp"
#include "projections/correlate.hpp"
#include "projections/digest.hpp"
#include "projections/followup_summary.hpp"
#include "projections/recurrence.hpp"
#include "tests/support.hpp"

namespace daybook::test {

class ReportHistory {
public:
    // An event of incident `number`, whose id is stream_name(number).
    void happened(unsigned number, Time time, const Payload& payload);
    void happened(unsigned number, std::string_view time, const Payload& payload) { happened(number, at(time), payload); }

    struct Opening {
        Severity severity = Severity::p2;
        std::string service = "gateway";
        std::string env = "prod";
        std::string title = "5xx over 5 %";
        std::optional<Time> started_at;  // when it differs from the event's time
        std::optional<std::string> signature = {};
    };
    void opened(unsigned number, std::string_view time, Opening opening);
    void opened(unsigned number, std::string_view time) { opened(number, time, Opening()); }
    void changed(unsigned number, std::string_view time, IncidentStatus from, IncidentStatus to);
    void acknowledged(unsigned number, std::string_view time) { happened(number, time, Acknowledged{}); }
    // Without a fingerprint the alert is one of that incident alone.
    void alerted(unsigned number, std::string_view time, std::string kind = "http_5xx", AlertState state = AlertState::firing,
                 std::string fingerprint = {});
    void promised(unsigned number, std::string_view time, std::string id, std::optional<std::string_view> due_at,
                  std::optional<std::string> owner = "sofiia", Severity priority = Severity::p2);
    void followup_changed(unsigned number, std::string_view time, std::string id, FollowupStatus from, FollowupStatus to);
    void attached(unsigned number, std::string_view time, std::string kind);

    std::uint64_t size() const { return events_.size(); }
    void append_to(Journal& journal) const;

    // Without `now`: long after the week. Without `size`: all events.
    WeeklyDigest digest(std::string_view week, std::optional<std::string_view> now = {}, std::optional<std::uint64_t> size = {},
                        const IntelligencePolicy& policy = {});
    FollowupSummary summary(FollowupSummaryRequest request);
    // Of incident `number`; fails the test's program where it is not there. Without a `size` in the request: of all events.
    Correlations correlations(unsigned number, CorrelateRequest request);
    Recurrence recurrence(RecurrenceRequest request);
    // Any report over the journal and its views.
    void look(const std::function<void(lmdb::Transaction&, const JournalView&)>& at) const;

private:
    std::vector<NewEvent> events_;
    unsigned artifacts_ = 0;
};

}  // namespace daybook::test
