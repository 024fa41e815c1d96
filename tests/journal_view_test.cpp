// Reading the journal.
#include <numeric>

#include <catch2/catch.hpp>

#include "journal/journal.hpp"
#include "journal/merkle.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::vector<Sequence> range(std::uint64_t from, std::uint64_t to) {
    std::vector<Sequence> out;
    for (std::uint64_t i = from; i <= to; ++i) out.push_back({i});
    return out;
}

}  // namespace

TEST_CASE("an empty journal has no event, no stream and the root of no leaves", "[view]") {
    TestJournal journal;
    const auto view = journal->snapshot();
    Sha256 sha256;
    CHECK(view->size() == 0);
    CHECK(view->stream_count() == 0);
    CHECK_FALSE(view->record({1}));
    CHECK_FALSE(view->stream("$jobs"));
    CHECK_FALSE(view->stream(std::string(10'000, 'x')));
    CHECK_FALSE(view->stream(""));
    CHECK_FALSE(view->key("k"));
    CHECK_FALSE(view->key(std::string(10'000, 'x')));
    CHECK_FALSE(view->event_with_id(std::string(10'000, 'x')));
    CHECK_FALSE(view->event_with_id("019c89f5-8a00-7abc-8def-0123456789ab"));
    CHECK(view->root(sha256, 0) == sha256({}));
    CHECK(view->scan({1}, 10, [](const RecordView&) { return true; }) == Sequence{1});
}

TEST_CASE("the root at every size is the root of the leaves up to there", "[view]") {
    TestJournal journal;
    Sha256 sha256;
    std::vector<Digest> roots{sha256({})};
    MerkleFrontier tree;
    std::vector<Digest> completed;
    for (int i = 1; i <= 70; ++i) {
        REQUIRE(journal.append_note("$jobs", std::to_string(i)));
        tree.add(sha256, journal->snapshot()->record({static_cast<std::uint64_t>(i)})->leaf_hash(), completed);
        roots.push_back(tree.root(sha256));
    }
    const auto view = journal->snapshot();
    for (std::size_t size = 0; size <= 70; ++size) CHECK(view->root(sha256, size) == roots[size]);
    CHECK_THROWS_AS(view->root(sha256, 71), StorageError);
}

TEST_CASE("the events of a stream are found over the borders of blocks", "[view]") {
    TestJournal journal;
    std::vector<AppendRequest> requests;
    for (int i = 0; i < 100; ++i) requests.push_back(journal.request("$jobs", note("x")));
    requests.push_back(journal.request("$risk", note("x")));
    for (std::size_t appended = 0; appended < requests.size(); appended += 7) {
        journal->append_all(std::span(requests).subspan(appended, std::min<std::size_t>(7, requests.size() - appended)));
        journal.reopen();
    }
    const auto view = journal->snapshot();
    const StreamNumber jobs = view->stream("$jobs")->number;
    CHECK(view->stream_sequences(jobs) == range(1, 100));
    CHECK(view->stream_sequences(jobs, 0) == range(1, 100));
    for (const std::uint64_t from : {1U, 31U, 32U, 33U, 64U, 65U, 100U}) {
        for (const std::uint64_t to : {1U, 31U, 32U, 33U, 64U, 65U, 100U, 101U, 1000U}) {
            CAPTURE(from, to);
            CHECK(view->stream_sequences(jobs, from, to) == range(from, std::min<std::uint64_t>(to, 100)));
        }
    }
    CHECK(view->stream_sequences(jobs, 101).empty());
    CHECK(view->stream_sequences(view->stream("$risk")->number) == range(101, 101));
    CHECK(view->stream_sequences({3}).empty());
}

TEST_CASE("streams are numbered in the order of their first events", "[view]") {
    TestJournal journal;
    for (const char* stream : {"$risk", "$jobs", "$risk", "$admin"}) REQUIRE(journal.append_note(stream, "x"));
    journal.reopen();
    REQUIRE(journal.append_note("$gates", "x"));
    const auto view = journal->snapshot();
    CHECK(view->stream_count() == 4);
    CHECK(view->stream_id({1}) == "$risk");
    CHECK(view->stream_id({2}) == "$jobs");
    CHECK(view->stream_id({3}) == "$admin");
    CHECK(view->stream_id({4}) == "$gates");
    CHECK(view->stream_id({5}).empty());
    CHECK(view->stream("$admin")->number == StreamNumber{3});
    CHECK(view->stream(StreamNumber{3})->leaf == view->record({4})->leaf_hash());
}

TEST_CASE("names are numbered once, and found both ways", "[view]") {
    TestJournal journal;
    IncidentCreated created;
    created.service = "api";
    created.env = "prod";
    REQUIRE(journal.append(stream_name(), created));
    REQUIRE(journal.append(stream_name(2), created));
    for (int round = 0; round < 2; ++round) {
        const auto view = journal->snapshot();
        const RecordHeader first = view->record({1})->header();
        CHECK(view->name({first.service}) == "api");
        CHECK(view->name({first.env}) == "prod");
        CHECK(view->name({first.actor}) == "ada");
        CHECK(view->name({first.source}) == "cli");
        CHECK(view->name({first.kind}).empty());
        CHECK(view->record({2})->header().service == first.service);
        CHECK(view->find_name("api") == NameNumber{first.service});
        CHECK_FALSE(view->find_name("web"));
        CHECK_FALSE(view->find_name(""));
        CHECK_FALSE(view->find_name(std::string(10'000, 'x')));
        CHECK(view->name({99}).empty());
        journal.reopen();
    }
}

TEST_CASE("a scan gives records in order, from where and as many as asked, until it is told to stop", "[view]") {
    TestJournal journal;
    for (int i = 0; i < 10; ++i) REQUIRE(journal.append_note("$jobs", "x"));
    const auto view = journal->snapshot();
    std::vector<Sequence> seen;
    const auto note_all = [&](const RecordView& record) {
        seen.push_back(record.sequence());
        return true;
    };
    CHECK(view->scan({1}, UINT64_MAX, note_all) == Sequence{11});
    CHECK(seen == range(1, 10));
    seen.clear();
    CHECK(view->scan({4}, 3, note_all) == Sequence{7});
    CHECK(seen == range(4, 6));
    seen.clear();
    CHECK(view->scan({11}, 3, note_all) == Sequence{11});
    CHECK(view->scan({5}, 0, note_all) == Sequence{5});
    CHECK(seen.empty());
    CHECK(view->scan({2}, 9, [&](const RecordView& record) { return record.sequence() < Sequence{5}; }) == Sequence{6});
}

TEST_CASE("a record that is damaged or gone is an error that names it", "[view]") {
    TestJournal journal;
    for (int i = 0; i < 5; ++i) REQUIRE(journal.append_note("$jobs", "x"));
    const JournalTables tables = journal->snapshot()->tables();
    const auto any = [](const RecordView&) { return true; };
    {
        lmdb::Transaction transaction(journal->environment(), lmdb::Transaction::Kind::write);
        transaction.put(tables.events, key_of(3, 8), "no record");
        transaction.commit();
    }
    CHECK_THROWS_WITH(journal->snapshot()->record({3}), Catch::Contains("event 3"));
    CHECK_THROWS_WITH(journal->snapshot()->scan({1}, 9, any), Catch::Contains("event 3"));
    {
        lmdb::Transaction transaction(journal->environment(), lmdb::Transaction::Kind::write);
        transaction.erase(tables.events, key_of(3, 8));
        transaction.commit();
    }
    CHECK_FALSE(journal->snapshot()->record({3}));
    CHECK_THROWS_WITH(journal->snapshot()->scan({1}, 9, any), Catch::Contains("event 3"));
    CHECK(journal->snapshot()->scan({4}, 9, any) == Sequence{6});
}

TEST_CASE("an id of ours is found among many of the same millisecond", "[view]") {
    TestJournal journal;
    for (int i = 0; i < 60; ++i) {
        if (i % 20 == 0) journal.advance(std::chrono::milliseconds(1));
        REQUIRE(journal.append_note("$jobs", "x"));
    }
    const auto view = journal->snapshot();
    for (std::uint64_t sequence = 1; sequence <= 60; ++sequence) {
        CHECK(view->event_with_id(view->record({sequence})->event_id()) == Sequence{sequence});
    }
    SeededEntropy entropy(99);
    CHECK_FALSE(view->event_with_id(format_uuid(make_uuid7(journal.now(), entropy))));
    CHECK_FALSE(view->event_with_id(format_uuid(make_uuid7(at("2000-01-01T00:00:00Z"), entropy))));
    CHECK_FALSE(view->event_with_id(format_uuid(make_uuid7(at("2100-01-01T00:00:00Z"), entropy))));
}

TEST_CASE("a decision counts and finds what was written before it in its own transaction", "[view]") {
    TestJournal journal;
    for (int i = 0; i < 5; ++i) REQUIRE(journal.append_note("$jobs", "x"));
    SeededEntropy entropy(99);
    std::vector<std::string> ids;
    std::vector<AppendRequest> requests;
    for (std::size_t i = 0; i < 200; ++i) {
        if (i == 100) journal.advance(std::chrono::milliseconds(1));
        ids.push_back(format_uuid(make_uuid7(journal.now(), entropy)));
        requests.push_back({std::nullopt, [&, i](const JournalView& view, Time now) -> Result<Batch> {
                                CHECK(view.size() == 5 + i);
                                for (std::size_t earlier = i % 10; earlier < i; earlier += 10)
                                    CHECK(view.event_with_id(ids[earlier]) == Sequence{6 + earlier});
                                CHECK_FALSE(view.event_with_id(ids[i]));
                                Batch batch;
                                batch.events.push_back(event_of("$jobs", note("x"), now));
                                batch.events.back().event_id = ids[i];
                                batch.events.back().recorded_at = from_micros(*uuid7_millis(*parse_uuid(ids[i])) * 1000);
                                return batch;
                            }});
    }
    for (const auto& answer : journal->append_all(requests)) REQUIRE(answer);
    CHECK(journal->snapshot()->size() == 205);
}

TEST_CASE("a snapshot stays as it was while others append", "[view]") {
    TestJournal journal;
    REQUIRE(journal.append_note("$jobs", "1"));
    const auto before = journal->snapshot();
    REQUIRE(journal.append_note("$jobs", "2"));
    CHECK(before->size() == 1);
    CHECK(before->stream("$jobs")->version == 1);
    CHECK_FALSE(before->record({2}));
    CHECK(journal->snapshot()->size() == 2);
}
