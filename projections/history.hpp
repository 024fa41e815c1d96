// The projection of history: what happened to each incident, in numbers, with both clocks' order kept.
//
// It holds for every event of an incident the few numbers that reports count with. A digest as of any moment, at any prefix, is
// one scan over it (an entry is left out by its occurred_at or its seq), without a replay and without a payload.
//
// On disk, in the views' environment:
//   history  stream number (4), block (4) -> up to 50 HistoryEntry, as they lie in memory; flat, since it is scanned by the million
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "projections/incident_state.hpp"
#include "projections/projection.hpp"

namespace daybook {

// Fields as in RecordHeader.
struct HistoryEntry {
    std::int64_t occurred_at = 0;
    std::uint64_t sequence = 0;
    EventType type = EventType::note;
    std::uint8_t severity = RecordHeader::none8;
    std::uint8_t from = RecordHeader::none8;
    std::uint8_t to = RecordHeader::none8;
    std::uint32_t service = 0;
    std::uint32_t env = 0;
    std::uint32_t kind = 0;
    std::int64_t moment = RecordHeader::no_time;
};
static_assert(sizeof(HistoryEntry) == 40);

class HistoryProjection final : public Projection {
public:
    std::string_view name() const override { return "history"; }
    std::vector<std::string> tables() const override { return {"history"}; }
    void begin(lmdb::Transaction& transaction) override;
    std::optional<std::string> apply(const ProjectedEvent& event) override;
    void flush() override;
    std::string describe(std::string_view table, std::string_view key) const override;

    static constexpr std::size_t block_entries = 50;

private:
    void append(std::uint32_t number, std::span<const HistoryEntry> entries, bool known);

    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table history_;
    // New entries of this transaction, each with the place from 1 of the one before it in its stream (0: none), so that an event
    // allocates nothing.
    struct Linked {
        HistoryEntry entry;
        std::uint32_t previous = 0;
    };
    std::vector<Linked> entries_;
    std::unordered_map<std::uint32_t, std::uint32_t> newest_;  // stream number -> place from 1 of its newest entry
};

// Visits each stream with all its entries, in the order of stream numbers; entries are in the order of seq. The span is valid
// during the call. Nothing where the views hold no history yet.
void scan_history(lmdb::Transaction& transaction, const std::function<void(StreamNumber, std::span<const HistoryEntry>)>& visit);

// One stream's entries, in the order of seq.
std::vector<HistoryEntry> history_of(lmdb::Transaction& transaction, StreamNumber stream);

// The incident fold over an entry.
std::optional<std::string> apply(IncidentState& state, const HistoryEntry& entry);

}  // namespace daybook
