// A journal that an earlier daybook wrote: format 1 of journal/FORMAT.md.
#include <catch2/catch.hpp>

#include <map>

#include "journal/journal_lock.hpp"
#include "journal/layout.hpp"
#include "journal/stream_row.hpp"
#include "journal/verify.hpp"
#include "tests/journal_samples.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

using Streams = std::map<std::string, std::vector<Sequence>>;

Streams streams_of(const Journal& journal) {
    Streams streams;
    const Snapshot view = journal.snapshot();
    for (std::uint32_t number = 1; number <= view->stream_count(); ++number)
        streams[std::string(view->stream_id({number}))] = view->stream_sequences({number});
    return streams;
}

// Gives the journal the rows that format 1 has: each block in stream_index, nothing after a stream's id.
void make_format_one(TestJournal& journal) {
    lmdb::Environment& environment = journal->environment();
    const JournalTables tables = journal->snapshot()->tables();
    lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::write);
    for (std::uint32_t number = 1; number <= transaction.count(tables.streams); ++number) {
        const std::string row(*transaction.get(tables.streams, key_of(number, 4)));
        const StreamHead head = layout::read_stream_head(row);
        layout::StreamBlock last;
        layout::find_stream_block(transaction, tables, {number}, head.version / layout::block_events, last);
        if (!last.in_index && !last.last.empty())
            transaction.put(tables.stream_index, layout::block_key({number}, head.version / layout::block_events), last.last);
        const std::size_t id_bytes = layout::stream_id_of(row).size();
        transaction.put(tables.streams, key_of(number, 4), row.substr(0, layout::stream_head_bytes + id_bytes));
    }
    transaction.put(tables.meta, "format", "1");
    transaction.erase(tables.meta, "indexed");
    transaction.commit();
    journal.close();
}

std::string format_of(const std::filesystem::path& directory) {
    lmdb::Options options;
    options.read_only = true;
    lmdb::Environment environment(directory, options);
    lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::read);
    return std::string(*transaction.get(*transaction.open("meta"), "format"));
}

}  // namespace

TEST_CASE("a journal of format 1 is read as it is, and not changed by reading", "[format]") {
    TestJournal written;
    fill_with_samples(written, 300);
    const Streams before = streams_of(*written);
    make_format_one(written);
    {
        SeededEntropy entropy(1);
        JournalOptions options;
        options.clock = [] { return at("2026-02-23T10:00:00Z"); };
        options.entropy = &entropy;
        options.read_only = true;
        const Journal journal(written.directory(), options);
        CHECK(streams_of(journal) == before);
        CHECK(problems_of(journal) == "");
    }
    CHECK(format_of(written.directory()) == "1");
}

TEST_CASE("a journal of format 1 becomes one of format 3, stream by stream, as it is written to", "[format]") {
    TestJournal journal;
    fill_with_samples(journal, 300);
    Streams expected = streams_of(*journal);
    make_format_one(journal);
    journal.reopen();
    CHECK(streams_of(*journal) == expected);
    CHECK(problems_of(*journal) == "");

    const std::string one = expected.begin()->first;
    const std::string other = std::next(expected.begin())->first;
    const auto append = [&](const std::string& stream) {
        const auto appended = journal.append_note(stream, "more");
        REQUIRE(appended);
        expected[stream].push_back(appended->first);
    };
    append(one);
    CHECK(streams_of(*journal) == expected);
    for (int i = 0; i < 70; ++i) append(other);
    CHECK(streams_of(*journal) == expected);
    CHECK(problems_of(*journal) == "");
    const auto whole_blocks = [&](const std::string& stream) {
        const Snapshot view = journal->snapshot();
        const StreamHead head = *view->stream(stream);
        for (std::uint64_t block = 0; block <= head.version / layout::block_events; ++block) {
            const auto row = view->transaction().get(view->tables().stream_index, layout::block_key(head.number, block));
            if (row.has_value() != (block < head.version / layout::block_events)) return false;
        }
        return true;
    };
    CHECK(whole_blocks(one));
    CHECK(whole_blocks(other));
    journal.close();
    CHECK(format_of(journal.directory()) == "3");
}

TEST_CASE("a journal of format 1 does not change while another process has it open", "[format]") {
    TestJournal journal;
    fill_with_samples(journal, 50);
    const Streams before = streams_of(*journal);
    make_format_one(journal);
    {
        const JournalLock older = JournalLock::shared(journal.directory(), false);
        CHECK_THROWS_WITH(journal.reopen(),
                          Catch::Contains("another process has it open") && Catch::Contains("run the command again"));
        CHECK(format_of(journal.directory()) == "1");
    }
    journal.reopen();
    CHECK(streams_of(*journal) == before);
    // And others may come now.
    CHECK(Child([&] {
              return JournalLock::exclusive(journal.directory()) ? std::string("alone") : std::string("not alone");
          }).wait() == "not alone");
    const JournalLock other = JournalLock::shared(journal.directory(), false);
    journal.close();
    CHECK(format_of(journal.directory()) == "3");
}

TEST_CASE("processes that open a journal of format 1 at once all write to it", "[format]") {
    TestJournal journal;
    fill_with_samples(journal, 50);
    make_format_one(journal);
    const auto append = [&] {
        SystemEntropy entropy;
        JournalOptions options;
        options.clock = [] { return at("2026-02-24T10:00:00Z"); };
        options.entropy = &entropy;
        Journal own(journal.directory(), options);
        const auto appended = own.append({std::nullopt, [](const JournalView&, Time now) -> Result<Batch> {
                                              Batch batch;
                                              batch.events.push_back(event_of("$jobs", note("x"), now));
                                              return batch;
                                          }});
        return std::string(appended ? "written" : "refused");
    };
    Child one(append), two(append), three(append);
    for (Child* child : {&one, &two, &three}) CHECK(child->wait() == "written");
    journal.reopen();
    CHECK(journal.size() == 53);
    CHECK(problems_of(*journal) == "");
}
