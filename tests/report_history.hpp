// A history of incidents for the tests of reports: events in the order in which they are told, whenever they occurred, then the
// report over the real journal and the real views.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/event.hpp"
#include "projections/digest.hpp"
#include "projections/followup_summary.hpp"
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
    };
    void opened(unsigned number, std::string_view time, Opening opening);
    void opened(unsigned number, std::string_view time) { opened(number, time, Opening()); }
    void changed(unsigned number, std::string_view time, IncidentStatus from, IncidentStatus to);
    void acknowledged(unsigned number, std::string_view time) { happened(number, time, Acknowledged{}); }
    void alerted(unsigned number, std::string_view time, std::string kind = "http_5xx", AlertState state = AlertState::firing);
    void promised(unsigned number, std::string_view time, std::string id, std::optional<std::string_view> due_at,
                  std::optional<std::string> owner = "sofiia", Severity priority = Severity::p2);
    void followup_changed(unsigned number, std::string_view time, std::string id, FollowupStatus from, FollowupStatus to);
    void attached(unsigned number, std::string_view time, std::string kind);

    std::uint64_t size() const { return events_.size(); }

    // Without `now`: long after the week. Without `size`: all events.
    WeeklyDigest digest(std::string_view week, std::optional<std::string_view> now = {}, std::optional<std::uint64_t> size = {});
    FollowupSummary summary(FollowupSummaryRequest request);

private:
    template <class Report>
    Report report(const std::function<Report(lmdb::Transaction&, const JournalView&)>& make) const;

    std::vector<NewEvent> events_;
    unsigned artifacts_ = 0;
};

}  // namespace daybook::test
