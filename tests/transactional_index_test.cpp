// An index is a projection with a checkpoint: its tables hold the first events, memory the rest (journal/index.hpp).
#include <rapidcheck.h>
#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include <set>

#include "journal/index_feed.hpp"
#include "journal/journal_lock.hpp"
#include "projections/row_cache.hpp"
#include "tests/counting_index.hpp"
#include "tests/journal_samples.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

using Counts = std::map<std::string, std::uint64_t>;

std::uint64_t indexed(const Journal& journal) { return indexed_events(*journal.snapshot()); }

std::string findings(const Journal& journal) {
    const TemporaryDirectory scratch;
    std::string text;
    for (const Finding& finding : verify(journal, with_counting_index(scratch)).findings) text += finding.text + '\n';
    return text;
}

Batch batch_of(std::string_view stream, Time now) {
    Batch batch;
    batch.events.push_back(event_of(stream, note("n"), now));
    return batch;
}

// Appends as another process would, with an index of its own; returns what that counted at last.
std::uint64_t append_elsewhere(const TestJournal& journal, const std::string& stream, unsigned count, std::uint64_t unindexed_max) {
    return std::stoull(Child([&] {
                           CountingIndex index;
                           SystemEntropy entropy;
                           JournalOptions options;
                           options.clock = [&] { return journal.now(); };
                           options.entropy = &entropy;
                           options.indexes = {&index};
                           options.unindexed_max = unindexed_max;
                           Journal own(journal.directory(), options);
                           for (unsigned i = 0; i < count; ++i) {
                               const AppendRequest request{std::nullopt, [&](const JournalView&, Time now) -> Result<Batch> {
                                                               return batch_of(stream, now);
                                                           }};
                               if (!own.append(request)) return std::string("0");
                           }
                           return std::to_string(index.counts[stream]);
                       }).wait());
}

}  // namespace

TEST_CASE("an index sees each event once, though its tables lag behind", "[index]") {
    CountingIndex index;
    TestJournal journal({&index});
    for (unsigned i = 1; i <= 40; ++i) {
        REQUIRE(journal.append_note(stream_name(i % 3), "n"));
        CHECK(index.counts[stream_name(i % 3)] == (i + 2) / 3);
        CHECK(indexed(*journal) == i / TestJournal::unindexed_max * TestJournal::unindexed_max);
    }
    CHECK(findings(*journal) == "");
}

TEST_CASE("who opens a journal tells its index of the events that are not in the tables", "[index]") {
    CountingIndex index;
    TestJournal journal({&index});
    for (unsigned i = 0; i < 12; ++i) REQUIRE(journal.append_note(stream_name(1), "n"));
    REQUIRE(indexed(*journal) == 7);
    SECTION("with an index that knows them, and need not") {
        journal.reopen();
        REQUIRE(journal.append_note(stream_name(1), "n"));
        CHECK(index.counts[stream_name(1)] == 13);
    }
    SECTION("in another process") { CHECK(append_elsewhere(journal, stream_name(1), 1, 100) == 13); }
    CHECK(findings(*journal) == "");
}

TEST_CASE("an index is told of what other processes appended", "[index]") {
    CountingIndex index;
    TestJournal journal({&index});
    REQUIRE(journal.append_note(stream_name(1), "n"));
    SECTION("and hold in memory") {
        CHECK(append_elsewhere(journal, stream_name(1), 3, 100) == 4);
        CHECK(indexed(*journal) == 0);
    }
    SECTION("and put into the tables") {
        CHECK(append_elsewhere(journal, stream_name(1), 3, 2) == 4);
        CHECK(indexed(*journal) == 4);
    }
    REQUIRE(journal.append_note(stream_name(1), "n"));
    CHECK(index.counts[stream_name(1)] == 5);
    CHECK(append_elsewhere(journal, stream_name(1), 1, 100) == 6);
    CHECK(findings(*journal) == "");
}

TEST_CASE("what is given up leaves nothing in an index", "[index]") {
    CountingIndex index;
    TestJournal journal({&index});
    for (unsigned i = 0; i < 10; ++i) REQUIRE(journal.append_note(stream_name(1), "n"));
    SECTION("a rehearsal") {
        std::size_t rounds = 0;
        journal->rehearse(
            [&] { return std::vector<AppendRequest>(rounds++ < 5 ? 3 : 0, journal.request(stream_name(1), note("n"))); },
            [](std::size_t, const Result<Appended>& answer) { CHECK(answer); });
        CHECK(index.counts[stream_name(1)] == 25);
    }
    SECTION("an event that does not fit") {
        Journal::Restored event;
        event.sequence = {11};
        event.stream = stream_name(1);
        event.payload = encode(Payload(note("n")));
        SeededEntropy entropy(1);
        Sha256 sha256;
        seal(event.payload, entropy, sha256);
        event.version = 11;
        event.occurred_at = event.recorded_at = journal.now();
        event.actor = event.source = "cli";
        event.event_id = "foreign";
        CHECK_FALSE(journal->restore({&event, 1}, {}));  // its leaf is not given
        CHECK(index.counts[stream_name(1)] == 10);       // an import leaves it behind
        journal->index_all();
        CHECK(indexed(*journal) == 10);
    }
    REQUIRE(journal.append_note(stream_name(1), "n"));
    CHECK(index.counts[stream_name(1)] == 11);
    CHECK(findings(*journal) == "");
}

TEST_CASE("an index that fails halfway holds nothing of it", "[index]") {
    CountingIndex index;
    TestJournal journal({&index});
    const auto fill = [&](unsigned size) {
        while (journal.size() < size) REQUIRE(journal.append_note(stream_name(1), "n"));
    };
    SECTION("taking an event") {
        fill(3);
        index.fails_to_take = true;
        CHECK_THROWS_WITH(journal.append_note(stream_name(1), "n"), Catch::Contains("it fails"));
        index.fails_to_take = false;
    }
    SECTION("writing the tables") {
        fill(6);
        index.fails_to_write = true;
        CHECK_THROWS_WITH(journal.append_note(stream_name(1), "n"), Catch::Contains("it fails"));
        CHECK(indexed(*journal) == 0);
        index.fails_to_write = false;
    }
    const std::uint64_t size = journal.size();
    REQUIRE(journal.append_note(stream_name(1), "n"));
    CHECK(index.counts[stream_name(1)] == size + 1);
    fill(14);
    CHECK(indexed(*journal) > 0);
    CHECK(findings(*journal) == "");
}

TEST_CASE("who had many events to read puts them into the tables", "[index]") {
    CountingIndex index;
    TestJournal journal;  // without an index
    for (unsigned i = 0; i < 600; ++i) REQUIRE(journal.append_note(stream_name(1), "n"));
    REQUIRE(indexed(*journal) == 0);
    CHECK(append_elsewhere(journal, stream_name(1), 1, 1'000'000) == 601);
    CHECK(indexed(*journal) == 601);
    CHECK(append_elsewhere(journal, stream_name(1), 1, 1'000'000) == 602);
    CHECK(indexed(*journal) == 601);
    CHECK(findings(*journal) == "");
}

TEST_CASE("an index is told of a redacted event by what was kept of it", "[index]") {
    CountingIndex index;
    TestJournal journal({&index});
    fill_with_samples(journal, 300);
    std::uint64_t newest = 0;
    journal->snapshot()->scan({1}, UINT64_MAX, [&](const RecordView& record) {
        if (record.type() == EventType::alert) newest = record.sequence().value;
        return true;
    });
    lmdb::Transaction transaction(journal->environment(), lmdb::Transaction::Kind::write);
    say_indexed(transaction, journal->snapshot()->tables(), 0);
    for (const char* table : {"test_counts", "test_alerts"}) transaction.clear(*transaction.open(table));
    transaction.commit();
    redact_sample(journal, newest);
    REQUIRE(journal.append_note(stream_name(1), "n"));
    REQUIRE(indexed(*journal) > newest);
    CHECK(findings(*journal) == "");
}

TEST_CASE("a journal that does not say how many events are indexed is not written to, and verification says so", "[index]") {
    CountingIndex index;
    TestJournal journal({&index});
    for (unsigned i = 0; i < 10; ++i) REQUIRE(journal.append_note(stream_name(1), "n"));
    {
        lmdb::Transaction transaction(journal->environment(), lmdb::Transaction::Kind::write);
        const lmdb::Table meta = journal->snapshot()->tables().meta;
        SECTION("too many") { say_indexed(transaction, journal->snapshot()->tables(), 11); }
        SECTION("no number") { transaction.put(meta, "indexed", "7"); }
        SECTION("nothing") { REQUIRE(transaction.erase(meta, "indexed")); }
        transaction.commit();
    }
    CHECK_THROWS_WITH(journal.append_note(stream_name(1), "n"), Catch::Contains("how many of its events are indexed"));
    CHECK(journal.size() == 10);
    CHECK_THAT(findings(*journal), Catch::Contains("how many of its events are indexed"));
}

TEST_CASE("a journal of format 2, whose tables hold all, goes on as one of format 3", "[index][format]") {
    CountingIndex index;
    TestJournal journal({&index});
    for (unsigned i = 0; i < 14; ++i) REQUIRE(journal.append_note(stream_name(1), "n"));
    REQUIRE(indexed(*journal) == 14);
    {
        lmdb::Transaction transaction(journal->environment(), lmdb::Transaction::Kind::write);
        const lmdb::Table meta = journal->snapshot()->tables().meta;
        transaction.put(meta, "format", "2");
        REQUIRE(transaction.erase(meta, "indexed"));
        transaction.commit();
    }
    CHECK(findings(*journal) == "");
    journal.reopen();
    CHECK(indexed(*journal) == 14);
    REQUIRE(journal.append_note(stream_name(1), "n"));
    CHECK(index.counts[stream_name(1)] == 15);
    CHECK(indexed(*journal) == 14);
    CHECK(findings(*journal) == "");
    CHECK(journal->snapshot()->transaction().get(journal->snapshot()->tables().meta, "format") == "3");
}

TEST_CASE("keys that are held in memory are found as if they lay in the table", "[index]") {
    rc::prop("last_before", [] {
        const TemporaryDirectory directory;
        lmdb::Environment environment(directory / "keys", {});
        std::set<std::string> model;
        KeyCache cache;
        const auto key = [] { return std::to_string(*rc::gen::inRange(100, 130)); };
        const auto transactions = *rc::gen::inRange(1, 4);
        for (int i = 0; i < transactions; ++i) {
            lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::write);
            cache.open(transaction, *transaction.open("keys"));
            const auto changes = *rc::gen::inRange(0, 20);
            for (int n = 0; n < changes; ++n) {
                const std::string one = key();
                if (*rc::gen::inRange(0, 3) == 0) {
                    cache.erase(one);
                    model.erase(one);
                } else {
                    cache.put(one);
                    model.insert(one);
                }
            }
            for (int end = 99; end < 132; ++end) {
                const auto place = model.lower_bound(std::to_string(end));
                const auto expected = place == model.begin() ? std::nullopt : std::optional(*std::prev(place));
                RC_ASSERT(cache.last_before(std::to_string(end)) == expected);
            }
            if (*rc::gen::inRange(0, 2) == 0) {
                cache.write();
                cache.clear();
            }
            transaction.commit();
        }
    });
}

TEST_CASE("an index that grows too large while it is told of events puts all of them into the tables", "[index]") {
    CountingIndex index;
    TestJournal journal({&index});
    REQUIRE(append_elsewhere(journal, stream_name(1), 5, 100) == 5);
    index.rows_in_a_row = 100'000;
    for (unsigned i = 6; i <= 10; ++i) {
        REQUIRE(journal.append_note(stream_name(1), "n"));
        CHECK(index.counts[stream_name(1)] == i);
        CHECK(findings(*journal) == "");
    }
    REQUIRE(append_elsewhere(journal, stream_name(1), 1, 100) == 11);
}
