// Everything but the journal can be thrown away: made again from it, it is the same, byte for byte.
#include <algorithm>

#include <catch2/catch.hpp>

#include "journal/sha256.hpp"
#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

const std::vector<std::string> layout_files{"incidents.jsonl", "events.jsonl", "artifacts.jsonl"};

void ingest_monday(const Program& daybook) { daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()}); }

}  // namespace

TEST_CASE("views that were deleted come back equal, and so do digests and exports") {
    const Program daybook;
    ingest_monday(daybook);
    const std::string views = daybook.out({"replay"});
    const std::string digest = daybook.out({"digest", "weekly", "--week", "2026-08", "-o", "json"});
    daybook.out({"export", "jsonl", "before"});
    std::filesystem::remove_all(daybook.data() / "views");
    CHECK(daybook.out({"replay"}) == views);
    CHECK(daybook.out({"digest", "weekly", "--week", "2026-08", "-o", "json"}) == digest);
    daybook.out({"export", "jsonl", "after"});
    for (const std::string& file : layout_files)
        CHECK(read_file(daybook / ("before/" + file)) == read_file(daybook / ("after/" + file)));
    CHECK(read_file(daybook / "before/export.json") == read_file(daybook / "after/export.json"));
}

TEST_CASE("replay --check finds that the live views are what a rebuild gives, and names what is not") {
    const Program daybook;
    ingest_monday(daybook);
    CHECK(daybook.run({"replay", "--check"}).status == 0);
    std::string generation = read_file(daybook.data() / "views/CURRENT");
    generation.pop_back();
    {
        lmdb::Options options;
        options.tables_max = 24;
        lmdb::Environment views(daybook.data() / "views" / generation, options);
        lmdb::Transaction transaction(views, lmdb::Transaction::Kind::write);
        transaction.erase(*transaction.open("history"), FixedKey().add(2, 4).add(0, 4));
        transaction.commit();
    }
    const Outcome damaged = daybook.run({"replay", "--check"});
    CHECK(damaged.status == 3);
    CHECK(damaged.err.find("history") != std::string::npos);
    CHECK(damaged.err.find("stream 2") != std::string::npos);
    daybook.out({"replay", "--rebuild"});
    CHECK(daybook.run({"replay", "--check"}).status == 0);
}

TEST_CASE("a layout that is exported, imported into an empty journal and exported again is the same") {
    const Program one;
    ingest_monday(one);
    const std::string id = lines_of(one.out({"incident", "list", "--ids"})).front();
    write_file(one / "notes.txt", "what we saw\n");
    one.out({"artifact", "attach", id, "notes.txt"});
    one.out({"incident", "archive", id, "--reason", "a test"});
    one.out({"export", "jsonl", "layout"});
    const Program two;
    two.out({"import", "jsonl", (one / "layout").string()});
    two.out({"export", "jsonl", "layout"});
    // The old journal had a stream of ignored alerts: seqs differ, nothing else.
    const auto without_seq = [](const std::string& text) {
        std::vector<std::string> lines = lines_of(text);
        for (std::string& line : lines) line = line.substr(line.find(','));
        return lines;
    };
    CHECK(read_file(one / "layout/incidents.jsonl") == read_file(two / "layout/incidents.jsonl"));
    CHECK(read_file(one / "layout/artifacts.jsonl") == read_file(two / "layout/artifacts.jsonl"));
    CHECK(without_seq(read_file(one / "layout/events.jsonl")) == without_seq(read_file(two / "layout/events.jsonl")));
    CHECK(two.out({"import", "jsonl", (one / "layout").string(), "-o", "json"}).find("\"taken\":0") != std::string::npos);
}

TEST_CASE("journal.jsonl into an empty journal gives the same root, and the same views") {
    const Program one;
    ingest_monday(one);
    one.out({"export", "journal", "text"});
    const Program two;
    two.out({"import", "journal", (one / "text").string()});
    two.out({"export", "journal", "text"});
    CHECK(read_file(one / "text/journal.jsonl") == read_file(two / "text/journal.jsonl"));
    CHECK(one.out({"replay"}) == two.out({"replay"}));
    CHECK(two.run({"verify"}).status == 0);
    CHECK(two.run({"import", "journal", (one / "text").string()}).status == 0);  // it is there already
    const std::string id = lines_of(two.out({"incident", "list", "--ids"})).front();
    two.out({"note", id, "something of its own"});
    CHECK(two.run({"import", "journal", (one / "text").string()}).status == 6);  // it is another journal now
}

TEST_CASE("a digest that is saved twice is written down once, and again when there is something new") {
    const Program daybook;
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    const std::string file = "ops/reports/incidents/weekly/2026-08.json";
    const auto save = [&](const char* week) { return daybook.run({"digest", "weekly", "--week", week, "--save"}); };
    const auto saved = [&] { return lines_of(daybook.out({"events", "--type", "report_generated"})).size(); };
    CHECK(save("2026-08").err.find("(seq ") != std::string::npos);
    const std::string bytes = read_file(daybook / file);
    CHECK(save("2026-09").status == 0);
    CHECK(save("2026-08").err.find("(as it was saved before)") != std::string::npos);
    CHECK(read_file(daybook / file) == bytes);
    CHECK(saved() == 2);
    daybook.out({"note", lines_of(daybook.out({"incident", "list", "--ids"})).front(), "something new"});
    CHECK(save("2026-08").err.find("(seq ") != std::string::npos);
    CHECK(saved() == 3);
}

TEST_CASE("a digest that was saved is made again byte for byte, whatever came after") {
    const Program daybook;
    ingest_monday(daybook);
    // In the middle of a week, and after its end.
    daybook.out({"--now", "2026-02-18T12:00:00Z", "digest", "weekly", "--week", "2026-08", "--save"});
    daybook.out({"--now", "2026-03-16T09:00:00Z", "digest", "weekly", "--week", "2026-09", "--save"});
    const auto directory = daybook / "ops/reports/incidents/weekly";
    std::vector<std::string> before;
    for (const char* name : {"2026-08.json", "2026-08.md", "2026-09.json", "2026-09.md"})
        before.push_back(read_file(directory / name));
    const std::string id = lines_of(daybook.out({"incident", "list", "--ids"})).front();
    daybook.out({"note", id, "came later", "--occurred-at", "2026-02-17T00:00:00Z"});
    std::filesystem::remove_all(daybook / "ops");
    daybook.out({"--now", "2026-03-20T09:00:00Z", "replay", "--reports", "2026-08..2026-09"});
    std::vector<std::string> after;
    for (const char* name : {"2026-08.json", "2026-08.md", "2026-09.json", "2026-09.md"})
        after.push_back(read_file(directory / name));
    CHECK(before == after);
    CHECK(daybook.out({"replay", "--reports", "2026-08..2026-09"}).find("changed") == std::string::npos);
}

TEST_CASE("a replay to a seq is what the views were at that seq") {
    const Program daybook;
    const auto lines = lines_of(read_file(project_file("fixtures/triage/monday.jsonl")));
    std::string first_half;
    for (std::size_t i = 0; i < lines.size() / 2; ++i) first_half += lines[i] + "\n";
    daybook.out({"-q", "ingest", "-"}, first_half);
    const std::string size = daybook.out({"stats", "-o", "json"});
    const std::string count = size.substr(16, size.find(',') - 16);  // {"journal_size":
    const std::string then = daybook.out({"replay"});
    ingest_monday(daybook);
    CHECK(daybook.out({"replay"}) != then);
    CHECK(daybook.out({"replay", "--to-seq", count}) == then);
    CHECK(daybook.run({"replay", "--to-seq", "100000"}).status == 2);
    const std::string nothing = daybook.out({"replay", "--to-seq", "0", "-o", "jsonl"});
    CHECK(lines_of(nothing).size() == 6);
    for (const std::string& line : lines_of(nothing)) CHECK(line.find("\"position\":0,\"rows\":0,") != std::string::npos);
}

TEST_CASE("a replay of one projection says of that one what a replay of all does") {
    const Program daybook;
    ingest_monday(daybook);
    const auto line_of = [&](std::vector<std::string> command, const std::string& projection) {
        command.insert(command.end(), {"-o", "jsonl"});
        for (const std::string& line : lines_of(daybook.out(command))) {
            if (line.find('"' + projection + '"') != std::string::npos) return line;
        }
        return std::string();
    };
    for (const std::vector<std::string>& how : {std::vector<std::string>{"replay", "--to-seq", "20"},
                                                {"replay", "--as-of", "2026-02-23T10:30:00Z"},
                                                {"replay", "--check"}}) {
        std::vector<std::string> alone = how;
        alone.insert(alone.end(), {"--projection", "followups", "-o", "jsonl"});
        const auto lines = lines_of(daybook.out(alone));
        REQUIRE(lines.size() == 1);
        CHECK(lines[0] == line_of(how, "followups"));
    }
}

TEST_CASE("events --follow goes on with what comes, from any process") {
    const Program daybook;
    const std::string id = daybook.out({"incident", "create", "--service", "gateway", "--title", "It is slow"});
    // It ends by itself after three events; the last two are written by others while it follows.
    Child follower([&] { return daybook.run({"events", "--follow", "--limit", "3", "-o", "jsonl"}).out; });
    daybook.out({"note", id, "one"});
    daybook.out({"note", id, "two"});
    const auto lines = lines_of(follower.wait());
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].starts_with("{\"seq\":1,"));
    CHECK(lines[2].find("\"message\":\"two\"") != std::string::npos);
}

TEST_CASE("two processes that take the same input at once open each incident once") {
    const Program daybook;
    const auto take = [&] {
        return std::make_unique<Child>(
            [&] { return daybook.run({"ingest", project_file("fixtures/triage/monday.jsonl").string(), "-o", "json"}).out; });
    };
    auto one = take();
    auto two = take();
    const std::string answers = one->wait() + two->wait();
    CHECK(answers.find("\"refused\":0") != std::string::npos);
    const Program alone;
    alone.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    const auto count = [](const Program& program) { return lines_of(program.out({"incident", "list", "--ids"})).size(); };
    CHECK(count(daybook) == count(alone));
    CHECK(lines_of(daybook.out({"events", "-o", "jsonl"})).size() == lines_of(alone.out({"events", "-o", "jsonl"})).size());
    CHECK(daybook.run({"verify"}).status == 0);
}

TEST_CASE("a rebuild takes the place of views that can't be opened") {
    const Program daybook;
    ingest_monday(daybook);
    const std::string views = daybook.out({"replay"});
    for (const auto& entry : std::filesystem::directory_iterator(daybook.data() / "views")) {
        if (entry.is_directory()) std::filesystem::resize_file(entry.path() / "data.mdb", 5000);
    }
    const Outcome list = daybook.run({"incident", "list"});
    CHECK(list.status == 1);
    CHECK(list.err.find("`daybook replay --rebuild` makes them anew") != std::string::npos);
    const Outcome rebuild = daybook.run({"replay", "--rebuild"});
    CHECK(rebuild.status == 0);
    CHECK(rebuild.out == views + '\n');
    CHECK(daybook.run({"replay", "--check"}).status == 0);
}

TEST_CASE("an import that was cut short before a redaction came is finished, and nothing was made of what is not known yet") {
    const Program from;
    const std::string id =
        from.out({"incident", "create", "--service", "gateway", "--title", "a secret", "--signature", "gateway-5xx"});
    from.write("long.md", std::string(2 * 1024 * 1024, 'x'));
    for (int i = 0; i < 17; ++i) {  // more than is imported at once
        from.write("long.md", std::to_string(i) + std::string(2 * 1024 * 1024 - 8, 'x'));
        from.out({"artifact", "attach", id, "long.md", "--name", "long" + std::to_string(i) + ".md"});
    }
    from.write("last.md", "the last one");
    from.out({"artifact", "attach", id, "last.md"});
    from.out({"redact", "1", "--reason", "a secret"});
    from.out({"export", "journal", (from / "text").string()});

    const Program to;
    const auto blob = from / ("text/blobs/" + to_hex(Sha256()({"the last one"})));
    std::filesystem::rename(blob, to / "aside");
    CHECK(to.run({"import", "journal", (from / "text").string()}).status == 3);
    const Outcome list = to.run({"incident", "list"});
    CHECK(list.status == 1);
    CHECK(list.err.find("event 1 was redacted, and the event that says so is not there yet") != std::string::npos);
    CHECK(to.run({"note", id, "in between"}).status == 1);
    std::filesystem::rename(to / "aside", blob);
    CHECK(to.run({"import", "journal", (from / "text").string()}).status == 0);
    CHECK(to.run({"verify"}).status == 0);
    CHECK(to.run({"replay", "--check"}).status == 0);
    CHECK(to.out({"incident", "list", "--ids"}) == id);
    CHECK(to.run({"note", id, "afterwards"}).status == 0);
    CHECK(to.run({"verify"}).status == 0);
}
