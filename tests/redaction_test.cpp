#include "journal/redaction.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <iterator>

#include "journal/journal_lock.hpp"
#include "journal/journal_text.hpp"
#include "journal/layout.hpp"
#include "journal/rewrite.hpp"
#include "journal/scrub.hpp"
#include "journal/structure.hpp"
#include "tests/damaged_journal.hpp"
#include "tests/desk.hpp"
#include "tests/payload_samples.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::string_view marker = "hunter2-SECRET-marker";

// Files below `directory` that hold `text`.
std::vector<std::string> files_with(std::string_view text, const std::filesystem::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (entry.is_regular_file() && read_file(entry.path()).find(text) != std::string::npos)
            names.push_back(entry.path().filename().string());
    }
    return names;
}

Result<Appended> redact(Journal& journal, std::uint64_t sequence, const std::string& reason = "a password") {
    return journal.append(redaction({{sequence}, reason, "ada", "cli", at("2026-02-24T08:00:00Z")}));
}

struct Attached {
    ArtifactAttached event;
    std::string bytes;
};
Attached artifact(const std::string& id, const std::string& bytes) {
    Sha256 sha256;
    ArtifactAttached attached;
    attached.artifact_id = id;
    attached.kind = "log";
    attached.name = id + ".txt";
    attached.sha256 = to_hex(sha256({bytes}));
    attached.size_bytes = static_cast<std::int64_t>(bytes.size());
    return {attached, bytes};
}

void attach(TestJournal& journal, const Attached& artifact) {
    AppendRequest request;
    request.decide = [&](const JournalView&, Time now) -> Result<Batch> {
        Batch batch;
        batch.events.push_back(event_of(stream_name(), artifact.event, now));
        batch.blobs.push_back({*digest_from_hex(artifact.event.sha256), artifact.bytes});
        return batch;
    };
    REQUIRE(journal->append(request));
}

// Every row of every table, but for the mark.
std::vector<std::string> rows_of(const Journal& journal) {
    std::vector<std::string> rows;
    lmdb::Transaction transaction(journal.environment(), lmdb::Transaction::Kind::read);
    for (const std::string& name : transaction.table_names()) {
        lmdb::Cursor cursor(transaction, *transaction.open(name.c_str()));
        for (bool there = cursor.first(); there; there = cursor.next()) {
            if (cursor.key() != redaction_mark) rows.push_back(name + ' ' + to_hex(cursor.key()) + ' ' + to_hex(cursor.value()));
        }
    }
    return rows;
}

}  // namespace

TEST_CASE("what stays of a payload has the facts of the header and none of its texts", "[redaction]") {
    for (const EventType type : all_event_types()) {
        INFO(to_text(type));
        const Payload payload = sample_payload(type);
        const Payload kept = without_texts(payload);
        CHECK(encode(without_texts(kept)).text == encode(kept).text);
        const EventFacts before = facts_of(payload);
        const EventFacts after = facts_of(kept);
        CHECK(after.severity == before.severity);
        CHECK(after.from == before.from);
        CHECK(after.to == before.to);
        CHECK(after.moment == before.moment);
        CHECK(after.service == before.service);
        CHECK(after.env == before.env);
        CHECK(after.kind == before.kind);
        CHECK(after.subject == before.subject);
        const std::string text = encode(kept).text;
        for (const char* name : {"title", "summary", "message", "reason", "owner", "name", "target", "error", "input_sha256"}) {
            CHECK(text.find("the " + std::string(name) + ": ") == std::string::npos);
        }
        CHECK(text.find("[1,null") == std::string::npos);
        CHECK(text.find("input_sha256") == std::string::npos);
    }
}

TEST_CASE("of changes the names stay, and the values that stand in the header", "[redaction]") {
    IncidentUpdated updated;
    updated.changes.text =
        R"({"labels":{"from":null,"to":{"a":"secret"}},"service":{"from":"api","to":"web"},)"
        R"("started_at":{"from":"secret","to":"2026-02-23T10:00:00Z"},"title":{"from":"old","to":"secret"},"unknown":{"to":"secret"}})";
    CHECK(std::get<IncidentUpdated>(without_texts(updated)).changes.text ==
          R"({"labels":{"from":null,"to":{}},"service":{"from":"api","to":"web"},)"
          R"("started_at":{"from":"[redacted]","to":"2026-02-23T10:00:00Z"},"title":{"from":"[redacted]","to":"[redacted]"}})");
}

TEST_CASE("a redaction takes payload and salt out of the record and leaves all else of it", "[redaction]") {
    DamagedJournal samples;
    TestJournal& journal = samples.journal;
    for (const std::uint64_t sequence : {64U, 2U, 33U}) {
        INFO(sequence);
        const std::string before = samples.event(sequence);
        const RecordView old = *RecordView::parse(before);
        Sha256 sha256;
        const Digest root = journal->snapshot()->root(sha256, 300);
        REQUIRE(redact(*journal, sequence));
        const std::string after = samples.event(sequence);
        const RecordView now = *RecordView::parse(after);
        CHECK(now.redacted());
        CHECK(now.payload().empty());
        CHECK(now.kept_payload_digest() == sha256({old.salt(), old.payload()}));
        CHECK(now.key() == old.key());
        CHECK(now.event_id() == old.event_id());
        for (int level = 0; level <= completed_nodes({sequence}); ++level) CHECK(now.node(level) == old.node(level));
        RecordHeader header = now.header();
        header.flags = old.header().flags;
        header.payload_size = old.header().payload_size;
        CHECK(std::memcmp(&header, &old.header(), sizeof header) == 0);
        CHECK(journal->snapshot()->root(sha256, 300) == root);
        CHECK(journal->snapshot()->redaction_of({sequence}) == Sequence{journal.size()});
        CHECK(journal->snapshot()->stream_id(journal->snapshot()->record({journal.size()})->stream()) == "$admin");
    }
    CHECK(problems_of(*journal) == "");
}

TEST_CASE("a redaction is refused without an event, a reason, or anything to redact", "[redaction]") {
    TestJournal journal;
    REQUIRE(journal.append_note(stream_name(), marker));
    const auto code = [&](std::uint64_t sequence, const std::string& reason = "why") {
        const auto answer = redact(*journal, sequence, reason);
        return answer ? std::string("taken") : std::string(to_text(answer.refusal().code));
    };
    CHECK(code(0) == "not_found");
    CHECK(code(2) == "not_found");
    CHECK(code(1, "") == "invalid");
    CHECK(code(1, "\xFF") == "invalid");
    CHECK(journal.size() == 1);
    CHECK(code(1) == "taken");
    CHECK(code(1) == "conflict");
    CHECK(code(2) == "invalid");
    CHECK(journal.size() == 2);
    CHECK(rest_of_redaction(*journal->snapshot()) == RedactionRest::journal_file);
}

TEST_CASE("an artifact's bytes go with the last event that names them", "[redaction]") {
    TestJournal journal;
    attach(journal, artifact("art_1", "the bytes"));
    attach(journal, artifact("art_2", "the bytes"));
    const Digest sha256 = *digest_from_hex(artifact("art_1", "the bytes").event.sha256);
    REQUIRE(redact(*journal, 1));
    CHECK(journal->snapshot()->blob(sha256));
    CHECK(problems_of(*journal) == "");
    REQUIRE(redact(*journal, 2));
    CHECK_FALSE(journal->snapshot()->blob(sha256));
    CHECK(problems_of(*journal) == "");
}

TEST_CASE("the digest of a redacted input goes, and its key still stands for it", "[redaction]") {
    TestJournal journal;
    AppendRequest request;
    request.input = keyed("the-key", marker);
    Note secret = note(marker);
    secret.input_sha256 = to_hex(*request.input->sha256);
    request.decide = [&](const JournalView&, Time now) -> Result<Batch> {
        Batch batch;
        batch.events.push_back(event_of(stream_name(), secret, now));
        return batch;
    };
    REQUIRE(journal->append(request));
    REQUIRE(redact(*journal, 1));
    CHECK(journal->snapshot()->key("the-key")->digest.empty());
    const auto again = journal->append(request);
    REQUIRE(again);
    CHECK(again->duplicate);
    CHECK(again->first == Sequence{1});
    CHECK(problems_of(*journal) == "");
}

TEST_CASE("a file that was made anew holds every row and nothing of what was redacted", "[redaction]") {
    TestJournal journal;
    fill_with_samples(journal, 200);
    Note large = note(std::string(3000, 'x') + std::string(marker));
    for (int i = 0; i < 5; ++i) {
        REQUIRE(journal.append(stream_name(), i % 2 == 0 ? Payload(large) : Payload(note(marker))));
        REQUIRE(journal.append_note(stream_name(), "in between"));
    }
    attach(journal, artifact("art_9", std::string(5000, 'y') + std::string(marker)));
    for (const std::uint64_t sequence : {201U, 203U, 205U, 207U, 209U, 211U}) REQUIRE(redact(*journal, sequence));
    CHECK_FALSE(files_with(marker, journal.directory()).empty());  // in free pages

    const auto rows = rows_of(*journal);
    journal.close();
    rewrite_journal(journal.directory());
    CHECK(files_with(marker, journal.directory()).empty());
    journal.reopen();
    CHECK(rows_of(*journal) == rows);
    CHECK(rest_of_redaction(*journal->snapshot()) == RedactionRest::derived);
    CHECK(verify(*journal, {}).notices_count == 1);
    finish_redaction(*journal);
    CHECK(verify(*journal, {}).notices_count == 0);
    REQUIRE(journal.append_note(stream_name(), "goes on"));
    CHECK(problems_of(*journal) == "");
}

TEST_CASE("a rewrite that was cut short is gone on with", "[redaction]") {
    TestJournal journal;
    fill_with_samples(journal, 50);
    const auto rows = rows_of(*journal);
    const auto file = journal.directory() / "data.mdb";
    const auto old = journal.directory() / "data.mdb.replaced";
    journal.close();
    SECTION("before the new file took the place of the old one") { std::filesystem::create_hard_link(file, old); }
    SECTION("before the old file was written over") {
        std::filesystem::copy_file(file, old);
        CHECK(has_replaced_file(journal.directory()));
    }
    SECTION("before all rows were copied") {
        std::filesystem::create_directories(journal.directory() / "data.mdb.rewritten");
        write_file(journal.directory() / "data.mdb.rewritten" / "data.mdb", "a part");
    }
    rewrite_journal(journal.directory());
    CHECK_FALSE(std::filesystem::exists(old));
    CHECK_FALSE(std::filesystem::exists(journal.directory() / "data.mdb.rewritten"));
    journal.reopen();
    CHECK(rows_of(*journal) == rows);
}

TEST_CASE("a rewrite of a data.mdb that lies elsewhere replaces the file there, and the link stays", "[redaction]") {
    TestJournal journal;
    const TemporaryDirectory elsewhere;
    const auto link = journal.directory() / "data.mdb", file = elsewhere / "data.mdb";
    REQUIRE(journal.append(stream_name(), note(marker)));
    REQUIRE(redact(*journal, 1));
    journal.close();
    std::filesystem::copy_file(link, file);
    std::filesystem::remove(link);
    std::filesystem::create_symlink(file, link);
    REQUIRE(files_with(marker, elsewhere.path()).size() == 1);
    SECTION("at once") {}
    SECTION("gone on with, before the old file was written over") {
        std::filesystem::copy_file(file, elsewhere / "data.mdb.replaced");
        CHECK(has_replaced_file(journal.directory()));
        CHECK(rest_of_rewrite(journal.directory()) == elsewhere / "data.mdb.replaced");
    }
    rewrite_journal(journal.directory());
    CHECK(std::filesystem::is_symlink(link));
    CHECK(files_with(marker, elsewhere.path()).empty());
    CHECK(std::distance(std::filesystem::directory_iterator(elsewhere.path()), {}) == 1);
    journal.reopen();
    CHECK(journal.size() == 2);
}

TEST_CASE("a file that can't be written over is not taken for one that is gone", "[redaction]") {
    const TemporaryDirectory directory;
    write_file(directory / "file", marker);
    std::filesystem::create_symlink(directory / "file", directory / "link");
    CHECK_THROWS_AS(scrub_file(directory / "link"), StorageError);
    CHECK(std::filesystem::is_symlink(directory / "link"));
    scrub_file(directory / "file");
    CHECK_FALSE(std::filesystem::exists(directory / "file"));
    scrub_file(directory / "file");
}

TEST_CASE("nobody is alone with a journal that another process has open", "[redaction]") {
    TestJournal journal;
    const auto directory = journal.directory();
    const auto try_it = [&] {
        return Child([&] { return JournalLock::exclusive(directory) ? std::string("alone") : std::string("not alone"); }).wait();
    };
    CHECK(try_it() == "not alone");
    journal.close();
    CHECK(try_it() == "alone");
    const auto alone = JournalLock::exclusive(directory);
    REQUIRE(alone);
    CHECK(try_it() == "not alone");
}

TEST_CASE("nobody is alone with a journal that a process has open without a lock of ours", "[redaction]") {
    TestJournal journal;
    const auto directory = journal.directory();
    journal.close();
    std::filesystem::remove(directory / "users.lock");
    lmdb::Options options;
    options.read_only = true;
    options.tables_max = 32;
    const auto try_it = [&] {
        return Child([&] { return JournalLock::exclusive(directory) ? std::string("alone") : std::string("not alone"); }).wait();
    };
    {
        const lmdb::Environment reader(directory, options);
        CHECK(try_it() == "not alone");
    }
    CHECK(try_it() == "alone");
}

TEST_CASE("verification finds a redaction that is not as it was recorded", "[redaction]") {
    DamagedJournal damaged;
    const std::uint64_t target =
        damaged.find([](const RecordView& record) { return record.type() == EventType::severity_changed && record.key(); });
    const std::string before = damaged.event(target);
    redact_sample(damaged.journal, target);
    const auto put_redaction = [&](const std::function<void(Redacted&)>& how) {
        const auto record = *RecordView::parse(before);
        JsonReader reader;
        Redacted redacted;
        redacted.redacts = static_cast<std::int64_t>(target);
        redacted.reason = "why";
        redacted.kept.text = encode(without_texts(*decode(record.type(), 1, **reader.read(record.payload())))).text;
        how(redacted);
        return encode(redacted).text;
    };
    // Another payload in the record of the `redacted` event; its leaf no longer fits.
    const auto replace = [&](const std::string& payload) {
        const std::string bytes = damaged.event(301);
        RecordHeader header = RecordView::parse(bytes)->header();
        header.payload_size = static_cast<std::uint32_t>(payload.size());
        std::string out = bytes.substr(0, damaged.payload_at(301)) + payload;
        std::memcpy(out.data(), &header, sizeof header);
        damaged.put_event(301, out);
    };
    SECTION("the payload is there") {
        damaged.put_event(target, before);
        CHECK(damaged.finds(Kind::redaction, target));
    }
    SECTION("no event recorded it") {
        damaged.erase("events", key_of(301, 8));
        CHECK(damaged.finds(Kind::redaction, target));
    }
    SECTION("two events name it") {
        redact_sample(damaged.journal, 7);
        const std::string bytes = damaged.event(302);
        RecordHeader header = RecordView::parse(bytes)->header();
        const std::string payload = put_redaction([](Redacted&) {});
        header.payload_size = static_cast<std::uint32_t>(payload.size());
        std::string out = bytes.substr(0, damaged.payload_at(302)) + payload;
        std::memcpy(out.data(), &header, sizeof header);
        damaged.put_event(302, out);
        CHECK(damaged.finds(Kind::redaction, target));
        CHECK(damaged.finds(Kind::redaction, 7));
    }
    SECTION("what was kept holds a text") {
        replace(put_redaction([](Redacted& redacted) { redacted.kept.text.insert(1, R"("a_text":"secret",)"); }));
        CHECK(damaged.finds(Kind::redaction, 301));
    }
    SECTION("what was kept does not decode") {
        replace(put_redaction([](Redacted& redacted) { redacted.kept.text = "{}"; }));
        CHECK(damaged.finds(Kind::redaction, 301));
    }
    SECTION("the row of the table is gone") {
        damaged.erase("redactions", key_of(target, 8));
        CHECK(damaged.finds_only(Kind::redaction, 301));
    }
    SECTION("the table has a row too many") {
        damaged.put("redactions", key_of(9, 8), damaged.get("redactions", key_of(target, 8)));
        CHECK(damaged.finds_only(Kind::redaction, 0));
    }
    SECTION("the digest of its input is still there") {
        std::string row;
        layout::append_u64(row, target);
        damaged.put("keys", *RecordView::parse(before)->key(), row + std::string(layout::key_digest_bytes, 'd'));
        CHECK(damaged.finds_only(Kind::key, target));
    }
}

TEST_CASE("a redacted journal comes back from its text, redacted, with the same root and the same rows", "[redaction]") {
    Desk desk;
    desk.ingest(read_file(project_file("fixtures/triage/monday.jsonl")));
    const std::uint64_t events = desk.size();
    for (std::uint64_t sequence = 1; sequence <= events; ++sequence) REQUIRE(redact(*desk.journal(), sequence));
    finish_redaction(*desk.journal());
    CHECK(desk.problems() == "");
    const TemporaryDirectory files;
    export_journal(*desk.journal(), files.path());

    DecisionIndex index;
    TestJournal to({&index}, 2);
    const auto imported = import_journal(*to, files.path());
    INFO((imported ? "" : imported.refusal().message));
    REQUIRE(imported);
    Sha256 sha256;
    CHECK(imported->root == desk.journal()->snapshot()->root(sha256, 2 * events));
    CHECK(to->snapshot()->redaction_of({1}) == desk.journal()->snapshot()->redaction_of({1}));
    CHECK(problems_of(*to) == "");
    const TemporaryDirectory place;
    Views views(place / "views", *to);
    CHECK(views.catch_up().empty());
    desk.views().rebuild("");
    const auto left = desk.views().digests();
    const auto right = views.digests();
    REQUIRE(left.size() == right.size());
    for (std::size_t i = 0; i < left.size(); ++i) CHECK(left[i].digest == right[i].digest);
}

TEST_CASE("an import refuses a redaction of what is there, and a second one", "[redaction]") {
    TestJournal from;
    for (int i = 0; i < 3; ++i) REQUIRE(from.append_note(stream_name(), "text"));
    Journal::Restored event;
    event.stream = "$admin";
    event.version = 1;
    event.sequence = {4};
    event.actor = event.source = "x";
    event.event_id = "id";
    event.occurred_at = event.recorded_at = from.now();
    Redacted redacted;
    redacted.redacts = 2;
    redacted.reason = "why";
    event.payload = encode(redacted);
    SeededEntropy entropy(1);
    Sha256 sha256;
    seal(event.payload, entropy, sha256);
    const auto outcome = from->restore({&event, 1}, {});
    REQUIRE_FALSE(outcome);
    CHECK(outcome.refusal().message.find("it redacts event 2") != std::string::npos);
}

TEST_CASE("a redaction changes texts alone: states, times, counts and decisions are as before", "[redaction]") {
    Desk desk;
    desk.ingest(read_file(project_file("fixtures/triage/monday.jsonl")));
    const auto before = desk.incidents();
    REQUIRE_FALSE(before.empty());
    std::vector<std::string> decisions;
    const auto decision_rows = [&] {
        auto rows = rows_of(*desk.journal());
        rows.erase(std::remove_if(rows.begin(), rows.end(), [](const std::string& row) { return !row.starts_with("decision_"); }),
                   rows.end());
        return rows;
    };
    const auto rows = decision_rows();
    const std::uint64_t events = desk.size();
    for (std::uint64_t sequence = 1; sequence <= events; ++sequence) REQUIRE(redact(*desk.journal(), sequence));
    CHECK(decision_rows() == rows);
    CHECK(desk.views().rebuild_and_scrub().empty());
    const auto after = desk.incidents();
    REQUIRE(after.size() == before.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
        CHECK(std::memcmp(&after[i].state, &before[i].state, sizeof after[i].state) == 0);
        CHECK(after[i].id == before[i].id);
        CHECK(after[i].service == before[i].service);
        CHECK(after[i].kind == before[i].kind);
        CHECK(after[i].signature == before[i].signature);
        CHECK(after[i].title == "[redacted]");
    }
    CHECK(desk.problems() == "");
}
