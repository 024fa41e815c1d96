// A row of events.jsonl, or of a table of its columns, as it comes in, and the payload that it becomes (section 2, "Importing
// a layout").
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/artifact_line.hpp"
#include "ingest/incident_line.hpp"
#include "journal/event.hpp"
#include "journal/json.hpp"
#include "journal/result.hpp"
#include "journal/sha256.hpp"

namespace daybook {

struct EventLine {
    std::string sha256;  // of the row's RFC 8785 text, in hex
    std::string incident_id;
    Time ts{};
    std::optional<std::uint64_t> sequence;  // in the journal that it comes from
    std::optional<std::string> event_id;
    std::optional<Time> recorded_at;
    std::string actor;
    std::string source;
    // `from` is as the row says; what the journal says counts more.
    Payload payload;
};

// What of an incident's row fills a lacking field; `changed` names the fields of incident_created that later events change, and
// that are thus not what they were at the creation.
struct IncidentContext {
    const IncidentLine* line = nullptr;
    std::uint8_t changed = 0;  // bits: see changed_field
};
// The bit of a field that incident_updated may change; 0 for any other name.
std::uint8_t changed_field(std::string_view name);

// Make one and reuse it. Not thread-safe.
class EventLineReader {
public:
    // The incident and the artifact that a row is about, or nullptr where their rows are not known.
    using FindIncident = std::function<IncidentContext(std::string_view id)>;
    using FindArtifact = std::function<const ArtifactLine*(std::string_view id)>;
    EventLineReader(FindIncident find_incident, FindArtifact find_artifact)
        : find_incident_(std::move(find_incident)), find_artifact_(std::move(find_artifact)) {}

    // Refuses: invalid, with the place in the row.
    Result<EventLine> read(const JsonValue& row);

private:
    struct Parts;
    void sort_fields(const JsonValue& row, Parts& parts);
    void add_defaults(const EventLine& line, Parts& parts);
    void add_incident_defaults(const IncidentContext& context, Parts& parts);
    Result<Payload> payload_of(Parts& parts);

    FindIncident find_incident_;
    FindArtifact find_artifact_;
    JsonReader reader_;
    JsonReader meta_reader_;
    Sha256 sha256_;
};

// Which type of event a row's `type` stands for; nothing where it becomes a note with `legacy_type`: a word that is not in the
// catalogue, and a type that is of no incident. A `redacted` row is refused before.
std::optional<EventType> type_in_layout(std::string_view word);

}  // namespace daybook
