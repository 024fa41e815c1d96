// Events of daybook's own doing: runs of jobs, saved reports, snapshots, gates, the backlog. They go to streams that begin with
// `$`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "journal/payload.hpp"

namespace daybook {

// Who says so, when it happened, and where it goes.
struct OwnEvents {
    std::string stream;
    Time occurred_at{};
    std::string actor, source;

    Batch batch(const std::vector<Payload>& payloads) const;
};

// A request that appends these, whatever the journal holds; with `input`, once for its key.
AppendRequest append_request(const OwnEvents& where, const std::vector<Payload>& payloads, std::optional<KeyedInput> input);

}  // namespace daybook
