// The projection of artifacts: the files that were attached to incidents. The bytes stay in the journal.
//
// On disk, in the views' environment:
//   artifacts      seq (8) of the event that attached it -> Artifact (cereal)
//   artifact_ids   artifact id -> seq (8)
//   artifact_names stream number (4), name -> seq (8) of the newest artifact of that name
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/projection.hpp"

namespace daybook {

struct Artifact {
    std::string id;
    std::string incident_id;
    std::string kind;
    ArtifactFormat format = ArtifactFormat::txt;
    std::string name;
    std::string sha256;  // hex
    std::int64_t size_bytes = 0;
    std::string created_by;
    std::int64_t created_at = 0;  // µs
    std::uint64_t sequence = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(id, incident_id, kind, format, name, sha256, size_bytes, created_by, created_at, sequence);
    }
};

class ArtifactsProjection final : public Projection {
public:
    std::string_view name() const override { return "artifacts"; }
    std::vector<std::string> tables() const override { return {"artifacts", "artifact_ids", "artifact_names"}; }
    void begin(lmdb::Transaction& transaction) override;
    PayloadUse payload_use(EventType type) const override {
        return type == EventType::artifact_attached ? PayloadUse::whole : PayloadUse::none;
    }
    std::optional<std::string> apply(const ProjectedEvent& event) override;
    void flush() override {}
    std::string describe(std::string_view table, std::string_view key) const override;

private:
    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table artifacts_, ids_, names_;
};

// Visits all, in the order of seq.
void scan_artifacts(lmdb::Transaction& transaction, const std::function<void(const Artifact&)>& visit);
std::optional<Artifact> find_artifact(lmdb::Transaction& transaction, std::string_view id);
// The one that this event attached.
std::optional<Artifact> find_artifact(lmdb::Transaction& transaction, Sequence sequence);
// The newest artifact of that name of an incident.
std::optional<Artifact> find_artifact(lmdb::Transaction& transaction, StreamNumber incident, std::string_view name);

// Whether `name` can be an artifact's file name: 1 to 128 of [A-Za-z0-9._-], not starting with a dot or a dash, so that it is a
// plain file of its directory on every system.
bool is_artifact_name(std::string_view name);

}  // namespace daybook
