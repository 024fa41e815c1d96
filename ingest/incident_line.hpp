// A row of incidents.jsonl, or of a table of its columns, as it comes in (section 2, "Importing a layout").
#pragma once

#include <optional>
#include <string>

#include "journal/event.hpp"
#include "journal/json.hpp"
#include "journal/result.hpp"
#include "journal/sha256.hpp"
#include "journal/time.hpp"
#include "journal/types.hpp"

namespace daybook {

// A column that is not there says nothing; one that is there and null says that there is no such thing.
template <class T>
struct Column {
    bool given = false;
    std::optional<T> value;
};

struct IncidentLine {
    std::string id;
    std::string sha256;  // of the row's RFC 8785 text, in hex
    std::string service;
    std::string title;
    Time started_at{};
    std::optional<std::string> env, kind, summary, signature;
    std::optional<Severity> severity;
    std::optional<JsonText> labels;
    std::optional<JsonText> meta;  // the row's, and the columns that daybook does not know
    std::string created_by;
    std::optional<Time> created_at, updated_at;
    std::optional<IncidentStatus> status;  // where the column is missing: what the moments say
    // `ended_at` stands for a missing resolved_at, unless it is only closed_at once more.
    Column<Time> acknowledged_at, mitigated_at, resolved_at, closed_at;
    std::optional<Time> archived_at;
    Column<std::string> assignee;
    std::optional<std::string> duplicate_of;
};

inline constexpr const char* import_source = "import";  // also the actor where none is named
inline constexpr const char* default_env = "prod";
inline constexpr Severity default_severity = Severity::p2;

// Refuses: invalid (a missing or wrong field; a row that contradicts itself).
Result<IncidentLine> read_incident_line(const JsonValue& row, Sha256& sha256);

// What an incident_created made from the row says.
IncidentCreated created_from(const IncidentLine& line);

}  // namespace daybook
