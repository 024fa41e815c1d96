// Payload structs to and from their RFC 8785 text, and the few facts of each that go into a record's fixed header.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "journal/event.hpp"
#include "journal/identifiers.hpp"
#include "journal/json.hpp"
#include "journal/record.hpp"
#include "journal/result.hpp"
#include "journal/sha256.hpp"

namespace daybook {

// What a record's header keeps of a payload, so that folds seldom need to parse one. An `incident_updated` has only what it
// changed.
struct EventFacts {
    std::optional<Severity> severity;  // of the incident created, the alert; a follow-up's priority; `to` of a severity change
    std::uint8_t from = no_code;       // of a change of severity, of an incident's or a follow-up's status
    std::uint8_t to = no_code;         // likewise; of an alert its AlertState, of a link its relation, of an escalation its level
    std::optional<Time> moment;        // started_at, an alert's starts_at, a follow-up's due_at
    std::string service;               // empty: none
    std::string env;
    std::string kind;           // of an incident or an alert; an artifact's kind
    std::string subject;        // not in the header: an alert's fingerprint, a created incident's signature, a follow-up's id,
                                // a link's other incident
    std::uint64_t redacts = 0;  // likewise: the seq that a `redacted` names; 0: none

    static constexpr std::uint8_t no_code = 255;
};

// A payload ready to be stored.
struct EncodedPayload {
    EventType type = EventType::note;
    std::uint16_t schema_version = 1;
    std::string text;  // RFC 8785
    EventFacts facts;
    std::optional<std::string> input_sha256;

    // The salt, and the SHA-256 of salt and text. Whoever has a thread to spare seals early; an append seals what is not.
    struct Seal {
        Salt salt;
        Digest digest;
    };
    std::optional<Seal> seal;
};

EncodedPayload encode(const Payload& payload);
void seal(EncodedPayload& payload, Entropy& entropy, Sha256& sha256);

EventFacts facts_of(const Payload& payload);

// The newest schema version of `type` that this program knows.
std::uint16_t schema_version_of(EventType type);

// Whether fields that hold any JSON, such as an alert's labels, are copied; what looks at facts alone does without most of them.
enum class JsonFields { kept, left_out };

// Decodes a stored payload; versions before the newest are upcast on the way. Fields that the type does not know are
// passed over. Refuses: invalid (a field is missing or of the wrong kind; a schema version from the future).
Result<Payload> decode(EventType type, std::uint16_t schema_version, const JsonValue& value,
                       JsonFields json_fields = JsonFields::kept);

// The common fields of any payload.
const CommonFields& common_fields(const Payload& payload);
CommonFields& common_fields(Payload& payload);

// Whether `name` is a field that payloads of `type` know.
bool has_field(EventType type, std::string_view name);

}  // namespace daybook
