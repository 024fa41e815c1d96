// The journal as a whole: opening, many threads, many processes, restoring.
#include "journal/journal.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>

#include "journal/merkle.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

JournalOptions options_for(Entropy& entropy, bool read_only = false) {
    JournalOptions options;
    options.clock = [] { return at("2026-02-23T10:00:00Z"); };
    options.entropy = &entropy;
    options.read_only = read_only;
    return options;
}

// All records, as bytes.
std::vector<std::string> records(const JournalView& view) {
    std::vector<std::string> out;
    for (std::uint64_t sequence = 1; sequence <= view.size(); ++sequence) {
        out.emplace_back(*view.transaction().get(view.tables().events, key_of(sequence, 8)));
    }
    return out;
}

// Everything about the events of a journal, as its journal.jsonl would give it back.
std::vector<Journal::Restored> exported(const JournalView& view) {
    std::vector<Journal::Restored> out;
    JsonReader reader;
    view.scan({1}, UINT64_MAX, [&](const RecordView& record) {
        const RecordHeader& header = record.header();
        Journal::Restored event;
        event.sequence = record.sequence();
        event.stream = view.stream_id(record.stream());
        const auto payload = decode(header.type, header.schema_version, **reader.read(record.payload()));
        event.payload = encode(*payload);
        EncodedPayload::Seal seal;
        std::copy(record.salt().begin(), record.salt().end(), seal.salt.begin());
        seal.digest = Sha256()({record.salt(), record.payload()});
        event.payload.seal = seal;
        event.version = header.version;
        event.occurred_at = record.occurred_at();
        event.recorded_at = record.recorded_at();
        event.actor = view.name({header.actor});
        event.source = view.name({header.source});
        event.event_id = record.event_id();
        if (const auto key = record.key()) event.key = *key;
        event.cause = {header.cause};
        event.leaf = record.leaf_hash();
        out.push_back(event);
        return true;
    });
    return out;
}

}  // namespace

TEST_CASE("a journal that is opened again is the same", "[journal]") {
    TestJournal journal;
    for (int i = 0; i < 100; ++i) {
        journal.advance(std::chrono::seconds(1));
        REQUIRE(
            journal.append_note(stream_name(static_cast<unsigned>(i % 7)), "note " + std::to_string(i), "key" + std::to_string(i)));
    }
    Sha256 sha256;
    const auto before = records(*journal->snapshot());
    const Digest root = journal->snapshot()->root(sha256, 100);
    journal.reopen();
    CHECK(records(*journal->snapshot()) == before);
    CHECK(journal->snapshot()->root(sha256, 100) == root);
    CHECK(journal->snapshot()->origin() == "daybook.test/journal");
    CHECK(journal->snapshot()->key("key42")->sequence == Sequence{43});
    const auto next = journal.append_note(stream_name(0), "after");
    CHECK(next->first == Sequence{101});
    CHECK(journal->snapshot()->record({101})->header().version == 16);
}

TEST_CASE("a journal that is opened again before every append has the root of one that was not", "[journal]") {
    TestJournal often;
    TestJournal once;
    for (int i = 0; i < 40; ++i) {
        often.reopen();
        for (TestJournal* journal : {&often, &once}) REQUIRE(journal->append_note(stream_name(static_cast<unsigned>(i % 3)), "x"));
    }
    CHECK(records(*often->snapshot()) == records(*once->snapshot()));
}

TEST_CASE("the same seed, clock and requests give the same bytes", "[journal]") {
    TestJournal one({}, 7);
    TestJournal same({}, 7);
    TestJournal other({}, 8);
    for (TestJournal* journal : {&one, &same, &other}) {
        for (int i = 0; i < 10; ++i) REQUIRE(journal->append_note("$jobs", std::to_string(i)));
    }
    CHECK(records(*one->snapshot()) == records(*same->snapshot()));
    CHECK(records(*one->snapshot()) != records(*other->snapshot()));
}

TEST_CASE("a journal that is not there is refused to a reader, who is told how to make one", "[journal]") {
    TemporaryDirectory directory;
    SystemEntropy entropy;
    CHECK_THROWS_AS(Journal(directory / "none", options_for(entropy, true)), StorageError);
    {
        lmdb::Environment empty(directory / "empty", {});
    }
    CHECK_THROWS_WITH(Journal(directory / "empty", options_for(entropy, true)), Catch::Contains("there is no journal in"));
    CHECK_FALSE(std::filesystem::exists(directory / "none"));
}

TEST_CASE("a journal of a later format is refused", "[journal]") {
    TestJournal journal;
    journal.close();
    {
        lmdb::Options options;
        options.tables_max = 32;
        lmdb::Environment environment(journal.directory(), options);
        lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::write);
        transaction.put(*transaction.open("meta"), "format", "4");
        transaction.commit();
    }
    SystemEntropy entropy;
    CHECK_THROWS_WITH(Journal(journal.directory(), options_for(entropy)), Catch::Contains("has format 4"));
}

TEST_CASE("a journal that is opened read-only is read, and takes no append", "[journal]") {
    TestJournal journal;
    REQUIRE(journal.append_note("$jobs", "x"));
    journal.close();
    SystemEntropy entropy;
    Journal reader(journal.directory(), options_for(entropy, true));
    CHECK(reader.snapshot()->size() == 1);
    CHECK_THROWS_WITH(reader.append(journal.request("$jobs", note("y"))), Catch::Contains("opened read-only"));
}

TEST_CASE("a new journal without a given origin makes one up, and keeps it", "[journal]") {
    TemporaryDirectory directory;
    SystemEntropy entropy;
    std::string origin;
    {
        Journal journal(directory / "j", options_for(entropy));
        origin = journal.snapshot()->origin();
    }
    CHECK(origin.starts_with("daybook.local/"));
    CHECK(Journal(directory / "j", options_for(entropy)).snapshot()->origin() == origin);
}

TEST_CASE("8 threads with 200 appends each give every seq once, and every stream its versions", "[journal]") {
    TestJournal journal;
    constexpr unsigned threads = 8;
    constexpr unsigned appends = 200;
    std::vector<std::vector<std::uint64_t>> taken(threads);
    std::vector<std::thread> running;
    for (unsigned t = 0; t < threads; ++t) {
        running.emplace_back([&, t] {
            for (unsigned i = 0; i < appends; ++i) {
                // All threads share one stream, and each has one of its own.
                const auto answer =
                    journal.append_note(stream_name(i % 2 == 0 ? 0 : t + 1), "x", std::to_string(t) + "/" + std::to_string(i));
                taken[t].push_back(answer ? answer->first.value : 0);
            }
        });
    }
    for (std::thread& thread : running) thread.join();

    std::set<std::uint64_t> all;
    for (const auto& sequences : taken) {
        CHECK(std::is_sorted(sequences.begin(), sequences.end()));
        all.insert(sequences.begin(), sequences.end());
    }
    CHECK(all.size() == threads * appends);
    CHECK(*all.begin() == 1);
    CHECK(*all.rbegin() == threads * appends);
    const auto view = journal->snapshot();
    CHECK(view->size() == threads * appends);
    CHECK(view->stream(stream_name(0))->version == threads * appends / 2);
    for (unsigned t = 0; t < threads; ++t) {
        CHECK(view->stream(stream_name(t + 1))->version == appends / 2);
        CHECK(view->key(std::to_string(t) + "/7")->sequence.value == taken[t][7]);
    }
}

TEST_CASE("readers see whole batches while others append", "[journal]") {
    TestJournal journal;
    AppendRequest request;
    request.decide = [](const JournalView&, Time now) -> Result<Batch> {
        Batch batch;
        for (int i = 0; i < 3; ++i) batch.events.push_back(event_of("$jobs", note("x"), now));
        return batch;
    };
    std::atomic<bool> done = false;
    std::thread writer([&] {
        for (int i = 0; i < 100; ++i) {
            if (!journal->append(request)) break;
        }
        done = true;
    });
    std::uint64_t last = 0;
    bool whole = true;
    while (!done) {
        const auto view = journal->snapshot();
        const std::uint64_t size = view->size();
        const auto head = view->stream("$jobs");
        whole = whole && size % 3 == 0 && size >= last && (head ? head->version : 0) == size;
        last = size;
    }
    writer.join();
    CHECK(whole);
    CHECK(journal.size() == 300);
}

TEST_CASE("two processes that append at once share one sequence without gaps", "[journal]") {
    TemporaryDirectory directory;
    constexpr int appends = 150;
    // Opened after the fork, in each process for itself. Answers the seqs that it got.
    const auto append_many = [&](unsigned who) {
        SeededEntropy entropy(who);
        Journal journal(directory / "journal", options_for(entropy));
        std::string sequences;
        for (int i = 0; i < appends; ++i) {
            AppendRequest request;
            request.input = KeyedInput{std::to_string(who) + "/" + std::to_string(i), std::nullopt};
            request.decide = [&](const JournalView&, Time now) -> Result<Batch> {
                Batch batch;
                batch.events.push_back(event_of(stream_name(static_cast<unsigned>(i) % 2 == 0 ? 0 : who), note("x"), now));
                return batch;
            };
            sequences += std::to_string(journal.append(request).value().first.value) + " ";
        }
        return sequences;
    };
    Child one([&] { return append_many(1); });
    Child two([&] { return append_many(2); });
    std::istringstream answers(one.wait() + two.wait());
    std::set<std::uint64_t> all;
    for (std::uint64_t sequence = 0; answers >> sequence;) all.insert(sequence);
    CHECK(all.size() == 2 * appends);
    CHECK(*all.rbegin() == 2 * appends);

    SystemEntropy entropy;
    const Journal journal(directory / "journal", options_for(entropy));
    const auto view = journal.snapshot();
    CHECK(view->size() == 2 * appends);
    CHECK(view->stream(stream_name(0))->version == appends);
    CHECK(view->stream(stream_name(1))->version == appends / 2);
    // The tree that two processes grew is the tree of its leaves.
    Sha256 sha256;
    MerkleFrontier tree;
    std::vector<Digest> completed;
    view->scan({1}, UINT64_MAX, [&](const RecordView& record) {
        tree.add(sha256, record.leaf_hash(), completed);
        for (std::size_t level = 0; level < completed.size(); ++level)
            CHECK(record.node(static_cast<int>(level)) == completed[level]);
        return true;
    });
    CHECK(tree.size() == 2 * appends);
    CHECK(view->root(sha256, tree.size()) == tree.root(sha256));
}

TEST_CASE("a group is written once whatever throws in a decision, and the journal goes on", "[journal]") {
    TestJournal journal;
    AppendRequest throwing;
    throwing.decide = [](const JournalView&, Time) -> Result<Batch> { throw StorageError("the disk is on fire"); };
    const std::vector<AppendRequest> requests{journal.request("$jobs", note("1")), throwing};
    CHECK_THROWS_WITH(journal->append_all(requests), "the disk is on fire");
    CHECK(journal.size() == 0);
    REQUIRE(journal.append_note("$jobs", "2"));
    CHECK(journal.size() == 1);
    CHECK(journal->append_all({}).empty());
}

TEST_CASE("a journal that is restored from its events has the same records and root", "[journal]") {
    TestJournal journal;
    for (int i = 0; i < 20; ++i) {
        journal.advance(std::chrono::milliseconds(300));
        REQUIRE(journal.append_note(stream_name(static_cast<unsigned>(i % 3)), std::to_string(i),
                                    i % 2 == 0 ? std::optional("k" + std::to_string(i)) : std::nullopt));
    }
    const auto events = exported(*journal->snapshot());
    TestJournal other;
    const std::vector<Blob> blobs{{Sha256()({"blob"}), "blob"}};
    const auto restored = other->restore(events, blobs);
    REQUIRE(restored);
    CHECK(*restored == 20);
    CHECK(records(*other->snapshot()) == records(*journal->snapshot()));
    CHECK(other->snapshot()->key("k4")->sequence == Sequence{5});
    CHECK(other->snapshot()->blob(blobs[0].sha256) == "blob");
    CHECK(other.append_note(stream_name(0), "after")->first == Sequence{21});
}

TEST_CASE("an event that does not fit is not restored, and nothing of its call is", "[journal]") {
    TestJournal journal;
    for (int i = 0; i < 4; ++i)
        REQUIRE(journal.append_note(stream_name(static_cast<unsigned>(i % 2)), "x", "k" + std::to_string(i)));
    const auto events = exported(*journal->snapshot());
    TestJournal other;
    const auto refusal_after = [&](auto change) {
        auto changed = events;
        change(changed[2]);
        const auto answer = other->restore(changed, {});
        REQUIRE_FALSE(answer);
        CHECK(answer.refusal().message.find("event") != std::string::npos);
        CHECK(other.size() == 0);
        return answer.refusal().code;
    };
    CHECK(refusal_after([](Journal::Restored& event) { event.sequence = {4}; }) == RefusalCode::conflict);
    CHECK(refusal_after([](Journal::Restored& event) { event.version = 3; }) == RefusalCode::conflict);
    CHECK(refusal_after([](Journal::Restored& event) { event.stream = stream_name(9); }) == RefusalCode::conflict);
    CHECK(refusal_after([](Journal::Restored& event) { event.actor = "eve"; }) == RefusalCode::conflict);
    CHECK(refusal_after([](Journal::Restored& event) { event.key = "k0"; }) == RefusalCode::conflict);
    CHECK(refusal_after([](Journal::Restored& event) { event.cause = {3}; }) == RefusalCode::conflict);
    CHECK(refusal_after([](Journal::Restored& event) { event.occurred_at += Microseconds(1); }) == RefusalCode::conflict);
    CHECK(refusal_after([](Journal::Restored& event) { event.recorded_at -= Microseconds(1); }) == RefusalCode::conflict);
    CHECK(refusal_after([](Journal::Restored& event) { event.leaf[0] ^= 1; }) == RefusalCode::conflict);
    CHECK(other->restore(events, {}));
    CHECK(records(*other->snapshot()) == records(*journal->snapshot()));
}
