#include "projections/jsonl_layout.hpp"

#include <catch2/catch.hpp>

#include "journal/json.hpp"
#include "tests/layout_fixture.hpp"
#include "tests/payload_samples.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

IncidentCreated created(std::string_view title) {
    IncidentCreated event;
    event.service = "gateway";
    event.env = "prod";
    event.severity = Severity::p1;
    event.title = title;
    event.started_at = at("2026-02-23T09:59:00Z");
    return event;
}

StatusChanged status(IncidentStatus from, IncidentStatus to) {
    StatusChanged event;
    event.from = from;
    event.to = to;
    return event;
}

// Attaches `bytes` under `name`.
void attach(LayoutFixture& fixture, const std::string& id, const std::string& name, const std::string& bytes) {
    Sha256 sha256;
    ArtifactAttached attached;
    attached.artifact_id = id;
    attached.kind = "log";
    attached.name = name;
    attached.sha256 = to_hex(sha256({bytes}));
    attached.size_bytes = static_cast<std::int64_t>(bytes.size());
    AppendRequest request;
    request.decide = [&](const JournalView&, Time now) -> Result<Batch> {
        Batch batch;
        batch.events.push_back(event_of(stream_name(), attached, now));
        batch.blobs.push_back({*digest_from_hex(attached.sha256), bytes});
        return batch;
    };
    REQUIRE(fixture.journal()->append(request));
}

void fill(LayoutFixture& fixture) {
    fixture.journal().set_time(at("2026-02-23T10:00:00Z"));
    fixture.append(stream_name(1), created("Gateway 5xx"));
    fixture.append("$jobs", empty_payload(EventType::job_started));
    fixture.append(stream_name(1), note("looking"));
    fixture.append(stream_name(2), created("Second"));
    fixture.append(stream_name(1), status(IncidentStatus::open, IncidentStatus::closed));
    attach(fixture, "art_1", "trace.txt", "one\n");
    attach(fixture, "art_2", "trace.txt", "two\n");
    attach(fixture, "art_3", "other.txt", "three\n");
}

}  // namespace

TEST_CASE("the layout has its files, its columns in their order and null written out", "[jsonl_layout]") {
    LayoutFixture fixture;
    fill(fixture);
    const TemporaryDirectory out;
    const JsonlExported exported = fixture.export_to(out.path());
    CHECK(exported.incidents == 2);
    CHECK(exported.events == 7);
    CHECK(exported.artifacts == 3);
    std::string all;
    for (const char* name : {"incidents.jsonl", "artifacts.jsonl"}) all += read_file(out / name);
    CHECK(all == golden("jsonl_layout.txt", all));
    const auto events = lines_of(out / "events.jsonl");
    REQUIRE(events.size() == 7);
    CHECK(member(events[1], "seq") == "3");
}

TEST_CASE("exporting again gives the same bytes and writes no artifact anew", "[jsonl_layout]") {
    LayoutFixture fixture;
    fill(fixture);
    const TemporaryDirectory out;
    CHECK(fixture.export_to(out.path()).files_written == 3);
    std::vector<std::string> first;
    const std::vector<const char*> names{"incidents.jsonl", "events.jsonl", "artifacts.jsonl", "export.json"};
    for (const char* name : names) first.push_back(read_file(out / name));
    CHECK(fixture.export_to(out.path()).files_written == 0);
    for (std::size_t i = 0; i < names.size(); ++i) CHECK(read_file(out / names[i]) == first[i]);
}

TEST_CASE("the same prefix gives the same bytes when the journal has grown", "[jsonl_layout]") {
    LayoutFixture fixture;
    fill(fixture);
    const TemporaryDirectory before;
    const TemporaryDirectory after;
    fixture.export_to(before.path(), 5);
    fixture.append(stream_name(2), note("later"));
    fixture.export_to(after.path(), 5);
    for (const char* name : {"incidents.jsonl", "events.jsonl", "artifacts.jsonl", "export.json"}) {
        CHECK(read_file(before / name) == read_file(after / name));
    }
}

TEST_CASE("export.json names the journal, the lines of its files, and the digest of every file", "[jsonl_layout]") {
    LayoutFixture fixture;
    fill(fixture);
    const TemporaryDirectory out;
    fixture.export_to(out.path());
    const std::string text = read_file(out / "export.json");
    Sha256 sha256;
    CHECK(member(text, "size") == "8");
    CHECK(member(text, "root") == '"' + to_hex(fixture.journal()->snapshot()->root(sha256, 8)) + '"');
    CHECK(member(text, "origin") == '"' + fixture.journal()->snapshot()->origin() + '"');
    JsonReader reader;
    const auto value = reader.read(text);
    for (const char* name : {"incidents.jsonl", "events.jsonl", "artifacts.jsonl"})
        CHECK((*value)->find("lines")->find(name)->integer == static_cast<std::int64_t>(lines_of(out / name).size()));
    const JsonValue* files = (*value)->find("files");
    REQUIRE(files != nullptr);
    CHECK(files->size == 6);
    for (const JsonMember& file : files->members()) {
        CHECK(file.value.text() == to_hex(sha256({read_file(out / file.name)})));
    }
}

TEST_CASE("the newest artifact of a name has the file, what it replaced is kept beside it", "[jsonl_layout]") {
    LayoutFixture fixture;
    fill(fixture);
    const TemporaryDirectory out;
    fixture.export_to(out.path());
    Sha256 sha256;
    CHECK(read_file(out / (stream_name() + "/trace.txt")) == "two\n");
    CHECK(read_file(out / replaced_path(stream_name(), to_hex(sha256({"one\n"})))) == "one\n");

    LayoutFixture again(2);
    again.import_from(out.path());
    CHECK(again.refusals().empty());
    const TemporaryDirectory out_again;
    again.export_to(out_again.path());
    CHECK(read_file(out / "artifacts.jsonl").size() == read_file(out_again / "artifacts.jsonl").size());
    CHECK(read_file(out / "incidents.jsonl") == read_file(out_again / "incidents.jsonl"));
    CHECK(again.journal()->snapshot()->blob(sha256({"one\n"})) == "one\n");
}

TEST_CASE("nothing but the files is left in the directory", "[jsonl_layout]") {
    LayoutFixture fixture;
    fill(fixture);
    const TemporaryDirectory out;
    fixture.export_to(out.path());
    int entries = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(out.path())) entries += entry.is_regular_file() ? 1 : 0;
    CHECK(entries == 7);
}

TEST_CASE("a file of an artifact that is no part of the export any more is removed, other files are not", "[jsonl_layout]") {
    LayoutFixture fixture;
    fill(fixture);
    const TemporaryDirectory out;
    fixture.export_to(out.path());
    write_file(out / (stream_name() + "/notes-of-mine.txt"), "mine");
    fixture.export_to(out.path(), 5);
    CHECK_FALSE(std::filesystem::exists(out / (stream_name() + "/trace.txt")));
    CHECK(std::filesystem::exists(out / (stream_name() + "/notes-of-mine.txt")));
}

TEST_CASE("the file of an artifact that another journal's export.json names is not removed", "[jsonl_layout]") {
    LayoutFixture fixture;
    fill(fixture);
    const TemporaryDirectory out;
    fixture.export_to(out.path());
    std::string text = read_file(out / "export.json");
    const std::string origin = fixture.journal()->snapshot()->origin();
    text.replace(text.find(origin), origin.size(), "another");
    write_file(out / "export.json", text);
    fixture.export_to(out.path(), 5);
    CHECK_FALSE(read_file(out / (stream_name() + "/trace.txt")).empty());
}
