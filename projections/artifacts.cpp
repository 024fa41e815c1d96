#include "projections/artifacts.hpp"

#include <algorithm>

#include "projections/row_codec.hpp"

namespace daybook {
namespace {

constexpr const char* artifacts_table = "artifacts";
constexpr const char* ids_table = "artifact_ids";
constexpr const char* names_table = "artifact_names";

std::string name_key(std::uint32_t stream, std::string_view name) {
    std::string key;
    append_big_endian(key, stream, 4);
    key += name;
    return key;
}

std::optional<Artifact> find_by(lmdb::Transaction& transaction, const char* index, std::string_view key) {
    const auto table = transaction.open(artifacts_table);
    const auto keys = transaction.open(index);
    if (!table || !keys || key.empty() || key.size() > key_bytes_max) return std::nullopt;
    const auto sequence = transaction.get(*keys, key);
    if (!sequence) return std::nullopt;
    const auto bytes = transaction.get(*table, *sequence);
    if (!bytes) return std::nullopt;
    return decode_row<Artifact>(*bytes);
}

}  // namespace

bool is_artifact_name(std::string_view name) {
    if (name.empty() || name.size() > 128 || name.front() == '.' || name.front() == '-') return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    });
}

void ArtifactsProjection::begin(lmdb::Transaction& transaction) {
    transaction_ = &transaction;
    artifacts_ = *transaction.open(artifacts_table);
    ids_ = *transaction.open(ids_table);
    names_ = *transaction.open(names_table);
}

std::optional<std::string> ArtifactsProjection::apply(const ProjectedEvent& event) {
    if (event.header().type != EventType::artifact_attached || !event.of_incident()) return std::nullopt;
    const auto payload = event.payload();
    if (!payload) return payload.refusal().message;
    const auto& attached = std::get<ArtifactAttached>(**payload);
    const bool redacted = event.record.redacted();  // its name is gone then, and its bytes are
    if (!redacted && !is_artifact_name(attached.name)) return "its name can't be a file's: " + attached.name;
    if (attached.artifact_id.empty() || attached.artifact_id.size() > key_bytes_max) return "an artifact's id has 1 to 256 bytes";
    if (transaction_->get(ids_, attached.artifact_id)) return "there is an artifact " + attached.artifact_id + " already";

    Artifact artifact;
    artifact.id = attached.artifact_id;
    artifact.incident_id = event.journal.stream_id(event.record.stream());
    artifact.kind = attached.kind;
    artifact.format = attached.format;
    artifact.name = attached.name;
    artifact.sha256 = attached.sha256;
    artifact.size_bytes = attached.size_bytes;
    artifact.created_by = event.journal.name({event.header().actor});
    artifact.created_at = event.header().occurred_at;
    artifact.sequence = event.header().sequence;
    const auto key = key_of(artifact.sequence, 8);
    transaction_->put(artifacts_, key, encode_row(artifact));
    transaction_->put(ids_, artifact.id, key);
    if (!redacted) transaction_->put(names_, name_key(event.header().stream, artifact.name), key);
    return std::nullopt;
}

std::string ArtifactsProjection::describe(std::string_view table, std::string_view key) const {
    if (table == ids_table) return "artifact " + std::string(key);
    if (table == names_table)
        return "artifact " + std::string(key.substr(4)) + " of stream " + std::to_string(read_big_endian(key.substr(0, 4)));
    return "the artifact attached by event " + std::to_string(read_big_endian(key));
}

void scan_artifacts(lmdb::Transaction& transaction, const std::function<void(const Artifact&)>& visit) {
    const auto table = transaction.open(artifacts_table);
    if (!table) return;
    lmdb::Cursor cursor(transaction, *table);
    for (bool there = cursor.first(); there; there = cursor.next()) visit(decode_row<Artifact>(cursor.value()));
}

std::optional<Artifact> find_artifact(lmdb::Transaction& transaction, std::string_view id) {
    return find_by(transaction, ids_table, id);
}

std::optional<Artifact> find_artifact(lmdb::Transaction& transaction, Sequence sequence) {
    const auto table = transaction.open(artifacts_table);
    const auto bytes = table ? transaction.get(*table, key_of(sequence.value, 8)) : std::nullopt;
    if (!bytes) return std::nullopt;
    return decode_row<Artifact>(*bytes);
}

std::optional<Artifact> find_artifact(lmdb::Transaction& transaction, StreamNumber incident, std::string_view name) {
    return find_by(transaction, names_table, name_key(incident.value, name));
}

}  // namespace daybook
