#include "ingest/import_layout.hpp"

#include <algorithm>
#include <utility>

#include "journal/own_keys.hpp"

namespace daybook {
namespace {

std::string_view text_or_empty(const JsonValue* value) {
    return value != nullptr && value->is_string() ? value->text() : std::string_view();
}

}  // namespace

LayoutImport::LayoutImport(const DecisionIndex& index, std::filesystem::path artifacts)
    : index_(index),
      artifacts_directory_(std::move(artifacts)),
      events_(
          [this](std::string_view id) {
              const Incident& incident = incidents_[incident_at(id)];
              return IncidentContext{incident.line.get(), incident.changed};
          },
          [this](std::string_view id) -> const ArtifactLine* {
              const auto found = artifact_places_.find(std::string(id));
              return found == artifact_places_.end() ? nullptr : &artifacts_[found->second].line;
          }) {}

// --- the rows, before anything is decided

std::optional<Refusal> LayoutImport::add_incident(const JsonValue& row) {
    auto line = read_incident_line(row, sha256_);
    if (!line) return line.refusal();
    if (incident_places_.contains(line->id)) {
        return Refusal{RefusalCode::conflict, "an earlier row has the id " + line->id, "/id"};
    }
    Incident& incident = incidents_[incident_at(line->id)];
    incident.line = std::make_unique<IncidentLine>(std::move(*line));
    rows_ = incidents_.size();
    return std::nullopt;
}

std::optional<Refusal> LayoutImport::add_artifact(const JsonValue& row) {
    auto line = read_artifact_line(row, sha256_);
    if (!line) return line.refusal();
    const auto [place, added] = artifact_places_.emplace(line->artifact_id, artifacts_.size());
    if (!added) return Refusal{RefusalCode::conflict, "an earlier row has the artifact_id " + line->artifact_id, "/artifact_id"};
    artifacts_.push_back({std::move(*line)});
    return std::nullopt;
}

void LayoutImport::announce(const JsonValue& row) {
    if (const auto recorded_at = parse_time(text_or_empty(row.find("recorded_at")))) {
        earliest_recorded_ = std::min(earliest_recorded_.value_or(*recorded_at), *recorded_at);
    }
    const std::string_view id = text_or_empty(row.find("incident_id"));
    const auto type = from_text<EventType>(text_or_empty(row.find("type")));
    const JsonValue* meta = row.find("meta");
    if (!type || !is_incident_id(id)) return;
    if (meta == nullptr) return;
    if (*type == EventType::incident_updated) {
        const JsonValue* changes = meta->find("changes");
        if (changes == nullptr || !changes->is_object()) return;
        for (const JsonMember& change : changes->members()) incidents_[incident_at(id)].changed |= changed_field(change.name);
    }
    if (*type == EventType::entry_corrected) {
        const JsonValue* corrects = meta->find("corrects");
        if (corrects != nullptr && corrects->kind == JsonValue::Kind::integer)
            named_.insert(static_cast<std::uint64_t>(corrects->integer));
    }
    if (*type == EventType::artifact_attached) {
        const auto found = artifact_places_.find(std::string(text_or_empty(meta->find("artifact_id"))));
        if (found != artifact_places_.end()) artifacts_[found->second].attached = true;
    }
}

std::size_t LayoutImport::incident_at(std::string_view id) {
    const auto [place, added] = incident_places_.emplace(id, incidents_.size());
    if (added) incidents_.emplace_back().id = id;
    return place->second;
}

// --- requests

Result<std::vector<LayoutRequest>> LayoutImport::event(const JsonValue& row) {
    auto line = events_.read(row);
    if (!line) return line.refusal();
    const auto draft = std::make_shared<Draft>();
    draft->line = std::move(*line);
    draft->incident = incident_at(draft->line.incident_id);
    const std::string key = import_key(draft->line.sha256);
    if (draft->line.sequence && named_.contains(*draft->line.sequence)) {
        identities_[*draft->line.sequence] = {draft->line.event_id.value_or(key), !draft->line.event_id};
    }

    std::vector<LayoutRequest> requests;
    const bool creates = std::holds_alternative<IncidentCreated>(draft->line.payload);
    if (!creates) add_creation(requests, draft->incident, draft->line.recorded_at);
    LayoutRequest& request = requests.emplace_back();
    request.incident = draft->incident;
    if (const auto* attached = std::get_if<ArtifactAttached>(&draft->line.payload)) {
        draft->file = read_artifact_file(artifacts_directory_, draft->line.incident_id, attached->name, attached->sha256);
        if (*draft->file) request.held_bytes = (*draft->file)->size();
        const auto found = artifact_places_.find(attached->artifact_id);
        if (found != artifact_places_.end()) request.artifact = found->second;
    }
    draft->keys_before = keys_given_;
    if (!draft->line.event_id) give_key(request, key);
    request.request.decide = [this, draft](const JournalView& journal, Time now) { return decide_event(*draft, journal, now); };
    // Does nothing, unless the row's own request is refused.
    if (creates) add_creation(requests, draft->incident, draft->line.recorded_at);
    return requests;
}

void LayoutImport::give_key(LayoutRequest& request, const std::string& key) {
    request.request.input = own_input(key);
    request.key_number = ++keys_given_;
    keys_.push_back(key);
}

void LayoutImport::add_creation(std::vector<LayoutRequest>& requests, std::size_t incident, std::optional<Time> recorded_at) {
    Incident& subject = incidents_[incident];
    if (subject.has_creation || !subject.line) return;
    subject.has_creation = true;
    LayoutRequest& request = requests.emplace_back();
    request.kind = LayoutRequest::Kind::creation;
    request.incident = incident;
    const std::uint64_t keys_before = keys_given_;
    give_key(request, import_key(subject.line->sha256));
    request.request.decide = [this, incident, recorded_at, keys_before](const JournalView& journal, Time now) {
        settle_keys(keys_before, journal);
        return decide_creation(incidents_[incident], recorded_at, journal, now);
    };
}

std::vector<LayoutRequest> LayoutImport::artifact(std::size_t place) {
    std::vector<LayoutRequest> requests;
    const Artifact& subject = artifacts_[place];
    if (subject.attached) return requests;
    const auto file = std::make_shared<Result<std::string>>(
        read_artifact_file(artifacts_directory_, subject.line.incident_id, subject.line.name, subject.line.sha256));
    const std::size_t incident = incident_at(subject.line.incident_id);
    add_creation(requests, incident);
    LayoutRequest& request = requests.emplace_back();
    request.kind = LayoutRequest::Kind::artifact;
    request.artifact = place;
    request.incident = incident;
    request.held_bytes = *file ? (*file)->size() : 0;
    give_key(request, import_key(subject.line.key_sha256));
    request.request.decide = [this, place, file](const JournalView& journal, Time) {
        return decide_artifact(artifacts_[place], *file, journal);
    };
    return requests;
}

std::vector<LayoutRequest> LayoutImport::conclude(std::size_t place) {
    std::vector<LayoutRequest> requests;
    add_creation(requests, place);
    LayoutRequest& request = requests.emplace_back();
    request.kind = LayoutRequest::Kind::conclusion;
    request.incident = place;
    request.request.decide = [this, place](const JournalView& journal, Time) {
        return decide_conclusion(incidents_[place], journal);
    };
    return requests;
}

void LayoutImport::answered(const LayoutRequest& request, const Result<Appended>& answer) {
    using Kind = LayoutRequest::Kind;
    Incident& incident = incidents_[request.incident];
    if (request.key_number == keys_settled_ + 1) {
        keys_.pop_front();
        ++keys_settled_;
        if (answer) note_known(answer->first);
    }
    if (!answer) {
        if (request.kind == Kind::creation || request.kind == Kind::conclusion) incident.outcome = Outcome::refused;
        if (request.artifact) artifacts_[*request.artifact].outcome = Outcome::refused;
        return;
    }
    if (request.kind != Kind::conclusion) incident.newest = std::max(incident.newest, answer->first);
    const Outcome outcome = answer->count != 0 ? Outcome::taken : Outcome::duplicate;
    incident.outcome = std::max(incident.outcome, outcome);
    if (request.artifact) artifacts_[*request.artifact].outcome = std::max(artifacts_[*request.artifact].outcome, outcome);
}

}  // namespace daybook
