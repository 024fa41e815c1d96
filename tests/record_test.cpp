#include "journal/record.hpp"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "tests/support.hpp"

using namespace daybook;
using daybook::test::at;

namespace {

// What a record is made of, with storage for what RecordParts only points to.
struct Example {
    RecordParts parts;
    std::vector<Digest> nodes;
    std::string key = "the key";
    std::string text_id;
    std::string payload = R"({"message":"x"})";

    explicit Example(std::uint64_t sequence = 8) {
        parts.header.sequence = sequence;
        parts.header.version = 3;
        parts.header.occurred_at = to_micros(at("2026-02-23T10:00:00Z"));
        parts.header.recorded_at = to_micros(at("2026-02-23T10:00:01Z"));
        parts.header.stream = 7;
        parts.header.flags = RecordHeader::has_key;
        for (std::size_t i = 0; i < parts.header.event_id.size(); ++i) parts.header.event_id[i] = static_cast<std::uint8_t>(i);
        for (std::size_t i = 0; i < parts.salt.size(); ++i) parts.salt[i] = static_cast<std::uint8_t>(0xA0 + i);
        Sha256 sha256;
        for (int i = 0; i <= completed_nodes({sequence}); ++i) nodes.push_back(sha256({std::to_string(i)}));
    }
    void name(std::string id) {
        text_id = std::move(id);
        parts.header.flags |= RecordHeader::has_text_id;
        parts.header.event_id = {};
        parts.header.event_id[0] = static_cast<std::uint8_t>(text_id.size());
        parts.header.event_id[1] = static_cast<std::uint8_t>(text_id.size() >> 8);
    }
    std::string bytes() {
        parts.nodes = nodes.data();
        parts.node_count = static_cast<int>(nodes.size());
        parts.key = key;
        parts.text_id = text_id;
        parts.payload = payload;
        parts.header.key_size = static_cast<std::uint16_t>(key.size());
        parts.header.payload_size = static_cast<std::uint32_t>(payload.size());
        std::string out(record_size(parts), '\0');
        write_record(parts, out.data());
        return out;
    }
};

}  // namespace

TEST_CASE("a record reads back as it was written", "[record]") {
    Example example;
    const std::string bytes = example.bytes();
    const auto record = RecordView::parse(bytes);
    REQUIRE(record);
    CHECK(record->sequence() == Sequence{8});
    CHECK(record->stream() == StreamNumber{7});
    CHECK(record->type() == EventType::note);
    CHECK(record->header().version == 3);
    CHECK(record->occurred_at() == at("2026-02-23T10:00:00Z"));
    CHECK(record->recorded_at() == at("2026-02-23T10:00:01Z"));
    CHECK(record->leaf_hash() == example.nodes[0]);
    for (int level = 0; level <= 3; ++level) CHECK(record->node(level) == example.nodes[static_cast<std::size_t>(level)]);
    CHECK(record->key() == "the key");
    CHECK(record->event_id() == "00010203-0405-0607-0809-0a0b0c0d0e0f");
    CHECK(record->salt() == std::string_view(reinterpret_cast<const char*>(example.parts.salt.data()), 16));
    CHECK(record->payload() == example.payload);
    CHECK_FALSE(record->redacted());
    CHECK_FALSE(record->kept_payload_digest());
}

TEST_CASE("an id that is no UUID is kept as text", "[record]") {
    Example example(1);
    example.name("alert/" + std::string(250, 'x'));
    const std::string bytes = example.bytes();
    const auto record = RecordView::parse(bytes);
    REQUIRE(record);
    CHECK(record->event_id() == example.text_id);
    CHECK(record->payload() == example.payload);
    CHECK(record->key() == "the key");
}

TEST_CASE("a redacted record has the payload's digest, and neither payload nor salt", "[record]") {
    Example example;
    Sha256 sha256;
    example.parts.header.flags |= RecordHeader::is_redacted;
    example.parts.redacted = sha256({"what it was"});
    example.payload.clear();
    const std::string bytes = example.bytes();
    const auto record = RecordView::parse(bytes);
    REQUIRE(record);
    CHECK(record->redacted());
    CHECK(record->kept_payload_digest() == sha256({"what it was"}));
    CHECK(record->payload().empty());
    CHECK(record->salt().empty());
    CHECK(record->key() == "the key");
    CHECK(record->leaf_hash() == example.nodes[0]);
}

TEST_CASE("a record without a key has none, not an empty one", "[record]") {
    Example example;
    example.key.clear();
    example.parts.header.flags = 0;
    const std::string bytes = example.bytes();
    CHECK_FALSE(RecordView::parse(bytes).value().key());
}

TEST_CASE("a record that is cut anywhere is refused, and so is one with more behind it", "[record]") {
    Example plain(5);
    Example named(64);
    named.name("an id of its own");
    Example redacted(2);
    redacted.parts.header.flags |= RecordHeader::is_redacted;
    redacted.parts.redacted = Digest{};
    redacted.payload.clear();
    for (Example* example : {&plain, &named, &redacted}) {
        const std::string bytes = example->bytes();
        REQUIRE(RecordView::parse(bytes));
        for (std::size_t size = 0; size < bytes.size(); ++size)
            CHECK_FALSE(RecordView::parse(std::string_view(bytes).substr(0, size)));
        CHECK_FALSE(RecordView::parse(bytes + '\0'));
    }
}

TEST_CASE("a record of another format, of no type or of no event is refused", "[record]") {
    const auto with = [](auto change) {
        Example example;
        change(example.parts.header);
        return RecordView::parse(example.bytes()).has_value();
    };
    CHECK(with([](RecordHeader&) {}));
    CHECK_FALSE(with([](RecordHeader& header) { header.format = 0; }));
    CHECK_FALSE(with([](RecordHeader& header) { header.format = 2; }));
    CHECK_FALSE(with([](RecordHeader& header) { header.type = static_cast<EventType>(0); }));
    CHECK_FALSE(with([](RecordHeader& header) { header.type = static_cast<EventType>(event_type_count + 1); }));
    CHECK_FALSE(with([](RecordHeader& header) { header.sequence = 0; }));
}

TEST_CASE("a record with any header is read within its bytes or refused", "[record]") {
    rc::prop("16 random bytes anywhere in the header", [] {
        std::string bytes = Example(*rc::gen::inRange<std::uint64_t>(1, 40)).bytes();
        const auto at = *rc::gen::inRange<std::size_t>(0, sizeof(RecordHeader) - 16);
        for (std::size_t i = 0; i < 16; ++i) bytes[at + i] = *rc::gen::arbitrary<char>();
        const auto record = RecordView::parse(bytes);
        if (!record) return;
        const std::string_view payload = record->payload();
        RC_ASSERT(payload.data() >= bytes.data() && payload.data() + payload.size() == bytes.data() + bytes.size());
        RC_ASSERT(record->event_id().size() <= bytes.size());
        RC_ASSERT(record->key().value_or("").size() <= bytes.size());
        (void)record->node(completed_nodes(record->sequence()));
    });
}

TEST_CASE("the leaf of an event completes one node for each time that 2 divides its seq", "[record]") {
    CHECK(completed_nodes({1}) == 0);
    CHECK(completed_nodes({2}) == 1);
    CHECK(completed_nodes({3}) == 0);
    CHECK(completed_nodes({12}) == 2);
    CHECK(completed_nodes({std::uint64_t{1} << 40}) == 40);
}

TEST_CASE("a UUID has one text, in lower case", "[record]") {
    const std::string text = "019c89f5-8a00-7abc-8def-0123456789ab";
    const auto uuid = parse_uuid(text);
    REQUIRE(uuid);
    CHECK(format_uuid(*uuid) == text);
    for (const char* wrong :
         {"", "019c89f5-8a00-7abc-8def-0123456789a", "019c89f5-8a00-7abc-8def-0123456789abc",
          "019C89F5-8a00-7abc-8def-0123456789ab", "019c89f58a00-7abc-8def-0123456789ab0", "019c89f5-8a00-7abc-8def_0123456789ab",
          "{19c89f5-8a00-7abc-8def-0123456789a}", "019c89f5-8a00-7abc-8def-01234567-9ab"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_uuid(wrong));
    }
}
