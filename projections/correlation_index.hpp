// The projection that correlation looks candidates up in: which incidents were near a moment, bore a signature or had an alert.
//
// It answers with too many rather than too few, for any moment and whatever was undone since: who asks folds each candidate's
// history and decides. So no row but those of spans is ever taken away.
//
// On disk, in the views' environment:
//   related               stream number (4) -> Hull, as it lies in memory, and for each fingerprint of its alerts, by its bytes:
//   its
//                         length (1), the number of tellings (1), it, the tellings: one for each that occurred before all that were
//                         told earlier (occurred_at and seq, as they lie in memory; not more than 255)
//   related_spans         size class (1), start of the hull (8, sortable), stream number (4) -> nothing
//   related_starts        started_at (8, sortable), stream number (4) -> nothing; each start that an incident was ever said to have
//   related_signatures    SignatureKey (16), stream number (4) -> nothing
//   related_fingerprints  run (4), a 64-bit hash of a fingerprint, stream number (4) -> nothing; a run is 65,536 seqs: who looks
//                         one up asks each run, and new rows lie together, which makes a rebuild quick
// A fingerprint stands as the payload has it, between its quotes; of one over 200 bytes its start and SHA-256.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "journal/sha256.hpp"
#include "projections/incident_state.hpp"
#include "projections/projection.hpp"

namespace daybook {

// The first 16 bytes of a signature's SHA-256; zeroes for none.
using SignatureKey = std::array<std::uint8_t, 16>;
SignatureKey signature_key(Sha256& sha256, std::string_view signature);

// All moments at which an incident can ever be found to have been going on, in µs; flat, without padding.
struct Hull {
    static constexpr std::uint64_t no_class = 255;

    IncidentState state;
    std::int64_t first = INT64_MAX;  // its earliest start
    std::int64_t last = INT64_MIN;   // its latest event or start; while it is active there is no end
    SignatureKey signature{};
    std::uint64_t size_class = no_class;  // under which it stands in related_spans
};
static_assert(sizeof(Hull) == sizeof(IncidentState) + 40);

class CorrelationProjection final : public Projection {
public:
    std::string_view name() const override { return "correlation"; }
    std::vector<std::string> tables() const override;
    void begin(lmdb::Transaction& transaction) override;
    PayloadUse payload_use(EventType type) const override {
        if (type == EventType::incident_created) return PayloadUse::whole;
        return type == EventType::alert ? PayloadUse::fingerprint : PayloadUse::none;
    }
    std::optional<std::string> apply(const ProjectedEvent& event) override;
    void flush() override;
    std::string describe(std::string_view table, std::string_view key) const override;

private:
    struct Cached {
        Hull hull;
        std::int64_t stored_first = 0;   // under which it stands in related_spans
        std::uint32_t newest_alert = 0;  // place from 1 in alerts_; 0: none
    };
    // An alert of this transaction, with the place of the one before it in its stream, so that an event allocates nothing.
    struct Told {
        std::uint32_t previous = 0;
        std::uint32_t at = 0, size = 0;  // its fingerprint in texts_
        std::int64_t occurred_at = 0;
        std::uint64_t sequence = 0;
    };

    Cached* find(const ProjectedEvent& event);
    void take_start(Hull& hull, std::int64_t started_at, std::uint32_t stream);
    void take_created(Hull& hull, const ProjectedEvent& event);
    void take_alert(Cached& cached, const ProjectedEvent& event);
    void flush_span(std::uint32_t number, Cached& cached);
    std::string fingerprints_of(std::uint32_t number, const Cached& cached, std::string_view stored);

    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table hulls_, spans_, starts_, signatures_, fingerprints_;
    std::uint32_t last_stored_ = 0;                     // the greatest stream number that had a row when it began; 0: none
    std::unordered_map<std::uint32_t, Cached> cached_;  // of this transaction, as all below
    std::vector<Told> alerts_;
    std::string texts_;
    std::vector<std::string> new_starts_, new_signatures_, new_fingerprints_;  // keys
    Sha256 sha256_;
};

// Reads the rows in a transaction on the views' environment.
class CorrelationIndex {
public:
    // Nothing where the views hold no such index yet.
    static std::optional<CorrelationIndex> open(lmdb::Transaction& transaction);

    using Visit = std::function<void(StreamNumber)>;
    // Incidents that may have been going on at some moment from `from` to `to` (µs, both included). Each once.
    void each_between(std::int64_t from, std::int64_t to, const Visit& visit) const;
    // Incidents that may have started from `from` on and before `end`, by start; one may come several times.
    void each_started(std::int64_t from, std::int64_t end, const Visit& visit) const;
    void each_of_signature(const SignatureKey& signature, const Visit& visit) const;
    // One whose fingerprints have the same hash may be among them.
    void each_with_fingerprint(std::string_view fingerprint, const Visit& visit) const;

    // Zeroes where the incident has none.
    SignatureKey signature_of(StreamNumber incident) const;
    // The fingerprints of the alerts that occurred before `end` and are among the first `size` events, in the order of their bytes.
    std::vector<std::string> fingerprints_of(StreamNumber incident, std::int64_t end, std::uint64_t size) const;

private:
    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table hulls_, spans_, starts_, signatures_, fingerprints_;
};

}  // namespace daybook
