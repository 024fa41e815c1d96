// The auditors' query against a plain scan, for filters of every kind.
#include <algorithm>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "journal/base64.hpp"
#include "journal/proof.hpp"
#include "projections/event_query.hpp"
#include "projections/timeline.hpp"
#include "replay/views.hpp"
#include "tests/integration/program.hpp"
#include "tests/mixed_journal.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

using Found = std::vector<std::uint64_t>;

template <class T>
bool one_of(const std::vector<T>& wanted, const T& value) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// By the book: every record is looked at, every text compared.
Found scan(const JournalView& journal, const EventFilter& filter) {
    Found found;
    std::string text;
    append_json_string(text, filter.text);
    text = text.substr(1, text.size() - 2);
    journal.scan(filter.after.next(), UINT64_MAX, [&](const RecordView& record) {
        const RecordHeader& header = record.header();
        const bool fits = one_of(filter.streams, std::string(journal.stream_id(record.stream()))) &&
                          one_of(filter.types, record.type()) && one_of(filter.actors, std::string(journal.name({header.actor}))) &&
                          one_of(filter.sources, std::string(journal.name({header.source}))) &&
                          one_of(filter.services, std::string(journal.name({header.service}))) &&
                          (!filter.since || record.occurred_at() >= *filter.since) &&
                          (!filter.until || record.occurred_at() < *filter.until) &&
                          (!filter.recorded_since || record.recorded_at() >= *filter.recorded_since) &&
                          (!filter.recorded_until || record.recorded_at() < *filter.recorded_until) &&
                          record.payload().find(text) != std::string_view::npos;
        if (fits) found.push_back(header.sequence);
        return filter.limit == 0 || found.size() < filter.limit;
    });
    return found;
}

// A step at a time, each with snapshots of its own.
Found run(EventQuery& query, const Journal& journal, Views* views) {
    Found found;
    const auto visit = [&](const RecordView& record) {
        found.push_back(record.sequence().value);
        return true;
    };
    for (;;) {
        EventQuery::Progress progress;
        if (views == nullptr) {
            progress = query.step(*journal.snapshot(), nullptr, visit);
        } else {
            lmdb::Transaction transaction = views->read();
            progress = query.step(*journal.snapshot(), &transaction, visit);
        }
        if (progress != EventQuery::Progress::more) return found;
    }
}
Found run(const EventFilter& filter, const Journal& journal, Views* views) {
    EventQuery query(filter);
    return run(query, journal, views);
}

template <class T>
std::vector<T> some_of(const std::vector<T>& all) {
    std::vector<T> some;
    const int count = std::max(0, *rc::gen::inRange(-3, 4));
    for (int i = 0; i < count; ++i) some.push_back(all[*rc::gen::inRange<std::size_t>(0, all.size())]);
    return some;
}

std::optional<Time> some_time(Time from, Time to) {
    if (*rc::gen::inRange(0, 3) != 0) return std::nullopt;
    return from + Microseconds(*rc::gen::inRange<std::int64_t>(0, (to - from).count() + 1));
}

EventFilter some_filter(const JournalView& journal) {
    EventFilter filter;
    auto names = MixedJournal::actors();
    names.push_back("nobody");
    filter.streams = some_of(MixedJournal::streams());
    filter.types = some_of(std::vector{EventType::note, EventType::incident_created, EventType::acknowledged, EventType::redacted});
    filter.actors = some_of(names);
    filter.sources = some_of(MixedJournal::sources());
    filter.services = some_of(MixedJournal::services());
    const Time first = journal.record({1})->recorded_at();
    const Time last = journal.record({journal.size()})->recorded_at() + std::chrono::hours(1);
    filter.since = some_time(first - std::chrono::days(30), last);
    filter.until = some_time(first - std::chrono::days(30), last);
    filter.recorded_since = some_time(first, last);
    filter.recorded_until = some_time(first, last);
    if (*rc::gen::inRange(0, 4) == 0) filter.text = "say \"" + std::to_string(*rc::gen::inRange(0, 20));
    if (*rc::gen::inRange(0, 3) == 0) filter.after = {*rc::gen::inRange<std::uint64_t>(0, journal.size() + 5)};
    if (*rc::gen::inRange(0, 3) == 0) filter.limit = *rc::gen::inRange<std::uint64_t>(1, 50);
    return filter;
}

}  // namespace

TEST_CASE("any filter finds what a scan finds: with the views, with views that are behind, without views", "[event_query]") {
    MixedJournal journal(11);
    TemporaryDirectory directory;
    Views behind(directory / "behind", *journal);
    Views views(directory / "views", *journal);
    journal.grow(2'000);
    behind.catch_up();
    journal.grow(1'000);
    views.catch_up();
    rc::prop("any filter", [&] {
        const auto snapshot = journal->snapshot();
        const EventFilter filter = some_filter(*snapshot);
        const Found wanted = scan(*snapshot, filter);
        RC_CLASSIFY(!wanted.empty(), "finds something");
        RC_ASSERT(run(filter, *journal, &views) == wanted);
        RC_ASSERT(run(filter, *journal, &behind) == wanted);
        RC_ASSERT(run(filter, *journal, nullptr) == wanted);
    });
}

TEST_CASE("filters find the same in a journal of several windows", "[event_query]") {
    IndexedJournal journal(5, 150'000);
    Views& views = journal.views;
    const auto snapshot = journal->snapshot();
    std::vector<EventFilter> filters(7);
    filters[0].actors = {"rare"};
    filters[1].actors = {"ada"};
    filters[1].types = {EventType::acknowledged};
    filters[1].services = {"gateway"};  // that no acknowledgement has
    filters[2].streams = {"$triage"};
    filters[2].after = {70'000};
    filters[3].streams = {stream_name(20), stream_name(19)};
    filters[3].actors = {"rare", "helion"};
    filters[4].since = snapshot->record({100'000})->recorded_at() - std::chrono::days(1);
    filters[4].until = *filters[4].since + std::chrono::hours(2);
    filters[5].recorded_since = snapshot->record({65'000})->recorded_at();
    filters[5].recorded_until = snapshot->record({131'500})->recorded_at();
    filters[5].sources = {"cli"};
    filters[6].after = {140'000};
    for (const EventFilter& filter : filters) CHECK(run(filter, *journal, &views) == scan(*snapshot, filter));
}

TEST_CASE("a query that has caught up goes on with what is new", "[event_query]") {
    IndexedJournal journal(2, 500);
    Views& views = journal.views;
    EventFilter filter;
    filter.actors = {"ada", "newcomer"};
    EventQuery query(filter);
    Found found = run(query, *journal, &views);
    CHECK(run(query, *journal, &views).empty());
    journal.grow(300);
    for (const std::uint64_t sequence : run(query, *journal, &views)) found.push_back(sequence);
    views.catch_up();
    journal.grow(10);
    for (const std::uint64_t sequence : run(query, *journal, &views)) found.push_back(sequence);
    CHECK(found == scan(*journal->snapshot(), filter));
}

TEST_CASE("a step that a visitor ends is gone on with behind that event, up to the limit", "[event_query]") {
    IndexedJournal journal(3, 2'000);
    Views& views = journal.views;
    EventFilter by_index, limited;
    by_index.actors = {"ada"};
    limited.limit = 7;
    for (const EventFilter& filter : {EventFilter(), by_index, limited}) {
        EventQuery query(filter);
        Found found;
        EventQuery::Progress progress = EventQuery::Progress::more;
        while (progress == EventQuery::Progress::more) {
            std::size_t visited = 0;
            lmdb::Transaction transaction = views.read();
            progress = query.step(*journal->snapshot(), &transaction, [&](const RecordView& record) {
                found.push_back(record.sequence().value);
                ++visited;
                return found.size() % 3 != 0;
            });
            CHECK(visited <= 3);
        }
        CHECK(progress == (filter.limit == 0 ? EventQuery::Progress::caught_up : EventQuery::Progress::done));
        CHECK(found == scan(*journal->snapshot(), filter));
    }
}

TEST_CASE("a query goes on when the views are thrown away under it", "[event_query]") {
    IndexedJournal journal(2, 20'000);
    Views& views = journal.views;
    EventFilter filter;
    filter.actors = {"ada"};
    EventQuery query(filter);
    Found found;
    const auto visit = [&](const RecordView& record) {
        found.push_back(record.sequence().value);
        return true;
    };
    {
        lmdb::Transaction transaction = views.read();
        REQUIRE(query.step(*journal->snapshot(), &transaction, visit) == EventQuery::Progress::more);
    }
    for (const std::uint64_t sequence : run(query, *journal, nullptr)) found.push_back(sequence);
    CHECK(found == scan(*journal->snapshot(), filter));
}

TEST_CASE("a recorded interval that is over ends a query for good", "[event_query]") {
    MixedJournal journal(2);
    journal.grow(100);
    const auto snapshot = journal->snapshot();
    EventFilter filter;
    filter.recorded_until = snapshot->record({100})->recorded_at();
    const auto nothing = [](const RecordView&) { return true; };
    CHECK(EventQuery(filter).step(*snapshot, nullptr, nothing) == EventQuery::Progress::done);
    filter.recorded_until = *filter.recorded_until + std::chrono::hours(1);
    CHECK(EventQuery(filter).step(*snapshot, nullptr, nothing) == EventQuery::Progress::caught_up);
}

TEST_CASE("text is found as a person writes it", "[event_query]") {
    TestJournal journal;
    REQUIRE(journal.append_note(stream_name(), "she said \"no\"\nand left C:\\temp – für immer"));
    for (const char* text : {"\"no\"", "no\"\nand", "C:\\temp", "– für", ""}) {
        EventFilter filter;
        filter.text = text;
        CHECK(run(filter, *journal, nullptr) == Found{1});
    }
    EventFilter filter;
    filter.text = "yes";
    CHECK(run(filter, *journal, nullptr).empty());
}

TEST_CASE("daybook events takes every filter, several values and all at once", "[event_query]") {
    const Program daybook;
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    const std::string id = lines_of(daybook.out({"incident", "list", "--ids"})).front();
    daybook.out({"--agent", "sofiia", "note", id, "is it \"over\"?"});
    daybook.out({"--agent", "newcomer", "action", id, "rolled back"});
    const auto count = [&](std::vector<std::string> options) {
        options.insert(options.begin(), {"events", "-o", "jsonl"});
        return lines_of(daybook.out(options)).size();
    };
    CHECK(count({"--actor", "sofiia"}) == 1);
    CHECK(count({"--actor", "sofiia", "--actor", "newcomer"}) == 2);
    CHECK(count({"--actor", "sofiia", "--actor", "newcomer", "--type", "action"}) == 1);
    CHECK(count({"--incident", id, "--source", "cli"}) == 2);
    CHECK(count({"--incident", id}) == lines_of(daybook.out({"timeline", id, "-o", "jsonl"})).size());
    CHECK(count({"--text", "it \"over\""}) == 1);
    CHECK(count({"--incident", id, "--actor", "sofiia", "--type", "note", "--source", "cli", "--since", "2026-01-01T00:00:00Z",
                 "--recorded-since", "2026-01-01T00:00:00Z", "--text", "over", "--after-seq", "3", "--limit", "5"}) == 1);
    CHECK(count({"--actor", "nobody"}) == 0);
    CHECK(count({"--after-seq", "18446744073709551615"}) == 0);
    CHECK(count({"--after-seq", "18446744073709551615", "--actor", "sofiia"}) == 0);
    CHECK(count({"--type", "alert", "--limit", "4"}) == 4);
    CHECK(lines_of(daybook.out({"events", "--actor", "newcomer", "-o", "csv"})).size() == 2);
    CHECK(daybook.run({"events", "--type", "nonsense"}).status == 2);
    CHECK(daybook.run({"events", "--since", "monday"}).status == 2);
    CHECK(daybook.run({"events", "--proof", "-o", "table"}).status == 2);
}

TEST_CASE("the proof of each row of events shows that it is in the journal", "[event_query]") {
    const Program daybook;
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    const std::string stats = daybook.out({"stats", "-o", "json"});
    const auto digest = [](std::string_view base64) {
        const std::string bytes = from_base64(base64).value();
        Digest hash{};
        REQUIRE(bytes.size() == hash.size());
        std::copy(bytes.begin(), bytes.end(), hash.begin());
        return hash;
    };
    Sha256 sha256;
    JsonReader reader;
    std::int64_t shown = 0;
    for (const std::string& line : lines_of(daybook.out({"events", "-o", "jsonl", "--proof"}))) {
        const auto row = reader.read(line);
        REQUIRE(row);
        const JsonValue* proof = (*row)->find("proof");
        REQUIRE(proof != nullptr);
        Proof hashes;
        for (const JsonValue& hash : proof->find("hashes")->array()) hashes.push_back(digest(hash.text()));
        const Digest root = digest(proof->find("root_hash")->text());
        CHECK(stats.find(to_hex(root)) != std::string::npos);
        CHECK(proof->find("index")->integer == (*row)->find("seq")->integer - 1);
        CHECK(verify_inclusion(sha256, digest(proof->find("leaf_hash")->text()),
                               static_cast<std::uint64_t>(proof->find("index")->integer),
                               static_cast<std::uint64_t>(proof->find("size")->integer), hashes, root));
        ++shown;
    }
    CHECK(stats.find("\"journal_size\":" + std::to_string(shown)) != std::string::npos);
}
