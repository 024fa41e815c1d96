#include "journal/payload.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/payload_samples.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

Result<Payload> decode_text(EventType type, std::string_view text, std::uint16_t version = 1) {
    JsonReader reader;
    const auto value = reader.read(text);
    if (!value) return value.refusal();
    return decode(type, version, **value);
}

// `object` without the member `name`, or with `instead` in its place.
std::string without(std::string_view object, std::string_view name, const std::string& instead = {}) {
    JsonReader reader;
    const auto value = reader.read(object);
    std::string out = "{";
    for (const JsonMember& member : (*value)->members()) {
        if (member.name == name && instead.empty()) continue;
        if (out.size() > 1) out += ',';
        append_json_string(out, member.name);
        out += ':';
        out += member.name == name ? instead : canonical(member.value);
    }
    return out + "}";
}

}  // namespace

TEST_CASE("every type of payload reads back as it was written", "[payload]") {
    for (const EventType type : all_event_types()) {
        CAPTURE(to_text(type));
        for (const Payload& payload : {sample_payload(type), empty_payload(type)}) {
            EncodedPayload encoded = encode(payload);
            CHECK(encoded.type == type);
            CHECK(encoded.schema_version == 1);
            // A JsonText without a value is no JSON: only a sample has one in each.
            if (encoded.text.find(":}") != std::string::npos || encoded.text.find(":,") != std::string::npos) continue;
            const auto decoded = decode_text(type, encoded.text);
            REQUIRE(decoded);
            CHECK(decoded->index() == payload.index());
            CHECK(encode(*decoded).text == encoded.text);
        }
    }
}

TEST_CASE("every payload's text is in RFC 8785 form", "[payload]") {
    JsonReader reader;
    for (const EventType type : all_event_types()) {
        CAPTURE(to_text(type));
        const std::string text = encode(sample_payload(type)).text;
        const auto value = reader.read(text);
        REQUIRE(value);
        CHECK(canonical(**value) == text);
        CHECK((*value)->members().size() == field_names(type).size());
    }
}

TEST_CASE("every payload of version 1 is in its golden file, and is read from there", "[payload]") {
    for (const EventType type : all_event_types()) {
        const std::string name = "events/" + std::string(to_text(type)) + ".v1.json";
        CAPTURE(name);
        const std::string text = encode(sample_payload(type)).text;
        const std::string expected = golden(name, text + "\n");
        CHECK(text + "\n" == expected);
        const auto decoded = decode_text(type, expected, 1);
        REQUIRE(decoded);
        CHECK(encode(*decoded).text + "\n" == expected);
    }
}

TEST_CASE("has_field knows the fields of a type, the common ones among them, and no other", "[payload]") {
    for (const EventType type : all_event_types()) {
        CAPTURE(to_text(type));
        for (const std::string& name : field_names(type)) CHECK(has_field(type, name));
        for (const char* common : {"message", "meta", "input_sha256"}) CHECK(has_field(type, common));
        CHECK_FALSE(has_field(type, "unknown"));
        CHECK_FALSE(has_field(type, ""));
    }
    CHECK(has_field(EventType::alert, "fingerprint"));
    CHECK_FALSE(has_field(EventType::note, "fingerprint"));
}

TEST_CASE("a schema version from the future is refused, and so is 0", "[payload]") {
    for (const EventType type : all_event_types()) {
        CAPTURE(to_text(type));
        const std::string text = encode(sample_payload(type)).text;
        for (const std::uint16_t version :
             {std::uint16_t{0}, static_cast<std::uint16_t>(schema_version_of(type) + 1), std::uint16_t{65535}}) {
            const auto decoded = decode_text(type, text, version);
            REQUIRE_FALSE(decoded);
            CHECK(decoded.refusal().code == RefusalCode::invalid);
            CHECK(decoded.refusal().field == "/v");
        }
    }
}

TEST_CASE("a field that is missing or of the wrong kind is refused by its name, unless it may be absent", "[payload]") {
    for (const EventType type : all_event_types()) {
        const std::string text = encode(sample_payload(type)).text;
        for (const std::string& name : field_names(type)) {
            CAPTURE(to_text(type), name);
            const auto absent = decode_text(type, without(text, name));
            if (absent) {
                CHECK(encode(*absent).text == without(text, name));
            } else {
                CHECK(absent.refusal().field == "/" + name);
                CHECK(absent.refusal().message == name + " is missing");
            }
            const auto wrong = decode_text(type, without(text, name, "[]"));
            if (wrong) {
                CHECK(encode(*wrong).text == without(text, name, "[]"));  // a field of any JSON
            } else {
                CHECK(wrong.refusal().field == "/" + name);
            }
        }
    }
}

TEST_CASE("a word that is no severity is refused with the choices", "[payload]") {
    const auto decoded = decode_text(EventType::severity_changed, R"({"from":"P1","to":"P9"})");
    REQUIRE_FALSE(decoded);
    CHECK(decoded.refusal().field == "/to");
    CHECK(decoded.refusal().message == "to must be one of P0, P1, P2, P3, P4");
}

TEST_CASE("fields that a type does not know are passed over", "[payload]") {
    const auto decoded = decode_text(EventType::note, R"({"message":"x","of_a_newer_daybook":{"a":1}})");
    REQUIRE(decoded);
    CHECK(encode(*decoded).text == R"({"message":"x"})");
    CHECK_FALSE(decode_text(EventType::note, R"(["message"])"));
}

TEST_CASE("a null is an absent field, and somebody no more for assigned", "[payload]") {
    const auto note = decode_text(EventType::note, R"({"message":null})");
    REQUIRE(note);
    CHECK(encode(*note).text == "{}");
    const auto nobody = decode_text(EventType::assigned, R"({"to":null})");
    REQUIRE(nobody);
    CHECK(encode(*nobody).text == R"({"to":null})");
    CHECK_FALSE(decode_text(EventType::assigned, "{}"));
}

TEST_CASE("the common fields are those of the payload, whatever its type", "[payload]") {
    for (const EventType type : all_event_types()) {
        Payload payload = sample_payload(type);
        common_fields(payload).message = "changed";
        CHECK(common_fields(std::as_const(payload)).message == "changed");
        CHECK(encode(payload).text.find(R"("message":"changed")") != std::string::npos);
    }
}

TEST_CASE("a record's facts are taken from the payload", "[payload]") {
    IncidentCreated created;
    created.service = "api";
    created.env = "prod";
    created.severity = Severity::p1;
    created.kind = "latency";
    created.signature = "sig";
    created.started_at = at("2026-02-23T10:00:00Z");
    const EventFacts facts = facts_of(created);
    CHECK(facts.service == "api");
    CHECK(facts.env == "prod");
    CHECK(facts.severity == Severity::p1);
    CHECK(facts.kind == "latency");
    CHECK(facts.subject == "sig");
    CHECK(facts.moment == created.started_at);
    CHECK(facts.from == EventFacts::no_code);

    StatusChanged changed;
    changed.from = IncidentStatus::open;
    changed.to = IncidentStatus::resolved;
    CHECK(facts_of(changed).from == 0);
    CHECK(facts_of(changed).to == 2);

    IncidentUpdated updated;
    updated.changes.text =
        R"({"service":{"from":"api","to":"web"},"started_at":{"from":"2026-02-23T10:00:00Z","to":"2026-02-23T09:00:00Z"}})";
    CHECK(facts_of(updated).service == "web");
    CHECK(facts_of(updated).env.empty());
    CHECK(facts_of(updated).moment == at("2026-02-23T09:00:00Z"));

    CHECK_FALSE(facts_of(Note()).severity);
    CHECK_FALSE(facts_of(Note()).moment);
}

TEST_CASE("a seal is the digest of salt and text", "[payload]") {
    EncodedPayload payload = encode(note("secret"));
    SeededEntropy entropy(1);
    Sha256 sha256;
    seal(payload, entropy, sha256);
    REQUIRE(payload.seal);
    const std::string salt(payload.seal->salt.begin(), payload.seal->salt.end());
    CHECK(payload.seal->digest == sha256({salt + payload.text}));
    const Digest first = payload.seal->digest;
    seal(payload, entropy, sha256);
    CHECK(payload.seal->digest != first);
}
