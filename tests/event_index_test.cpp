// The event index against the records themselves.
#include <map>

#include <catch2/catch.hpp>

#include "projections/event_index.hpp"
#include "replay/views.hpp"
#include "tests/mixed_journal.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

using Lists = std::map<std::pair<PostingKind, std::uint32_t>, std::vector<std::uint64_t>>;

Lists lists_of(const JournalView& journal) {
    Lists lists;
    journal.scan({1}, UINT64_MAX, [&](const RecordView& record) {
        const RecordHeader& header = record.header();
        lists[{PostingKind::type, static_cast<std::uint32_t>(header.type)}].push_back(header.sequence);
        lists[{PostingKind::actor, header.actor}].push_back(header.sequence);
        lists[{PostingKind::source, header.source}].push_back(header.sequence);
        lists[{PostingKind::day, day_number(header.occurred_at)}].push_back(header.sequence);
        if (header.service != 0) lists[{PostingKind::service, header.service}].push_back(header.sequence);
        return true;
    });
    return lists;
}

Lists lists_of(const EventIndex& index) {
    Lists lists;
    for (const PostingKind kind :
         {PostingKind::type, PostingKind::actor, PostingKind::source, PostingKind::service, PostingKind::day}) {
        for (const std::uint32_t number : index.numbers(kind, 0, UINT32_MAX, SIZE_MAX)) {
            auto& list = lists[{kind, number}];
            CHECK(!index.visit(kind, number, 0, UINT64_MAX, [&](std::uint64_t sequence) { list.push_back(sequence); }));
        }
    }
    return lists;
}

}  // namespace

TEST_CASE("the event index lists every event by type, actor, source, service and day, and nothing else", "[event_index]") {
    MixedJournal journal;
    TemporaryDirectory directory;
    Views views(directory / "views", *journal);
    for (const std::uint64_t count : {1U, 700U, 479U, 3'000U, 2U}) {
        journal.grow(count);
        views.catch_up();
        lmdb::Transaction transaction = views.read();
        const auto index = EventIndex::open(transaction);
        REQUIRE(index);
        const auto snapshot = journal->snapshot();
        CHECK(index->size() == snapshot->size());
        CHECK(lists_of(*index) == lists_of(*snapshot));
    }
}

TEST_CASE("the event index is the same however events came in batches", "[event_index]") {
    MixedJournal journal(7);
    TemporaryDirectory directory;
    Views views(directory / "views", *journal);
    for (const std::uint64_t count : {3U, 1'000U, 1U, 480U, 481U, 2'500U}) {
        journal.grow(count);
        views.catch_up();
    }
    CHECK(views.check().differences.empty());
}

TEST_CASE("a list can be read from any seq to any seq, and says what comes after", "[event_index]") {
    IndexedJournal journal(3, 3'000);
    Views& views = journal.views;
    lmdb::Transaction transaction = views.read();
    const auto index = EventIndex::open(transaction);
    REQUIRE(index);
    const auto number = journal->snapshot()->find_name("ada")->value;
    std::vector<std::uint64_t> all;
    index->visit(PostingKind::actor, number, 0, UINT64_MAX, [&](std::uint64_t sequence) { all.push_back(sequence); });
    REQUIRE(all.size() > 500);  // more than one block
    for (std::uint64_t from = 1; from <= 3'000; from += 97) {
        for (const std::uint64_t length : {0U, 1U, 50U, 1'500U}) {
            std::vector<std::uint64_t> read;
            const auto beyond = index->visit(PostingKind::actor, number, from, from + length,
                                             [&](std::uint64_t sequence) { read.push_back(sequence); });
            std::vector<std::uint64_t> wanted;
            std::optional<std::uint64_t> next;
            for (const std::uint64_t sequence : all) {
                if (sequence >= from && sequence <= from + length) wanted.push_back(sequence);
                if (sequence > from + length && !next) next = sequence;
            }
            CHECK(read == wanted);
            CHECK(beyond == next);
        }
    }
    CHECK(!index->visit(PostingKind::actor, 4'000'000, 1, UINT64_MAX, [](std::uint64_t) { FAIL("no such actor"); }));
}

TEST_CASE("days before 1970 are listed before those after it", "[event_index]") {
    CHECK(day_number(to_micros(at("1969-12-31T23:59:59Z"))) + 1 == day_number(to_micros(at("1970-01-01T00:00:00Z"))));
    CHECK(day_number(to_micros(at("0001-01-01T00:00:00Z"))) < day_number(to_micros(at("9999-12-31T00:00:00Z"))));
}
