// The rules of an append: numbers without gaps, keys, expected versions, limits.
#include "journal/writer.hpp"

#include <catch2/catch.hpp>

#include "journal/leaf.hpp"
#include "journal/verify.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// A request for `count` notes in one stream.
AppendRequest notes(std::string_view stream, std::size_t count, std::optional<KeyedInput> input = {}) {
    AppendRequest request;
    const auto digest = input ? input->sha256 : std::nullopt;
    request.input = std::move(input);
    request.decide = [stream = std::string(stream), count, digest](const JournalView&, Time now) -> Result<Batch> {
        Batch batch;
        for (std::size_t i = 0; i < count; ++i) {
            Note text = note("note " + std::to_string(i));
            if (i == 0 && digest) text.input_sha256 = to_hex(*digest);
            batch.events.push_back(event_of(stream, text, now));
        }
        return batch;
    };
    return request;
}

AppendRequest expecting(std::string_view stream, std::uint64_t version) {
    AppendRequest request;
    request.decide = [stream = std::string(stream), version](const JournalView&, Time now) -> Result<Batch> {
        Batch batch;
        batch.events.push_back(event_of(stream, note("if it is at that version"), now));
        batch.expected.push_back({stream, version});
        return batch;
    };
    return request;
}

AppendRequest with(const NewEvent& event) {
    AppendRequest request;
    request.decide = [event](const JournalView&, Time) -> Result<Batch> {
        Batch batch;
        batch.events.push_back(event);
        return batch;
    };
    return request;
}

RefusalCode code_of(const Result<Appended>& answer) {
    REQUIRE_FALSE(answer);
    return answer.refusal().code;
}

}  // namespace

TEST_CASE("events get seqs 1, 2, 3 … and versions of their own in each stream", "[writer]") {
    TestJournal journal;
    CHECK(journal.size() == 0);
    const std::string a = stream_name(1);
    const std::string b = stream_name(2);
    std::uint64_t next = 1;
    for (const std::string& stream : {a, b, a, a, b, a}) {
        const auto answer = journal.append_note(stream, "x");
        REQUIRE(answer);
        CHECK(answer->first.value == next++);
        CHECK(answer->count == 1);
        CHECK_FALSE(answer->duplicate);
    }
    const auto view = journal->snapshot();
    CHECK(view->size() == 6);
    std::vector<std::uint64_t> versions;
    for (std::uint64_t sequence = 1; sequence <= 6; ++sequence) versions.push_back(view->record({sequence})->header().version);
    CHECK(versions == std::vector<std::uint64_t>{1, 1, 2, 3, 2, 4});
    CHECK(view->record({6})->header().previous == 4);
    CHECK(view->record({1})->header().previous == 0);
    CHECK(view->stream(a)->version == 4);
    CHECK(view->stream(b)->sequence == Sequence{5});
    CHECK(view->stream_sequences(view->stream(a)->number) == std::vector<Sequence>{{1}, {3}, {4}, {6}});
}

TEST_CASE("each leaf holds the leaf hash of the event before it in its stream", "[writer]") {
    TestJournal journal;
    for (int i = 0; i < 10; ++i)
        REQUIRE(journal.append_note(stream_name(static_cast<unsigned>(i) % 3), "x", "key" + std::to_string(i)));
    const auto view = journal->snapshot();
    Sha256 sha256;
    for (std::uint64_t sequence = 1; sequence <= 10; ++sequence) {
        const auto record = view->record({sequence});
        const RecordHeader& header = record->header();
        LeafFields leaf;
        const std::string event_id = record->event_id();
        leaf.actor = view->name({header.actor});
        leaf.cause = {header.cause};
        leaf.event_id = event_id;
        leaf.key = record->key();
        leaf.occurred_at = record->occurred_at();
        leaf.payload_sha256 = sha256({record->salt(), record->payload()});
        if (header.previous != 0) leaf.previous = view->record({header.previous})->leaf_hash();
        leaf.recorded_at = record->recorded_at();
        leaf.sequence = {sequence};
        leaf.source = view->name({header.source});
        leaf.stream = view->stream_id(record->stream());
        leaf.type = record->type();
        leaf.version = header.version;
        std::string text;
        append_leaf_text(text, leaf);
        CHECK(leaf_hash(sha256, text) == record->leaf_hash());
        CHECK((header.previous == 0) == (header.version == 1));
    }
}

TEST_CASE("a batch is taken whole, with seqs that follow each other, and causes within it", "[writer]") {
    TestJournal journal;
    REQUIRE(journal.append_note("$admin", "before"));
    AppendRequest request;
    request.decide = [](const JournalView&, Time now) -> Result<Batch> {
        Batch batch;
        for (const char* stream : {"$jobs", "$risk", "$jobs"}) batch.events.push_back(event_of(stream, note("x"), now));
        batch.events[0].cause = {1};
        batch.events[2].cause_in_batch = 0;
        return batch;
    };
    const auto answer = journal->append(request);
    REQUIRE(answer);
    CHECK(answer->first == Sequence{2});
    CHECK(answer->count == 3);
    const auto view = journal->snapshot();
    CHECK(view->record({2})->header().cause == 1);
    CHECK(view->record({3})->header().cause == 0);
    CHECK(view->record({4})->header().cause == 2);
    CHECK(view->record({4})->header().version == 2);
}

TEST_CASE("an empty batch writes nothing and all is well", "[writer]") {
    TestJournal journal;
    const auto answer = journal->append(notes("$jobs", 0, keyed("key", "input")));
    REQUIRE(answer);
    CHECK(answer->count == 0);
    CHECK_FALSE(answer->duplicate);
    CHECK(journal.size() == 0);
    CHECK_FALSE(journal->snapshot()->key("key"));
}

// More events than are hashed in one piece, which a second thread does: the counts lie around the borders of its blocks.
TEST_CASE("many events of one transaction have the records and the root that one by one they would have", "[writer]") {
    for (const int count : {1, 63, 64, 65, 128, 1100}) {
        std::vector<AppendRequest> requests;
        for (int i = 0; i < count; ++i) {
            requests.push_back(
                notes(stream_name(static_cast<unsigned>(i % 7)), i % 5 == 0 ? 2 : 1, keyed("key " + std::to_string(i), "x")));
        }
        TestJournal together;
        TestJournal alone;
        for (const auto& answer : together->append_all(requests)) CHECK(answer);
        for (const AppendRequest& request : requests) CHECK(alone->append(request));
        Sha256 sha256;
        CHECK(together->snapshot()->root(sha256, together.size()) == alone->snapshot()->root(sha256, alone.size()));
        CHECK(verify(*together, {}).sound());
    }
}

TEST_CASE("a decision sees the events that were taken in its own transaction", "[writer]") {
    TestJournal journal;
    std::vector<AppendRequest> requests;
    for (std::uint64_t i = 0; i < 300; ++i) {
        AppendRequest request = notes("$jobs", 1);
        request.decide = [i, decide = request.decide](const JournalView& view, Time now) {
            if (i > 0) CHECK(view.stream("$jobs")->version == i);
            if (i > 0) CHECK(view.header({i})->sequence == i);
            CHECK_FALSE(view.header({i + 1}));
            if (i % 50 == 1) CHECK(view.record({i})->payload() == R"({"message":"note 0"})");
            if (i % 90 == 1) CHECK(view.size() == i);
            return decide(view, now);
        };
        requests.push_back(std::move(request));
    }
    for (const auto& answer : journal->append_all(requests)) CHECK(answer);
    CHECK(journal.size() == 300);
    CHECK(verify(*journal, {}).sound());
}

TEST_CASE("append with a known key writes nothing and gives the first seq", "[writer]") {
    TestJournal journal;
    REQUIRE(journal.append_note("$admin", "before"));
    REQUIRE(journal->append(notes("$jobs", 1, keyed("key", "input"))));
    bool decided = false;
    AppendRequest again;
    again.input = keyed("key", "input");
    again.decide = [&](const JournalView&, Time) -> Result<Batch> {
        decided = true;
        return Refusal{RefusalCode::conflict, "the world has changed since", ""};
    };
    const auto answer = journal->append(again);
    REQUIRE(answer);
    CHECK(answer->duplicate);
    CHECK(answer->first == Sequence{2});
    CHECK(answer->count == 0);
    CHECK_FALSE(decided);
    CHECK(journal.size() == 2);
}

TEST_CASE("the same key with another input is an idempotency_conflict and writes nothing", "[writer]") {
    TestJournal journal;
    REQUIRE(journal->append(notes("$jobs", 1, keyed("key", "input"))));
    const auto answer = journal->append(notes("$jobs", 1, keyed("key", "another input")));
    CHECK(code_of(answer) == RefusalCode::idempotency_conflict);
    CHECK(answer.refusal().field == "/idempotency_key");
    CHECK(answer.refusal().message.find("seq 1") != std::string::npos);
    CHECK(journal.size() == 1);
}

TEST_CASE("the same key without a digest is a duplicate", "[writer]") {
    TestJournal journal;
    REQUIRE(journal->append(notes("$jobs", 1, keyed("key", "input"))));
    const auto without = journal->append(notes("$jobs", 1, KeyedInput{"key", std::nullopt}));
    REQUIRE(without);
    CHECK(without->duplicate);
}

TEST_CASE("the first event of an input has the plain key, the rest #2, #3 …", "[writer]") {
    TestJournal journal;
    const auto answer = journal->append(notes("$jobs", 3, keyed("key", "input")));
    REQUIRE(answer);
    const auto view = journal->snapshot();
    CHECK(view->record({1})->key() == "key");
    CHECK(view->record({2})->key() == "key#2");
    CHECK(view->record({3})->key() == "key#3");
    CHECK(view->key("key")->sequence == Sequence{1});
    CHECK(view->key("key")->digest == bytes_of(*keyed("key", "input").sha256).substr(0, 16));
    CHECK(view->key("key#2")->sequence == Sequence{2});
    CHECK(view->key("key#3")->sequence == Sequence{3});
    CHECK_FALSE(view->key("key#1"));
    CHECK_FALSE(view->key("key#4"));
}

TEST_CASE("an input whose second key belongs to another input is refused whole", "[writer]") {
    TestJournal journal;
    REQUIRE(journal->append(notes("$jobs", 1, keyed("key#2", "another input"))));
    CHECK(code_of(journal->append(notes("$jobs", 2, keyed("key", "input")))) == RefusalCode::idempotency_conflict);
    CHECK(journal.size() == 1);
    CHECK_FALSE(journal->snapshot()->key("key"));
}

TEST_CASE("a key that names the second event of another input is a conflict, not a duplicate", "[writer]") {
    TestJournal journal;
    REQUIRE(journal->append(notes("$jobs", 2, keyed("key", "input"))));
    CHECK(code_of(journal->append(notes("$jobs", 1, keyed("key#2", "another input")))) == RefusalCode::idempotency_conflict);
    CHECK(journal.size() == 2);
}

TEST_CASE("a key has 1 to 256 bytes of UTF-8, with its #2 too", "[writer]") {
    TestJournal journal;
    CHECK(journal->append(notes("$jobs", 1, keyed(std::string(256, 'k'), "a"))));
    for (const std::string& wrong : {std::string(), std::string(257, 'k'), std::string("\xFF"), std::string("a\0b", 3)}) {
        const auto answer = journal->append(notes("$jobs", 1, keyed(wrong, "b")));
        CHECK(code_of(answer) == RefusalCode::invalid);
        CHECK(answer.refusal().field == "/idempotency_key");
    }
    CHECK(journal->append(notes("$jobs", 2, keyed(std::string(254, 'l'), "c"))));
    CHECK(code_of(journal->append(notes("$jobs", 2, keyed(std::string(255, 'm'), "d")))) == RefusalCode::invalid);
    CHECK(journal.size() == 3);
}

TEST_CASE("an expected version that is not the stream's is a conflict and leaves nothing", "[writer]") {
    TestJournal journal;
    const std::string stream = stream_name();
    REQUIRE(journal->append(expecting(stream, 0)));
    REQUIRE(journal->append(expecting(stream, 1)));
    for (const std::uint64_t wrong : {0U, 1U, 3U}) {
        const auto answer = journal->append(expecting(stream, wrong));
        CHECK(code_of(answer) == RefusalCode::conflict);
        CHECK(answer.refusal().message.find("is at version 2") != std::string::npos);
        CHECK(answer.refusal().field == "/expected_version");
    }
    const auto none = journal->append(expecting(stream_name(2), 1));
    CHECK(code_of(none) == RefusalCode::conflict);
    CHECK(none.refusal().message.find("is at version none") != std::string::npos);
    CHECK(journal.size() == 2);
    CHECK(journal->snapshot()->stream(stream)->version == 2);
    CHECK_FALSE(journal->snapshot()->stream(stream_name(2)));
    CHECK(journal->snapshot()->stream_count() == 1);
}

TEST_CASE("a refused request does not disturb the others of its group", "[writer]") {
    TestJournal journal;
    const std::string stream = stream_name();
    AppendRequest refused;
    refused.decide = [](const JournalView&, Time) -> Result<Batch> { return Refusal{RefusalCode::not_found, "no", ""}; };
    // The third is refused for its second event.
    AppendRequest half;
    half.input = keyed("half", "input");
    half.decide = [&](const JournalView&, Time now) -> Result<Batch> {
        Batch batch;
        batch.events.push_back(event_of(stream, note("good"), now));
        batch.events.push_back(event_of("no stream", note("bad"), now));
        batch.blobs.push_back({Sha256()({"blob"}), "blob"});
        return batch;
    };
    const std::vector<AppendRequest> requests{notes(stream, 1, keyed("a", "a")),
                                              refused,
                                              half,
                                              expecting(stream, 7),
                                              expecting(stream, 1),
                                              notes(stream, 1, keyed("a", "a")),
                                              notes(stream, 2, keyed("b", "b"))};
    const auto answers = journal->append_all(requests);
    REQUIRE(answers.size() == 7);
    CHECK(answers[0]->first == Sequence{1});
    CHECK(code_of(answers[1]) == RefusalCode::not_found);
    CHECK(code_of(answers[2]) == RefusalCode::invalid);
    CHECK(code_of(answers[3]) == RefusalCode::conflict);
    CHECK(answers[4]->first == Sequence{2});
    CHECK(answers[5]->duplicate);
    CHECK(answers[5]->first == Sequence{1});
    CHECK(answers[6]->first == Sequence{3});
    const auto view = journal->snapshot();
    CHECK(view->size() == 4);
    CHECK(view->stream(stream)->version == 4);
    CHECK_FALSE(view->key("half"));
    CHECK_FALSE(view->blob(Sha256()({"blob"})));
}

TEST_CASE("recorded_at never decreases, even if the clock steps back", "[writer]") {
    TestJournal journal;
    journal.set_time(at("2026-02-23T10:00:00Z"));
    REQUIRE(journal.append_note("$jobs", "1"));
    journal.set_time(at("2026-02-23T09:00:00Z"));
    REQUIRE(journal.append_note("$jobs", "2"));
    journal.reopen();
    REQUIRE(journal.append_note("$jobs", "3"));
    journal.set_time(at("2026-02-23T11:00:00Z"));
    REQUIRE(journal.append_note("$jobs", "4"));
    const auto view = journal->snapshot();
    CHECK(view->record({1})->recorded_at() == at("2026-02-23T10:00:00Z"));
    CHECK(view->record({2})->recorded_at() == at("2026-02-23T10:00:00Z"));
    CHECK(view->record({3})->recorded_at() == at("2026-02-23T10:00:00Z"));
    CHECK(view->record({4})->recorded_at() == at("2026-02-23T11:00:00Z"));
    CHECK(view->record({2})->occurred_at() == at("2026-02-23T09:00:00Z"));
}

TEST_CASE("a payload of 256 KiB is taken, one byte more is too large", "[writer]") {
    TestJournal journal;
    const std::size_t frame = encode(note("")).text.size();
    CHECK(journal.append_note("$jobs", std::string(payload_bytes_max - frame, 'x')));
    const auto answer = journal.append_note("$jobs", std::string(payload_bytes_max - frame + 1, 'x'));
    CHECK(code_of(answer) == RefusalCode::too_large);
    CHECK(journal.size() == 1);
    CHECK(journal->snapshot()->record({1})->payload().size() == payload_bytes_max);
}

TEST_CASE("a payload of 64 levels is taken, one of 65, which could not be read again, is refused", "[writer]") {
    TestJournal journal;
    const auto append_nested = [&](std::size_t levels) {
        Note nested = note("brackets [[[[[[[[ that are a text's");
        nested.meta = JsonText{R"({"a":)" + std::string(levels - 2, '[') + std::string(levels - 2, ']') + '}'};
        return journal.append("$jobs", nested);
    };
    CHECK(append_nested(64));
    CHECK(append_nested(65).refusal().message == "its payload would be nested deeper than 64 levels");
    CHECK(journal.append_note("$jobs", std::string(100, '[')));
    CHECK(journal.size() == 2);
}

TEST_CASE("what is no stream, actor, source or id is refused with its place", "[writer]") {
    TestJournal journal;
    const auto field_of = [&](auto change) {
        NewEvent event = event_of("$jobs", note("x"), journal.now());
        change(event);
        const auto answer = journal->append(with(event));
        CHECK(code_of(answer) == RefusalCode::invalid);
        return answer.refusal().field;
    };
    CHECK(field_of([](NewEvent& event) { event.stream = "inc_1"; }) == "/incident_id");
    CHECK(field_of([](NewEvent& event) { event.actor = "a b"; }) == "/agent_id");
    CHECK(field_of([](NewEvent& event) { event.source = ""; }) == "/source");
    CHECK(field_of([](NewEvent& event) { event.source = std::string(129, 's'); }) == "/source");
    CHECK(field_of([](NewEvent& event) { event.source = "cl\xef"; }) == "/source");
    CHECK(field_of([](NewEvent& event) { event.event_id = ""; }) == "/event_id");
    CHECK(field_of([](NewEvent& event) { event.event_id = "\xff"; }) == "/event_id");
    CHECK(field_of([](NewEvent& event) { event.payload = encode(note("half a charact\xc3")); }).empty());
    CHECK(field_of([](NewEvent& event) { event.event_id = std::string(257, 'i'); }) == "/event_id");
    CHECK(journal.size() == 0);
}

TEST_CASE("a service of any length is taken or refused, and its group goes on", "[writer]") {
    TestJournal journal;
    const std::string emoji = "\xF0\x9F\x98\x80";
    for (const std::size_t characters : {1U, 127U, 128U, 129U, 1000U}) {
        IncidentCreated created;
        created.env = "prod";
        for (std::size_t i = 0; i < characters; ++i) created.service += emoji;
        const std::vector<AppendRequest> requests{journal.request("$jobs", created), journal.request("$jobs", note("x"))};
        const auto answers = journal->append_all(requests);
        if (!answers[0]) CHECK(answers[0].refusal().code == RefusalCode::invalid);
        CHECK(static_cast<bool>(answers[0]) == (characters < 128));
        CHECK(answers[1]);
    }
}

TEST_CASE("a blob is stored with its event, once", "[writer]") {
    TestJournal journal;
    Sha256 sha256;
    const std::string bytes("bytes \0 of an artifact", 22);
    const Digest digest = sha256({bytes});
    AppendRequest request;
    request.decide = [&](const JournalView&, Time now) -> Result<Batch> {
        Batch batch;
        batch.events.push_back(event_of("$jobs", note("x"), now));
        batch.blobs.push_back({digest, bytes});
        return batch;
    };
    REQUIRE(journal->append(request));
    REQUIRE(journal->append(request));
    const auto view = journal->snapshot();
    CHECK(view->blob(digest) == bytes);
    CHECK_FALSE(view->blob(sha256({"other"})));
    CHECK(view->transaction().count(view->tables().blobs) == 1);
}

TEST_CASE("an id that comes with an event is found by it, whatever its form", "[writer]") {
    TestJournal journal;
    SeededEntropy entropy(5);
    const std::string past = format_uuid(make_uuid7(at("2020-01-01T00:00:00Z"), entropy));
    const std::string now = format_uuid(make_uuid7(journal.now(), entropy));
    for (const std::string& id : {past, now, std::string("alert \"7\"")}) {
        NewEvent event = event_of("$jobs", note("x"), journal.now());
        event.event_id = id;
        REQUIRE(journal->append(with(event)));
    }
    REQUIRE(journal.append_note("$jobs", "one with an id of ours"));
    const auto view = journal->snapshot();
    CHECK(view->event_with_id(past) == Sequence{1});
    CHECK(view->event_with_id(now) == Sequence{2});
    CHECK(view->event_with_id("alert \"7\"") == Sequence{3});
    CHECK(view->event_with_id(view->record({4})->event_id()) == Sequence{4});
    CHECK_FALSE(view->event_with_id("alert"));
    CHECK_FALSE(view->event_with_id(""));
    CHECK(view->record({1})->event_id() == past);
}

TEST_CASE("an import's recorded_at is kept where it does not lie before the event before it", "[writer]") {
    TestJournal journal;
    journal.set_time(at("2026-02-23T10:00:00Z"));
    NewEvent event = event_of("$jobs", note("x"), at("2020-01-01T00:00:00Z"));
    event.recorded_at = at("2020-01-01T00:00:05Z");
    REQUIRE(journal->append(with(event)));
    REQUIRE(journal.append_note("$jobs", "now"));
    event.recorded_at = at("2021-01-01T00:00:05Z");
    REQUIRE(journal->append(with(event)));
    const auto view = journal->snapshot();
    CHECK(view->record({2})->recorded_at() == at("2026-02-23T10:00:00Z"));
    CHECK(view->record({3})->recorded_at() == at("2026-02-23T10:00:00Z"));
}

TEST_CASE("a decision sees the events of the requests before it in its group", "[writer]") {
    TestJournal journal;
    std::vector<std::uint64_t> seen;
    AppendRequest looking;
    looking.decide = [&](const JournalView& view, Time now) -> Result<Batch> {
        seen.push_back(view.size());
        Batch batch;
        batch.events.push_back(event_of("$jobs", note("x"), now));
        return batch;
    };
    const std::vector<AppendRequest> requests(3, looking);
    journal->append_all(requests);
    CHECK(seen == std::vector<std::uint64_t>{0, 1, 2});
}
