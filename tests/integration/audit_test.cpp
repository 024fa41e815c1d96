// The auditor's side: commands, the page ops/audit.md exactly as it stands, and a checker that shares no code with daybook.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// A journal of two incidents; the first event of the second lies between those of the first.
std::string fill(const Program& daybook) {
    const std::string id =
        daybook.out({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", "Gateway 5xx"});
    daybook.out({"-q", "incident", "create", "--service", "api", "--severity", "P2", "--title", "Slow"});
    daybook.out({"-q", "note", id, "rollback \"started\",\"payload\":{ \xE2\x80\xA8 caf\xC3\xA9"});
    daybook.out({"-q", "ingest", project_file("fixtures/triage/monday.jsonl").string()});
    return id;
}

void save(const Program& daybook, const std::string& name, const std::vector<std::string>& arguments) {
    write_file(daybook / name, daybook.out(arguments) + "\n");
}

Outcome check(const Program& daybook, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"python3", project_file("tests/audit_checker.py").string()});
    return run(arguments, {}, daybook.directory());
}

// What stands in the page's fenced blocks of this language.
std::string blocks(const std::string& language) {
    std::string out;
    bool inside = false;
    for (const std::string& line : lines_of(read_file(project_file("ops/audit.md")))) {
        if (line.starts_with("```")) {
            inside = line == "```" + language;
        } else if (inside) {
            out += line + '\n';
        }
    }
    return out;
}

// Runs the page's commands in the program's directory, with `between` after those that ask daybook.
Outcome run_page(const Program& daybook, const std::string& between = "") {
    const std::string path = std::filesystem::path(daybook_program()).parent_path().string();
    std::string script = blocks("sh");
    const std::size_t place = script.find("cd audit\n") + 9;
    script.insert(place, "cp ../tree.py .\n" + between);
    write_file(daybook / "tree.py", blocks("python"));
    return run({"env", "PATH=" + path + ":/usr/bin:/bin", "DAYBOOK_DATA=" + daybook.data().string(), "sh", "-eu", "-c", script}, {},
               daybook.directory());
}

}  // namespace

TEST_CASE("the auditor's page finds a sound journal good, with exactly its commands", "[audit]") {
    const Program daybook;
    fill(daybook);
    const Outcome outcome = run_page(daybook);
    INFO(outcome.out << outcome.err);
    CHECK(outcome.status == 0);
    const auto lines = lines_of(outcome.out);
    CHECK(std::count_if(lines.begin(), lines.end(), [](const std::string& line) { return line.starts_with("good: "); }) == 14);
    CHECK(outcome.out.find("WRONG") == std::string::npos);
    CHECK(lines_of(blocks("python")).size() <= 40);
}

TEST_CASE("by the auditor's page, every journal extends the empty one that an auditor kept", "[audit]") {
    const Program daybook;
    fill(daybook);
    const std::string of_nothing =
        "daybook proof consistency 0 > growth\ndaybook proof consistency 0 0 | sed '1,/^$/d' > old.checkpoint\n";
    const Outcome good = run_page(daybook, of_nothing);
    INFO(good.out << good.err);
    CHECK(good.out.find("good: the proof that the journal only grew") != std::string::npos);
    CHECK(good.out.find("WRONG") == std::string::npos);
    std::filesystem::remove_all(daybook / "audit");
    const Outcome wrong = run_page(daybook, of_nothing + "sed -i 3s/^./x/ old.checkpoint\n");
    CHECK(wrong.out.find("WRONG: the proof that the journal only grew") != std::string::npos);
}

TEST_CASE("the auditor's page finds a changed payload, leaf, order and signature", "[audit]") {
    const Program daybook;
    fill(daybook);
    const auto finds = [&](const std::string& change, const std::string& finding) {
        std::filesystem::remove_all(daybook / "audit");
        const Outcome outcome = run_page(daybook, change + "\n");
        INFO(change << '\n' << outcome.out << outcome.err);
        CHECK(outcome.out.find("WRONG: " + finding) != std::string::npos);
    };
    finds("sed -i '3s/rollback/rollbock/' journal.jsonl", "the payload of event 3");
    finds("sed -i '1s/\"actor\":\"/&x/' journal.jsonl", "what comes before event 3");
    finds("sed -i '5s/\"actor\":\"/&x/' journal.jsonl", "the journal against checkpoint");
    finds("sed -i '2s/\"actor\":\"/&x/' journal.jsonl", "the journal against old.checkpoint");
    finds("sed -i 5d journal.jsonl", "the journal against checkpoint");
    finds("sed -i '5{h;d};6G' journal.jsonl", "the journal against checkpoint");
    finds("sed -i '3s/\"actor\":\"/&x/' journal.jsonl", "the proof of event 3");
    finds("sed -i 2s/^/1/ checkpoint", "the signature of checkpoint");
    finds("sed -i 1s/^/x/ checkpoint", "the name in checkpoint");
    finds("sed -i '3{h;d};4G' growth", "the proof that the journal only grew");
}

TEST_CASE("a checker that shares no code agrees with every proof on the fixtures", "[audit]") {
    const Program daybook;
    const std::string id = fill(daybook);
    save(daybook, "old", {"checkpoint"});
    daybook.out({"-q", "note", id, "later"});
    save(daybook, "new", {"checkpoint"});
    save(daybook, "growth", {"proof", "consistency", std::to_string(lines_of(daybook.out({"events"})).size() - 1)});
    save(daybook, "first", {"proof", "inclusion", "1"});
    save(daybook, "fifth", {"proof", "inclusion", "5", "--size", "7"});
    save(daybook, "evidence", {"evidence", id});
    daybook.out({"-q", "export", "journal", "out"});
    const std::string vkey = daybook.out({"checkpoint", "--vkey"});
    const std::vector<std::string> all{"out",         "--vkey", vkey,          "--checkpoint", "new",
                                       "--inclusion", "first",  "--inclusion", "fifth",        "--consistency",
                                       "old",         "growth", "--evidence",  "evidence"};
    const Outcome outcome = check(daybook, all);
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    const std::string stats = daybook.out({"stats", "-o", "json"});
    CHECK(stats.find("\"root_hash\":\"" + outcome.out.substr(outcome.out.find(' ') + 1, 64) + '"') != std::string::npos);

    const auto refuses = [&](const std::string& file, const std::string& from, const std::string& to) {
        const std::string good = read_file(daybook / file);
        std::string bad = good;
        REQUIRE(bad.find(from) != std::string::npos);
        write_file(daybook / file, bad.replace(bad.find(from), from.size(), to));
        CHECK(check(daybook, all).status == 1);
        write_file(daybook / file, good);
    };
    refuses("out/journal.jsonl", "Gateway", "gateway");
    refuses("evidence", "later", "early");
    refuses("fifth", "index 4", "index 3");
    CHECK(check(daybook, all).status == 0);
}

TEST_CASE("the proof of a redacted event, made before or after, is good for a checker that shares no code", "[audit][redact]") {
    const Program daybook;
    const std::string id = fill(daybook);
    save(daybook, "old", {"checkpoint"});
    save(daybook, "before", {"proof", "inclusion", "3"});
    daybook.out({"-q", "redact", "3", "--reason", "a password"});
    save(daybook, "after", {"proof", "inclusion", "3"});
    save(daybook, "new", {"checkpoint"});
    save(daybook, "growth", {"proof", "consistency", lines_of(read_file(daybook / "old"))[1]});
    save(daybook, "evidence", {"evidence", id});
    daybook.out({"-q", "export", "journal", "out"});
    CHECK(lines_of(read_file(daybook / "out/journal.jsonl"))[2].find("\"payload\":null") != std::string::npos);
    const std::vector<std::string> all{"out",           "--vkey",      daybook.out({"checkpoint", "--vkey"}),
                                       "--checkpoint",  "new",         "--inclusion",
                                       "before",        "--inclusion", "after",
                                       "--consistency", "old",         "growth",
                                       "--evidence",    "evidence"};
    const Outcome outcome = check(daybook, all);
    INFO(outcome.err);
    CHECK(outcome.status == 0);
    CHECK(daybook.run({"verify", "--checkpoint", "old"}).status == 0);
}

TEST_CASE("a checker that shares no code agrees with daybook on the real data", "[audit]") {
    const auto store = shared_data("github-status");
    const auto triage = shared_data("upptime/triage.jsonl");
    if (!store || !triage) return skip("../shared/data is not there");
    const Program daybook;
    daybook.out({"-q", "import", "jsonl", store->string()});
    save(daybook, "old", {"checkpoint"});
    const std::string size = lines_of(read_file(daybook / "old"))[1];
    daybook.out({"-q", "ingest", triage->string()});
    save(daybook, "new", {"checkpoint"});
    save(daybook, "first", {"proof", "inclusion", "1"});
    save(daybook, "last", {"proof", "inclusion", size});
    save(daybook, "growth", {"proof", "consistency", size});
    daybook.out({"-q", "export", "journal", "out"});
    std::vector<std::string> all{"out",           "--vkey",      daybook.out({"checkpoint", "--vkey"}),
                                 "--checkpoint",  "new",         "--inclusion",
                                 "first",         "--inclusion", "last",
                                 "--consistency", "old",         "growth"};
    const auto ids = lines_of(daybook.out({"incident", "list", "--ids"}));
    REQUIRE(ids.size() > 500);
    for (std::size_t i = 0; i < ids.size(); i += 100) {
        save(daybook, ids[i], {"evidence", ids[i]});
        all.insert(all.end(), {"--evidence", ids[i]});
    }
    const Outcome outcome = check(daybook, all);
    INFO(outcome.err);
    CHECK(outcome.status == 0);
}

TEST_CASE("evidence is checked without any journal, and a wrong key or a changed byte is exit status 3", "[audit]") {
    const Program daybook;
    const std::string id = fill(daybook);
    daybook.out({"-q", "evidence", id, "--to", "evidence"});
    const std::string vkey = daybook.out({"checkpoint", "--vkey"});
    const Program auditor;  // has no journal
    const std::string file = (daybook / "evidence").string();
    const Outcome good = auditor.run({"verify", "--evidence", file, "--key", vkey, "-o", "json"});
    CHECK(good.status == 0);
    CHECK(good.out.find("\"stream\":\"" + id + "\",\"events\":2,\"redacted\":0") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(auditor.data()));
    const Program other;
    fill(other);
    CHECK(auditor.run({"verify", "--evidence", file, "--key", other.out({"checkpoint", "--vkey"})}).status == 3);
    CHECK(auditor.run({"verify", "--evidence", file}).status == 2);
    CHECK(auditor.run({"verify", "--evidence", file, "--key", "nonsense"}).status == 2);
    CHECK(auditor.run({"verify", "--evidence", "absent", "--key", vkey}).status == 5);
    std::string text = read_file(file);
    text[text.find("rollback")] = 'R';
    write_file(daybook / "evidence", text);
    const Outcome bad = auditor.run({"verify", "--evidence", file, "--key", vkey});
    CHECK(bad.status == 3);
    CHECK(bad.err.find("line 3: payload_sha256") != std::string::npos);
    CHECK(daybook.run({"evidence", "inc_20260223_1000_aaaa"}).status == 5);
}

TEST_CASE("verify --checkpoint is satisfied by what the journal was, and by nothing else", "[audit]") {
    const Program daybook;
    const std::string id = fill(daybook);
    daybook.out({"-q", "checkpoint", "--save", "old"});
    daybook.out({"-q", "note", id, "later"});
    CHECK(daybook.run({"verify", "--checkpoint", "old"}).status == 0);
    const Program other;
    fill(other);
    other.out({"-q", "checkpoint", "--save", "foreign"});
    CHECK(daybook.run({"verify", "--checkpoint", (other / "foreign").string()}).status == 3);
    CHECK(daybook.run({"verify", "--checkpoint", (other / "foreign").string(), "--key", other.out({"checkpoint", "--vkey"})})
              .status == 3);
    CHECK(daybook.run({"verify", "--checkpoint", "absent"}).status == 5);
    write_file(daybook / "notes.txt", "my notes\n");
    for (const std::string option : {"", "--quick"}) {
        std::vector<std::string> command{"verify", "--checkpoint", "notes.txt"};
        if (!option.empty()) command.push_back(option);
        const Outcome no_checkpoint = daybook.run(command);
        CHECK(no_checkpoint.status == 2);
        CHECK(no_checkpoint.err.find("notes.txt (--checkpoint) is no checkpoint") != std::string::npos);
        CHECK(no_checkpoint.out.empty());
    }
    const Outcome over = daybook.run({"checkpoint", "--save", "old"});
    CHECK(over.status == 6);
    CHECK(over.err.find("old is there already and holds something else") != std::string::npos);
    CHECK(daybook.run({"evidence", id, "--to", "old"}).status == 6);
    std::string text = read_file(daybook / "old");
    text[text.find('\n') + 1] ^= 1;
    write_file(daybook / "old", text);
    const Outcome outcome = daybook.run({"verify", "--checkpoint", "old", "-o", "json"});
    CHECK(outcome.status == 3);
    CHECK(outcome.out.find("\"sound\":false") != std::string::npos);
}

TEST_CASE("verify reads the checkpoint that it is given once, so that it may come from a pipe", "[audit]") {
    const Program daybook;
    const std::string id = fill(daybook);
    const std::string kept = daybook.out({"checkpoint"}) + "\n";
    daybook.out({"-q", "note", id, "later"});
    const Outcome outcome = daybook.run({"verify", "--checkpoint", "/dev/stdin"}, kept);
    INFO(outcome.err);
    CHECK(outcome.status == 0);
    CHECK(outcome.err.find("the journal extends the checkpoint in /dev/stdin") != std::string::npos);
}

TEST_CASE("a journal that was put back from an old backup is read, and not written to", "[audit]") {
    const Program daybook;
    const std::string id = fill(daybook);
    const std::string witness = (daybook / "witness").string();
    CHECK(daybook.run({"--witness", witness, "note", id, "first"}).err.find("there is no file") != std::string::npos);
    std::filesystem::copy(daybook.data(), daybook / "backup", std::filesystem::copy_options::recursive);
    daybook.out({"-q", "--witness", witness, "note", id, "after the backup"});
    daybook.out({"--witness", witness, "checkpoint"});
    CHECK(daybook.run({"--witness", witness, "note", id, "all is well"}).err.find("warning") == std::string::npos);

    std::filesystem::remove_all(daybook.data());
    std::filesystem::copy(daybook / "backup", daybook.data(), std::filesystem::copy_options::recursive);
    const std::string before = daybook.out({"stats", "-o", "json"});
    const Outcome refused = daybook.run({"--witness", witness, "note", id, "on the wrong journal"});
    CHECK(refused.status == 1);
    CHECK(refused.err.find("this journal is not the one whose checkpoint is in " + witness) != std::string::npos);
    CHECK(daybook.run({"--witness", witness, "checkpoint"}).status == 1);
    CHECK(daybook.run({"--witness", witness, "evidence", id}).status == 1);
    const Outcome read = daybook.run({"--witness", witness, "timeline", id});
    CHECK(read.status == 0);
    CHECK(read.err.find("warning: this journal is not the one") != std::string::npos);
    CHECK(daybook.run({"--witness", witness, "verify"}).status == 3);
    CHECK(daybook.out({"stats", "-o", "json"}) == before);

    std::filesystem::remove_all(daybook.data());
    CHECK(daybook.run({"--witness", witness, "note", id, "on no journal"}).status == 1);
    CHECK_FALSE(std::filesystem::exists(daybook.data()));
}

TEST_CASE("the key is made with the journal, an old journal gets one at its first checkpoint, and one can be given", "[audit]") {
    const Program daybook;
    fill(daybook);
    CHECK(std::filesystem::exists(daybook.data() / "signing.key"));
    const std::string vkey = daybook.out({"checkpoint", "--vkey"});
    CHECK(read_file(daybook.data() / "signing.vkey") == vkey + "\n");
    std::filesystem::remove(daybook.data() / "signing.key");
    CHECK(daybook.run({"checkpoint"}).status == 1);
    std::filesystem::remove(daybook.data() / "signing.vkey");  // as a journal from before there were keys
    CHECK(daybook.run({"checkpoint"}).status == 0);
    CHECK(std::filesystem::exists(daybook.data() / "signing.key"));
    CHECK(daybook.out({"checkpoint", "--vkey"}) != vkey);

    REQUIRE(run({"openssl", "genpkey", "-algorithm", "ED25519", "-out", "given.pem"}, {}, daybook.directory()).status == 0);
    ::chmod((daybook / "given.pem").c_str(), 0600);
    daybook.out({"--signing-key", "given.pem", "checkpoint", "--save", "by-given"});
    const std::string given = daybook.out({"--signing-key", "given.pem", "checkpoint", "--vkey"});
    CHECK(daybook.run({"verify", "--checkpoint", "by-given", "--key", given}).status == 0);
    // The journal's own key stays the one that verify asks for.
    daybook.out({"checkpoint", "--save", "by-own"});
    CHECK(daybook.run({"verify", "--checkpoint", "by-own"}).status == 0);
    CHECK(daybook.run({"--signing-key", "given.pem", "checkpoint"}).err.find("holds another key") != std::string::npos);
    ::chmod((daybook / "given.pem").c_str(), 0644);
    const Outcome wide = daybook.run({"--signing-key", "given.pem", "checkpoint"});
    CHECK(wide.status == 1);
    CHECK(wide.err.find("has mode 0644") != std::string::npos);
    CHECK(daybook.run({"--signing-key", "absent.pem", "checkpoint"}).status == 1);
}

TEST_CASE("a proof of what is not there is exit status 5", "[audit]") {
    const Program daybook;
    fill(daybook);
    CHECK(daybook.run({"proof", "inclusion", "0"}).status == 5);
    CHECK(daybook.run({"proof", "inclusion", "10000"}).status == 5);
    CHECK(daybook.run({"proof", "inclusion", "3", "--size", "2"}).status == 5);
    CHECK(daybook.run({"proof", "inclusion", "3", "--size", "10000"}).status == 5);
    CHECK(daybook.run({"proof", "consistency", "10000"}).status == 5);
    CHECK(daybook.run({"proof", "consistency", "3", "2"}).status == 5);
    CHECK(daybook.run({"proof", "inclusion", "x"}).status == 2);
    CHECK(daybook.run({"proof"}).status == 2);
}
