// The leaf of an event: the RFC 8785 text of its fields, with the payload replaced by its salted digest and the leaf hash of
// the event before it in its stream added (section 1, "Tamper evidence").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "journal/sha256.hpp"
#include "journal/time.hpp"
#include "journal/types.hpp"

namespace daybook {

struct LeafFields {
    std::string_view actor;
    Sequence cause;  // 0: null
    std::string_view event_id;
    std::optional<std::string_view> key;
    Time occurred_at;
    Digest payload_sha256;
    std::optional<Digest> previous;  // leaf hash of the event before it in the stream
    Time recorded_at;
    Sequence sequence;
    std::string_view source;
    std::string_view stream;
    EventType type = EventType::note;
    std::uint16_t schema_version = 1;
    std::uint64_t version = 1;
};

void append_leaf_text(std::string& out, const LeafFields& fields);

// RFC 9162 section 2.1.1.
Digest leaf_hash(Sha256& sha256, std::string_view leaf_text);
Digest node_hash(Sha256& sha256, const Digest& left, const Digest& right);

}  // namespace daybook
