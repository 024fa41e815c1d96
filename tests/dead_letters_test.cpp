#include <catch2/catch.hpp>

#include <csignal>
#include <thread>

#include <sys/resource.h>

#include "ingest/dead_letters.hpp"
#include "tests/desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

struct LetterDesk : Desk {
    std::filesystem::path file = directory() / "dead-letters.jsonl";

    std::string letters() const { return std::filesystem::exists(file) ? read_file(file) : ""; }
    // As `daybook ingest` does: what is refused goes to the dead letters.
    IngestCounts take(const std::string& lines, const std::string& source = "feed.jsonl") {
        const IngestCounts counts = ingest(lines);
        DeadLetters letters(file);
        for (const RefusedLine& line : refused()) letters.add(line, source, when("12:00"));
        letters.sync();
        return counts;
    }
    // As `daybook ingest --dead-letters`: "3 read, 1 taken, 2 refused".
    std::string retry() {
        DeadLetters letters(file);
        lines_of_retry.clear();
        told.clear();
        const IngestCounts counts = letters.retry(
            when("13:00"),
            [&](const std::filesystem::path& records, const auto& refused) {
                IngestOptions options;
                options.caller = "feed";
                options.refused = [&](const RefusedLine& line) {
                    lines_of_retry.push_back(line.number);
                    refused(line);
                };
                return ingest_file(parts(), records, options);
            },
            [&](const RefusedLine& line) { told.push_back(std::to_string(line.number) + ": " + line.refusals[0].message); });
        CHECK_FALSE(std::filesystem::exists(file.string() + ".retry"));
        return std::to_string(counts.read) + " read, " + std::to_string(counts.taken) + " taken, " +
               std::to_string(counts.refused) + " refused";
    }
    // Mends them as a person with an editor does.
    void replace(const std::string& from, const std::string& to) {
        std::string text = letters();
        const std::size_t at = text.find(from);
        REQUIRE(at != std::string::npos);
        write_file(file, text.replace(at, from.size(), to));
    }
    std::vector<std::uint64_t> lines_of_retry;  // of what was refused
    std::vector<std::string> told;              // of all that is kept: which letter, and why
};

std::string good(const std::string& id) { return Report::firing("10:00").id(id).line(); }
std::string bad(const std::string& id) { return Report::firing("10:00").id(id).severity("bad").line(); }
std::string digest(const std::string& line) { return to_hex(Sha256()({line})); }
std::size_t lines_in(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

TEST_CASE("a letter says what was refused, where it came from, and why") {
    LetterDesk desk;
    desk.take(good("1") + '\n' + bad("2") + '\n');
    const std::string line = bad("2");
    CHECK(desk.letters() == R"({"sha256":")" + digest(line) +
                                R"(","at":"2026-02-23T12:00:00Z","file":"feed.jsonl","line":2,"offset":)" +
                                std::to_string(good("1").size() + 1) + R"(,"code":"invalid","field":"/alert/severity",)" +
                                R"("reason":"severity must be one of P0, P1, P2, P3, P4","record":)" + line + "}\n");
    JsonReader reader;
    CHECK(reader.read(desk.letters()));
}

TEST_CASE("a line that is no JSON stands as text, one that is no UTF-8 as hex") {
    LetterDesk desk;
    desk.take("\"a\" {\n\xFF\x00z\n");
    CHECK(desk.letters().find(R"("text":"\"a\" {"})") != std::string::npos);
    CHECK(desk.letters().find(R"("hex":"ff007a"})") == std::string::npos);
    LetterDesk other;
    other.take(std::string("\xFF\0z\n", 4));
    CHECK(other.letters().find(R"("hex":"ff007a"})") != std::string::npos);
}

TEST_CASE("without a refusal there is no file") {
    LetterDesk desk;
    desk.take(good("1"));
    CHECK_FALSE(std::filesystem::exists(desk.file));
}

TEST_CASE("a line that is there already is not added again") {
    LetterDesk desk;
    desk.take(bad("1") + '\n' + bad("2") + "\nx\nx\n" + bad("1") + '\n');
    const std::string letters = desk.letters();
    CHECK(lines_in(letters) == 3);
    desk.take(bad("1") + '\n' + bad("2") + "\nx\n", "again.jsonl");
    CHECK(desk.letters() == letters);
    desk.take(bad("3"));
    CHECK(lines_in(desk.letters()) == 4);
}

TEST_CASE("a mended letter is taken, and its letter goes") {
    LetterDesk desk;
    desk.take(bad("1") + '\n' + bad("2") + '\n');
    CHECK(desk.size() == 0);
    desk.replace(R"("severity":"bad")", R"("severity":"P1")");
    CHECK(desk.retry() == "2 read, 1 taken, 1 refused");
    CHECK(lines_in(desk.letters()) == 1);
    CHECK(desk.letters().find(R"("triage_id":"2")") != std::string::npos);
    CHECK(desk.overview() == "P1 open");
    CHECK(desk.events().at(0).actor == "feed");
    desk.replace(R"("severity":"bad")", R"("severity":"P1")");
    CHECK(desk.retry() == "1 read, 1 taken, 0 refused");
    CHECK(desk.letters() == "");
    CHECK(desk.retry() == "0 read, 0 taken, 0 refused");
}

TEST_CASE("a record that has all levels that there may be can be mended in its letter") {
    LetterDesk desk;
    desk.take(
        Report::firing("10:00").severity("bad").set("meta", R"({"a":)" + std::string(62, '[') + std::string(62, ']') + '}').line());
    desk.replace(R"("severity":"bad")", R"("severity":"P1")");
    CHECK(desk.retry() == "1 read, 1 taken, 0 refused");
    CHECK(desk.letters() == "");
}

TEST_CASE("a text can be mended by putting a record beside it") {
    LetterDesk desk;
    desk.take("not JSON\n");
    CHECK(desk.retry() == "1 read, 0 taken, 1 refused");
    desk.replace(R"("text":"not JSON")", R"("text":"not JSON","record":)" + good("1"));
    CHECK(desk.retry() == "1 read, 1 taken, 0 refused");
    CHECK(desk.letters() == "");
}

TEST_CASE("a text that a person mended is taken, and each letter that stays is told with its line and the reason") {
    LetterDesk desk;
    desk.take(bad("1") + "\n{\"a\": 1,}\n\xFF\n");
    CHECK(desk.retry() == "3 read, 0 taken, 3 refused");
    REQUIRE(desk.told.size() == 3);
    CHECK(desk.told[0].starts_with("2: "));
    CHECK(desk.told[0].ends_with(": mend `text`, or put the record into `record`"));
    CHECK(desk.told[1] == "3: there is no record: put one into `record`");
    CHECK(desk.told[2] == "1: severity must be one of P0, P1, P2, P3, P4");
    std::string json;
    append_json_string(json, good("2"));
    desk.replace(R"("{\"a\": 1,}")", json);
    CHECK(desk.retry() == "3 read, 1 taken, 2 refused");
    CHECK(desk.overview() == "P2 open");
    CHECK(lines_in(desk.letters()) == 2);
}

TEST_CASE("a letter that is refused again says why now, and still where it came from") {
    LetterDesk desk;
    desk.take(good("1") + '\n' + "x\n" + bad("2") + '\n');
    desk.replace(R"("severity":"bad")", R"("severity":"P1","kind":7)");
    desk.replace(R"("kind":"http_5xx",)", "");
    CHECK(desk.retry() == "2 read, 0 taken, 2 refused");
    CHECK(desk.lines_of_retry == std::vector<std::uint64_t>{2});  // the letter's own line
    const std::string letters = desk.letters();
    CHECK(letters.find(R"("at":"2026-02-23T13:00:00Z","file":"feed.jsonl","line":3,"offset":)" +
                       std::to_string(good("1").size() + 3) + R"(,"code":"invalid","field":"/alert/kind")") != std::string::npos);
    CHECK(letters.find(R"("sha256":")" + digest(bad("2"))) != std::string::npos);
    CHECK(letters.find(R"("text":"x")") != std::string::npos);
}

TEST_CASE("after a retry in vain the same input still adds nothing") {
    LetterDesk desk;
    const std::string spaced = R"( {"schema" : "alert_triage/9"} )";  // its RFC 8785 text is another
    desk.take(spaced + "\nx\n");
    CHECK(desk.retry() == "2 read, 0 taken, 2 refused");
    desk.take(spaced + "\nx\n");
    CHECK(lines_in(desk.letters()) == 2);
}

TEST_CASE("letters that a person broke are kept as they are") {
    LetterDesk desk;
    desk.take(bad("1") + '\n' + bad("2") + '\n');
    desk.replace("{\"sha256\"", "{{\"sha256\"");
    desk.replace(
        R"("severity":"bad","started_at":"2026-02-23T10:00:00Z","title":"Gateway 5xx"},"schema":"alert_triage/1","triage_id":"2")",
        R"("severity":"P1","started_at":"2026-02-23T10:00:00Z","title":"Gateway 5xx"},"schema":"alert_triage/1","triage_id":"2")");
    const std::string broken = desk.letters().substr(0, desk.letters().find('\n') + 1);
    CHECK(desk.retry() == "2 read, 1 taken, 1 refused");
    CHECK(desk.letters() == broken);
}

TEST_CASE("a retry that fails leaves the letters as they were") {
    LetterDesk desk;
    desk.take(bad("1") + '\n');
    const std::string before = desk.letters();
    DeadLetters letters(desk.file);
    CHECK_THROWS_AS(letters.retry(
                        when("13:00"), [](const auto&, const auto&) -> IngestCounts { throw StorageError("the disk is full"); },
                        [](const auto&) {}),
                    StorageError);
    CHECK(desk.letters() == before);
    CHECK_FALSE(std::filesystem::exists(desk.file.string() + ".retry"));
}

TEST_CASE("a letter can be added after a retry") {
    LetterDesk desk;
    desk.take(bad("1") + '\n');
    DeadLetters letters(desk.file);
    letters.retry(when("13:00"), [](const auto&, const auto&) { return IngestCounts{}; }, [](const auto&) {});
    letters.add({1, 0, "x", {{RefusalCode::invalid, "no JSON", ""}}}, "feed", when("13:00"));
    letters.sync();
    CHECK(lines_in(desk.letters()) == 1);
}

TEST_CASE("a line of 1 MiB that is all escapes, or no UTF-8, comes back whole") {
    for (const char byte : {'\x01', '\xFF'}) {
        LetterDesk desk;
        desk.take(std::string(1024 * 1024, byte) + '\n' + bad("1") + '\n');
        const std::string letters = desk.letters();
        CHECK(lines_in(letters) == 2);
        CHECK(desk.retry() == "2 read, 0 taken, 2 refused");
        CHECK(lines_in(desk.letters()) == 2);
        CHECK(desk.letters().substr(0, 1'000'000) == letters.substr(0, 1'000'000));
    }
}

TEST_CASE("two processes add their letters one after the other, each once") {
    const TemporaryDirectory directory;
    const auto file = directory / "dead-letters.jsonl";
    const auto add = [&] {
        DeadLetters letters(file);
        for (int i = 0; i < 200; ++i) {
            letters.add({1, 0, "line " + std::to_string(i), {{RefusalCode::invalid, "no JSON", ""}}}, "feed", when("12:00"));
        }
        letters.sync();
        return std::string("done");
    };
    Child one(add);
    Child two(add);
    CHECK(one.wait() == "done");
    CHECK(two.wait() == "done");
    CHECK(lines_in(read_file(file)) == 200);
}

TEST_CASE("the file is for its owner alone") {
    LetterDesk desk;
    desk.take(bad("1"));
    CHECK((std::filesystem::status(desk.file).permissions() & std::filesystem::perms::mask) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK(desk.retry() == "1 read, 0 taken, 1 refused");
    CHECK((std::filesystem::status(desk.file).permissions() & std::filesystem::perms::mask) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("a line of which only the start is kept says so, and can be mended by a record alone") {
    LetterDesk desk;
    std::string line = good("long");
    line.insert(line.size() - 1, R"(,"notes":[")" + std::string(2 * 1024 * 1024, 'n') + R"("])");
    CHECK(desk.take(line + "\n").refused == 1);
    CHECK(desk.letters().find("and no more of it is kept") != std::string::npos);
    CHECK(desk.retry() == "1 read, 0 taken, 1 refused");
    CHECK(desk.told.at(0).find("no more than the start of what came") != std::string::npos);
    desk.replace("\"text\":", "\"record\":" + good("long") + ",\"text\":");
    CHECK(desk.retry() == "1 read, 1 taken, 0 refused");
}

TEST_CASE("who adds letters holds up nobody else, and knows what others added") {
    const TemporaryDirectory directory;
    const auto file = directory / "dead-letters.jsonl";
    const auto line = [](const char* text) { return RefusedLine{1, 0, text, {{RefusalCode::invalid, "no JSON", ""}}}; };
    DeadLetters server(file), command(file);
    server.add(line("a"), "hook", when("12:00"));
    command.add(line("b"), "feed", when("12:00"));
    server.add(line("b"), "hook", when("12:00"));
    server.add(line("c"), "hook", when("12:00"));
    server.sync();
    CHECK(lines_in(read_file(file)) == 3);
    CHECK(command.prune(when("12:30"), false) == 3);  // as the job `retention` does, in the server's own process
    server.add(line("a"), "hook", when("13:00"));
    CHECK(lines_in(read_file(file)) == 1);
}

TEST_CASE("a letter that could not be written is written when its line comes again") {
    const TemporaryDirectory directory;
    const auto file = directory / "dead-letters.jsonl";
    Child child([&] {
        const RefusedLine line{1, 0, "a line", {{RefusalCode::invalid, "no JSON", ""}}};
        DeadLetters letters(file);
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit none{0, RLIM_INFINITY}, any{RLIM_INFINITY, RLIM_INFINITY};
        ::setrlimit(RLIMIT_FSIZE, &none);
        try {
            letters.add(line, "hook", when("12:00"));
            return std::string("it was written without room");
        } catch (const StorageError&) {
        }
        ::setrlimit(RLIMIT_FSIZE, &any);
        letters.add(line, "hook", when("12:00"));
        letters.sync();
        return std::to_string(lines_in(read_file(file)));
    });
    CHECK(child.wait() == "1");
}

TEST_CASE("of a payload with many alerts those that a retry took do not come again with the others") {
    LetterDesk desk;
    const auto alert = [](const std::string& service, const std::string& start) {
        return R"({"status":"firing","labels":{"alertname":"Down","service":")" + service +
               R"(","severity":"critical"},"annotations":{},"startsAt":")" + start + R"(","endsAt":"0001-01-01T00:00:00Z"})";
    };
    const std::string body = R"({"version":"3","groupKey":"g","status":"firing","receiver":"r","alerts":[)" +
                             alert("api", "2026-02-23T09:00:00Z") + ',' + alert("web", "soon") + ',' + alert("db", "later") + "]}";
    desk.take(body + '\n');
    REQUIRE(lines_in(desk.letters()) == 1);
    desk.replace(R"("version":"3")", R"("version":"4")");
    CHECK(desk.retry() == "3 read, 1 taken, 2 refused");
    CHECK(lines_in(desk.letters()) == 1);
    CHECK(desk.letters().find(R"("service":"api")") == std::string::npos);
    CHECK(desk.letters().find(R"("reasons":[{"code":"invalid","field":"/alerts/1/startsAt","reason":"startsAt must be)") !=
          std::string::npos);
    CHECK(desk.letters().find(R"({"code":"invalid","field":"/alerts/2/startsAt","reason":"startsAt must be)") != std::string::npos);
    desk.replace("soon", "2026-02-23T09:01:00Z");
    CHECK(desk.retry() == "2 read, 1 taken, 1 refused");
    CHECK(lines_in(desk.letters()) == 1);
    CHECK(desk.letters().find("later") != std::string::npos);
    CHECK(desk.letters().find("reasons") == std::string::npos);
}
