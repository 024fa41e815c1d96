// What the rows of a layout lead to, decided inside the write transaction: LayoutImport's decisions.
#include <algorithm>
#include <variant>

#include "ingest/current.hpp"
#include "ingest/import_layout.hpp"
#include "ingest/missing_events.hpp"
#include "journal/redaction.hpp"
#include "journal/structure.hpp"
#include "projections/default_message.hpp"

namespace daybook {
namespace {

NewEvent new_event(const std::string& incident_id, const Payload& payload, Time at, const std::string& actor) {
    NewEvent event;
    event.stream = incident_id;
    event.payload = encode(payload);
    event.occurred_at = at;
    event.actor = actor;
    event.source = import_source;
    return event;
}

Refusal no_incident(const std::string& id) {
    return {RefusalCode::not_found, "there is no incident " + id + ", and no row to make it from", "/incident_id"};
}

// Adds the bytes of an artifact to the batch, unless the journal holds them. Returns why they can't be had.
std::optional<Refusal> add_blob(Batch& batch, const ArtifactAttached& attached, const Result<std::string>& file,
                                const JournalView& journal) {
    const Digest digest = *digest_from_hex(attached.sha256);
    std::size_t size = 0;
    if (const auto there = journal.blob(digest)) {
        size = there->size();
    } else {
        if (!file) return file.refusal();
        size = file->size();
        batch.blobs.push_back({digest, *file});
    }
    if (static_cast<std::int64_t>(size) == attached.size_bytes) return std::nullopt;
    return Refusal{
        RefusalCode::invalid,
        "the file " + attached.name + " has " + std::to_string(size) + " bytes, not " + std::to_string(attached.size_bytes),
        "/size_bytes"};
}

// Whether something happened to the incident that did not come with an import, after the newest of the events that did.
bool has_gone_on(const JournalView& journal, const StreamHead& head, Sequence newest) {
    for (Sequence at = head.sequence; at > newest;) {
        const auto record = journal.record(at);
        if (journal.name({record->header().source}) != import_source) return true;
        at = {record->header().previous};
    }
    return false;
}

}  // namespace

Result<Batch> LayoutImport::decide_creation(const Incident& incident, std::optional<Time> recorded_at, const JournalView& journal,
                                            Time now) {
    Batch batch;
    if (journal.stream(incident.id)) return batch;
    const IncidentLine& line = *incident.line;
    batch.events.push_back(new_event(incident.id, created_from(line), line.created_at.value_or(line.started_at), line.created_by));
    batch.events.back().recorded_at = keep_recorded_at(recorded_at, journal, now);
    return batch;
}

Result<Batch> LayoutImport::decide_event(const Draft& draft, const JournalView& journal, Time now) {
    const EventLine& line = draft.line;
    settle_keys(draft.keys_before, journal);
    if (const auto known = line.event_id ? journal.event_with_id(*line.event_id) : std::nullopt) {
        if (auto refusal = refuse_other(line, *known, journal)) {
            if (line.sequence) identities_.erase(*line.sequence);  // what corrects this row does not correct that event
            return *refusal;
        }
        note_known(*known);
        Incident& incident = incidents_[draft.incident];
        incident.newest = std::max(incident.newest, *known);
        return Batch{};
    }
    // Recorded times never decrease: every event until then would bear this one.
    if (line.recorded_at && *line.recorded_at > now) {
        return Refusal{RefusalCode::invalid,
                       "recorded_at lies after now, " + format_time(now) + ": nothing can have been recorded then yet",
                       "/recorded_at"};
    }
    const auto head = journal.stream(line.incident_id);
    const auto decision = head ? index_.incident(head->number) : std::nullopt;
    Batch batch;
    Payload payload = line.payload;
    if (std::holds_alternative<IncidentCreated>(payload)) {
        if (decision) return Refusal{RefusalCode::conflict, "the incident " + line.incident_id + " was created already", "/type"};
    } else {
        if (!decision) return no_incident(line.incident_id);
        if (auto refusal = fit(payload, *head, decision->state, journal)) return *refusal;
    }
    if (const auto* attached = std::get_if<ArtifactAttached>(&payload)) {
        auto refusal = refuse_known_artifact(attached->artifact_id, journal);
        if (!refusal) refusal = add_blob(batch, *attached, *draft.file, journal);
        if (refusal) {
            refusal->field = "/meta" + refusal->field;
            return *refusal;
        }
    }
    NewEvent event = new_event(line.incident_id, payload, line.ts, line.actor);
    event.source = line.source;
    event.event_id = line.event_id;
    event.recorded_at = keep_recorded_at(line.recorded_at, journal, now);
    batch.events.push_back(std::move(event));
    return batch;
}

// Only what no import and no redaction changes is compared.
std::optional<Refusal> LayoutImport::refuse_other(const EventLine& line, Sequence known, const JournalView& journal) {
    const RecordView record = *journal.record(known);
    const std::string stream(journal.stream_id(record.stream()));
    std::string difference;
    if (stream != line.incident_id) {
        difference = "of " + stream;
    } else if (record.type() != type_of(line.payload)) {
        difference = "of type " + std::string(to_text(record.type()));
    } else if (record.occurred_at() != line.ts) {
        difference = "at " + format_time(record.occurred_at());
    } else if (is_entry(record.type()) && !record.redacted()) {
        const auto payload = read_payload(journal, record, reader_);
        const std::string& text = *common_fields(line.payload).message;
        const bool same = !payload || text == redacted_text || text == common_fields(*payload).message.value_or("");
        if (!same) difference = "with another message";
    }
    if (difference.empty()) return std::nullopt;
    return Refusal{RefusalCode::conflict,
                   "event " + std::to_string(known.value) + ", " + difference + ", has the event_id " + *line.event_id +
                       " already: give this row another, or none",
                   "/event_id"};
}

std::optional<Refusal> LayoutImport::fit(Payload& payload, const StreamHead& head, const IncidentState& state,
                                         const JournalView& journal) const {
    if (auto* changed = std::get_if<SeverityChanged>(&payload)) changed->from = state.severity;
    if (auto* changed = std::get_if<StatusChanged>(&payload)) changed->from = state.status;
    if (auto* corrected = std::get_if<EntryCorrected>(&payload)) {
        const auto sequence = new_sequence(corrected->corrects, head, journal);
        if (!sequence) return sequence.refusal();
        corrected->corrects = *sequence;
    }
    if (const auto* added = std::get_if<FollowupAdded>(&payload)) {
        if (!index_.followup(added->followup_id)) return std::nullopt;
        return Refusal{RefusalCode::conflict, "there is a follow-up " + added->followup_id + " already", "/meta/followup_id"};
    }
    auto* changed = std::get_if<FollowupStatusChanged>(&payload);
    const auto* updated = std::get_if<FollowupUpdated>(&payload);
    if (changed == nullptr && updated == nullptr) return std::nullopt;
    const std::string& id = changed != nullptr ? changed->followup_id : updated->followup_id;
    const auto followup = index_.followup(id);
    if (!followup || followup->stream != head.number.value) {
        return Refusal{RefusalCode::not_found, "this incident has no follow-up " + id, "/meta/followup_id"};
    }
    if (changed != nullptr) changed->from = followup->status;
    return std::nullopt;
}

Result<std::int64_t> LayoutImport::new_sequence(std::int64_t old, const StreamHead& head, const JournalView& journal) const {
    const auto identity = identities_.find(static_cast<std::uint64_t>(old));
    std::optional<Sequence> sequence;
    if (identity != identities_.end() && identity->second.is_key) {
        if (const auto key = journal.key(identity->second.id)) sequence = key->sequence;
    } else if (identity != identities_.end()) {
        sequence = journal.event_with_id(identity->second.id);
    }
    const auto record = sequence ? journal.record(*sequence) : std::nullopt;
    if (record && record->stream() == head.number) return static_cast<std::int64_t>(sequence->value);
    return Refusal{RefusalCode::not_found, "no earlier row of this incident has the seq " + std::to_string(old), "/meta/corrects"};
}

Result<Batch> LayoutImport::decide_artifact(const Artifact& artifact, const Result<std::string>& file, const JournalView& journal) {
    const ArtifactLine& line = artifact.line;
    const auto head = journal.stream(line.incident_id);
    const auto decision = head ? index_.incident(head->number) : std::nullopt;
    if (!decision) return no_incident(line.incident_id);
    if (auto refusal = refuse_known_artifact(line.artifact_id, journal)) return *refusal;
    if (!file && (!line.sha256 || !line.size_bytes)) return file.refusal();
    ArtifactAttached attached;
    attached.artifact_id = line.artifact_id;
    attached.kind = line.kind;
    attached.format = line.format;
    attached.name = line.name;
    attached.sha256 = line.sha256 ? *line.sha256 : to_hex(Sha256()({*file}));
    attached.size_bytes = line.size_bytes ? *line.size_bytes : static_cast<std::int64_t>(file->size());
    attached.meta = line.meta;
    Batch batch;
    if (auto refusal = add_blob(batch, attached, file, journal)) return *refusal;
    const Time at = line.created_at.value_or(from_micros(decision->state.created_at));
    batch.events.push_back(new_event(line.incident_id, attached, at, line.created_by));
    return batch;
}

std::optional<Refusal> LayoutImport::refuse_known_artifact(const std::string& id, const JournalView& journal) {
    if (!artifact_ids_.contains(id, journal)) return std::nullopt;
    return Refusal{RefusalCode::conflict, "there is an artifact " + id + " already", "/artifact_id"};
}

Result<Batch> LayoutImport::decide_conclusion(const Incident& incident, const JournalView& journal) const {
    Batch batch;
    const auto head = journal.stream(incident.id);
    if (!head || has_gone_on(journal, *head, incident.newest)) return batch;
    const IncidentRow row = current_incident(journal, *head);
    if (!row.state.exists()) return batch;
    for (const MissingEvent& missing : missing_events(row, *incident.line)) {
        batch.events.push_back(new_event(incident.id, missing.payload, missing.at, import_source));
    }
    return batch;
}

// --- which of the journal's events are those of this import

// What the next event bears. Recorded times never decrease: where its row has none, the earliest of all rows' leads to that of the
// event before it, and the clock's would be borne by all rows behind it.
std::optional<Time> LayoutImport::keep_recorded_at(std::optional<Time> recorded_at, const JournalView& journal, Time now) {
    const std::uint64_t size = journal.size();
    if (size > ours_) return std::nullopt;
    ours_ = size + 1;
    for (const auto& time : {recorded_at, earliest_recorded_}) {
        if (time && *time <= now) return time;
    }
    return std::nullopt;
}

void LayoutImport::settle_keys(std::uint64_t count, const JournalView& journal) {
    while (keys_settled_ < count) {
        if (const auto known = journal.key(keys_.front())) note_known(known->sequence);
        keys_.pop_front();
        ++keys_settled_;
    }
}

void LayoutImport::note_known(Sequence sequence) {
    if (sequence.value == ours_ + 1) ours_ = sequence.value;
}

}  // namespace daybook
