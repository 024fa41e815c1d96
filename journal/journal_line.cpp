#include "journal/journal_line.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "journal/layout.hpp"
#include "journal/leaf.hpp"

namespace daybook {
namespace {

// In the order of RFC 8785, which is the order in which a JsonValue gives them.
constexpr std::array<std::string_view, 14> leaf_members{"actor",          "cause", "event_id",    "key",    "occurred_at",
                                                        "payload_sha256", "prev",  "recorded_at", "seq",    "source",
                                                        "stream",         "type",  "v",           "version"};

Refusal invalid(std::string message, std::string field) { return {RefusalCode::invalid, std::move(message), std::move(field)}; }

// The members of a leaf, taken one after the other; the first that is not as it must be is kept.
class LeafReader {
public:
    explicit LeafReader(const JsonValue& leaf) : members_(leaf.members()) {}

    std::string_view text(std::size_t bytes_max) {
        const JsonValue& value = next();
        if (!value.is_string() || value.size == 0 || value.size > bytes_max) {
            fail("must be a string of 1 to " + std::to_string(bytes_max) + " bytes");
            return {};
        }
        return value.text();
    }
    std::optional<std::string_view> text_or_null(std::size_t bytes_max) {
        if (!peek().is_null()) return text(bytes_max);
        next();
        return std::nullopt;
    }
    std::uint64_t number(std::int64_t max) {
        const JsonValue& value = next();
        if (value.kind != JsonValue::Kind::integer || value.integer < 1 || value.integer > max) {
            fail("must be a whole number of 1 to " + std::to_string(max));
            return 1;
        }
        return static_cast<std::uint64_t>(value.integer);
    }
    std::uint64_t number_or_null(std::int64_t max) {
        if (!peek().is_null()) return number(max);
        next();
        return 0;
    }
    Time time() {
        const auto time = parse_time(text(64));
        if (!time) fail("must be a time");
        return time.value_or(Time{});
    }
    Digest digest() {
        const auto digest = digest_from_hex(text(64));
        if (!digest) fail("must be a SHA-256 in lower-case hex");
        return digest.value_or(Digest{});
    }
    std::optional<Digest> digest_or_null() {
        if (!peek().is_null()) return digest();
        next();
        return std::nullopt;
    }
    // Says what is wrong with the member that was taken last.
    void fail(const std::string& what) {
        if (!refusal_)
            refusal_ = invalid(std::string(members_[at_ - 1].name) + " " + what, "/leaf/" + std::string(members_[at_ - 1].name));
    }
    const std::optional<Refusal>& refusal() const { return refusal_; }

private:
    const JsonValue& peek() const { return members_[at_].value; }
    const JsonValue& next() { return members_[at_++].value; }

    std::span<const JsonMember> members_;
    std::size_t at_ = 0;
    std::optional<Refusal> refusal_;
};

std::optional<Refusal> check_members(const JsonValue& line) {
    const auto members = line.is_object() ? line.members() : std::span<const JsonMember>();
    if (members.size() != 3 || members[0].name != "leaf" || members[1].name != "payload" || members[2].name != "salt") {
        return invalid("a line must be an object with leaf, payload and salt, and nothing else", "");
    }
    const JsonValue& leaf = members[0].value;
    if (!leaf.is_object()) return invalid("a leaf must be an object", "/leaf");
    for (const std::string_view name : leaf_members) {
        if (leaf.find(name) == nullptr) return invalid(std::string(name) + " is missing", "/leaf/" + std::string(name));
    }
    if (leaf.size != leaf_members.size()) {
        return invalid("a leaf must have the " + std::to_string(leaf_members.size()) + " fields of an event, and nothing else",
                       "/leaf");
    }
    return std::nullopt;
}

}  // namespace

Result<Journal::Restored> JournalLineReader::read(std::string_view line) {
    payload_ = nullptr;
    artifact_.reset();
    const auto value = reader_.read(line);
    if (!value) return value.refusal();
    if (const auto refusal = check_members(**value)) return *refusal;
    line_ = line;
    if (!is_canonical(**value, line))
        return invalid("the line is not in the form of RFC 8785 (JCS): a tool has written it anew", "");

    const auto members = (*value)->members();
    Journal::Restored event;
    if (const auto refusal = read_leaf(members[0].value, event)) return *refusal;
    if (const auto refusal = read_payload(members[1].value, members[2].value, event)) return *refusal;
    return event;
}

std::optional<Refusal> JournalLineReader::read_leaf(const JsonValue& leaf, Journal::Restored& event) {
    constexpr std::int64_t number_max = (std::int64_t{1} << 53) - 1;
    LeafReader reader(leaf);
    LeafFields fields;
    fields.actor = reader.text(name_bytes_max);
    if (!is_actor(fields.actor)) reader.fail("must be an actor: [A-Za-z0-9._@:-], 1 to 128");
    fields.cause = {reader.number_or_null(number_max)};
    fields.event_id = reader.text(layout::stored_key_bytes_max);
    fields.key = reader.text_or_null(key_bytes_max);
    fields.occurred_at = reader.time();
    fields.payload_sha256 = payload_sha256_ = reader.digest();
    fields.previous = previous_ = reader.digest_or_null();
    fields.recorded_at = reader.time();
    fields.sequence = {reader.number(number_max)};
    fields.source = reader.text(name_bytes_max);
    fields.stream = reader.text(name_bytes_max);
    if (!is_stream(fields.stream))
        reader.fail("must be an incident's id or one of $triage, $jobs, $risk, $backlog, $gates, $admin");
    const auto type = from_text<EventType>(reader.text(name_bytes_max));
    if (!type) reader.fail("is not known to this daybook; a newer one wrote it: use that one");
    fields.type = type.value_or(EventType::note);
    fields.schema_version = static_cast<std::uint16_t>(reader.number(UINT16_MAX));
    fields.version = reader.number(number_max);
    if (reader.refusal()) return reader.refusal();

    // The leaf lies in the line right after {"leaf": and is canonical JSON; what is left is that each text is the one text of its
    // value: a time has several.
    leaf_text_.clear();
    append_leaf_text(leaf_text_, fields);
    if (line_.substr(8, leaf_text_.size()) != leaf_text_) {
        return invalid("the leaf is not the text of its fields: its times must be UTC with Z, with six digits of fraction or none",
                       "/leaf");
    }
    event.sequence = fields.sequence;
    event.stream = fields.stream;
    event.version = fields.version;
    event.occurred_at = fields.occurred_at;
    event.recorded_at = fields.recorded_at;
    event.actor = fields.actor;
    event.source = fields.source;
    event.event_id = fields.event_id;
    if (fields.key) event.key = std::string(*fields.key);
    event.cause = fields.cause;
    event.leaf = leaf_hash(sha256_, leaf_text_);
    event.payload.type = fields.type;
    event.payload.schema_version = fields.schema_version;
    return std::nullopt;
}

std::optional<Refusal> JournalLineReader::read_payload(const JsonValue& payload, const JsonValue& salt, Journal::Restored& event) {
    event.redacted = payload.is_null() && salt.is_null();
    EncodedPayload::Seal& seal = event.payload.seal.emplace();
    seal.digest = payload_sha256_;
    if (event.redacted) return std::nullopt;

    if (!payload.is_object()) return invalid("a payload must be an object", "/payload");
    const auto bytes = salt.is_string() ? from_hex(salt.text()) : std::nullopt;
    if (!bytes || bytes->size() != seal.salt.size()) return invalid("salt must be 16 bytes in lower-case hex", "/salt");
    std::memcpy(seal.salt.data(), bytes->data(), seal.salt.size());

    const std::size_t start = 8 + leaf_text_.size() + std::strlen(",\"payload\":");
    const std::size_t tail = std::strlen(",\"salt\":\"\"}") + salt.size;
    const std::string_view text = line_.substr(start, line_.size() - start - tail);
    if (text.size() > payload_bytes_max) {
        return Refusal{RefusalCode::too_large, "the payload is over " + std::to_string(payload_bytes_max) + " bytes", "/payload"};
    }
    if (sha256_({*bytes, text}) != payload_sha256_)
        return invalid("payload_sha256 is not the SHA-256 of salt and payload", "/leaf/payload_sha256");
    event.payload.text = text;
    payload_ = &payload;
    return decode_payload(payload, event);
}

std::optional<Refusal> JournalLineReader::decode_payload(const JsonValue& payload, Journal::Restored& event) {
    EncodedPayload& encoded = event.payload;
    if (encoded.schema_version > schema_version_of(encoded.type)) return std::nullopt;
    const auto decoded = decode(encoded.type, encoded.schema_version, payload);
    if (!decoded) return invalid(decoded.refusal().message, "/payload" + decoded.refusal().field);
    encoded.facts = facts_of(*decoded);
    encoded.input_sha256 = common_fields(*decoded).input_sha256;
    if (std::max({encoded.facts.service.size(), encoded.facts.env.size(), encoded.facts.kind.size()}) >
        layout::stored_name_bytes_max) {
        return invalid("service, env and kind have at most " + std::to_string(layout::stored_name_bytes_max) + " bytes",
                       "/payload");
    }
    if (const auto* attached = std::get_if<ArtifactAttached>(&*decoded)) {
        const auto digest = digest_from_hex(attached->sha256);
        if (!digest) return invalid("sha256 must be a SHA-256 in lower-case hex", "/payload/sha256");
        artifact_ = Artifact{*digest, attached->size_bytes};
    }
    return std::nullopt;
}

}  // namespace daybook
