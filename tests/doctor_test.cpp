#include "ops/doctor.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;
using std::chrono::microseconds;

namespace {

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

std::vector<std::chrono::nanoseconds> all_of(microseconds time) { return std::vector<std::chrono::nanoseconds>(9, time); }

lmdb::Reader reader(int process, std::optional<std::uint64_t> commit) { return {process, commit}; }

bool everyone_lives(int) { return true; }

}  // namespace

TEST_CASE("a sync that is quicker than a disk can be is a warning, and so is a very slow one", "[doctor]") {
    CHECK(judge_sync(all_of(microseconds(5))).verdict == Verdict::warning);
    CHECK(judge_sync(all_of(microseconds(19))).found.find("quicker than a disk can be") != std::string::npos);
    CHECK(judge_sync(all_of(microseconds(200))).verdict == Verdict::ok);
    CHECK(judge_sync(all_of(microseconds(90'000))).verdict == Verdict::warning);
    // One slow sync among quick ones is told, and judged by no mean.
    auto mixed = all_of(microseconds(200));
    mixed.front() = std::chrono::seconds(1);
    CHECK(judge_sync(mixed).verdict == Verdict::ok);
    CHECK(judge_sync(mixed).found.find("slowest 1000000 µs") != std::string::npos);
}

TEST_CASE("the sync is measured where the journal lies, and nothing of it stays", "[doctor]") {
    TemporaryDirectory directory;
    CHECK(measure_sync(directory.path(), 7).size() == 7);
    CHECK(std::filesystem::is_empty(directory.path()));
    CHECK_THROWS_AS(measure_sync(directory / "missing", 1), StorageError);
}

TEST_CASE("a network's file system is a problem, memory a warning, a disk's is well", "[doctor]") {
    for (const std::uint64_t network : {0x6969U, 0xFF534D42U, 0xFE534D42U, 0x01021997U, 0x00C36400U}) {
        CHECK(judge_file_system(network).verdict == Verdict::problem);
        CHECK_FALSE(judge_file_system(network).advice.empty());
    }
    CHECK(judge_file_system(0x65735546).verdict == Verdict::warning);
    CHECK(judge_file_system(0x01021994).verdict == Verdict::warning);
    CHECK(judge_file_system(0xEF53).verdict == Verdict::ok);
    CHECK(judge_file_system(0x12345).verdict == Verdict::ok);
    CHECK(check_file_system("/proc").found.find("not a network's") != std::string::npos);
}

TEST_CASE("little room in the map or on the disk is told before it is gone", "[doctor]") {
    const auto verdict = [](std::uint64_t used, std::uint64_t map, std::uint64_t disk) {
        const Diagnosis diagnosis = judge_room({used, 0, map, disk});
        CHECK((diagnosis.verdict == Verdict::ok) == diagnosis.advice.empty());
        return diagnosis.verdict;
    };
    CHECK(verdict(gibibyte, 1024 * gibibyte, 100 * gibibyte) == Verdict::ok);
    CHECK(verdict(71 * gibibyte, 100 * gibibyte, 100 * gibibyte) == Verdict::warning);
    CHECK(verdict(86 * gibibyte, 100 * gibibyte, 100 * gibibyte) == Verdict::problem);
    CHECK(verdict(gibibyte, 1024 * gibibyte, gibibyte / 4) == Verdict::warning);
    CHECK(verdict(50 * gibibyte, 1024 * gibibyte, 2 * gibibyte) == Verdict::warning);
    CHECK(verdict(gibibyte, 1024 * gibibyte, 1 << 20) == Verdict::problem);
}

TEST_CASE("readers that died are named, and one that holds back much is", "[doctor]") {
    CHECK(judge_readers({}, 10, 0, gibibyte, everyone_lives).verdict == Verdict::ok);
    const std::vector<lmdb::Reader> readers{reader(11, 90), reader(12, std::nullopt), reader(13, 20)};
    CHECK(judge_readers(readers, 100, 1 << 20, gibibyte, everyone_lives).verdict == Verdict::ok);
    const Diagnosis lagging = judge_readers(readers, 100, gibibyte / 2, gibibyte, everyone_lives);
    CHECK(lagging.verdict == Verdict::warning);
    CHECK(lagging.found.find("of process 13, reads as of 80 commits ago") != std::string::npos);
    const Diagnosis dead = judge_readers(readers, 100, 1 << 20, gibibyte, [](int process) { return process != 13; });
    CHECK(dead.verdict == Verdict::warning);
    CHECK(dead.found.find("of processes that died: 13") != std::string::npos);
}

TEST_CASE("a clock that stands before the newest event is told", "[doctor]") {
    const Time now = at("2026-02-23T10:00:00Z");
    CHECK(judge_clock(std::nullopt, now).verdict == Verdict::ok);
    CHECK(judge_clock(now, now).verdict == Verdict::ok);
    CHECK(judge_clock(now + std::chrono::seconds(5), now).verdict == Verdict::warning);
    const Diagnosis behind = judge_clock(now + std::chrono::hours(1), now);
    CHECK(behind.verdict == Verdict::problem);
    CHECK(behind.found.find("2026-02-23T11:00:00Z, 3600.0 s from now") != std::string::npos);
}

TEST_CASE("a private key that others may read is a problem, a data directory a warning", "[doctor]") {
    TemporaryDirectory directory;
    const auto data = directory / "data";
    std::filesystem::create_directories(data / "journal");
    const auto write = [&](const char* name, mode_t mode) {
        write_file(data / name, "x");
        REQUIRE(::chmod((data / name).c_str(), mode) == 0);
    };
    const auto set_mode = [&](const char* name, mode_t mode) { REQUIRE(::chmod((data / name).c_str(), mode) == 0); };
    const auto worst = [&] {
        Verdict verdict = Verdict::ok;
        for (const Diagnosis& diagnosis : check_modes(data)) verdict = std::max(verdict, diagnosis.verdict);
        return verdict;
    };
    set_mode("", 0700);
    set_mode("journal", 0700);
    write("signing.key", 0600);
    write("signing.vkey", 0644);
    write("journal/data.mdb", 0600);
    CHECK(worst() == Verdict::ok);
    set_mode("journal/data.mdb", 0640);
    CHECK(worst() == Verdict::warning);
    set_mode("journal/data.mdb", 0602);
    CHECK(worst() == Verdict::problem);
    set_mode("journal/data.mdb", 0600);
    set_mode("signing.key", 0640);
    CHECK(worst() == Verdict::problem);
    CHECK(check_modes(data).front().advice.find("chmod 600 " + (data / "signing.key").string()) == 0);
    std::filesystem::remove(data / "signing.key");
    CHECK(worst() == Verdict::warning);
}

TEST_CASE("what processes that died left behind is named, and what others work with is not", "[doctor]") {
    TemporaryDirectory directory;
    const auto data = directory / "data";
    std::filesystem::create_directories(data / "views" / "generation-2");
    write_file(data / "views" / "CURRENT", "generation-2\n");
    const std::string mine = std::to_string(::getpid());
    const std::string dead = Child([] { return std::to_string(::getpid()); }).wait();  // it has ended, and was waited for
    std::filesystem::create_directory(data / ("verify-" + mine));
    CHECK(check_leftovers(data).verdict == Verdict::ok);

    std::filesystem::create_directory(data / ("verify-" + dead));
    std::filesystem::create_directory(data / "views" / ("apart-" + dead));
    std::filesystem::create_directory(data / "views" / "generation-1");
    write_file(data / ".signing.checkpoint.partial", "half");
    std::filesystem::create_directory(directory / ".data.partial");
    const Diagnosis found = check_leftovers(data);
    CHECK(found.verdict == Verdict::warning);
    for (const std::string& name : {"verify-" + dead, "apart-" + dead, std::string("generation-1"),
                                    std::string(".signing.checkpoint.partial"), std::string(".data.partial")}) {
        CHECK(found.found.find(name) != std::string::npos);
    }
    CHECK(found.found.find("generation-2") == std::string::npos);
    CHECK(found.found.find("verify-" + mine) == std::string::npos);
}
