// The projection that the auditors' query reads: for each type, actor, source, service and day, which events have it.
//
// All streams are in it. The moment of recording needs no such list, since it never decreases with seq.
//
// On disk, in the views' environment:
//   event_index  kind (1), number (4), first seq (8) -> up to 480 offsets from that first seq (4 each, little-endian), ascending
// The number is that of the type, of the interned name, or of the day (days since 1970, so that it sorts). A block is filled up
// before the next begins, so that the rows do not depend on how events came in batches.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "projections/projection.hpp"

namespace daybook {

// What a list of seqs is about. The numbers are on disk.
enum class PostingKind : std::uint8_t { type = 1, actor = 2, source = 3, service = 4, day = 5 };
inline constexpr std::size_t posting_kinds = 5;

// The number under which the events of a day (UTC) are listed.
std::uint32_t day_number(std::int64_t micros);

class EventIndexProjection final : public Projection {
public:
    std::string_view name() const override { return "event_index"; }
    std::vector<std::string> tables() const override { return {"event_index"}; }
    void begin(lmdb::Transaction& transaction) override;
    std::optional<std::string> apply(const ProjectedEvent& event) override;
    void flush() override;
    std::string describe(std::string_view table, std::string_view key) const override;

    static constexpr std::size_t block_events = 480;  // two blocks fill a page

private:
    // The events of this transaction by number, as chains through flat arrays: nothing is allocated for an event.
    class Chains {
    public:
        void clear();
        // The next event of the batch has this number.
        void add(std::uint32_t number);
        // The next event of the batch has none.
        void skip() { previous_.push_back(0); }
        std::vector<std::uint32_t> numbers() const;  // ascending
        // The places in the batch of the events with that number, ascending.
        void places(std::uint32_t number, std::vector<std::uint32_t>& places) const;

    private:
        struct Recent {
            std::uint32_t number = 0;
            std::uint32_t* newest = nullptr;
        };
        std::unordered_map<std::uint32_t, std::uint32_t> newest_;  // number -> place of its newest event, from 1
        std::array<Recent, 256> recent_{};                         // before that map, since few numbers make up most events
        std::vector<std::uint32_t> previous_;                      // place -> place before it with the same number, 0: none
    };

    Chains& chains(PostingKind kind) { return chains_[static_cast<std::size_t>(kind) - 1]; }
    void append(PostingKind kind, std::uint32_t number, std::span<const std::uint64_t> sequences);

    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table table_;
    std::vector<std::uint64_t> sequences_;  // of this transaction
    std::array<Chains, posting_kinds> chains_;
};

// Reads the lists in a transaction on the views' environment.
class EventIndex {
public:
    // Nothing where the views hold no such index yet.
    static std::optional<EventIndex> open(lmdb::Transaction& transaction);

    // How many events are in it: the newest seq.
    std::uint64_t size() const;
    // Visits the seqs from `from` to `to`, both included, of one list, ascending. Returns the first seq beyond `to`; nothing where
    // there is none.
    std::optional<std::uint64_t> visit(PostingKind kind, std::uint32_t number, std::uint64_t from, std::uint64_t to,
                                       const std::function<void(std::uint64_t)>& visit) const;
    // The numbers of a kind that have events, from `from` to `to`; not more than `limit`.
    std::vector<std::uint32_t> numbers(PostingKind kind, std::uint32_t from, std::uint32_t to, std::size_t limit) const;

private:
    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table table_;
};

}  // namespace daybook
