// The line that stands in a timeline for an event whose payload has no `message` (section 2 of the specification).
//
// It is made from the payload alone and in a fixed way: an import leaves out a message that equals it, so changing a line here
// changes what old journals export. The golden file of these lines is fixtures/default_messages.txt.
#pragma once

#include <string>

#include "journal/event.hpp"

namespace daybook {

// Looks at every field but `message`. Empty for the entries whose message is what they are (note … log, entry_corrected).
std::string default_message(const Payload& payload);

// Whether a `message` is what events of that type are made of: it is stored even where it says nothing new.
bool is_entry(EventType type);

}  // namespace daybook
