// What is missing between an incident as its events leave it and its row in a layout (section 2, "Importing a layout").
#pragma once

#include <vector>

#include "ingest/incident_line.hpp"
#include "projections/incidents.hpp"

namespace daybook {

struct MissingEvent {
    Payload payload;  // with `synthesised` true in its free `meta`
    Time at{};
};

// The events after which status, severity and moments are those of the row, and the assignee, the link to the incident that it
// is a duplicate of, and the texts too. The fewest that do it: an incident that was mitigated, says its row, but never
// resolved, say its events, is only resolved; one with a moment too many is opened again and led to its status once more.
// Nothing where all agrees.
std::vector<MissingEvent> missing_events(const IncidentRow& now, const IncidentLine& line);

}  // namespace daybook
