#include "journal/verify.hpp"

#include <catch2/catch.hpp>

#include "journal/layout.hpp"
#include "journal/stream_row.hpp"
#include "tests/damaged_journal.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

TEST_CASE("verification finds what is wrong with keys and ids") {
    DamagedJournal damaged;
    const std::uint64_t keyed_event =
        damaged.find([](const RecordView& record) { return record.key() && record.key() == "key-30"; });
    const std::uint64_t with_id =
        damaged.find([](const RecordView& record) { return (record.header().flags & RecordHeader::has_text_id) != 0; });
    SECTION("a key's row is gone") {
        damaged.erase("keys", "key-30");
        CHECK(damaged.finds_only(Kind::key, keyed_event));
    }
    SECTION("a key's row points to another event") {
        std::string row = damaged.get("keys", "key-30");
        row[0] = static_cast<char>(row[0] ^ 1);
        damaged.put("keys", "key-30", row);
        CHECK(damaged.finds(Kind::key, keyed_event));
    }
    SECTION("a key's row has another digest") {
        std::string row = damaged.get("keys", "key-30");
        row.back() = static_cast<char>(row.back() ^ 1);
        damaged.put("keys", "key-30", row);
        CHECK(damaged.finds_only(Kind::key, keyed_event));
    }
    SECTION("a key that no event has") {
        damaged.put("keys", "key-of-nobody", damaged.get("keys", "key-30"));
        CHECK(damaged.finds_only(Kind::key, 0));
    }
    SECTION("an id's row is gone") {
        damaged.erase("event_ids", damaged.journal->snapshot()->record({with_id})->event_id());
        CHECK(damaged.finds_only(Kind::event_id, with_id));
    }
    SECTION("an id that no event has") {
        damaged.put("event_ids", "ext-of-nobody", key_of(5, 8));
        CHECK(damaged.finds_only(Kind::event_id, 0));
    }
    SECTION("an id that another event has by its time") {
        const Uuid id = damaged.journal->snapshot()->record({200})->header().event_id;
        std::string row;
        layout::append_u64(row, 100);
        damaged.put("event_ids", layout::bytes_of(id), row);
        CHECK(damaged.finds(Kind::event_id, 200));
    }
    SECTION("two events of one moment with one id") {
        const auto made_at = [&](std::uint64_t sequence) { return damaged.journal->snapshot()->record({sequence})->header(); };
        std::uint64_t second = 30;
        const auto ours = [&](std::uint64_t sequence) {
            return layout::found_by_time(made_at(sequence).event_id, from_micros(made_at(sequence).recorded_at));
        };
        while (made_at(second).recorded_at != made_at(second - 1).recorded_at || !ours(second) || !ours(second - 1)) ++second;
        damaged.change(second, [&](RecordHeader& header) { header.event_id = made_at(second - 1).event_id; });
        CHECK(damaged.finds(Kind::event_id, second));
    }
}

TEST_CASE("verification finds what is wrong with streams and names") {
    DamagedJournal damaged;
    const std::string stream = damaged.get("streams", key_of(2, 4));
    const auto head = layout::read_stream_head(stream);
    const std::string id(layout::stream_id_of(stream));
    const auto put_head = [&](const StreamHead& changed) {
        const std::string row = layout::stream_row(changed, "", "");
        damaged.put("streams", key_of(2, 4), row.substr(0, layout::stream_head_bytes) + stream.substr(layout::stream_head_bytes));
    };
    SECTION("a head's version") {
        StreamHead changed = head;
        --changed.version;
        put_head(changed);
        CHECK(damaged.finds(Kind::stream, 0));
        CHECK(damaged.finds(Kind::stream, head.sequence.value));
    }
    SECTION("a head's seq") {
        StreamHead changed = head;
        --changed.sequence.value;
        put_head(changed);
        CHECK(damaged.finds(Kind::stream, 0));
        CHECK(damaged.finds(Kind::stream, head.sequence.value));
    }
    SECTION("a head's leaf") {
        StreamHead changed = head;
        changed.leaf[5] ^= 1;
        put_head(changed);
        CHECK(damaged.finds_only(Kind::stream, 0));
    }
    SECTION("a stream's id") {
        std::string renamed = stream;
        damaged.put("streams", key_of(2, 4), renamed.replace(layout::stream_head_bytes, id.size(), stream_name(99)));
        CHECK(damaged.finds(Kind::stream, 0));
        CHECK(damaged.finds(Kind::leaf, head.sequence.value));
    }
    SECTION("a stream's row is gone") {
        damaged.erase("streams", key_of(2, 4));
        CHECK(damaged.finds(Kind::stream, head.sequence.value));
        CHECK(damaged.finds(Kind::stream, 0));
    }
    SECTION("a damaged row") {
        damaged.put("streams", key_of(2, 4), "damaged");
        CHECK(damaged.finds(Kind::stream, 0));
    }
    SECTION("a stream that no event has") {
        damaged.put("streams", key_of(50, 4), layout::stream_row(head, stream_name(99), ""));
        CHECK(damaged.finds(Kind::stream, 0));
    }
    SECTION("an id that no stream has") {
        damaged.put("stream_ids", stream_name(99), key_of(2, 4));
        CHECK(damaged.finds_only(Kind::stream, 0));
    }
    SECTION("an entry of stream_index") {
        const FixedKey key = FixedKey().add(2, 4).add(0, 4);
        std::string block = damaged.get("stream_index", key);
        const std::uint64_t third = layout::read_u64(std::string_view(block).substr(16));
        block[16] = static_cast<char>(block[16] ^ 1);
        damaged.put("stream_index", key, block);
        CHECK(damaged.finds(Kind::stream, third));
    }
    SECTION("the seqs at the end of a stream's row") {
        REQUIRE(damaged.journal.append_note(id, "one more"));
        const std::string row = damaged.get("streams", key_of(2, 4));
        const Sequence newest = layout::read_stream_head(row).sequence;
        const std::uint64_t before = damaged.journal->snapshot()->record(newest)->header().previous;
        std::string changed = row;
        changed.back() = static_cast<char>(changed.back() ^ 1);  // how far the newest event is from the one before it
        damaged.put("streams", key_of(2, 4), changed);
        CHECK(damaged.finds_only(Kind::stream, before));
        damaged.put("streams", key_of(2, 4), row + '\1');
        CHECK(damaged.finds(Kind::stream, newest.value));
        damaged.put("streams", key_of(2, 4), std::string_view(row).substr(0, row.size() - 1));
        CHECK(damaged.finds(Kind::stream, newest.value));
        CHECK_THROWS_AS(damaged.journal->snapshot()->stream_sequences({2}), StorageError);
    }
    SECTION("entries of stream_index that no event has") {
        damaged.put("stream_index", FixedKey().add(60, 4).add(0, 4), key_of(7, 8));
        CHECK(damaged.finds(Kind::stream, 0));
    }
    SECTION("a name") {
        damaged.put("names", key_of(1, 4), "eve");
        CHECK(damaged.finds(Kind::name, 0));
        CHECK(damaged.finds(Kind::leaf, 1));
    }
    SECTION("a name's way back") {
        damaged.erase("name_ids", "ada");
        CHECK(damaged.finds_only(Kind::name, 0));
    }
    SECTION("a name that leads nowhere") {
        damaged.put("name_ids", "mallory", key_of(1, 4));
        CHECK(damaged.finds_only(Kind::name, 0));
    }
}

TEST_CASE("verification finds what is wrong with artifacts, and tells of those that no event names") {
    DamagedJournal damaged;
    const std::uint64_t attached = damaged.find(EventType::artifact_attached);
    Digest digest{};
    {
        const auto snapshot = damaged.journal->snapshot();
        JsonReader reader;
        const auto payload = reader.read(snapshot->record({attached})->payload());
        digest = *digest_from_hex((*payload)->find("sha256")->text());
    }
    std::string bytes = damaged.get("blobs", bytes_of(digest));
    SECTION("changed") {
        bytes[0] ^= 1;
        damaged.put("blobs", bytes_of(digest), bytes);
        CHECK(damaged.finds_only(Kind::blob, 0));
    }
    SECTION("cut") {
        damaged.put("blobs", bytes_of(digest), bytes.substr(1));
        CHECK(damaged.finds(Kind::blob, attached));
        CHECK(damaged.finds(Kind::blob, 0));
    }
    SECTION("missing") {
        damaged.erase("blobs", bytes_of(digest));
        CHECK(damaged.finds(Kind::blob, attached));
    }
    SECTION("named by nobody") {
        Sha256 sha256;
        damaged.put("blobs", bytes_of(sha256({"nobody's"})), "nobody's");
        const Verification verification = damaged.verified();
        CHECK(verification.sound());
        CHECK(verification.notices_count == 1);
    }
}

TEST_CASE("a redaction verifies, and one that nobody recorded is found") {
    DamagedJournal damaged;
    redact_sample(damaged.journal, 2);
    CHECK(problems_of(*damaged.journal) == "");
    SECTION("the `redacted` event is gone") {
        damaged.erase("events", key_of(301, 8));
        CHECK(damaged.finds(Kind::redaction, 2));
    }
    SECTION("a structural field was changed") {
        damaged.change(2, [](RecordHeader& header) { header.severity ^= 1; });
        CHECK(damaged.finds_only(Kind::header, 2));
    }
    SECTION("the digest that was kept was changed") {
        damaged.flip(2, damaged.salt_at(2));
        CHECK(damaged.finds_only(Kind::leaf, 2));
    }
}
