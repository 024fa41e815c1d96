// Postmortem drafts as the command line, the tools and runs make them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ingest/commands.hpp"
#include "projections/postmortem.hpp"

namespace daybook {

// Rows, journal and how many events the rows have seen; valid during the call.
using ReadViews = std::function<void(lmdb::Transaction&, const JournalView&, std::uint64_t size)>;
using WithViews = std::function<void(const ReadViews&)>;

struct PostmortemSaving {
    std::string incident_id;
    bool save = false;
    std::string actor, source;
    Time now{};
    std::uint64_t size = UINT64_MAX;  // events that count, also for the document that stands
};

struct PostmortemFiles {
    std::string json, markdown;
    std::string artifacts = "[]";         // the ids of what was attached, as JSON
    std::vector<std::string> warnings{};  // what the Markdown does not say, since a person changed it
};

// The draft, on the newest postmortem.md of the incident where there is one. Refuses: not_found.
Result<PostmortemFiles> draft_postmortem(const WithViews& with_views, const IntelligencePolicy& policy,
                                         const PostmortemSaving& saving);
// As above, and with `save` attaches postmortem.md and postmortem.json. Refuses as an attachment does.
Result<PostmortemFiles> make_postmortem(const WithViews& with_views, CommandHandler& commands, const IntelligencePolicy& policy,
                                        const PostmortemSaving& saving);

}  // namespace daybook
