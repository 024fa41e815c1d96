// A payload of each type with all its fields filled in, for tests that go through the catalogue.
#pragma once

#include <vector>

#include "journal/event.hpp"

namespace daybook::test {

// Always the same for one type; no two fields of it are alike.
Payload sample_payload(EventType type);
// The payload of that type with nothing but its defaults.
Payload empty_payload(EventType type);
std::vector<EventType> all_event_types();
// The names of the fields of that type, in order.
std::vector<std::string> field_names(EventType type);

}  // namespace daybook::test
