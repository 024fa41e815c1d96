// The projection of follow-ups: what was promised after an incident, by whom, until when.
//
// On disk, in the views' environment:
//   followups      stream number (4), seq (8) of the event that added it -> Followup (cereal)
//   followup_ids   follow-up id -> the key of its row
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/projection.hpp"

namespace daybook {

// What a follow-up says at some moment.
struct FollowupState {
    std::string title;
    std::optional<std::string> owner;
    Severity priority = Severity::p2;
    std::int64_t due_at = RecordHeader::no_time;
    FollowupStatus status = FollowupStatus::open;
    std::int64_t finished_at = RecordHeader::no_time;  // when it was last set to done or cancelled, unless it is open again

    bool finished() const { return is_finished(status); }
    // Not finished, and due before `now` (µs).
    bool overdue(std::int64_t now) const { return !finished() && due_at != RecordHeader::no_time && due_at < now; }

    template <class Archive>
    void serialize(Archive& archive) {
        archive(title, owner, priority, due_at, status, finished_at);
    }
};

// The fold of one follow-up: takes the next payload of its id (an addition, a change of status, an update). Returns why it
// can't be taken; the state is then as before. `state` is absent before the addition.
std::optional<std::string> apply(std::optional<FollowupState>& state, const Payload& payload, std::int64_t occurred_at);

// The follow-up that a payload is about; empty for payloads of other types.
std::string followup_id_of(const Payload& payload);

struct Followup {
    std::string id;
    std::string incident_id;
    std::uint32_t stream = 0;
    std::int64_t created_at = 0;
    std::int64_t updated_at = 0;
    FollowupState state;  // now

    // Each change, in the order of seq, the first being the addition: so that any moment of the past can be had.
    struct Change {
        std::int64_t occurred_at = 0;
        std::uint64_t sequence = 0;
        FollowupState state;

        template <class Archive>
        void serialize(Archive& archive) {
            archive(occurred_at, sequence, state);
        }
    };
    std::vector<Change> changes;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(id, incident_id, stream, created_at, updated_at, state, changes);
    }
};

// The state from the changes that occurred before `end` (µs) and are among the first `size` events; nothing if there was none. Where
// one is left out that was recorded before one that counts, the payloads of `journal` are folded anew.
std::optional<FollowupState> state_as_of(const Followup& followup, const JournalView& journal, std::int64_t end,
                                         std::uint64_t size);

class FollowupsProjection final : public Projection {
public:
    std::string_view name() const override { return "followups"; }
    std::vector<std::string> tables() const override { return {"followups", "followup_ids"}; }
    void begin(lmdb::Transaction& transaction) override;
    PayloadUse payload_use(EventType type) const override;
    std::optional<std::string> apply(const ProjectedEvent& event) override;
    void flush() override;
    std::string describe(std::string_view table, std::string_view key) const override;

private:
    Followup* find(const std::string& id);

    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table followups_, ids_;
    struct Cached {
        std::string key;
        Followup row;
    };
    std::map<std::string, Cached> rows_;  // by id, of this transaction
};

// Visits all follow-ups, by incident in the order of stream numbers, then as they were added, until `visit` answers false.
void scan_followups(lmdb::Transaction& transaction, const std::function<bool(const Followup&)>& visit);
// Those of one incident.
std::vector<Followup> followups_of(lmdb::Transaction& transaction, StreamNumber incident);
std::optional<Followup> find_followup(lmdb::Transaction& transaction, std::string_view id);

}  // namespace daybook
