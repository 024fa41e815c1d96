#include "journal/journal_text.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

#include "journal/atomic_file.hpp"
#include "journal/leaf.hpp"
#include "journal/line_file.hpp"
#include "journal/verify.hpp"
#include "tests/journal_samples.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::size_t start = 0;
    while (start < text.size()) {
        const std::size_t end = text.find('\n', start);
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return lines;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return text;
}

// An exported journal of 300 varied events, whose files a test may change before it imports them.
struct ExportedJournal {
    TestJournal from;
    TemporaryDirectory files;
    Exported exported;
    std::vector<std::string> lines;

    ExportedJournal() {
        fill_with_samples(from, 300);
        exported = export_journal(*from, files.path());
        lines = lines_of(read_file(files / "journal.jsonl"));
    }
    void write() { write_file(files / "journal.jsonl", joined(lines)); }
    // The refusal of an import of these lines into an empty journal.
    Refusal refusal() {
        write();
        TestJournal to({}, 2);
        const auto imported = import_journal(*to, files.path());
        REQUIRE_FALSE(imported);
        return imported.refusal();
    }
    void replace(std::size_t line, std::string_view old, std::string_view with) {
        std::string& text = lines[line - 1];
        const std::size_t at = text.find(old);
        REQUIRE(at != std::string::npos);
        text.replace(at, old.size(), with);
    }
};

}  // namespace

TEST_CASE("an imported journal has the leaves and the root of the one that was exported, and exports the same bytes") {
    ExportedJournal journal;
    TestJournal to({}, 2);
    const auto imported = import_journal(*to, journal.files.path());
    REQUIRE(imported);
    CHECK(imported->events == 300);
    CHECK(imported->already_there == 0);
    CHECK(imported->root == journal.exported.root);
    TemporaryDirectory again;
    const Exported second = export_journal(*to, again.path());
    CHECK(second.events == 300);
    CHECK(second.blobs == journal.exported.blobs);
    CHECK(second.blobs > 0);
    CHECK(read_file(again / "journal.jsonl") == read_file(journal.files / "journal.jsonl"));
    CHECK(problems_of(*to) == "");
}

TEST_CASE("a line's leaf text hashes to the event's leaf, and its payload and salt to payload_sha256") {
    ExportedJournal journal;
    Sha256 sha256;
    const auto snapshot = journal.from->snapshot();
    for (std::uint64_t sequence = 1; sequence <= 300; ++sequence) {
        const auto record = snapshot->record({sequence});
        const std::string& line = journal.lines[sequence - 1];
        const std::size_t payload_at = line.find(",\"payload\":{");
        const std::size_t salt_at = line.rfind(",\"salt\":\"");
        const std::string leaf = line.substr(8, payload_at - 8);
        CHECK(leaf_hash(sha256, leaf) == record->leaf_hash());
        const std::string payload = line.substr(payload_at + 11, salt_at - payload_at - 11);
        const auto salt = from_hex(line.substr(salt_at + 9, 32));
        REQUIRE(salt);
        CHECK(leaf.find("\"payload_sha256\":\"" + to_hex(sha256({*salt, payload})) + "\"") != std::string::npos);
    }
}

TEST_CASE("an export of an empty journal is an empty file, and nothing to import") {
    TestJournal from;
    TemporaryDirectory files;
    CHECK(export_journal(*from, files.path()).events == 0);
    CHECK(read_file(files / "journal.jsonl").empty());
    TestJournal to({}, 2);
    const auto imported = import_journal(*to, files.path());
    REQUIRE_FALSE(imported);
    CHECK(imported.refusal().code == RefusalCode::invalid);
}

TEST_CASE("an import that was stopped goes on where it was") {
    ExportedJournal journal;
    const std::vector<std::string> all = journal.lines;
    TestJournal to({}, 2);
    journal.lines.resize(123);
    journal.write();
    REQUIRE(import_journal(*to, journal.files.path()));
    journal.lines = all;
    journal.write();
    const auto rest = import_journal(*to, journal.files.path());
    REQUIRE(rest);
    CHECK(rest->already_there == 123);
    CHECK(rest->events == 177);
    CHECK(rest->root == journal.exported.root);
    const auto nothing = import_journal(*to, journal.files.path());
    REQUIRE(nothing);
    CHECK(nothing->already_there == 300);
    CHECK(nothing->events == 0);
    CHECK(problems_of(*to) == "");
}

TEST_CASE("an import into a journal that holds something else is a conflict and changes nothing") {
    ExportedJournal journal;
    TestJournal to({}, 2);
    REQUIRE(to.append_note(stream_name(7), "another"));
    const auto imported = import_journal(*to, journal.files.path());
    REQUIRE_FALSE(imported);
    CHECK(imported.refusal().code == RefusalCode::conflict);
    CHECK(to.size() == 1);

    // Nor is one that has more events than the file.
    TestJournal longer({}, 3);
    REQUIRE(import_journal(*longer, journal.files.path()));
    journal.lines.resize(200);
    journal.write();
    const auto shorter = import_journal(*longer, journal.files.path());
    REQUIRE_FALSE(shorter);
    CHECK(shorter.refusal().code == RefusalCode::conflict);
}

TEST_CASE("a refused line is named by its number and byte offset, and the lines before its batch stay") {
    ExportedJournal journal;
    journal.lines[9] = "{";
    const Refusal refusal = journal.refusal();
    std::size_t offset = 0;
    for (std::size_t i = 0; i < 9; ++i) offset += journal.lines[i].size() + 1;
    CHECK(refusal.code == RefusalCode::invalid);
    CHECK(refusal.message.find("line 10 (byte " + std::to_string(offset) + ")") != std::string::npos);
}

TEST_CASE("an import refuses a line that is not exactly as it was written") {
    ExportedJournal journal;
    SECTION("a changed payload") {
        journal.replace(5, "\"payload\":{", "\"payload\":{\"a\":1,");
        CHECK(journal.refusal().field == "/leaf/payload_sha256");
    }
    SECTION("a changed salt") {
        std::string& line = journal.lines[4];
        char& digit = line[line.size() - 3];
        digit = digit == '0' ? '1' : '0';
        CHECK(journal.refusal().field == "/leaf/payload_sha256");
    }
    SECTION("white space") {
        journal.replace(5, ",\"payload\"", ", \"payload\"");
        CHECK(journal.refusal().message.find("JCS") != std::string::npos);
    }
    SECTION("a carriage return") {
        journal.lines[4] += '\r';
        CHECK(journal.refusal().message.find("JCS") != std::string::npos);
    }
    SECTION("a member more") {
        journal.replace(5, "\"payload\":{", "\"other\":1,\"payload\":{");
        CHECK(journal.refusal().field.empty());
    }
    SECTION("a leaf's field missing") {
        journal.replace(5, "\"source\":\"cli\",", "");
        CHECK(journal.refusal().field == "/leaf/source");
    }
    SECTION("a leaf's field more") {
        journal.replace(5, "\"version\":", "\"verse\":1,\"version\":");
        CHECK(journal.refusal().field == "/leaf");
    }
    SECTION("a time in another form") {
        journal.replace(5, "Z\",\"payload_sha256\"", "+00:00\",\"payload_sha256\"");
        CHECK(journal.refusal().field == "/leaf");
    }
    SECTION("an unknown type") {
        const std::string& line = journal.lines[4];
        const std::size_t at = line.find("\"type\":\"") + 8;
        journal.replace(5, line.substr(at, line.find('"', at) - at) + "\",\"v\"", "teleported\",\"v\"");
        CHECK(journal.refusal().field == "/leaf/type");
    }
    SECTION("a changed actor") {
        journal.replace(5, "\"actor\":\"ada\"", "\"actor\":\"eve\"");
        // The next event of the stream, or this one, no longer fits.
        CHECK(journal.refusal().code == RefusalCode::conflict);
    }
    SECTION("a line missing") {
        journal.lines.erase(journal.lines.begin() + 4);
        CHECK(journal.refusal().field == "/leaf/seq");
    }
    SECTION("two lines in the wrong order") {
        std::swap(journal.lines[4], journal.lines[5]);
        CHECK(journal.refusal().field == "/leaf/seq");
    }
    SECTION("an empty line") {
        journal.lines.insert(journal.lines.begin() + 4, "");
        CHECK(journal.refusal().code == RefusalCode::invalid);
    }
    SECTION("a payload that is gone without a `redacted` event") {
        std::string& line = journal.lines[4];
        line = line.substr(0, line.find(",\"payload\":")) + ",\"payload\":null,\"salt\":null}";
        CHECK(journal.refusal().field == "/payload");
    }
    SECTION("a line over the limit") {
        journal.lines[4] += std::string(1024 * 1024, ' ');
        CHECK(journal.refusal().code == RefusalCode::too_large);
    }
}

TEST_CASE("a wrong prev is refused, though the leaf itself is well made") {
    ExportedJournal journal;
    // Line 300 with another prev: a leaf that hashes well, in no chain.
    std::string& line = journal.lines[299];
    const std::size_t at = line.find("\"prev\":\"");
    REQUIRE(at != std::string::npos);
    line[at + 8] = line[at + 8] == '0' ? '1' : '0';
    const Refusal refusal = journal.refusal();
    CHECK(refusal.code == RefusalCode::conflict);
    CHECK(refusal.message.find("line 300 ") != std::string::npos);
    CHECK(refusal.message.find("prev") != std::string::npos);
}

TEST_CASE("an import refuses an artifact whose bytes are missing, cut or changed") {
    ExportedJournal journal;
    const auto blob = std::filesystem::directory_iterator(journal.files / "blobs")->path();
    SECTION("missing") {
        std::filesystem::remove(blob);
        CHECK(journal.refusal().message.find("is missing") != std::string::npos);
    }
    SECTION("cut") {
        std::filesystem::resize_file(blob, 3);
        CHECK(journal.refusal().message.find("size_bytes") != std::string::npos);
    }
    SECTION("changed") {
        std::string bytes = read_file(blob);
        bytes[0] ^= 1;
        write_file(blob, bytes);
        CHECK(journal.refusal().message.find("SHA-256") != std::string::npos);
    }
}

TEST_CASE("a payload of a schema version from the future is taken as it stands") {
    TestJournal from;
    REQUIRE(from.append(stream_name(), note("first")));
    AppendRequest request;
    request.decide = [&](const JournalView&, Time now) -> Result<Batch> {
        Batch batch;
        batch.events.push_back(event_of(stream_name(), note("x"), now));
        EncodedPayload& payload = batch.events[0].payload;
        payload.schema_version = 7;
        payload.text = R"({"text":{"en":"from the future"}})";
        return batch;
    };
    REQUIRE(from->append(request));
    TemporaryDirectory files;
    export_journal(*from, files.path());
    TestJournal to({}, 2);
    REQUIRE(import_journal(*to, files.path()));
    TemporaryDirectory again;
    export_journal(*to, again.path());
    CHECK(read_file(again / "journal.jsonl") == read_file(files / "journal.jsonl"));
    const Verification verification = verify(*to, {});
    CHECK(verification.sound());
    CHECK(verification.notices_count == 1);
}

TEST_CASE("a redacted event is exported without its payload, and imported with the facts that were kept") {
    TestJournal from;
    fill_with_samples(from, 40);
    redact_sample(from, 2);
    CHECK(problems_of(*from) == "");
    TemporaryDirectory files;
    export_journal(*from, files.path());
    const auto lines = lines_of(read_file(files / "journal.jsonl"));
    CHECK(lines[1].ends_with(",\"payload\":null,\"salt\":null}"));
    TestJournal to({}, 2);
    const auto imported = import_journal(*to, files.path());
    REQUIRE(imported);
    Sha256 sha256;
    CHECK(imported->root == from->snapshot()->root(sha256, 41));
    const auto snapshot = to->snapshot();
    const auto before = from->snapshot();
    CHECK(snapshot->record({2})->redacted());
    CHECK(snapshot->record({2})->header().severity == before->record({2})->header().severity);
    CHECK(snapshot->name({snapshot->record({2})->header().service}) == before->name({before->record({2})->header().service}));
    CHECK(problems_of(*to) == "");
}

TEST_CASE("an import finds two events with one id") {
    ExportedJournal journal;
    const auto id_of = [](const std::string& line) { return line.substr(line.find("\"event_id\":\"") + 12, 36); };
    journal.replace(8, id_of(journal.lines[7]), id_of(journal.lines[6]));
    CHECK(journal.refusal().field == "/leaf/event_id");
}

TEST_CASE("a file that is written atomically is not there before commit, and what it replaces stays until then") {
    TemporaryDirectory directory;
    const auto path = directory / "sub/file.txt";
    {
        AtomicFile file(path);
        file.write("never finished");
        CHECK_FALSE(std::filesystem::exists(path));
    }
    CHECK(std::filesystem::is_empty(directory / "sub"));
    const std::string long_text(700'000, 'x');
    {
        AtomicFile file(path);
        file.write(long_text);
        file.commit();
    }
    CHECK(read_file(path) == long_text);
    {
        AtomicFile file(path);
        file.write("new");
        CHECK(read_file(path) == long_text);
        CHECK_THROWS_AS(AtomicFile(path), StorageError);  // two at once
        file.commit();
    }
    CHECK(read_file(path) == "new");
    CHECK(std::distance(std::filesystem::directory_iterator(directory / "sub"), std::filesystem::directory_iterator()) == 1);
}

TEST_CASE("what a killed writer left beside the file is written over") {
    TemporaryDirectory directory;
    write_file(directory / ".file.txt.partial", "left by somebody who was killed");
    AtomicFile file(directory / "file.txt");
    file.write("new");
    file.commit();
    CHECK(read_file(directory / "file.txt") == "new");
    CHECK_FALSE(std::filesystem::exists(directory / ".file.txt.partial"));
}

TEST_CASE("a file in a directory that may not be written is a clear error") {
    TemporaryDirectory directory;
    std::filesystem::create_directory(directory / "closed");
    std::filesystem::permissions(directory / "closed", std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    const std::string answer = without_root([&]() -> std::string {
        AtomicFile file(directory / "closed/file.txt");
        return "written";
    });
    CHECK(answer.find("Permission denied") != std::string::npos);
}

TEST_CASE("lines are read with their numbers and offsets, whatever their length") {
    TemporaryDirectory directory;
    const std::string long_line(600'000, 'y');
    write_file(directory / "lines", "a\n\n" + long_line + "\nlast");
    LineFile file(directory / "lines", 1'000'000);
    CHECK(file.next() == "a");
    CHECK(file.offset() == 0);
    CHECK(file.next() == "");
    CHECK(file.next() == long_line);
    CHECK(file.number() == 3);
    CHECK(file.offset() == 3);
    CHECK(file.next() == "last");
    CHECK(file.offset() == 600'004);
    CHECK_FALSE(file.next());
    LineFile short_lines(directory / "lines", 1000);
    short_lines.next();
    short_lines.next();
    CHECK(short_lines.next()->size() == 1000);
    CHECK(short_lines.too_long());
    LineFile from_third(directory / "lines", 1'000'000, 3, 3);
    CHECK(from_third.next() == long_line);
    CHECK(from_third.number() == 3);
}

TEST_CASE("a journal of a clock that is up to a day ahead is taken, and none from beyond that, which would date all later events") {
    TestJournal from;
    from.advance(std::chrono::hours(24));
    (void)*from.append_note(stream_name(), "a day ahead");
    const TemporaryDirectory files;
    export_journal(*from, files.path());
    TestJournal to({}, 2);
    CHECK(import_journal(*to, files.path()));

    from.advance(std::chrono::seconds(1));
    (void)*from.append_note(stream_name(), "more than that");
    export_journal(*from, files.path());
    TestJournal later({}, 3);
    const auto imported = import_journal(*later, files.path());
    REQUIRE_FALSE(imported);
    CHECK(imported.refusal().code == RefusalCode::invalid);
    CHECK(imported.refusal().message.find("line 2") != std::string::npos);
    CHECK(imported.refusal().message.find("2026-02-24T10:00:01Z, more than 24 hours after this machine's clock") !=
          std::string::npos);
    CHECK(later.size() == 0);
}
