// backup and restore through the real binary.
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string open_incident(const Program& daybook, const std::string& title = "Gateway 5xx") {
    return daybook.out({"-q", "incident", "create", "--service", "gateway", "--severity", "P1", "--title", title});
}

unsigned mode_of(const std::filesystem::path& path) {
    struct stat found{};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    return found.st_mode & 0777;
}

std::string member(const std::string& json, const std::string& name) {
    const std::size_t at = json.find("\"" + name + "\":");
    if (at == std::string::npos) return "";
    const std::size_t from = at + name.size() + 3;
    return json.substr(from, json.find_first_of(",}", from) - from);
}

// `daybook restore backup` into a data directory of another name.
Outcome restore(const Program& daybook, std::vector<std::string> arguments, const std::string& data = "restored") {
    arguments.insert(arguments.begin(), {daybook_program(), "--data", (daybook / data).string(), "restore"});
    return run(arguments, {}, daybook.directory());
}

// The whole journal as text: leaves, payloads, salts.
std::string text_of(const Program& daybook, const std::string& data) {
    const Outcome outcome = run({daybook_program(), "--data", (daybook / data).string(), "-q", "export", "journal", data + ".text"},
                                {}, daybook.directory());
    REQUIRE(outcome.status == 0);
    return read_file(daybook / (data + ".text/journal.jsonl"));
}

void replace_in(const std::filesystem::path& file, const std::string& from, const std::string& to) {
    std::string bytes = read_file(file);
    REQUIRE(from.size() == to.size());
    const std::size_t at = bytes.find(from);
    REQUIRE(at != std::string::npos);
    write_file(file, bytes.replace(at, from.size(), to));
}

}  // namespace

TEST_CASE("a backup restored elsewhere is the same journal, byte for byte, and sound", "[backup]") {
    const Program daybook;
    open_incident(daybook);
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    const std::string told = daybook.out({"backup", (daybook / "backup").string(), "-o", "json"});
    CHECK(member(told, "verified") == "true");
    CHECK(std::filesystem::file_size(daybook / "backup/journal/data.mdb") <
          std::filesystem::file_size(daybook.data() / "journal/data.mdb"));

    const Outcome outcome = restore(daybook, {"backup", "-o", "json"});
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    CHECK(member(outcome.out, "root_hash") == member(told, "root_hash"));
    CHECK(text_of(daybook, "restored") == text_of(daybook, "data"));
    CHECK(run({daybook_program(), "--data", (daybook / "restored").string(), "verify"}).status == 0);
    CHECK(run({daybook_program(), "--data", (daybook / "restored").string(), "incident", "list"}).out ==
          run({daybook_program(), "--data", (daybook / "data").string(), "incident", "list"}).out);
}

TEST_CASE("a backup that is made while others write is one moment of the journal, and the journal extends it", "[backup]") {
    const Program daybook;
    const std::string id = open_incident(daybook);
    std::atomic<bool> stop = false;
    std::atomic<int> written = 0;
    std::thread writer([&] {
        while (!stop) {
            daybook.out({"-q", "note", id, "note " + std::to_string(written)});
            ++written;
        }
    });
    while (written < 5) std::this_thread::yield();
    const Outcome first = daybook.run({"backup", (daybook / "first").string()});
    const int between = written;
    while (written < between + 5) std::this_thread::yield();
    const Outcome second = daybook.run({"backup", (daybook / "second").string()});
    stop = true;
    writer.join();
    INFO(first.err << second.err);
    REQUIRE(first.status == 0);
    REQUIRE(second.status == 0);
    const auto size = [&](const char* name) { return std::stoi(lines_of(read_file(daybook / name))[1]); };
    CHECK(size("first/checkpoint") >= 6);
    CHECK(size("second/checkpoint") >= size("first/checkpoint") + 5);
    for (const char* backup : {"first", "second"}) {
        CHECK(daybook.run({"verify", "--checkpoint", (daybook / backup / "checkpoint").string()}).status == 0);
        CHECK(restore(daybook, {backup}, std::string(backup) + "-restored").status == 0);
    }
}

TEST_CASE("a backup is for its owner alone, and holds the private key only where it is asked for", "[backup]") {
    const Program daybook;
    open_incident(daybook);
    const Outcome without = daybook.run({"backup", (daybook / "without").string()});
    REQUIRE(without.status == 0);
    CHECK(without.err.find("private key is not in it") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(daybook / "without/signing.key"));
    CHECK(mode_of(daybook / "without") == 0700);
    CHECK(mode_of(daybook / "without/journal") == 0700);
    CHECK(mode_of(daybook / "without/journal/data.mdb") == 0600);
    CHECK(mode_of(daybook / "without/checkpoint") == 0600);

    daybook.out({"-q", "backup", (daybook / "with").string(), "--with-private-key"});
    CHECK(read_file(daybook / "with/signing.key") == read_file(daybook.data() / "signing.key"));
    CHECK(mode_of(daybook / "with/signing.key") == 0600);

    // Without the private half the restored journal takes events, and signs nothing until it is put back.
    REQUIRE(restore(daybook, {"without"}).status == 0);
    const std::string data = (daybook / "restored").string();
    CHECK(run({daybook_program(), "--data", data, "-q", "incident", "create", "--service", "a", "--severity", "P2", "--title", "b"})
              .status == 0);
    const Outcome unsigned_yet = run({daybook_program(), "--data", data, "checkpoint"});
    CHECK(unsigned_yet.status == 1);
    CHECK(unsigned_yet.err.find("put it back") != std::string::npos);
    REQUIRE(restore(daybook, {"with"}, "restored-with").status == 0);
    CHECK(run({daybook_program(), "--data", (daybook / "restored-with").string(), "checkpoint"}).status == 0);
}

TEST_CASE("neither backup nor restore writes where something is already", "[backup]") {
    const Program daybook;
    open_incident(daybook);
    write_file(daybook / "full", "x");
    std::filesystem::create_directories(daybook / "taken/sub");
    std::filesystem::create_directory(daybook / "empty");
    CHECK(daybook.run({"backup", (daybook / "full").string()}).status == 6);
    CHECK(daybook.run({"backup", (daybook / "taken").string()}).status == 6);
    CHECK(daybook.run({"backup", (daybook / "empty/").string()}).status == 0);
    CHECK(daybook.run({"backup", (daybook / "empty").string()}).status == 6);
    const Outcome over = daybook.run({"restore", (daybook / "empty").string()});
    CHECK(over.status == 6);
    CHECK(over.err.find("is not empty") != std::string::npos);
    CHECK(restore(daybook, {"empty"}, "taken").status == 6);
    CHECK(restore(daybook, {"nowhere"}).status == 5);
    CHECK(daybook.run({"verify"}).status == 0);
}

TEST_CASE("neither backup nor restore takes the place of the directory that one works in", "[backup]") {
    const Program daybook;
    open_incident(daybook);
    REQUIRE(daybook.run({"backup", "backup"}).status == 0);
    std::filesystem::create_directory(daybook / "here");
    for (const auto& command : std::vector<std::vector<std::string>>{{"--data", daybook.data().string(), "backup", "."},
                                                                     {"--data", ".", "restore", "../backup"}}) {
        auto words = command;
        words.insert(words.begin(), daybook_program());
        const Outcome outcome = run(words, {}, daybook / "here");
        CHECK(outcome.status == 2);
        CHECK(outcome.err.find("run this from another, and name it " + (daybook / "here").string()) != std::string::npos);
        CHECK(std::filesystem::is_empty(daybook / "here"));
    }
}

TEST_CASE("what an interrupted backup or restore left behind is in nobody's way", "[backup]") {
    const Program daybook;
    open_incident(daybook);
    std::filesystem::create_directories(daybook / ".backup.partial/journal");
    write_file(daybook / ".backup.partial/journal/data.mdb", "half");
    REQUIRE(daybook.run({"backup", (daybook / "backup").string()}).status == 0);
    std::filesystem::create_directories(daybook / ".restored.partial/journal");
    REQUIRE(restore(daybook, {"backup"}).status == 0);
    for (const auto& entry : std::filesystem::directory_iterator(daybook.directory())) {
        CHECK_FALSE(entry.path().filename().string().starts_with('.'));
    }
}

TEST_CASE("restore places nothing that does not verify, and names what is wrong", "[backup]") {
    const Program daybook;
    const std::string id = open_incident(daybook);
    daybook.out({"-q", "note", id, "rollback started"});
    daybook.out({"-q", "backup", (daybook / "backup").string()});
    daybook.out({"-q", "note", id, "and went on"});
    daybook.out({"-q", "backup", (daybook / "later").string()});
    const auto refuses = [&](const std::function<void()>& damage, const std::string& finding,
                             const std::vector<std::string>& more = {}) {
        std::filesystem::remove_all(daybook / "bad");
        std::filesystem::copy(daybook / "backup", daybook / "bad", std::filesystem::copy_options::recursive);
        damage();
        std::vector<std::string> arguments{"bad"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Outcome outcome = restore(daybook, arguments);
        INFO(outcome.err);
        CHECK(outcome.status == 3);
        CHECK(outcome.err.find(finding) != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(daybook / "restored"));
        CHECK_FALSE(std::filesystem::exists(daybook / ".restored.partial"));
    };
    const auto data = daybook / "bad/journal/data.mdb";
    refuses([&] { replace_in(data, "rollback started", "rollback skipped"); }, "event 2");
    refuses([&] { std::filesystem::remove(daybook / "bad/checkpoint"); }, "no complete backup");
    refuses([&] { std::filesystem::remove(data); }, "no complete backup");
    refuses([&] { std::filesystem::remove(daybook / "bad/signing.vkey"); }, "no complete backup");
    refuses([&] { replace_in(daybook / "bad/checkpoint", "\n2\n", "\n1\n"); }, "checkpoint");
    // A checkpoint that is genuine, and of another moment; and a journal that is genuine, and of another moment.
    refuses([&] { write_file(daybook / "bad/checkpoint", read_file(daybook / "later/checkpoint")); }, "has 2 events");
    refuses([&] { write_file(data, read_file(daybook / "later/journal/data.mdb")); }, "has 3 events");
    // Page 0's root of the main table leads nowhere.
    refuses(
        [&] {
            std::string bytes = read_file(data);
            for (const std::size_t page : {std::size_t{0}, std::size_t{4096}}) bytes.at(page + 16 + 24 + 48 + 40 + 2) = '\x7F';
            write_file(data, bytes);
        },
        "is damaged");
    // The key that the auditor knows is not the one in the backup.
    const Program other;
    open_incident(other);
    refuses([] {}, "checkpoint", {"--key", other.out({"checkpoint", "--vkey"})});
    CHECK(restore(daybook, {"backup", "--key", daybook.out({"checkpoint", "--vkey"})}).status == 0);
}

TEST_CASE("a backup that is cut is refused, wherever it was cut", "[backup]") {
    const Program daybook;
    open_incident(daybook);
    daybook.out({"-q", "backup", (daybook / "backup").string()});
    const std::string whole = read_file(daybook / "backup/journal/data.mdb");
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{8192}, whole.size() / 2,
                                   whole.size() - 4096, whole.size() - 1}) {
        write_file(daybook / "backup/journal/data.mdb", std::string_view(whole).substr(0, size));
        const Outcome outcome = restore(daybook, {"backup"});
        INFO(size << '\n' << outcome.err);
        CHECK(outcome.status == 3);
        CHECK(outcome.err.find("data.mdb was cut") != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(daybook / "restored"));
    }
}

TEST_CASE("a restored journal that is older than the witness's checkpoint is read, and not written to", "[backup]") {
    const Program daybook;
    const std::string id = open_incident(daybook);
    daybook.out({"-q", "backup", (daybook / "backup").string(), "--with-private-key"});
    daybook.out({"-q", "note", id, "and went on"});
    const std::string witness = (daybook / "witness").string();
    daybook.out({"-q", "--witness", witness, "checkpoint"});

    const Outcome outcome = restore(daybook, {"backup", "--witness", witness});
    INFO(outcome.err);
    CHECK(outcome.status == 0);
    CHECK(outcome.err.find("nothing is written to it") != std::string::npos);
    const auto with_witness = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {daybook_program(), "--data", (daybook / "restored").string(), "--witness", witness});
        return run(arguments, {}, daybook.directory());
    };
    CHECK(with_witness({"timeline", id}).status == 0);
    const Outcome note = with_witness({"note", id, "x"});
    CHECK(note.status == 1);
    CHECK(note.err.find("nothing is written") != std::string::npos);
    CHECK(with_witness({"verify"}).status == 3);
    CHECK(with_witness({"checkpoint"}).status == 1);

    // The newest backup does extend it.
    daybook.out({"-q", "backup", (daybook / "newest").string()});
    const Outcome newest = restore(daybook, {"newest", "--witness", witness}, "restored-newest");
    CHECK(newest.status == 0);
    CHECK(newest.err.find("nothing is written to it") == std::string::npos);
}

TEST_CASE("a damaged journal is not backed up, and nothing is left of the attempt", "[backup]") {
    const Program daybook;
    const std::string id = open_incident(daybook);
    daybook.out({"-q", "note", id, "rollback started"});
    replace_in(daybook.data() / "journal/data.mdb", "rollback started", "rollback skipped");
    const Outcome outcome = daybook.run({"backup", (daybook / "backup").string()});
    INFO(outcome.err);
    CHECK(outcome.status == 3);
    CHECK(outcome.err.find("event 2") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(daybook / "backup"));
    CHECK_FALSE(std::filesystem::exists(daybook / ".backup.partial"));
}
