#include "ingest/artifact_ids.hpp"

#include <variant>

#include "projections/projection.hpp"

namespace daybook {

bool ArtifactIds::contains(const std::string& id, const JournalView& journal) {
    const std::uint64_t size = journal.size();
    if (seen_ < size) {
        PayloadDecoder payloads;
        journal.scan({seen_ + 1}, size - seen_, [&](const RecordView& record) {
            if (record.type() != EventType::artifact_attached) return true;
            const auto payload = payloads.decode(record, journal);
            if (payload) ids_.insert(std::get<ArtifactAttached>(**payload).artifact_id);
            return true;
        });
    }
    seen_ = size;
    return ids_.contains(id);
}

}  // namespace daybook
