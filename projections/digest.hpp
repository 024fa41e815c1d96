// The weekly digest (section 5): what happened to incidents in an ISO week, what is left, what to look at first.
//
// A pure function of a journal prefix, a policy and a time. It counts by occurred_at, as of the window's end: an incident is what
// the fold says over its events that occurred before the end, and an event that the fold refuses has not happened. One scan over
// the history view computes all of it; what it keeps on the way is what the digest lists, and one number for each duration of the
// week.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/clusters.hpp"
#include "projections/digest_attention.hpp"
#include "projections/digest_counts.hpp"
#include "projections/durations.hpp"
#include "projections/followup_list.hpp"
#include "projections/intelligence_policy.hpp"
#include "projections/iso_week.hpp"
#include "projections/provenance.hpp"
#include "projections/recurrence.hpp"

namespace daybook {

struct DigestRequest {
    IsoWeek week;            // has begun at `now`
    Time now{};              // the digest is as of the week's end, or of `now` while the week still runs
    std::uint64_t size = 0;  // events that count: the first so many
    IntelligencePolicy policy;
};

struct AlertDigest {
    std::uint64_t firing = 0;     // firing alerts in the window
    std::uint64_t incidents = 0;  // that got at least one of them
    // Those that did not open their incident. An alert opened it where it is the second event of the incident's stream, after
    // the incident_created and of the same time.
    std::uint64_t joined = 0;
    struct Kind {
        std::string kind;
        std::uint64_t firing = 0;
    };
    std::vector<Kind> noisiest;  // five, most alerts first, then by name

    // Hundredths of firing alerts for each of those incidents, half up; nothing where there were none.
    std::optional<std::uint64_t> hundredths_per_incident() const;
    std::optional<std::uint64_t> joined_percent() const;  // half up; nothing where there were none
};

struct WeeklyDigest {
    IsoWeek week;
    Provenance provenance;  // generated_for is the end of what counts

    WeekCounts counts;
    WeekCounts week_before;
    WeekCounts four_before;  // the sums of four weeks, each as of its own end; by_day means nothing
    DurationStatistics durations;
    std::array<DurationStatistics, 5> durations_by_severity;

    // Archived incidents are on no list of incidents.
    struct Resolved {
        ListedIncident incident;
        std::int64_t ttr_seconds = 0;
    };
    std::vector<Resolved> longest;              // five of those that `ttr` counts: longest first, then oldest start, then id
    std::vector<ListedIncident> oldest_active;  // five: oldest start first, then id
    std::uint64_t stale_total = 0;
    std::vector<ListedIncident> stale;  // active, newest event 7 days old or older; 20, by that event, then oldest start, then id

    AlertDigest alerts;
    std::vector<RecurringGroup> recurrences;  // that came back in the week: all
    std::vector<IncidentCluster> clusters;    // of the incidents opened in the week: all
    struct Escalation {
        std::string incident_id;
        std::int64_t occurred_at = 0;
        std::uint64_t sequence = 0;
        int level = 0;
    };
    std::vector<Escalation> escalations;  // all, by occurred_at, then seq

    struct Followups {
        std::uint64_t created = 0;            // in the window
        std::uint64_t done = 0;               // at the end, and set so in the window
        std::uint64_t open = 0;               // at the end neither done nor cancelled
        std::vector<ListedFollowup> overdue;  // at the end; all, as sort_followups has it
    };
    Followups followups;

    // P0/P1 (as of the end) whose resolved_at, or else closed_at, lies in the window, without an artifact of kind `postmortem`; no
    // duplicates. All: worst severity first, then oldest start, then id.
    std::vector<ListedIncident> missing_postmortems;
    std::vector<Attention> attention;
};

// `views` has seen at least the first `size` events, and `journal` at least as many.
WeeklyDigest weekly_digest(lmdb::Transaction& views, const JournalView& journal, const DigestRequest& request);

// The file `YYYY-WW.json`: two spaces of indent, a newline at the end.
std::string digest_json(const WeeklyDigest& digest);
// The file `YYYY-WW.md`: the same for people.
std::string digest_markdown(const WeeklyDigest& digest);

}  // namespace daybook
