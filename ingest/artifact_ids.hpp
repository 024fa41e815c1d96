// Which ids of artifacts the journal has, for imports: they alone bring ids that others made up. The views leave out a second
// artifact of an id, so it must not be taken.
#pragma once

#include <string>
#include <unordered_set>

#include "journal/journal.hpp"

namespace daybook {

// It reads the journal once, at its first question, and after that what is new. An index of the journal's would answer at once, but
// cost each commit something, for what seldom happens.
class ArtifactIds {
public:
    // Whether an event attaches an artifact of that id, also one that is pending in this transaction. To be asked in write
    // transactions, and no more once one of them failed.
    bool contains(const std::string& id, const JournalView& journal);

private:
    std::unordered_set<std::string> ids_;
    std::uint64_t seen_ = 0;  // events
};

}  // namespace daybook
