// What is written down late, across a week's end. A weekly digest is as of its week's end, and counts what lies in its week: what
// is said to have happened in a week before the one in which its incident, or its follow-up, was written down was unknown in the
// one, and is not of the other. Whoever writes so is told.
#pragma once

#include <optional>
#include <string>

#include "journal/journal.hpp"

namespace daybook {

// Why no weekly digest counts the event; nothing where one does, where digests count none of its type, and for no event.
std::optional<std::string> missing_in_digests(const JournalView& journal, Sequence sequence);

}  // namespace daybook
