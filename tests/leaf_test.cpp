#include "journal/leaf.hpp"

#include <catch2/catch.hpp>

#include "journal/json.hpp"
#include "tests/support.hpp"

using namespace daybook;
using daybook::test::at;

namespace {

LeafFields example(Sha256& sha256) {
    LeafFields fields;
    fields.actor = "ada";
    fields.event_id = "019c89f5-8a00-7000-8000-000000000001";
    fields.occurred_at = at("2026-02-23T10:00:00Z");
    fields.payload_sha256 = sha256({"payload"});
    fields.recorded_at = at("2026-02-23T10:00:01.5Z");
    fields.sequence = {3};
    fields.source = "cli";
    fields.stream = "inc_20260223_1000_test0001";
    fields.version = 2;
    return fields;
}

}  // namespace

TEST_CASE("a leaf is the object of the specification, in RFC 8785 form", "[leaf]") {
    Sha256 sha256;
    std::string text;
    append_leaf_text(text, example(sha256));
    CHECK(text == R"({"actor":"ada","cause":null,"event_id":"019c89f5-8a00-7000-8000-000000000001","key":null,)"
                  R"("occurred_at":"2026-02-23T10:00:00Z",)"
                  R"("payload_sha256":"239f59ed55e737c77147cf55ad0c1b030b6d7ee748a7426952f9b852d5a935e5",)"
                  R"("prev":null,"recorded_at":"2026-02-23T10:00:01.500000Z","seq":3,"source":"cli",)"
                  R"("stream":"inc_20260223_1000_test0001","type":"note","v":1,"version":2})");
}

TEST_CASE("a leaf's text is the canonical text of itself, whatever its key says", "[leaf]") {
    Sha256 sha256;
    LeafFields fields = example(sha256);
    fields.key = "a \"key\"\\ with\nall of \x01 it: \xE2\x82\xAC \xF0\x9F\x98\x80 /";
    fields.event_id = "not a uuid: \"7\"";
    fields.cause = {2};
    fields.previous = sha256({"before"});
    std::string text;
    append_leaf_text(text, fields);
    JsonReader reader;
    const auto value = reader.read(text);
    REQUIRE(value);
    CHECK(canonical(**value) == text);
    CHECK((*value)->find("key")->text() == *fields.key);
    CHECK((*value)->find("event_id")->text() == fields.event_id);
    CHECK((*value)->find("cause")->integer == 2);
    CHECK((*value)->find("prev")->text() == to_hex(*fields.previous));
    CHECK((*value)->members().size() == 14);
}

TEST_CASE("leaves and nodes are hashed as RFC 9162 says, with different first bytes", "[leaf]") {
    Sha256 sha256;
    CHECK(leaf_hash(sha256, "abc") == sha256({std::string_view("\0abc", 4)}));
    const Digest left = sha256({"left"});
    const Digest right = sha256({"right"});
    CHECK(node_hash(sha256, left, right) == sha256({"\x01", bytes_of(left), bytes_of(right)}));
    CHECK(node_hash(sha256, left, right) != node_hash(sha256, right, left));
}
