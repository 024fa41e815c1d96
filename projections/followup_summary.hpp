// What is still to be done after incidents (section 5, "Follow-ups"): the report `incident_followups_summary`.
//
// A pure function of a journal prefix and a time: as of `now`, what occurred at that very moment included (report_end).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "projections/followup_list.hpp"
#include "projections/provenance.hpp"

namespace daybook {

struct FollowupSummaryRequest {
    std::optional<std::string> service, env;  // of the incidents, as of `now`
    int window_days = 30;                     // 1 or more; looks back from `now`
    Time now{};
    bool as_of = false;                      // what occurred after `now` counts for nothing, also where it is known
    std::uint64_t size = 0;                  // events that count: the first so many
    std::optional<std::string_view> policy;  // the bytes of the policy file
};

struct FollowupSummary {
    std::optional<std::string> service, env;  // that were asked for
    int window_days = 30;
    Provenance provenance;  // generated_for is `now`

    std::vector<ListedIncident> open_incidents;  // active P0/P1, not archived: worst severity first, then oldest start, then id

    // Follow-ups that are neither done nor cancelled, as sort_followups has them. One may be on several lists.
    std::vector<ListedFollowup> overdue;
    std::vector<ListedFollowup> due_soon;  // not overdue, due within 7 days
    std::vector<ListedFollowup> unowned;
    std::vector<ListedFollowup> undated;

    std::array<std::uint64_t, 5> by_status{};    // all follow-ups
    std::array<std::uint64_t, 5> by_priority{};  // those that are neither done nor cancelled

    // Those that are done, and were set so in the window.
    struct Done {
        std::uint64_t on_time = 0;  // at `due_at` at the latest
        std::uint64_t late = 0;
        std::uint64_t undated = 0;  // neither, for want of a due date
        std::uint64_t total() const { return on_time + late + undated; }
    };
    Done done;
};

// `views` has seen at least the first `size` events, and `journal` at least as many.
FollowupSummary followup_summary(lmdb::Transaction& views, const JournalView& journal, const FollowupSummaryRequest& request);

std::string followup_summary_json(const FollowupSummary& summary);

}  // namespace daybook
