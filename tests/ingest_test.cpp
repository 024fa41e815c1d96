#include <catch2/catch.hpp>

#include <array>

#include "tests/desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string fixture(std::string_view name) { return read_file(project_file("fixtures/triage") / name); }

std::string text_of(const IngestCounts& counts) {
    return std::to_string(counts.read) + " read, " + std::to_string(counts.taken) + " taken, " + std::to_string(counts.duplicate) +
           " duplicate, " + std::to_string(counts.ignored) + " ignored, " + std::to_string(counts.refused) + " refused";
}

// "line 3, byte 120, invalid at /alert/title: why", one each.
std::string text_of(const std::vector<RefusedLine>& lines) {
    std::string text;
    for (const RefusedLine& line : lines) {
        text += "line " + std::to_string(line.number) + ", byte " + std::to_string(line.offset) + ", " +
                to_text(line.refusals[0].code) + (line.refusals[0].field.empty() ? "" : " at " + line.refusals[0].field) + ": " +
                line.refusals[0].message + '\n';
    }
    return text;
}

std::string good(int number) {
    return Report::firing("10:00").id("g" + std::to_string(number)).ref("a" + std::to_string(number)).line();
}

// A good record of exactly so many bytes.
std::string of_size(std::size_t bytes) {
    const auto with = [](std::size_t padding) {
        return Report::firing("10:00").id("sized").set("meta", R"({"a":")" + std::string(padding, 'x') + R"("})").line();
    };
    return with(bytes - with(0).size());
}

// A good record whose values are nested so deep.
std::string of_depth(int depth) {
    std::string meta;
    for (int i = 1; i < depth; ++i) meta += R"({"a":)";
    meta += '1';
    meta.append(static_cast<std::size_t>(depth - 1), '}');
    return Report::firing("10:00").id("deep").set("meta", meta).line();
}

}  // namespace

TEST_CASE("a week of records becomes its incidents") {
    Desk desk;
    CHECK(text_of(desk.ingest(fixture("monday.jsonl"))) == "33 read, 31 taken, 0 duplicate, 2 ignored, 0 refused");
    CHECK(desk.overview() ==
          "P0 resolved, P2 resolved, P3 resolved, P2 open, P1 resolved, P1 resolved, P1 resolved, P3 open, P2 open, P1 resolved, "
          "P1 open");
    const std::uint64_t size = desk.size();
    CHECK(text_of(desk.ingest(fixture("monday.jsonl"))) == "33 read, 0 taken, 33 duplicate, 0 ignored, 0 refused");
    CHECK(desk.size() == size);
    CHECK(desk.problems() == "");
}

TEST_CASE("each kind of bad line is refused with its number, its place, the field and the reason") {
    Desk desk;
    const std::string input = fixture("bad.jsonl");
    const IngestCounts counts = desk.ingest(input);
    CHECK(text_of(counts) == "37 read, 3 taken, 0 duplicate, 0 ignored, 34 refused");
    CHECK(text_of(desk.refused()) == golden("triage/bad.refused.txt", text_of(desk.refused())));
    for (const RefusedLine& line : desk.refused()) {
        CHECK(line.text == input.substr(line.offset, line.text.size()));
        CHECK((line.offset == 0 || input[line.offset - 1] == '\n'));
        CHECK(input[line.offset + line.text.size()] == '\n');
    }
    CHECK(desk.types() == "incident_created alert alert alert");
    CHECK(desk.problems() == "");
}

TEST_CASE("a strict run stops at the first refusal, and keeps what came before") {
    IngestOptions strict;
    strict.strict = true;
    Desk desk;
    SECTION("of a line that is wrong in itself") {
        CHECK(text_of(desk.ingest(good(1) + '\n' + good(2) + "\nx\n" + good(3) + "\ny\n", strict)) ==
              "3 read, 2 taken, 0 duplicate, 0 ignored, 1 refused");
        CHECK(desk.refused().at(0).number == 3);
    }
    SECTION("of a line that the rules refuse") {
        const std::string unknown =
            Report::firing("10:01").decision("update").text("incident_id", "inc_20260223_1000_nosuch").line();
        CHECK(text_of(desk.ingest(good(1) + '\n' + good(2) + '\n' + unknown + '\n' + good(3) + '\n', strict)) ==
              "3 read, 2 taken, 0 duplicate, 0 ignored, 1 refused");
        CHECK(desk.refused().at(0).refusals[0].code == RefusalCode::not_found);
    }
    SECTION("in a dry run too") {
        strict.dry_run = true;
        CHECK(text_of(desk.ingest(good(1) + '\n' + good(2) + "\nx\n" + good(3) + "\ny\n", strict)) ==
              "3 read, 2 taken, 0 duplicate, 0 ignored, 1 refused");
        CHECK(desk.size() == 0);
        return;
    }
    CHECK(desk.refused().size() == 1);
    CHECK(desk.types() == "incident_created alert alert");
}

TEST_CASE("a dry run counts and refuses the same, and writes nothing") {
    IngestOptions dry;
    dry.dry_run = true;
    for (const char* name : {"monday.jsonl", "bad.jsonl"}) {
        Desk desk;
        const std::string counts = text_of(desk.ingest(fixture(name) + '\n' + fixture(name), dry));
        const std::string refused = text_of(desk.refused());
        CHECK(desk.size() == 0);
        CHECK(desk.types() == "");
        CHECK(desk.problems() == "");
        CHECK(text_of(desk.ingest(fixture(name) + '\n' + fixture(name))) == counts);
        CHECK(text_of(desk.refused()) == refused);
    }
}

TEST_CASE("a line of 1 MiB is looked at, one byte more is refused, and the rest goes on") {
    Desk desk;
    const std::string most = of_size(1024 * 1024);
    CHECK(text_of(desk.ingest(most + '\n')) == "1 read, 0 taken, 0 duplicate, 0 ignored, 1 refused");
    CHECK(desk.refused().at(0).refusals[0].message.find("the payload of a") != std::string::npos);  // a payload has at most 256 KiB

    CHECK(text_of(desk.ingest(good(1) + '\n' + most + "x\n" + good(2) + '\n')) ==
          "3 read, 2 taken, 0 duplicate, 0 ignored, 1 refused");
    const RefusedLine& line = desk.refused().at(0);
    CHECK(line.refusals[0].code == RefusalCode::too_large);
    CHECK(line.number == 2);
    CHECK(line.offset == good(1).size() + 1);
    CHECK(line.text == most);

    CHECK(text_of(desk.ingest(std::string(3'000'000, 'x'))) == "1 read, 0 taken, 0 duplicate, 0 ignored, 1 refused");
    CHECK(text_of(desk.ingest(of_size(200'000))) == "1 read, 1 taken, 0 duplicate, 0 ignored, 0 refused");
}

TEST_CASE("nesting of 64 is taken, of 65 refused") {
    Desk desk;
    CHECK(desk.tell(of_depth(64)) == "taken");
    CHECK(desk.tell(of_depth(65)).starts_with("invalid"));
}

TEST_CASE("blank lines count as no records, but as lines") {
    Desk desk;
    CHECK(text_of(desk.ingest("\n  \t\r\n" + good(1) + "\n\n\nx\n\n")) == "2 read, 1 taken, 0 duplicate, 0 ignored, 1 refused");
    CHECK(desk.refused().at(0).number == 6);
}

TEST_CASE("lines may end in CRLF, and the last need not end") {
    Desk desk;
    CHECK(text_of(desk.ingest(good(1) + "\r\n" + good(2) + "\r\n" + good(3))) ==
          "3 read, 3 taken, 0 duplicate, 0 ignored, 0 refused");
}

TEST_CASE("an empty file is read and all is well") {
    Desk desk;
    CHECK(text_of(desk.ingest("")) == "0 read, 0 taken, 0 duplicate, 0 ignored, 0 refused");
    IngestOptions dry;
    dry.dry_run = true;
    CHECK(text_of(desk.ingest("", dry)) == "0 read, 0 taken, 0 duplicate, 0 ignored, 0 refused");
    CHECK(desk.size() == 0);
}

TEST_CASE("a file that can't be read is a fault, and takes nothing") {
    Desk desk;
    CHECK_THROWS_AS(ingest_file(desk.parts(), desk.directory() / "nosuch", {}), StorageError);
    CHECK_THROWS_AS(ingest_file(desk.parts(), desk.directory(), {}), StorageError);
    CHECK(desk.size() == 0);
}

TEST_CASE("more records than one transaction holds come in the order of their lines") {
    constexpr int count = 10'000;
    std::string lines;
    for (int i = 1; i <= count; ++i) {
        lines += i % 1000 == 0 ? "x\n"
                               : Report::firing("10:00").id("r" + std::to_string(i)).ref("a" + std::to_string(i % 7)).line() + '\n';
    }
    Desk desk;
    std::uint64_t last_progress = 0;
    IngestOptions options;
    options.progress = [&](std::uint64_t bytes) {
        CHECK(bytes >= last_progress);
        last_progress = bytes;
    };
    CHECK(text_of(desk.ingest(lines, options)) == "10000 read, 9990 taken, 0 duplicate, 0 ignored, 10 refused");
    CHECK(last_progress >= lines.size() - 2);
    for (std::size_t i = 0; i < desk.refused().size(); ++i) CHECK(desk.refused()[i].number == 1000 * (i + 1));
    std::vector<std::string> keys;
    for (const SeenEvent& event : desk.events(1)) keys.push_back(event.key);
    REQUIRE(keys.size() == 9990);
    CHECK(keys[0] == "alert_triage:r1#2");
    int line = 1;
    for (std::size_t i = 1; i < keys.size(); ++i) {
        if (++line % 1000 == 0) ++line;
        if (keys[i] != "alert_triage:r" + std::to_string(line)) FAIL(keys[i] << " stands where line " << line << " should");
    }

    Desk strict_desk;
    IngestOptions strict;
    strict.strict = true;
    CHECK(text_of(strict_desk.ingest(lines.substr(lines.find("x\n") + 2), strict)) ==
          "1000 read, 999 taken, 0 duplicate, 0 ignored, 1 refused");
}

TEST_CASE("a run that was stopped goes on where it was, and gives what one whole run gives") {
    const std::string monday = fixture("monday.jsonl");
    Desk whole;
    whole.ingest(monday);
    for (std::size_t lines : {1U, 7U, 20U, 32U}) {
        std::size_t end = 0;
        while (lines-- > 0) end = monday.find('\n', end) + 1;
        Desk desk;
        desk.ingest(monday.substr(0, end));
        desk.ingest(monday);
        CHECK(desk.types() == whole.types());
        CHECK(desk.overview() == whole.overview());
    }
}

TEST_CASE("a triage run's counts become a triage_run, once") {
    Desk desk;
    const std::string run =
        R"({"schema":"alert_triage_run/1","run_id":"r1","agent_id":"monitor","started_at":"2026-02-23T10:00:00Z",)"
        R"("finished_at":"2026-02-23T10:01:00Z","processed":5})";
    CHECK(desk.tell(run) == "taken");
    CHECK(desk.tell(run) == "duplicate");
    const SeenEvent event = desk.events().at(0);
    CHECK(event.stream == "$triage");
    CHECK(event.type == EventType::triage_run);
    CHECK(event.occurred_at == moment("10:01"));
    CHECK(event.actor == "monitor");
    CHECK(event.source == "alert_triage");
    CHECK(event.key == "alert_triage:run:r1");
    CHECK(event.payload.find(R"("processed":5,"run_id":"r1")") != std::string::npos);
    CHECK(desk.problems() == "");
}

namespace {

// What became of the real data: as its expect.json counts it.
struct Upptime {
    std::uint64_t incidents = 0, reopened = 0, joined = 0, resolved = 0, open_at_end = 0;
    bool operator==(const Upptime&) const = default;
};

std::uint64_t expected(std::string_view field) {
    JsonReader reader;
    const std::string text = read_file(*shared_data("upptime/expect.json"));
    return static_cast<std::uint64_t>((*reader.read(text))->find(field)->integer);
}

// The alerts before which nothing else stands in their input: they joined, unless a reopening follows.
Upptime count(const Journal& journal) {
    Upptime counts;
    std::map<std::uint32_t, IncidentState> states;
    const Snapshot snapshot = journal.snapshot();
    snapshot->scan({1}, UINT64_MAX, [&](const RecordView& record) {
        if (snapshot->stream_id(record.stream()).starts_with('$')) return true;
        const RecordHeader& header = record.header();
        const bool firing = record.type() == EventType::alert && header.to == static_cast<std::uint8_t>(AlertState::firing);
        if (firing && !record.key()->ends_with("#2")) ++counts.joined;
        if (record.type() == EventType::incident_created) ++counts.incidents;
        if (record.type() == EventType::status_changed && header.to == static_cast<std::uint8_t>(IncidentStatus::resolved))
            ++counts.resolved;
        if (record.type() == EventType::status_changed && header.to == static_cast<std::uint8_t>(IncidentStatus::open))
            ++counts.reopened;
        (void)apply(states[header.stream], header);
        return true;
    });
    counts.joined -= counts.reopened;
    for (const auto& [number, state] : states) counts.open_at_end += state.active() ? 1U : 0U;
    return counts;
}

Upptime expected_upptime() {
    return {expected("incidents"), expected("reopened"), expected("joined"), expected("resolved"), expected("open_at_end")};
}

}  // namespace

TEST_CASE("the real alerts of a year become the incidents that are expected, and nothing changes the second time") {
    const auto file = shared_data("upptime/triage.jsonl");
    if (!file) return skip("there is no upptime/triage.jsonl");
    Desk desk;
    const IngestCounts counts = desk.ingest(read_file(*file));
    CHECK(counts.read == expected("records"));
    CHECK(counts.taken + counts.ignored == counts.read);
    CHECK(count(*desk.journal()) == expected_upptime());
    const std::uint64_t size = desk.size();
    CHECK(desk.ingest(read_file(*file)).duplicate == expected("records"));
    CHECK(desk.size() == size);
    CHECK(desk.problems() == "");
}

TEST_CASE("the real alerts of a year, taken by two processes at once, become the same incidents") {
    const auto file = shared_data("upptime/triage.jsonl");
    if (!file) return skip("there is no upptime/triage.jsonl");
    const TemporaryDirectory directory;
    const auto take = [&] {
        const Outcome outcome =
            run({daybook_program(), "--data", (directory / "data").string(), "ingest", file->string()}, {}, directory.path());
        return std::to_string(outcome.status);
    };
    Child one(take);
    Child two(take);
    CHECK(one.wait() == "0");
    CHECK(two.wait() == "0");
    SystemEntropy entropy;
    JournalOptions options;
    options.clock = [] { return when("12:00"); };
    options.entropy = &entropy;
    options.read_only = true;
    const Journal journal(directory / "data/journal", std::move(options));
    CHECK(count(journal) == expected_upptime());
}
