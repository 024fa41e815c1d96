// Where the texts of an event stand a second time: in later events that took them over (items of the backlog, notes, repeated
// alerts) and in artifacts (drafts of postmortems). A redaction takes out one event's payload, and must be told of each.
#pragma once

#include <string>
#include <vector>

#include "journal/journal.hpp"

namespace daybook {

struct Copy {
    Sequence sequence;
    EventType type = EventType::note;  // of artifact_attached it may be the artifact that holds the text
};

// The events that hold a text which a redaction of `sequence` would take out, by seq, without that event. Reads the whole journal
// and all artifacts. Texts under 8 bytes are not looked for, nor pieces of a text.
std::vector<Copy> copies_of(const JournalView& journal, Sequence sequence);

}  // namespace daybook
