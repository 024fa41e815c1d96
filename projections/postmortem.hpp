// The draft of a postmortem (section 5): what the journal knows of an incident, each fact with the seq that it comes from, and
// questions for what it does not know.
//
// A pure function of a journal prefix, a policy and a time, and of the document that a person may have written since: in its
// Markdown, facts stand between marks that name a digest of their text. A new draft replaces a block whose text is still the one
// that was drafted, and one that is empty; a block that somebody changed, and everything outside of blocks, stays as it is.
//
//   <!-- daybook:facts timeline 9f86d081884c7d65 -->
//   - 2026-02-23 10:00:00 incident_created: … [17]
//   <!-- /daybook:facts -->
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "projections/correlate.hpp"
#include "projections/followup_list.hpp"
#include "projections/provenance.hpp"

namespace daybook {

struct PostmortemRequest {
    StreamNumber incident;
    Time now{};              // as of it; what occurred at that very moment included (report_end)
    std::uint64_t size = 0;  // events that count: the first so many
    IntelligencePolicy policy;
};

// Something that the journal says, and where.
struct PostmortemFact {
    std::string text;
    std::uint64_t sequence = 0;
};

struct PostmortemDraft {
    ListedIncident incident;
    Provenance provenance;
    std::vector<PostmortemFact> summary, impact, detection, factors;  // of very many the first, and the last
    // Seconds from the start, as section 5 has it; nothing where it has not come to that.
    std::optional<std::int64_t> tta, ttm, ttr;
    struct Entry {
        std::uint64_t sequence = 0;
        std::int64_t occurred_at = 0;
        std::string type, actor, text;
        Sequence corrected_by{}, corrects{};  // the newest correction of it; the entry that it corrects; 0: none
    };
    std::vector<Entry> timeline;  // by occurred_at, then seq; the first of them where there are very many
    std::uint64_t timeline_total = 0;
    struct Followup {
        ListedFollowup followup;
        std::uint64_t sequence = 0;  // of its addition
    };
    std::vector<Followup> followups;
    std::vector<Correlated> related;
};

// `views` has seen at least the first `size` events, and `journal` at least as many. Nothing where the incident is not there yet.
std::optional<PostmortemDraft> postmortem_draft(lmdb::Transaction& views, const JournalView& journal,
                                                const PostmortemRequest& request);

std::string postmortem_json(const PostmortemDraft& draft);

struct PostmortemDocument {
    std::string markdown;
    // Blocks whose facts of now are not in it, since somebody changed or removed them.
    std::set<std::string, std::less<>> behind;
};
// With `previous` the document as it stands, whose facts are brought up to date.
PostmortemDocument postmortem_markdown(const PostmortemDraft& draft, std::optional<std::string_view> previous = {});

// An artifact of this kind is a draft; one of kind `postmortem` is what a person has finished.
inline constexpr const char* postmortem_draft_kind = "postmortem_draft";
inline constexpr const char* postmortem_markdown_name = "postmortem.md";
inline constexpr const char* postmortem_json_name = "postmortem.json";

}  // namespace daybook
