#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string monday() { return read_file(project_file("fixtures/triage/monday.jsonl")); }

std::string text_of(const std::vector<Views::StateDigest>& digests) {
    std::string text;
    for (const auto& one : digests)
        text += one.projection + ' ' + std::to_string(one.rows) + ' ' + to_hex(one.digest).substr(0, 16) + '\n';
    return text;
}

std::string text_of(const Views::Check& check) {
    std::string text;
    for (const auto& one : check.differences) text += one.projection + ": " + one.table + ", " + one.key + ": " + one.what + '\n';
    return text;
}

lmdb::Options options() {
    lmdb::Options options;
    options.tables_max = 24;
    return options;
}

// A desk that has heard of Monday's week, and a place for views of it that a test opens, closes and damages.
struct ViewsDesk : Desk {
    std::filesystem::path place = directory() / "under-test";

    ViewsDesk() { ingest(monday()); }
    Views open() { return Views(place, *journal()); }
    std::filesystem::path current() const {
        std::string name = read_file(place / "CURRENT");
        return place / name.substr(0, name.find('\n'));
    }
    std::vector<std::string> in_place() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(place)) names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }
    // Changes rows behind the views' back, while they are closed.
    void damage(const std::function<void(lmdb::Transaction&)>& how) {
        lmdb::Environment environment(current(), options());
        lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::write);
        how(transaction);
        transaction.commit();
    }
    void caught_up() {
        Views views = open();
        views.catch_up();
    }
};

std::string first_key(lmdb::Transaction& transaction, const char* table) {
    lmdb::Cursor cursor(transaction, *transaction.open(table));
    REQUIRE(cursor.first());
    return std::string(cursor.key());
}

void damage_first_row(lmdb::Transaction& transaction, const char* table) {
    const std::string key = first_key(transaction, table);
    std::string value(*transaction.get(*transaction.open(table), key));
    value.back() = static_cast<char>(value.back() ^ 1);
    transaction.put(*transaction.open(table), key, value);
}

void write_mark(const std::filesystem::path& file) { write_file(file, "x"); }
void wait_for(const std::filesystem::path& file) {
    for (int i = 0; i < 2000 && !std::filesystem::exists(file); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (!std::filesystem::exists(file)) throw std::runtime_error("no " + file.string());
}

}  // namespace

TEST_CASE("views catch up with the journal, and are then what a rebuild gives") {
    ViewsDesk desk;
    Views views = desk.open();
    CHECK(views.size() == 0);
    std::vector<std::uint64_t> reached;
    CHECK(views
              .catch_up([&](Sequence at, std::uint64_t of) {
                  reached.push_back(at.value);
                  CHECK(of == desk.size());
              })
              .empty());
    CHECK(reached == std::vector<std::uint64_t>{desk.size()});
    CHECK(views.size() == desk.size());
    const std::string live = text_of(views.digests());
    CHECK(views.catch_up().empty());
    CHECK(views.check().differences.empty());
    views.rebuild("");
    CHECK(text_of(views.digests()) == live);
}

TEST_CASE("a rebuild gives the state that the live run gave, at every event") {
    Desk desk;
    std::vector<std::string> states{""};
    const std::string feed = monday();
    for (std::size_t start = 0; start < feed.size();) {
        const std::size_t end = feed.find('\n', start) + 1;
        desk.tell(feed.substr(start, end - start));
        desk.views().catch_up();
        while (states.size() <= desk.size()) states.push_back(states.size() == desk.size() ? text_of(desk.views().digests()) : "");
        start = end;
    }
    for (std::uint64_t size = 1; size < states.size(); ++size) {
        if (states[size].empty()) continue;
        std::string apart;
        desk.views().build_apart({size, {}}, [&](lmdb::Environment& views) { apart = text_of(state_digests(views)); });
        CHECK(apart == states[size]);
    }
    CHECK(text_of(desk.views().digests()) == states.back());  // the live views are as they were
}

TEST_CASE("views that were deleted come back equal") {
    ViewsDesk desk;
    desk.caught_up();
    std::string before;
    {
        Views views = desk.open();
        before = text_of(views.digests());
    }
    SECTION("all of them") { std::filesystem::remove_all(desk.place); }
    SECTION("the generation") { std::filesystem::remove_all(desk.current()); }
    SECTION("CURRENT") { std::filesystem::remove(desk.place / "CURRENT"); }
    SECTION("what CURRENT says") { write_file(desk.place / "CURRENT", "../../journal\n"); }
    SECTION("the end of CURRENT") { write_file(desk.place / "CURRENT", ""); }
    Views views = desk.open();
    views.catch_up();
    CHECK(text_of(views.digests()) == before);
    CHECK(views.size() == desk.size());
}

TEST_CASE("views of another journal are thrown away and begun anew") {
    ViewsDesk desk;
    desk.caught_up();
    Desk other(TriagePolicy{}, 77);
    other.ingest(monday() + Report::firing("10:00").line());
    Views views(desk.place, *other.journal());
    CHECK(views.size() == 0);
    views.catch_up();
    CHECK(views.size() == other.size());
    CHECK(views.check().differences.empty());
}

TEST_CASE("views that have seen more than the journal has are thrown away") {
    const TemporaryDirectory directory;
    const auto fill = [](TestJournal& journal, unsigned notes) {
        IncidentCreated created;
        created.service = created.env = created.title = "t";
        REQUIRE(journal.append(stream_name(1), created));
        for (unsigned i = 0; i < notes; ++i) REQUIRE(journal.append_note(stream_name(1), "n" + std::to_string(i)));
    };
    TestJournal whole;
    TestJournal restored;  // from an old backup: the same seed gives the same events
    fill(whole, 9);
    fill(restored, 4);
    REQUIRE(whole->snapshot()->record({5})->leaf_hash() == restored->snapshot()->record({5})->leaf_hash());
    {
        Views views(directory / "views", *whole);
        views.catch_up();
        CHECK(views.size() == 10);
    }
    Views views(directory / "views", *restored);
    CHECK(views.size() == 0);
    views.catch_up();
    CHECK(views.size() == 5);
}

TEST_CASE("check names the first key of each table that differs") {
    ViewsDesk desk;
    desk.caught_up();
    SECTION("other contents") {
        desk.damage([](auto& transaction) { damage_first_row(transaction, "incidents"); });
        Views views = desk.open();
        const auto check = views.check();
        CHECK(text_of(check) == "incidents: incidents, stream 1: other contents in the live views\n");
        CHECK(check.size == desk.size());
        CHECK(text_of(check.live) != text_of(check.rebuilt));
    }
    SECTION("a row too few") {
        std::string id;
        desk.damage([&](auto& transaction) {
            const std::string key = first_key(transaction, "followup_ids");
            id = key;
            transaction.erase(*transaction.open("followup_ids"), key);
        });
        Views views = desk.open();
        CHECK(text_of(views.check()) == "followups: followup_ids, follow-up " + id + ": missing from the live views\n");
    }
    SECTION("a row too many, at the end") {
        desk.damage(
            [](auto& transaction) { transaction.put(*transaction.open("history"), FixedKey().add(999, 4).add(2, 4), "row"); });
        Views views = desk.open();
        CHECK(text_of(views.check()) == "history: history, stream 999, block 2: only in the live views\n");
    }
    SECTION("in several tables") {
        desk.damage([](auto& transaction) {
            damage_first_row(transaction, "incidents");
            damage_first_row(transaction, "history");
        });
        Views views = desk.open();
        CHECK(text_of(views.check()) ==
              "incidents: incidents, stream 1: other contents in the live views\nhistory: history, stream 1, block 0: other "
              "contents in the live views\n");
    }
}

TEST_CASE("check compares as far as the live views have got") {
    ViewsDesk desk;
    desk.caught_up();
    const std::uint64_t seen = desk.size();
    desk.tell(Report::firing("10:00"));
    Views views = desk.open();
    const auto check = views.check();
    CHECK(check.size == seen);
    CHECK(check.differences.empty());
    CHECK(views.size() == seen);
}

TEST_CASE("a rebuild mends what is damaged; of one projection, that one alone") {
    ViewsDesk desk;
    desk.caught_up();
    desk.damage([](auto& transaction) {
        damage_first_row(transaction, "incidents");
        damage_first_row(transaction, "history");
    });
    Views views = desk.open();
    views.rebuild("incidents");
    CHECK(text_of(views.check()) == "history: history, stream 1, block 0: other contents in the live views\n");
    views.rebuild("");
    CHECK(views.check().differences.empty());
}

TEST_CASE("a rebuild of one projection catches the others up, so that all are of one moment") {
    ViewsDesk desk;
    desk.caught_up();
    desk.tell(Report::firing("10:00").set("followups", R"([{"title":"f"}])"));
    Views views = desk.open();
    for (const auto& projection : make_projections()) {
        views.rebuild(projection->name());
        CHECK(views.size() == desk.size());
        CHECK(views.check().differences.empty());
    }
}

TEST_CASE("a rebuild leaves one generation, and nothing of what others left half done") {
    ViewsDesk desk;
    desk.caught_up();
    std::filesystem::create_directories(desk.place / "generation-7");
    write_file(desk.place / "generation-7/data.mdb", "a killed rebuild");
    Views views = desk.open();
    views.rebuild("");
    CHECK(desk.in_place() == std::vector<std::string>{"CURRENT", "LOCK", "generation-8"});
    views.build_apart({3, {}}, [](lmdb::Environment&) {});
    CHECK(desk.in_place() == std::vector<std::string>{"CURRENT", "LOCK", "generation-8"});
}

TEST_CASE("a build apart that fails leaves nothing behind") {
    ViewsDesk desk;
    Views views = desk.open();
    CHECK_THROWS(views.build_apart({3, {}}, [](lmdb::Environment&) { throw std::runtime_error("enough"); }));
    CHECK(desk.in_place() == std::vector<std::string>{"CURRENT", "LOCK", "generation-1"});
}

TEST_CASE("what is built apart is as of a seq or a moment, and the live views stay") {
    ViewsDesk desk;
    Views views = desk.open();
    const auto incidents = [&](const ReplayLimit& limit) {
        std::size_t count = 0;
        views.build_apart(limit, [&](lmdb::Environment& apart) {
            lmdb::Transaction transaction(apart, lmdb::Transaction::Kind::read);
            const auto table = IncidentTable::open(transaction);
            if (table) table->each([&](StreamNumber, const IncidentRow&) { ++count; });
        });
        return count;
    };
    CHECK(incidents({0, {}}) == 0);
    CHECK(incidents({2, {}}) == 1);
    CHECK(incidents({desk.size(), {}}) == 11);
    CHECK(incidents({desk.size(), at("2026-02-16T09:01:59Z")}) == 0);
    CHECK(incidents({desk.size(), at("2026-02-16T09:02:00Z")}) == 1);
    CHECK(incidents({desk.size(), at("2026-02-22T00:00:00Z")}) == 5);
    CHECK(incidents({2, at("2026-03-16T00:00:00Z")}) == 1);
    CHECK(views.size() == 0);
}

TEST_CASE("what could not be taken is told when it happens, and after a rebuild again") {
    Desk desk;
    REQUIRE(desk.journal().append_note(stream_name(1), "before its incident was created"));
    CHECK(desk.views().catch_up().size() == 1);
    CHECK(desk.views().catch_up().empty());
    const auto parked = [&] {
        lmdb::Transaction transaction = desk.views().read();
        return parked_events(transaction);
    };
    CHECK(parked().size() == 1);
    CHECK(desk.views().rebuild("").size() == 1);
    CHECK(parked().size() == 1);
    CHECK(desk.views().rebuild("incidents").size() == 1);
    CHECK(desk.views().rebuild("history").empty());
    CHECK(parked().size() == 1);
    CHECK(parked()[0].projection == "incidents");
    CHECK(desk.views().check().differences.empty());
}

TEST_CASE("a reader that holds the old generation reads it to the end while another process rebuilds") {
    const TemporaryDirectory marks;
    // The reader is forked before this process has anything open.
    Child reader([&] {
        wait_for(marks / "place");
        const std::string places = read_file(marks / "place");
        const std::size_t line = places.find('\n');
        SystemEntropy entropy;
        JournalOptions options;
        options.clock = [] { return when("12:00"); };
        options.entropy = &entropy;
        options.read_only = true;
        const Journal journal(places.substr(0, line), std::move(options));
        Views views(places.substr(line + 1), journal);
        std::string answer;
        {
            lmdb::Transaction old = views.read();
            answer = text_of(state_digests(old));
            write_mark(marks / "holding");
            wait_for(marks / "rebuilt");
            answer += text_of(state_digests(old)) == answer ? "the same\n" : "changed\n";
        }
        return answer + text_of(views.digests());
    });
    ViewsDesk desk;
    Views views = desk.open();
    views.catch_up();
    const std::string before = text_of(views.digests());
    write_file(marks / "place.new", desk.journal().directory().string() + '\n' + desk.place.string());
    std::filesystem::rename(marks / "place.new", marks / "place");
    wait_for(marks / "holding");
    desk.tell(Report::firing("10:00"));
    views.rebuild("");
    CHECK(desk.in_place() == std::vector<std::string>{"CURRENT", "LOCK", "generation-2"});
    const std::string after = text_of(views.digests());
    write_mark(marks / "rebuilt");
    CHECK(after != before);
    CHECK(reader.wait() == before + "the same\n" + after);
}

TEST_CASE("several processes that catch up at once fold each event once") {
    TestJournal journal;
    journal.close();
    const TemporaryDirectory directory;
    const auto with_views = [&](const std::function<std::string(Journal&, Views&)>& work) {
        SeededEntropy entropy(5);
        JournalOptions options;
        options.clock = [] { return when("12:00"); };
        options.entropy = &entropy;
        Journal opened(journal.directory(), std::move(options));
        Views views(directory / "views", opened);
        return work(opened, views);
    };
    const auto work = [&] {
        return with_views([&](Journal& opened, Views& views) {
            for (unsigned i = 0; i < 40; ++i) {
                IncidentCreated created;
                created.service = created.env = created.title = "t";
                (void)opened.append(journal.request(stream_name(i), created));
                (void)opened.append(journal.request(stream_name(i), note("n")));
                views.catch_up();
                if (i % 15 == 7) views.rebuild(i % 2 == 0 ? "incidents" : "");
            }
            return std::string("done");
        });
    };
    {
        Child one(work);
        Child two(work);
        Child three(work);
        CHECK(one.wait() == "done");
        CHECK(two.wait() == "done");
        CHECK(three.wait() == "done");
    }
    CHECK(with_views([&](Journal& opened, Views& views) {
              views.catch_up();
              CHECK(views.size() == opened.snapshot()->size());
              return text_of(views.check());
          }) == "");
}
