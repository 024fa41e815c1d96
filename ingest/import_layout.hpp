// Importing a layout: rows become requests to append, whatever they were read from (section 2, "Importing a layout").
//
// Who reads the rows hands them over in this order: all incidents, all artifacts, then every event to `announce`; then every event
// once more to `event`, ordered by `seq`, or by `ts` where there is none, an incident's incident_created before its others;
// then `artifact` and `conclude` for each. The requests are appended in the order in which they are given out, and every answer is
// reported by `answered` before requests of another kind are appended.
//
// An import can be stopped anywhere and run again, and the second run adds what is lacking:
//   an event with an event_id   is there already if an event with that id is; it is refused where that is another event
//   an event without, an artifact, an incident's creation   by the key import:<SHA-256 of the row's RFC 8785 text>
//   events that lead to the row's state   none are lacking where the state is reached
// An incident that has gone on in daybook since is not led back: its row is out of date.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ingest/artifact_ids.hpp"
#include "ingest/artifact_line.hpp"
#include "ingest/event_line.hpp"
#include "ingest/incident_line.hpp"
#include "journal/journal.hpp"
#include "projections/decision_index.hpp"

namespace daybook {

// The key of what comes from a row; `sha256` in hex.
inline std::string import_key(const std::string& sha256) { return "import:" + sha256; }

struct LayoutRequest {
    enum class Kind { creation, event, artifact, conclusion };
    Kind kind = Kind::event;
    std::size_t incident = 0;             // the place of its row, if there is one
    std::optional<std::size_t> artifact;  // the place of the row of an artifact that it attaches
    std::size_t held_bytes = 0;           // of the artifact, until it is appended
    std::uint64_t key_number = 0;         // which of the keys that were given out it has, from 1; 0: none
    AppendRequest request;
};

// Not thread-safe, but requests may be decided on another thread while the caller waits for their answers. Outlives its requests.
class LayoutImport {
public:
    // `index` is the journal's; `artifacts` is the directory of artifact files.
    LayoutImport(const DecisionIndex& index, std::filesystem::path artifacts);

    // Each row that is not refused has the next place, from 0. Refuses: invalid; conflict (the id stands in an earlier row).
    std::optional<Refusal> add_incident(const JsonValue& row);
    std::optional<Refusal> add_artifact(const JsonValue& row);
    std::size_t incident_count() const { return rows_; }
    std::size_t artifact_count() const { return artifacts_.size(); }
    // Looks ahead: what it notes decides how earlier rows are read. Passes over what it can't make sense of.
    void announce(const JsonValue& row);

    // The requests of one event: its own, and the creation of its incident from the incident's row, before it, if need be. Behind
    // it where the event is an incident_created: should that be refused, the incident and its other events are not lost.
    Result<std::vector<LayoutRequest>> event(const JsonValue& row);
    // As of an event. Nothing where an event's row attaches it.
    std::vector<LayoutRequest> artifact(std::size_t place);
    // What is missing of an incident, in two requests at most.
    std::vector<LayoutRequest> conclude(std::size_t place);

    void answered(const LayoutRequest& request, const Result<Appended>& answer);

    // What became of a row: taken, if anything was written for it; refused, if its own request was.
    enum class Outcome { untouched, duplicate, taken, refused };
    Outcome incident_outcome(std::size_t place) const { return incidents_[place].outcome; }
    Outcome artifact_outcome(std::size_t place) const { return artifacts_[place].outcome; }
    // Whether an event's row attaches the artifact.
    bool is_attached(std::size_t place) const { return artifacts_[place].attached; }

private:
    struct Incident {
        std::string id;
        std::unique_ptr<IncidentLine> line;  // null: events speak of it, no row does
        std::uint8_t changed = 0;            // see IncidentContext
        bool has_creation = false;           // a request to make it from its row was given out
        Sequence newest;                     // of the events that came from these rows
        Outcome outcome = Outcome::untouched;
    };
    struct Artifact {
        ArtifactLine line;
        bool attached = false;  // by an event's row
        Outcome outcome = Outcome::untouched;
    };
    // An event's row with all that its decision needs.
    struct Draft {
        EventLine line;
        std::size_t incident = 0;
        std::optional<Result<std::string>> file;  // the bytes of an artifact
        std::uint64_t keys_before = 0;            // how many keys were given out before
    };

    std::size_t incident_at(std::string_view id);
    void give_key(LayoutRequest& request, const std::string& key);
    // Adds the request that makes the incident from its row where it is not there: once, and if there is a row. `recorded_at` is
    // that of the row which leads to it.
    void add_creation(std::vector<LayoutRequest>& requests, std::size_t incident, std::optional<Time> recorded_at = {});
    Result<Batch> decide_creation(const Incident& incident, std::optional<Time> recorded_at, const JournalView& journal, Time now);
    Result<Batch> decide_event(const Draft& draft, const JournalView& journal, Time now);
    Result<Batch> decide_artifact(const Artifact& artifact, const Result<std::string>& file, const JournalView& journal);
    std::optional<Refusal> refuse_known_artifact(const std::string& id, const JournalView& journal);
    Result<Batch> decide_conclusion(const Incident& incident, const JournalView& journal) const;
    // Why the event that has the row's event_id is another one. Nothing where it is the row's.
    std::optional<Refusal> refuse_other(const EventLine& line, Sequence known, const JournalView& journal);
    // Makes a payload fit to what there is. Returns why it can't be.
    std::optional<Refusal> fit(Payload& payload, const StreamHead& head, const IncidentState& state,
                               const JournalView& journal) const;
    Result<std::int64_t> new_sequence(std::int64_t old, const StreamHead& head, const JournalView& journal) const;
    std::optional<Time> keep_recorded_at(std::optional<Time> recorded_at, const JournalView& journal, Time now);
    void settle_keys(std::uint64_t count, const JournalView& journal);
    void note_known(Sequence sequence);

    const DecisionIndex& index_;
    ArtifactIds artifact_ids_;
    std::filesystem::path artifacts_directory_;
    JsonReader reader_;
    Sha256 sha256_;
    EventLineReader events_;
    std::vector<Incident> incidents_;  // those with rows first
    std::size_t rows_ = 0;
    std::unordered_map<std::string, std::size_t> incident_places_;
    std::vector<Artifact> artifacts_;
    std::unordered_map<std::string, std::size_t> artifact_places_;  // by id

    // Events that others name by their old seq: what they are found by in this journal, an event_id or a key.
    struct Identity {
        std::string id;
        bool is_key = false;
    };
    std::unordered_set<std::uint64_t> named_;
    std::unordered_map<std::uint64_t, Identity> identities_;

    // The first `ours_` events of the journal are those of this import, as far as is known: while there are no others,
    // recorded_at is kept. `keys_` are those that were given out and whose events have not been looked up yet.
    std::uint64_t ours_ = 0;
    std::deque<std::string> keys_;
    std::uint64_t keys_given_ = 0;
    std::uint64_t keys_settled_ = 0;
    std::optional<Time> earliest_recorded_;  // of all rows
};

}  // namespace daybook
