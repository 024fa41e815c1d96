#include "replay/replayer.hpp"

#include <algorithm>
#include <cstring>

#include "projections/artifacts.hpp"
#include "projections/correlation_index.hpp"
#include "projections/event_index.hpp"
#include "projections/followups.hpp"
#include "projections/history.hpp"
#include "projections/incidents.hpp"

namespace daybook {
namespace {

constexpr const char* positions_table = "positions";
constexpr const char* parked_table = "parked";

// Events of one transaction: enough that commits cost little, few enough that its rows fit in memory.
constexpr std::uint64_t batch_events = 50'000;

std::string parked_key(std::string_view projection, Sequence sequence) {
    std::string key(projection);
    key += '\0';
    append_big_endian(key, sequence.value, 8);
    return key;
}

}  // namespace

std::vector<std::unique_ptr<Projection>> make_projections() {
    std::vector<std::unique_ptr<Projection>> all;
    all.push_back(std::make_unique<IncidentsProjection>());
    all.push_back(std::make_unique<HistoryProjection>());
    all.push_back(std::make_unique<FollowupsProjection>());
    all.push_back(std::make_unique<ArtifactsProjection>());
    all.push_back(std::make_unique<EventIndexProjection>());
    all.push_back(std::make_unique<CorrelationProjection>());
    return all;
}

Replayer::Replayer(const Journal& journal, lmdb::Environment& views, std::string_view only) : journal_(journal), views_(views) {
    for (auto& projection : make_projections()) {
        if (only.empty() || projection->name() == only) projections_.push_back(std::move(projection));
    }
}

std::vector<Parked> Replayer::run(const ReplayLimit& limit, const std::function<void(Sequence)>& progress) {
    std::vector<Parked> parked;
    std::unique_ptr<EventFeed> feed;
    Sequence reached;
    do {
        lmdb::Transaction transaction(views_, lmdb::Transaction::Kind::write);
        reached = fold_batch(transaction, limit, feed, parked);
        if (reached) transaction.commit();  // before the first event there is nothing, not even tables
        if (progress) progress(reached);
    } while (reached.value < limit.size);
    return parked;
}

std::vector<Parked> Replayer::fold_into(lmdb::Transaction& transaction, const ReplayLimit& limit) {
    std::vector<Parked> parked;
    std::unique_ptr<EventFeed> feed;
    while (fold_batch(transaction, limit, feed, parked).value < limit.size) continue;
    return parked;
}

PayloadUse Replayer::payload_use(EventType type) const {
    PayloadUse most = PayloadUse::none;
    for (const auto& projection : projections_) most = std::max(most, projection->payload_use(type));
    return most;
}

Sequence Replayer::fold_batch(lmdb::Transaction& transaction, const ReplayLimit& limit, std::unique_ptr<EventFeed>& feed,
                              std::vector<Parked>& parked) {
    const lmdb::Table positions = *transaction.open(positions_table);
    const lmdb::Table parked_rows = *transaction.open(parked_table);
    // Another process may have moved the positions since the last batch: they are read anew each time.
    std::vector<Sequence> starts;
    Sequence from{UINT64_MAX};
    for (const auto& projection : projections_) {
        projection->begin(transaction);
        starts.push_back(position_of(transaction, projection->name()).sequence);
        from = std::min(from, starts.back());
    }
    if (from.value >= limit.size) return from;
    if (!feed || feed->next_sequence() != from.next()) {
        feed = std::make_unique<EventFeed>(journal_, from.next(), limit.size - from.value,
                                           [this](EventType type) { return payload_use(type); });
    }

    const auto apply = [&](const ProjectedEvent& event) {
        const Sequence sequence = event.record.sequence();
        for (std::size_t i = 0; i < projections_.size(); ++i) {
            if (sequence <= starts[i]) continue;
            const auto reason = projections_[i]->apply(event);
            if (!reason) continue;
            parked.push_back({std::string(projections_[i]->name()), sequence, *reason});
            transaction.put(parked_rows, parked_key(projections_[i]->name(), sequence), *reason);
        }
    };
    Position reached{from, {}};
    while (reached.sequence.value - from.value < batch_events) {
        const auto chunk = feed->next();
        if (!chunk) break;
        auto decoded = chunk->decoded.begin();
        for (std::size_t place = 0; place < chunk->records.size(); ++place) {
            const RecordView& record = chunk->records[place];
            if (decoded != chunk->decoded.end() && decoded->place == place) payloads_.adopt(record, std::move(decoded++->payload));
            if (limit.as_of && record.occurred_at() > *limit.as_of) continue;
            apply({record, *chunk->snapshot, payloads_, chunk->fingerprints[place]});
        }
        reached = {chunk->records.back().sequence(), chunk->records.back().leaf_hash()};
    }
    std::string row(reinterpret_cast<const char*>(&reached.sequence.value), sizeof reached.sequence.value);
    row += bytes_of(reached.leaf);
    for (std::size_t i = 0; i < projections_.size(); ++i) {
        projections_[i]->flush();
        if (starts[i] < reached.sequence) transaction.put(positions, projections_[i]->name(), row);
    }
    return reached.sequence;
}

Position position_of(lmdb::Transaction& transaction, std::string_view projection) {
    Position position;
    const auto table = transaction.open(positions_table);
    const auto row = table ? transaction.get(*table, projection) : std::nullopt;
    if (row && row->size() == sizeof position.sequence.value + position.leaf.size()) {
        std::memcpy(&position.sequence.value, row->data(), sizeof position.sequence.value);
        std::memcpy(position.leaf.data(), row->data() + sizeof position.sequence.value, position.leaf.size());
    }
    return position;
}

Position position_of_all(lmdb::Transaction& transaction) {
    Position least{{UINT64_MAX}, {}};
    for (const auto& projection : make_projections()) {
        const Position position = position_of(transaction, projection->name());
        if (position.sequence < least.sequence) least = position;
    }
    return least;
}

std::vector<Parked> parked_events(lmdb::Transaction& transaction) {
    std::vector<Parked> all;
    const auto table = transaction.open(parked_table);
    if (!table) return all;
    lmdb::Cursor cursor(transaction, *table);
    for (bool there = cursor.first(); there; there = cursor.next()) {
        const std::string_view key = cursor.key();
        const std::size_t zero = key.size() - 9;
        all.push_back({std::string(key.substr(0, zero)), {read_big_endian(key.substr(zero + 1))}, std::string(cursor.value())});
    }
    return all;
}

}  // namespace daybook
