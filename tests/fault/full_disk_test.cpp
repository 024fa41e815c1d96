// A disk that is full: what is said, what is left behind, and that nothing acknowledged is lost.
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/desk.hpp"
#include "tests/integration/file_system.hpp"
#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t records = 20'000;

std::string feed() {
    std::string lines;
    for (std::size_t i = 0; i < records; ++i) {
        const std::string number = std::to_string(i);
        lines += Report::firing("10:00").id(number).ref(number).kind("k" + std::to_string(i % 50)).line() + '\n';
    }
    return lines;
}

bool says_what_to_do(const Outcome& outcome) {
    UNSCOPED_INFO(outcome.status << ' ' << outcome.err);
    return outcome.status == 1 && outcome.err.find("No space left on device") != std::string::npos &&
           outcome.err.find("make room") != std::string::npos;
}

void fill(const fs::path& file) {
    std::ofstream out(file, std::ios::binary);
    const std::string page(4096, 'x');
    while (out.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) continue;
}

std::uint64_t events_of(const Outcome& stats) {
    const std::string name = "\"journal_size\":";
    return std::stoull(stats.out.substr(stats.out.find(name) + name.size()));
}

}  // namespace

TEST_CASE("on a full disk each command says so and what to do, leaves nothing half made, and goes on when there is room",
          "[fault][disk]") {
    const TemporaryDirectory directory;
    const SmallFileSystem disk(directory / "disk", 6 << 20);
    if (!disk.mounted()) return skip("no file system can be mounted here");
    const std::string data = (disk / "data").string();
    const std::string file = (directory / "feed.jsonl").string();
    write_file(file, feed());
    const auto daybook = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {daybook_program(), "--data", data});
        return test::run(arguments, {}, directory.path());
    };
    CHECK(says_what_to_do(daybook({"ingest", file})));
    fill(disk / "more");
    for (const auto& command : std::vector<std::vector<std::string>>{{"export", "journal", (disk / "export").string()},
                                                                     {"checkpoint"},
                                                                     {"replay"},
                                                                     {"backup", (disk / "backup").string()}}) {
        INFO(command.front());
        CHECK(says_what_to_do(daybook(command)));
    }
    for (const auto& command : std::vector<std::vector<std::string>>{{"verify"},
                                                                     {"stats"},
                                                                     {"incident", "list"},
                                                                     {"events"},
                                                                     {"digest", "weekly"},
                                                                     {"followup", "list"},
                                                                     {"gate", "followup_watch"}}) {
        const Outcome reading = daybook(command);
        INFO(command.front() << ' ' << reading.err);
        CHECK(reading.status == 0);
    }
    CHECK(says_what_to_do(test::run(
        {daybook_program(), "--data", (disk / "other").string(), "incident", "create", "--service", "x", "--title", "y"})));
    for (const auto& entry : fs::recursive_directory_iterator(disk / "")) {
        const std::string name = entry.path().filename().string();
        CHECK_FALSE(name.starts_with("verify-"));
        CHECK_FALSE(name.ends_with(".partial"));
        CHECK_FALSE(name.starts_with("apart-"));
    }
    REQUIRE(disk.remount(64 << 20));
    CHECK(daybook({"verify"}).status == 0);
    const std::uint64_t before = events_of(daybook({"stats", "-o", "json"}));
    CHECK(before != 0);
    const Outcome again = daybook({"ingest", file, "-o", "json"});
    CHECK(again.status == 0);
    CHECK(again.out.find("\"read\":" + std::to_string(records)) != std::string::npos);
    CHECK(events_of(daybook({"stats", "-o", "json"})) > before);
    CHECK(daybook({"verify"}).status == 0);
}

TEST_CASE("a server on a full disk refuses to write, answers who reads, and writes again when there is room", "[fault][disk]") {
    const Program daybook;
    const SmallFileSystem disk(daybook.data(), 8 << 20);
    if (!disk.mounted()) return skip("no file system can be mounted here");
    Server server(daybook);
    HttpClient client = server.client();
    const auto call = [&](const std::string& action, const std::string& params) {
        return client.post("/v1/tools/oncall_tool",
                           R"({"action":")" + action + R"(","agent_id":"sofiia","params":)" + params + '}');
    };
    const std::string created = call("incident_create", R"({"service":"gateway","severity":"P1","title":"Slow"})").body;
    const std::string id = created.substr(created.find("inc_"), created.find('"', created.find("inc_")) - created.find("inc_"));
    const auto note = [&](std::size_t number) {
        return call("incident_append_event", R"({"incident_id":")" + id + R"(","type":"note","message":"note )" +
                                                 std::to_string(number) + '.' + std::string(9000, 'x') + "\"}");
    };
    std::size_t written = 0;
    HttpAnswer answer = note(0);
    for (; answer.status == 200 && written < 10'000; answer = note(written)) {
        ++written;
        if (written == 20) fill(disk / "more");
    }
    CHECK(answer.status == 503);
    CHECK(answer.headers["retry-after"] == "5");
    CHECK(answer.body.find("make room") != std::string::npos);
    CHECK(written >= 20);
    const auto notes_in = [](const std::string& text) {
        std::size_t count = 0;
        for (std::size_t at = text.find("note "); at != std::string::npos; at = text.find("note ", at + 1)) ++count;
        return count;
    };
    for (int again = 0; again < 3; ++again) {
        const HttpAnswer list = client.get("/v1/incidents?status=open");
        CHECK(list.status == 200);
        CHECK(list.body.find(id) != std::string::npos);
        const HttpAnswer shown = client.get("/v1/incidents/" + id);
        CHECK(shown.status == 200);
        CHECK(shown.body.find("\"event_count\":" + std::to_string(written + 1)) != std::string::npos);
        CHECK(note(written).status == 503);
    }
    REQUIRE(disk.remount(64 << 20));
    CHECK(note(written).status == 200);
    CHECK(server.stop() == 0);
    CHECK(notes_in(daybook.out({"events", "--type", "note", "-o", "jsonl"})) == written + 1);
    CHECK(daybook.run({"verify"}).status == 0);
    CHECK(daybook.run({"replay", "--check"}).status == 0);
}
