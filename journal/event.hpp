// The catalogue: what can happen, as past-tense structs (section 1 of the specification).
//
// A payload is written once, as RFC 8785 text, and never changed. A struct lists its fields in `fields`, in the byte
// order of their names, which is their order in that text; encoder, decoder and tests all walk that list.
//   std::optional<T>    a field that may be absent
//   Nullable            a field that is always there and may be null
//   JsonText            any JSON value, kept as its RFC 8785 text
// A new type of event: a number in journal/types.hpp, a struct in incident_events.hpp or system_events.hpp, its place in `Payload`;
// then the compiler names every fold that has no answer for it yet. A change of an existing one: a new schema version, and an
// upcast in payload.cpp.
#pragma once

#include <variant>

#include "journal/incident_events.hpp"
#include "journal/system_events.hpp"

namespace daybook {

// In the order of EventType's numbers.
using Payload =
    std::variant<IncidentCreated, IncidentUpdated, SeverityChanged, StatusChanged, Acknowledged, Assigned, Alert, Note, Decision,
                 Action, Comms, Metric, Log, EntryCorrected, FollowupAdded, FollowupStatusChanged, FollowupUpdated,
                 ArtifactAttached, Escalated, IncidentLinked, IncidentArchived, AlertIgnored, TriageRun, JobStarted, JobFinished,
                 ReportGenerated, RiskSnapshot, BacklogItem, GateEvaluated, Redacted>;
static_assert(std::variant_size_v<Payload> == event_type_count);

inline EventType type_of(const Payload& payload) { return static_cast<EventType>(payload.index() + 1); }

}  // namespace daybook
