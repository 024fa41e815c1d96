// One event on disk: a fixed header of small integers, hashes, then texts. The format, with a worked example: journal/FORMAT.md
//
// Readers look at the header where it lies in the map; a payload is parsed only by who needs it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "journal/sha256.hpp"
#include "journal/time.hpp"
#include "journal/types.hpp"

namespace daybook {

using Salt = std::array<std::uint8_t, 16>;
using Uuid = std::array<std::uint8_t, 16>;

// Little-endian, 112 bytes, without padding.
struct RecordHeader {
    std::uint8_t format = 1;
    EventType type = EventType::note;
    std::uint16_t schema_version = 1;
    std::uint16_t flags = 0;
    std::uint8_t severity = none8;  // as EventFacts; 255: none
    std::uint8_t from = none8;
    std::uint8_t to = none8;
    std::uint8_t unused = 0;
    std::uint16_t key_size = 0;
    std::uint32_t payload_size = 0;
    std::uint64_t sequence = 0;
    std::uint64_t version = 0;
    std::int64_t occurred_at = 0;  // µs since 1970
    std::int64_t recorded_at = 0;
    std::uint64_t previous = 0;  // seq of the event before it in its stream; 0: none
    std::uint64_t cause = 0;     // 0: none
    std::uint32_t stream = 0;
    std::uint32_t actor = 0;
    std::uint32_t source = 0;
    std::uint32_t service = 0;  // 0: none
    std::uint32_t env = 0;
    std::uint32_t kind = 0;
    std::int64_t moment = no_time;  // as EventFacts
    Uuid event_id{};

    static constexpr std::uint8_t none8 = 255;
    static constexpr std::int64_t no_time = INT64_MIN;
    static constexpr std::uint16_t has_key = 1;
    static constexpr std::uint16_t has_text_id = 2;  // event_id is no UUID: its text follows the key, its length is event_id[0..1]
    static constexpr std::uint16_t is_redacted = 4;  // payload and salt are gone; their digest stands in their place
};
static_assert(sizeof(RecordHeader) == 112);
static_assert(offsetof(RecordHeader, sequence) == 16 && offsetof(RecordHeader, stream) == 64 &&
              offsetof(RecordHeader, event_id) == 96);

// How many interior nodes of the tree the leaf of `sequence` completes: one for each time that 2 divides it.
inline int completed_nodes(Sequence sequence) { return std::countr_zero(sequence.value); }

// A record where it lies. A view: valid as long as the bytes are. `parse` is the only way in: it checks that all
// sizes fit, so that what comes after may trust them.
class RecordView {
public:
    // Nothing where the bytes cannot be a record of this format.
    static std::optional<RecordView> parse(std::string_view bytes);

    const RecordHeader& header() const { return header_; }
    Sequence sequence() const { return {header_.sequence}; }
    EventType type() const { return header_.type; }
    StreamNumber stream() const { return {header_.stream}; }
    Time occurred_at() const { return from_micros(header_.occurred_at); }
    Time recorded_at() const { return from_micros(header_.recorded_at); }
    bool redacted() const { return (header_.flags & RecordHeader::is_redacted) != 0; }

    Digest leaf_hash() const { return node(0); }
    // The hash of the perfect subtree of 2^level leaves that ends with this one; level 0 is the leaf itself.
    // `level` is at most completed_nodes(sequence()).
    Digest node(int level) const;

    std::optional<std::string_view> key() const;
    std::string event_id() const;
    std::string_view text_id() const { return bytes_.substr(id_at_, payload_at_ - id_at_); }  // empty when the id is a UUID
    std::string_view payload() const { return bytes_.substr(payload_at_); }                   // RFC 8785 text; empty when redacted
    std::string_view salt() const;                                                            // 16 bytes; empty when redacted
    // The payload's salted digest: kept where the payload is gone, else to be computed.
    std::optional<Digest> kept_payload_digest() const;

private:
    RecordHeader header_;
    std::string_view bytes_;
    std::size_t hashes_at_ = 0;
    std::size_t salt_at_ = 0;
    std::size_t key_at_ = 0;
    std::size_t id_at_ = 0;
    std::size_t payload_at_ = 0;
};

// What a record is made of. `nodes` holds the leaf's hash and then the interior nodes that it completes.
struct RecordParts {
    RecordHeader header;
    const Digest* nodes = nullptr;
    int node_count = 0;
    Salt salt{};
    std::optional<Digest> redacted;  // of a redacted record: stands in the place of the salt
    std::string_view key;
    std::string_view text_id;  // when the id is no UUID
    std::string_view payload;
};

std::size_t record_size(const RecordParts& parts);
// Writes record_size(parts) bytes to `to`.
void write_record(const RecordParts& parts, char* to);

// The canonical text of a UUID, and back; nothing for any other text.
constexpr std::size_t uuid_text_size = 36;
void put_uuid(const Uuid& uuid, char (&to)[uuid_text_size]);
std::string format_uuid(const Uuid& uuid);
std::optional<Uuid> parse_uuid(std::string_view text);

}  // namespace daybook
