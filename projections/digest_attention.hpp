// "What to look at first" in a weekly digest: the rules that raise a line, and the incidents behind each.
//
// In the order of the lines; of the rules that find something the first five are shown:
//   unacknowledged_p0_p1      active P0/P1 incidents that nobody has acknowledged
//   active_p0_p1              the other active P0/P1 incidents
//   overdue_followups_p0_p1   P0/P1 incidents with overdue follow-ups
//   chronic                   signatures that come back again and again
//   stale                     active incidents with nothing new for 7 days
//   missing_postmortem        P0/P1 incidents that ended in the week and have no postmortem
//   opened_twice_the_mean     more than twice as many opened as in the mean of the four weeks before, unless that is 0
//   reopened                  incidents that were reopened in the week
// Archived incidents raise nothing. Of a chronic signature the newest incidents are named, in the order of the recurrences.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "projections/digest_counts.hpp"
#include "projections/incident_as_of.hpp"
#include "projections/recurrence.hpp"

namespace daybook {

struct Attention {
    std::string rule;
    std::string text;                       // for people
    std::uint64_t total = 0;                // incidents behind it
    std::vector<ListedIncident> incidents;  // the ten most urgent: worst severity, then oldest start, then id
};

// What is known of an incident that is not archived.
struct AttentionFacts {
    std::uint64_t overdue_followups = 0;
    bool stale = false;
    bool lacks_postmortem = false;
    bool opened = false;    // in the window
    bool reopened = false;  // likewise
};

class AttentionRules {
public:
    explicit AttentionRules(const IncidentOrder& order);

    void add(const IncidentAsOf& incident, const AttentionFacts& facts);
    // Of what came back in the week.
    void add_chronic(const std::vector<RecurringGroup>& groups);
    // `opened_four_before`: the sum of the four weeks before.
    std::vector<Attention> lines(std::uint64_t opened, std::uint64_t opened_four_before, const ReportWindow& window,
                                 lmdb::Transaction& views, const JournalView& journal) const;

private:
    using Incidents = FirstFew<IncidentAsOf>;
    Incidents unacknowledged_, active_, overdue_, stale_, lacking_postmortem_, opened_, reopened_;
    std::uint64_t overdue_followups_ = 0;
    std::uint64_t chronic_ = 0, ineffective_ = 0;  // signatures
    std::vector<ListedIncident> chronic_incidents_;
};

}  // namespace daybook
