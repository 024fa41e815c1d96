// Two clocks: what was true then, and what was known then.
#include <algorithm>

#include <catch2/catch.hpp>

#include "projections/horizon.hpp"
#include "replay/views.hpp"
#include "tests/integration/program.hpp"
#include "tests/mixed_journal.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// The value of a text member in a line of JSON.
std::string member(const std::string& line, const std::string& name) {
    const std::string start = "\"" + name + "\":\"";
    const std::size_t at = line.find(start);
    if (at == std::string::npos) return {};
    return line.substr(at + start.size(), line.find('"', at + start.size()) - at - start.size());
}

// An incident whose story was told in another order than it happened:
//   seq 1  opened at 10:00, P2
//   seq 2  10:30 severity P1
//   seq 3  10:05 a note, written down late
//   seq 4  11:00 resolved
//   seq 5  corrects seq 3, at 11:30
struct LateStory {
    Program daybook;
    std::string id;

    LateStory() {
        id = daybook.out({"--now", "2026-02-23T10:00:00Z", "incident", "create", "--service", "gateway", "--title", "Gateway 5xx"});
        change({"incident", "severity", id, "P1"}, "10:30");
        change({"note", id, "saw it first on node 7"}, "10:05");
        change({"incident", "resolve", id}, "11:00");
        change({"correct", id, "3", "saw it first on node 8"}, "11:30");
    }
    void change(std::vector<std::string> command, const std::string& time) {
        command.insert(command.end(), {"--occurred-at", "2026-02-23T" + time + ":00Z"});
        daybook.out(command);
    }
    // When the event of that seq was recorded.
    std::string recorded(std::size_t seq) const {
        return member(lines_of(daybook.out({"timeline", id, "-o", "jsonl"})).at(seq - 1), "recorded_at");
    }
    std::vector<std::string> messages(std::vector<std::string> options) const {
        options.insert(options.begin(), {"timeline", id, "-o", "jsonl"});
        std::vector<std::string> messages;
        for (const std::string& line : lines_of(daybook.out(options))) messages.push_back(member(line, "message"));
        return messages;
    }
    std::string show(const std::string& field, std::vector<std::string> options) const {
        options.insert(options.begin(), {"incident", "show", id, "-o", "json"});
        return member(daybook.out(options), field);
    }
};

std::vector<IncidentRow> folded(const JournalView& journal, const Horizon& horizon) {
    std::vector<IncidentRow> rows;
    for (std::uint32_t number = 1; number <= journal.stream_count(); ++number) {
        if (journal.stream_id({number}).starts_with('$')) continue;
        if (auto row = incident_within(journal, {number}, horizon)) rows.push_back(std::move(*row));
    }
    return rows;
}

}  // namespace

TEST_CASE("recorded_by counts what was recorded at a moment or before it", "[clocks]") {
    TestJournal journal;
    CHECK(recorded_by(*journal->snapshot(), journal.now()) == 0);
    const Time first = journal.now();
    for (int i = 0; i < 3; ++i) REQUIRE(journal.append_note(stream_name(), "together"));
    journal.advance(std::chrono::seconds(10));
    REQUIRE(journal.append_note(stream_name(), "later"));
    const auto snapshot = journal->snapshot();
    CHECK(recorded_by(*snapshot, first - Microseconds(1)) == 0);
    CHECK(recorded_by(*snapshot, first) == 3);
    CHECK(recorded_by(*snapshot, first + std::chrono::seconds(10) - Microseconds(1)) == 3);
    CHECK(recorded_by(*snapshot, first + std::chrono::seconds(10)) == 4);
}

TEST_CASE("a list within any horizon is the fold of each incident within it", "[clocks]") {
    MixedJournal journal(9);
    journal.grow(2'000);
    TemporaryDirectory directory;
    Views views(directory / "views", *journal);
    const auto snapshot = journal->snapshot();
    const std::uint64_t size = snapshot->size();
    for (const std::uint64_t known : {std::uint64_t{0}, std::uint64_t{1}, size / 3, size}) {
        for (const std::uint64_t moment : {std::uint64_t{1}, size / 4, size / 2, size}) {
            for (const bool both : {false, true}) {
                Horizon horizon{known, {}};
                if (both) horizon.as_of = snapshot->record({moment})->occurred_at();
                std::vector<std::string> listed;
                views.build_apart(
                    {known, horizon.as_of},
                    [&](lmdb::Environment& apart) {
                        lmdb::Transaction transaction(apart, lmdb::Transaction::Kind::read);
                        const auto table = IncidentTable::open(transaction);
                        if (!table) return;
                        table->each([&](StreamNumber, const IncidentRow& row) {
                            listed.push_back(row.id + std::string(to_text(row.state.status)) +
                                             std::to_string(row.state.updated_at) + row.title);
                        });
                    },
                    {}, "incidents");
                std::vector<std::string> wanted;
                for (const IncidentRow& row : folded(*snapshot, horizon)) {
                    wanted.push_back(row.id + std::string(to_text(row.state.status)) + std::to_string(row.state.updated_at) +
                                     row.title);
                }
                CHECK(listed == wanted);
            }
        }
    }
}

TEST_CASE("a late entry was true before it was known", "[clocks]") {
    const LateStory story;
    const std::string note = "saw it first on node 7";
    const auto true_then = story.messages({"--as-of", "2026-02-23T10:05:00Z"});
    REQUIRE(true_then.size() == 2);  // the moment itself is included
    CHECK(true_then.back() == note);
    CHECK(story.messages({"--as-of", "2026-02-23T10:04:59Z"}).size() == 1);
    CHECK(story.messages({"--known-at", story.recorded(2)}).size() == 2);
    CHECK(story.messages({"--known-at", story.recorded(3)}).size() == 3);
    CHECK(story.messages({"--at-seq", "3"}) == story.messages({"--known-at", story.recorded(3)}));
}

TEST_CASE("a correction is known from when it was recorded; the entry stays as it was", "[clocks]") {
    const LateStory story;
    CHECK(story.messages({"--at-seq", "4"}).at(2) == "saw it first on node 7");
    const auto now = story.messages({});
    REQUIRE(now.size() == 5);
    CHECK(now.at(2) == "saw it first on node 7");
    CHECK(now.at(4) == "saw it first on node 8");
    CHECK(story.messages({"--as-of", "2026-02-23T11:29:59Z"}).size() == 4);
}

TEST_CASE("an incident is shown as it was on either clock, and on both", "[clocks]") {
    const LateStory story;
    CHECK(story.show("severity", {"--as-of", "2026-02-23T10:29:59Z"}) == "P2");
    CHECK(story.show("severity", {"--as-of", "2026-02-23T10:30:00Z"}) == "P1");
    CHECK(story.show("status", {"--known-at", story.recorded(3)}) == "open");
    CHECK(story.show("status", {"--known-at", story.recorded(4)}) == "resolved");
    CHECK(story.show("status", {"--at-seq", "5", "--as-of", "2026-02-23T10:45:00Z"}) == "open");
    CHECK(story.show("updated_at", {"--at-seq", "1", "--as-of", "2026-02-23T12:00:00Z"}) == "2026-02-23T10:00:00Z");
    CHECK(story.daybook.out({"incident", "show", story.id, "--at-seq", "5", "-o", "json"}) ==
          story.daybook.out({"incident", "show", story.id, "-o", "json"}));
}

TEST_CASE("what was not there yet is not found, and a seq that is not there is no moment", "[clocks]") {
    const LateStory story;
    const Outcome before = story.daybook.run({"incident", "show", story.id, "--as-of", "2026-02-23T09:59:59Z"});
    CHECK(before.status == 5);
    CHECK(before.err.find("was not there yet") != std::string::npos);
    CHECK(story.daybook.run({"incident", "show", story.id, "--at-seq", "0"}).status == 5);
    for (const std::vector<std::string>& command :
         std::vector<std::vector<std::string>>{{"incident", "show", story.id},
                                               {"incident", "list"},
                                               {"timeline", story.id},
                                               {"followup", "list"},
                                               {"digest", "weekly", "--week", "2026-09"}}) {
        auto arguments = command;
        arguments.insert(arguments.end(), {"--at-seq", "99"});
        CHECK(story.daybook.run(arguments).status == 2);
        arguments.end()[-2] = "--known-at";
        CHECK(story.daybook.run(arguments).status == 2);
    }
}

TEST_CASE("a list of incidents is as it was on either clock", "[clocks]") {
    const LateStory story;
    const auto list = [&](std::vector<std::string> options) {
        options.insert(options.begin(), {"incident", "list", "--ids"});
        return story.daybook.out(options);
    };
    CHECK(list({"--status", "open"}).empty());
    CHECK(list({"--status", "open", "--severity", "P2", "--as-of", "2026-02-23T10:20:00Z"}) == story.id);
    CHECK(list({"--status", "open", "--severity", "P1", "--known-at", story.recorded(2)}) == story.id);
    CHECK(list({"--at-seq", "0"}).empty());
    CHECK(list({"--as-of", "2026-02-23T09:00:00Z"}).empty());
}

TEST_CASE("follow-ups are listed as they were, and overdue by the moment that is looked at", "[clocks]") {
    const LateStory story;
    const std::string followup = member(story.daybook.out({"followup", "add", story.id, "Add a canary", "--due", "2026-03-02",
                                                           "--occurred-at", "2026-02-23T12:00:00Z", "-o", "json"}),
                                        "id");
    story.daybook.out({"followup", "done", followup, "--occurred-at", "2026-03-05T12:00:00Z"});
    const auto status = [&](std::vector<std::string> options) {
        options.insert(options.begin(), {"followup", "list", "-o", "json"});
        return member(story.daybook.out(options), "status");
    };
    CHECK(status({}) == "done");
    CHECK(status({"--at-seq", "6"}) == "open");
    CHECK(status({story.id, "--at-seq", "6"}) == "open");
    CHECK(status({"--known-at", story.recorded(5)}).empty());
    CHECK(status({"--as-of", "2026-03-04T00:00:00Z"}) == "open");
    CHECK(status({"--as-of", "2026-02-23T11:00:00Z"}).empty());
    CHECK(status({"--as-of", "2026-03-04T00:00:00Z", "--overdue"}) == "open");
    CHECK(status({"--as-of", "2026-03-01T00:00:00Z", "--overdue"}).empty());
}

TEST_CASE("a digest known at a moment is the digest of the events recorded by then", "[clocks]") {
    const LateStory story;
    const std::vector<std::string> digest{"--now", "2026-03-10T00:00:00Z", "digest", "weekly", "--week", "2026-09", "-o", "json"};
    const auto with = [&](const std::string& option, const std::string& value) {
        auto arguments = digest;
        arguments.insert(arguments.end(), {option, value});
        return story.daybook.out(arguments);
    };
    CHECK(with("--known-at", story.recorded(3)) == with("--at-seq", "3"));
    CHECK(with("--known-at", story.recorded(3)) != story.daybook.out(digest));
    CHECK(with("--at-seq", "5") == story.daybook.out(digest));
}
