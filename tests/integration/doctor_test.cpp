// doctor through the real binary.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <map>

#include <catch2/catch.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// Check -> verdict, of its tab-separated rows.
std::map<std::string, std::string> verdicts(const Outcome& outcome) {
    std::map<std::string, std::string> found;
    for (const std::string& line : lines_of(outcome.out)) {
        const std::size_t tab = line.find('\t');
        REQUIRE(tab != std::string::npos);
        found[line.substr(0, tab)] = line.substr(tab + 1, line.find('\t', tab + 1) - tab - 1);
    }
    return found;
}

void fill(const Program& daybook) {
    daybook.out({"-q", "incident", "create", "--service", "api", "--severity", "P1", "--title", "Slow"});
    daybook.out({"-q", "incident", "list"});
}

}  // namespace

TEST_CASE("doctor finds no problem in a sound data directory, and looks at everything", "[doctor]") {
    const Program daybook;
    fill(daybook);
    const Outcome outcome = daybook.run({"doctor"});
    INFO(outcome.out << outcome.err);
    auto found = verdicts(outcome);
    for (const char* check : {"readers", "clock", "events", "views", "modes", "signing key", "leftovers", "dead letters"})
        CHECK(found[check] == "ok");
    for (const char* check : {"file system", "sync", "room", "clock sync"}) CHECK(found.count(check) == 1);
    const bool problem = std::any_of(found.begin(), found.end(), [](const auto& row) { return row.second == "problem"; });
    CHECK(outcome.status == (problem ? 3 : 0));
    CHECK(daybook.run({"doctor", "-o", "json"}).out.find("\"check\":\"sync\"") != std::string::npos);
}

TEST_CASE("doctor looks at what links lead to", "[doctor]") {
    const Program daybook;
    fill(daybook);
    const auto move_behind_link = [&](const std::filesystem::path& path, const std::string& name) {
        std::filesystem::rename(path, daybook / name);
        std::filesystem::create_symlink(daybook / name, path);
    };
    move_behind_link(daybook.data() / "signing.key", "key");
    move_behind_link(daybook.data() / "journal", "journal");
    move_behind_link(daybook.data(), "real");
    CHECK(verdicts(daybook.run({"doctor"}))["modes"] == "ok");
    REQUIRE(::chmod((daybook / "key").c_str(), 0644) == 0);
    CHECK(daybook.run({"doctor"}).out.find("signing.key has mode 0644") != std::string::npos);
}

TEST_CASE("doctor warns of records that wait as dead letters", "[doctor]") {
    const Program daybook;
    daybook.run({"ingest", "-"}, "{\"no\":\"alert\"}\n{\"nor\":\"this\"}\n");
    const Outcome outcome = daybook.run({"doctor"});
    CHECK(verdicts(outcome)["dead letters"] == "warning");
    CHECK(outcome.out.find("2 letters of what was refused wait in ") != std::string::npos);
    CHECK(outcome.out.find("`daybook ingest --dead-letters`") != std::string::npos);
}

TEST_CASE("doctor without a data directory says how one begins", "[doctor]") {
    const Program daybook;
    const Outcome outcome = daybook.run({"doctor"});
    CHECK(outcome.status == 1);
    CHECK(outcome.err.find("begins one") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(daybook.data()));
}

TEST_CASE("doctor ends with status 3 where others may read the private key", "[doctor]") {
    const Program daybook;
    fill(daybook);
    REQUIRE(::chmod((daybook.data() / "signing.key").c_str(), 0644) == 0);
    const Outcome outcome = daybook.run({"doctor"});
    CHECK(outcome.status == 3);
    CHECK(outcome.out.find("signing.key has mode 0644") != std::string::npos);
}

TEST_CASE("doctor says that an event was recorded in the future", "[doctor]") {
    const Program daybook;
    TestJournal journal;
    journal.set_time(std::chrono::floor<Microseconds>(std::chrono::system_clock::now()) + std::chrono::hours(1));
    REQUIRE(journal.append_note(stream_name(), "from the future"));
    journal.close();
    std::filesystem::create_directory(daybook.data());
    std::filesystem::copy(journal.directory(), daybook.data() / "journal");
    const Outcome outcome = daybook.run({"doctor"});
    INFO(outcome.out << outcome.err);
    CHECK(outcome.status == 3);
    CHECK(verdicts(outcome).at("clock") == "problem");
    CHECK(verdicts(outcome).at("events") == "ok");
}

TEST_CASE("doctor names damage instead of failing on it", "[doctor]") {
    const Program daybook;
    fill(daybook);
    std::string bytes = read_file(daybook.data() / "journal/data.mdb");
    write_file(daybook.data() / "journal/data.mdb", bytes.substr(0, bytes.size() / 2));
    const Outcome outcome = daybook.run({"doctor"});
    INFO(outcome.out << outcome.err);
    CHECK(outcome.status == 3);
    CHECK(verdicts(outcome).at("journal") == "problem");
    CHECK(outcome.out.find("was cut") != std::string::npos);
}

TEST_CASE("doctor names a damaged page, and looks at the rest", "[doctor]") {
    const Program daybook;
    fill(daybook);
    std::string bytes = read_file(daybook.data() / "journal/data.mdb");
    for (std::size_t at = 3 * 4096; at < bytes.size(); ++at) bytes[at] = static_cast<char>(at * 7919 >> 5);
    write_file(daybook.data() / "journal/data.mdb", bytes);
    const Outcome outcome = daybook.run({"doctor"});
    INFO(outcome.out << outcome.err);
    CHECK(outcome.status == 3);
    auto found = verdicts(outcome);
    CHECK(found["journal"] == "problem");
    for (const char* check : {"sync", "modes", "leftovers"}) CHECK(found.count(check) == 1);
}

TEST_CASE("a data.mdb of no bytes is damage to every command, and not a new journal", "[doctor]") {
    const Program daybook;
    std::filesystem::create_directories(daybook.data() / "journal");
    for (const bool with_key : {false, true}) {
        if (with_key) {
            std::filesystem::remove(daybook.data() / "journal/data.mdb");
            fill(daybook);
        }
        write_file(daybook.data() / "journal/data.mdb", "");
        CHECK(daybook.run({"verify"}).status == 3);
        CHECK(daybook.run({"doctor"}).status == 3);
        CHECK(daybook.run({"incident", "list"}).status == 1);
        const Outcome create = daybook.run({"incident", "create", "--service", "a", "--severity", "P1", "--title", "t"});
        CHECK(create.status == 1);
        CHECK(create.err.find("restore a backup") != std::string::npos);
        CHECK(std::filesystem::file_size(daybook.data() / "journal/data.mdb") == 0);
    }
}
