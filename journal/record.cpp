#include "journal/record.hpp"

#include <bit>
#include <cassert>

namespace daybook {

static_assert(std::endian::native == std::endian::little, "records are little-endian; a big-endian machine needs swaps here");

std::optional<RecordView> RecordView::parse(std::string_view bytes) {
    RecordView view;
    if (bytes.size() < sizeof(RecordHeader)) return std::nullopt;
    std::memcpy(&view.header_, bytes.data(), sizeof(RecordHeader));
    const RecordHeader& header = view.header_;
    const auto type = static_cast<int>(header.type);
    if (header.format != 1 || type < 1 || type > event_type_count || header.sequence == 0) return std::nullopt;

    std::size_t at = sizeof(RecordHeader);
    view.hashes_at_ = at;
    at += 32 * (static_cast<std::size_t>(completed_nodes({header.sequence})) + 1);
    view.salt_at_ = at;
    at += view.redacted() ? 32U : 16U;
    view.key_at_ = at;
    at += header.key_size;
    view.id_at_ = at;
    if ((header.flags & RecordHeader::has_text_id) != 0) {
        at += static_cast<std::size_t>(header.event_id[0]) | static_cast<std::size_t>(header.event_id[1]) << 8;
    }
    view.payload_at_ = at;
    at += header.payload_size;
    if (at != bytes.size()) return std::nullopt;
    view.bytes_ = bytes;
    return view;
}

Digest RecordView::node(int level) const {
    assert(level >= 0 && level <= completed_nodes(sequence()));
    Digest digest;
    std::memcpy(digest.data(), bytes_.data() + hashes_at_ + 32 * static_cast<std::size_t>(level), digest.size());
    return digest;
}

std::optional<std::string_view> RecordView::key() const {
    if ((header_.flags & RecordHeader::has_key) == 0) return std::nullopt;
    return bytes_.substr(key_at_, header_.key_size);
}

std::string RecordView::event_id() const {
    if ((header_.flags & RecordHeader::has_text_id) != 0) return std::string(text_id());
    return format_uuid(header_.event_id);
}

std::string_view RecordView::salt() const { return redacted() ? std::string_view() : bytes_.substr(salt_at_, 16); }

std::optional<Digest> RecordView::kept_payload_digest() const {
    if (!redacted()) return std::nullopt;
    Digest digest;
    std::memcpy(digest.data(), bytes_.data() + salt_at_, digest.size());
    return digest;
}

std::size_t record_size(const RecordParts& parts) {
    return sizeof(RecordHeader) + 32 * static_cast<std::size_t>(parts.node_count) + (parts.redacted ? 32U : parts.salt.size()) +
           parts.key.size() + parts.text_id.size() + parts.payload.size();
}

void write_record(const RecordParts& parts, char* to) {
    const auto put = [&to](const void* from, std::size_t size) {
        if (size != 0) std::memcpy(to, from, size);
        to += size;
    };
    put(&parts.header, sizeof(RecordHeader));
    put(parts.nodes, 32 * static_cast<std::size_t>(parts.node_count));
    if (parts.redacted) {
        put(parts.redacted->data(), parts.redacted->size());
    } else {
        put(parts.salt.data(), parts.salt.size());
    }
    put(parts.key.data(), parts.key.size());
    put(parts.text_id.data(), parts.text_id.size());
    put(parts.payload.data(), parts.payload.size());
}

void put_uuid(const Uuid& uuid, char (&to)[uuid_text_size]) {
    static constexpr char digits[] = "0123456789abcdef";
    std::size_t at = 0;
    for (const std::uint8_t byte : uuid) {
        if (at == 8 || at == 13 || at == 18 || at == 23) to[at++] = '-';
        to[at++] = digits[byte >> 4];
        to[at++] = digits[byte & 15];
    }
}

std::string format_uuid(const Uuid& uuid) {
    char text[uuid_text_size];
    put_uuid(uuid, text);
    return {text, sizeof text};
}

std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
    std::string hex;
    for (const char c : text) {
        if (c != '-') hex += c;
    }
    const auto bytes = from_hex(hex);
    if (!bytes || bytes->size() != 16) return std::nullopt;
    Uuid uuid;
    std::memcpy(uuid.data(), bytes->data(), uuid.size());
    return uuid;
}

}  // namespace daybook
