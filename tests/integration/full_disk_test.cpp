// A disk that is full: what is said, what is left behind, and that nothing acknowledged is lost.
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/desk.hpp"
#include "tests/integration/file_system.hpp"
#include "tests/integration/program.hpp"

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

TEST_CASE("on a full disk each command says so and what to do, leaves nothing half made, and goes on when there is room") {
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
    for (const auto& command : std::vector<std::vector<std::string>>{
             {"verify"}, {"stats"}, {"incident", "list"}, {"export", "journal", (disk / "export").string()}, {"checkpoint"}}) {
        INFO(command.front());
        CHECK(says_what_to_do(daybook(command)));
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
