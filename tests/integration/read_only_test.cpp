// Reading where nothing may be written: a copy without the right to write, and a file system that is read-only.
#include <cstdlib>

#include <sys/mount.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "tests/integration/file_system.hpp"
#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace fs = std::filesystem;

namespace {

constexpr auto everybody_reads = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
constexpr auto everybody_enters = fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;

// A data directory with something of each kind; the id of an incident.
std::string fill(const Program& daybook) {
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    const std::string id = lines_of(daybook.out({"incident", "list", "--ids"})).front();
    write_file(daybook / "pm.md", "# Postmortem\n");
    daybook.out({"artifact", "attach", id, "pm.md"});
    daybook.out({"followup", "add", id, "Add a canary"});
    daybook.out({"checkpoint"});
    fs::create_directory(daybook / "tmp");
    fs::permissions(daybook / "tmp", fs::perms::all);
    fs::permissions(daybook.directory(), fs::perms::all);
    return id;
}

// All may read what is in a directory, and nobody may write to it, as long as one of these lives.
class WriteProtected {
public:
    explicit WriteProtected(fs::path directory) : directory_(std::move(directory)) {
        each([](const fs::path& path) {
            fs::permissions(path, everybody_reads | (fs::is_directory(path) ? everybody_enters : fs::perms::none));
        });
    }
    ~WriteProtected() {
        each([](const fs::path& path) { fs::permissions(path, fs::perms::owner_write, fs::perm_options::add); });
    }
    WriteProtected(const WriteProtected&) = delete;
    WriteProtected& operator=(const WriteProtected&) = delete;

private:
    void each(void (*change)(const fs::path&)) const {
        change(directory_);
        for (const auto& entry : fs::recursive_directory_iterator(directory_)) change(entry.path());
    }
    fs::path directory_;
};

std::vector<std::vector<std::string>> reading_commands(const std::string& id) {
    return {{"verify"},
            {"verify", "--quick", "--seed", "1"},
            {"timeline", id},
            {"events", "-o", "jsonl"},
            {"events", "--type", "note"},
            {"incident", "show", id, "-o", "json"},
            {"incident", "list"},
            {"incident", "list", "--at-seq", "50"},
            {"followup", "list"},
            {"artifact", "get", id, "pm.md"},
            {"digest", "weekly", "--week", "2026-08"},
            {"stats"}};
}

// Runs the command on `data`, without root's rights and with a TMPDIR of its own: the status and standard output.
std::string answer(const Program& daybook, const fs::path& data, const std::vector<std::string>& command) {
    std::vector<std::string> all{daybook_program(), "--data", data.string()};
    all.insert(all.end(), command.begin(), command.end());
    return without_root([&] {
        ::setenv("TMPDIR", (daybook / "tmp").c_str(), 1);
        const Outcome outcome = test::run(all, {}, daybook.directory());
        return std::to_string(outcome.status) + '\n' + (outcome.status == 0 ? outcome.out : outcome.err);
    });
}

void check_reading(const Program& daybook, const fs::path& data, const std::string& id) {
    for (const auto& command : reading_commands(id)) {
        INFO(command.front());
        CHECK(answer(daybook, data, command) == "0\n" + daybook.run(command).out);
    }
    for (const std::string kind : {"jsonl", "journal"}) {
        const auto directory = daybook / (kind + "-of-" + data.filename().string());
        CHECK(answer(daybook, data, {"-q", "export", kind, directory.string()}).starts_with("0\n"));
        daybook.out({"-q", "export", kind, kind});
        for (const auto& entry : fs::directory_iterator(daybook / kind)) {
            if (!entry.is_regular_file()) continue;
            CHECK(read_file(directory / entry.path().filename().string()) == read_file(entry.path()));
        }
    }
    CHECK(fs::is_empty(daybook / "tmp"));
}

std::size_t files_in(const fs::path& directory) {
    const fs::recursive_directory_iterator files(directory);
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

}  // namespace

TEST_CASE("a copy that may not be written to can be read, and answers as the journal does") {
    const Program daybook;
    const std::string id = fill(daybook);
    const auto copy = daybook / "copy";
    fs::copy(daybook.data(), copy, fs::copy_options::recursive);
    fs::remove(copy / "signing.key");
    const WriteProtected protection(copy);
    const std::size_t files = files_in(copy);
    check_reading(daybook, copy, id);
    CHECK(files_in(copy) == files);
    CHECK(answer(daybook, copy, {"note", id, "x"}).starts_with("4\ndaybook: error: this user may not write to"));
}

TEST_CASE("without a lock file that can be written nobody reads what another process has open") {
    if (::geteuid() != 0) return skip("root alone can take rights from another user");
    const Program daybook;
    fill(daybook);
    const WriteProtected protection(daybook.data());
    JournalOptions options;
    options.read_only = true;
    const Journal held(daybook.data() / "journal", options);
    const std::string refused = answer(daybook, daybook.data(), {"stats"});
    CHECK(refused.starts_with("1\n"));
    CHECK(refused.find("while another process has it open") != std::string::npos);
    CHECK(refused.find("lock.mdb: give it that right, or read a backup") != std::string::npos);
}

TEST_CASE("a data directory on a read-only file system can be read") {
    const Program daybook;
    const std::string id = fill(daybook);
    const SmallFileSystem disk(daybook / "disk", 8 << 20);
    if (!disk.mounted()) return skip("no file system can be mounted here");
    fs::copy(daybook.data(), daybook / "disk/data", fs::copy_options::recursive);
    {
        const WriteProtected readable(daybook / "disk/data");
    }
    REQUIRE(disk.remount(8 << 20, MS_RDONLY));
    check_reading(daybook, daybook / "disk/data", id);
    const Outcome as_root = test::run({daybook_program(), "--data", (daybook / "disk/data").string(), "stats"});
    CHECK(as_root.out == daybook.run({"stats"}).out);
}
