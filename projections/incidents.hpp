// The projection of incidents: one row for each, with the columns that the layouts show.
//
// On disk, in the views' environment:
//   incidents           stream number (4) -> IncidentRow (cereal)
//   incidents_by_start  started_at (8, newest first), id -> stream number (4)
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "projections/incident_state.hpp"
#include "projections/projection.hpp"

namespace daybook {

struct IncidentRow {
    IncidentState state;
    std::string id;
    std::string service;
    std::string env;
    std::string title;
    std::string created_by;
    std::optional<std::string> kind;
    std::optional<std::string> summary;
    std::optional<std::string> signature;
    std::optional<std::string> labels;  // RFC 8785 text, as meta
    std::optional<std::string> assignee;
    std::optional<std::string> duplicate_of;
    std::optional<std::string> meta;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(state, id, service, env, title, created_by, kind, summary, signature, labels, assignee, duplicate_of, meta);
    }
};

// Takes the next event of the incident's stream: the whole fold, also for a look at the past of one incident.
// Returns why it can't be taken; the row is then as before.
std::optional<std::string> apply(IncidentRow& row, const ProjectedEvent& event);

class IncidentsProjection final : public Projection {
public:
    std::string_view name() const override { return "incidents"; }
    std::vector<std::string> tables() const override { return {"incidents", "incidents_by_start"}; }
    void begin(lmdb::Transaction& transaction) override;
    PayloadUse payload_use(EventType type) const override;
    std::optional<std::string> apply(const ProjectedEvent& event) override;
    void flush() override;
    std::string describe(std::string_view table, std::string_view key) const override;

private:
    struct Cached {
        IncidentRow row;
        std::int64_t stored_start = RecordHeader::no_time;  // under which it stands in incidents_by_start
    };
    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table incidents_, by_start_;
    std::unordered_map<std::uint32_t, Cached> rows_;  // of this transaction
    std::uint32_t last_stored_ = 0;                   // the greatest stream number that had a row when it began; 0: none
};

// What a list of incidents is asked for; an empty field asks for nothing.
struct IncidentFilter {
    enum class Status { unfinished, open, mitigated, resolved, closed, all };
    Status status = Status::all;  // unfinished: open or mitigated
    std::optional<std::string> service, env, kind;
    std::optional<Severity> severity;
    std::optional<std::pair<std::string, std::string>> label;
    std::optional<Time> since;        // started at or after
    std::optional<Time> until;        // started before
    std::optional<std::string> text;  // in the title or the summary, whatever the case of ASCII letters
    bool archived = false;            // true: archived ones too
};

// A place in the order of starts: that of an incident, whether or not it is (still) there.
struct IncidentPlace {
    Time started_at{};
    std::string id;
    bool operator==(const IncidentPlace&) const = default;
};

// Newest start first, then by id; or exactly the other way round.
enum class IncidentListOrder { newest_first, oldest_first };

// Reads rows in a transaction on the views' environment.
class IncidentTable {
public:
    // Nothing where the views hold no incidents yet.
    static std::optional<IncidentTable> open(lmdb::Transaction& transaction);

    std::optional<IncidentRow> find(StreamNumber number) const;
    // Visits the incidents that `filter` asks for, until `visit` answers false. With `after`, those behind that place alone, which
    // is sought: a later page costs no more than the first.
    void list(const IncidentFilter& filter, const std::function<bool(const IncidentRow&)>& visit,
              IncidentListOrder order = IncidentListOrder::newest_first, const std::optional<IncidentPlace>& after = {}) const;
    // Visits all, in the order of stream numbers.
    void each(const std::function<void(StreamNumber, const IncidentRow&)>& visit) const;
    std::uint64_t count() const { return transaction_->count(incidents_); }

private:
    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table incidents_, by_start_;
};

}  // namespace daybook
