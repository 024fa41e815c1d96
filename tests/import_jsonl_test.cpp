#include "ingest/import_jsonl.hpp"

#include <map>

#include <catch2/catch.hpp>

#include "tests/layout_fixture.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

const std::string id = "inc_20260223_1000_aaaa";
const std::string row = R"({"id":"inc_20260223_1000_aaaa","service":"gateway","title":"5xx","started_at":"2026-02-23T10:00:00Z")";

std::string event(std::string_view ts, std::string_view type, std::string_view message, std::string_view more = "") {
    return R"({"incident_id":")" + id + R"(","ts":"2026-02-23T)" + std::string(ts) + R"(Z","type":")" + std::string(type) +
           R"(","message":")" + std::string(message) + '"' + std::string(more) + "}\n";
}

const std::string creation =
    event("10:00:00", "incident_created", "opened",
          R"(,"meta":{"service":"gateway","env":"prod","severity":"P2","title":"5xx","started_at":"2026-02-23T10:00:00Z"})");

struct Import {
    TemporaryDirectory directory;
    LayoutFixture fixture;
    ImportCounts counts;

    Import(std::string_view incidents, std::string_view events, std::string_view artifacts = "") {
        write_layout(directory.path(), incidents, events, artifacts);
        counts = fixture.import_from(directory.path());
    }
    ImportCounts again() { return fixture.import_from(directory.path()); }
    std::string column(std::string_view name) { return member(fixture.row_of(id), name); }
};

using Types = std::vector<std::string>;

}  // namespace

TEST_CASE("a row with what it needs, and no events, becomes an incident with the defaults", "[import_jsonl]") {
    Import import(row + "}\n", "");
    CHECK(import.fixture.refusals().empty());
    CHECK(import.fixture.types() == Types{"incident_created"});
    CHECK(import.column("env") == "\"prod\"");
    CHECK(import.column("severity") == "\"P2\"");
    CHECK(import.column("status") == "\"open\"");
    CHECK(import.column("created_by") == "\"import\"");
    CHECK(import.column("created_at") == "\"2026-02-23T10:00:00Z\"");
    CHECK(import.counts.lines.taken == 1);
    CHECK(import.counts.synthesised == 1);
}

TEST_CASE("columns that daybook does not know are kept in meta", "[import_jsonl]") {
    Import import(row + R"(,"region":"eu","meta":{"team":"a"}})" + '\n',
                  event("10:01:00", "note", "hm", R"(,"host":"n1","meta":{"x":1})"));
    CHECK(import.column("meta") == R"({"region":"eu","team":"a"})");
    CHECK(import.fixture.payload_at(2) == R"({"message":"hm","meta":{"host":"n1","x":1}})");
}

TEST_CASE("events without seq are taken by ts, then as in the file", "[import_jsonl]") {
    Import import(row + "}\n",
                  event("10:02:00", "note", "c") + event("10:01:00", "note", "a") + event("10:01:00", "note", "b") + creation);
    REQUIRE(import.fixture.types() == Types{"incident_created", "note", "note", "note"});
    CHECK(import.fixture.payload_at(2) == R"({"message":"a"})");
    CHECK(import.fixture.payload_at(3) == R"({"message":"b"})");
    CHECK(import.fixture.payload_at(4) == R"({"message":"c"})");
}

TEST_CASE("events with seq are taken in that order", "[import_jsonl]") {
    Import import(row + "}\n", event("10:01:00", "note", "b", ",\"seq\":20") + event("10:02:00", "note", "a", ",\"seq\":3"));
    CHECK(import.fixture.payload_at(2) == R"({"message":"a"})");
    CHECK(import.fixture.payload_at(3) == R"({"message":"b"})");
}

TEST_CASE("an incident's creation is taken first, wherever it stands", "[import_jsonl]") {
    Import import(row + "}\n", event("09:58:00", "note", "before the alarm") + creation);
    CHECK(import.fixture.refusals().empty());
    CHECK(import.fixture.types() == Types{"incident_created", "note"});
}

TEST_CASE("event_id, actor, source and, in an empty journal, recorded_at are kept", "[import_jsonl]") {
    const std::string line =
        event("10:01:00", "note", "hm",
              R"(,"event_id":"ev-7","actor":"ada","source":"oncall_tool","recorded_at":"2026-02-23T10:01:05Z")");
    {
        Import import(row + "}\n",
                      creation.substr(0, creation.size() - 2) + R"(,"recorded_at":"2026-02-23T10:00:01Z"})" + '\n' + line);
        const auto snapshot = import.fixture.journal()->snapshot();
        const auto record = snapshot->record({2});
        CHECK(record->event_id() == "ev-7");
        CHECK(snapshot->name({record->header().actor}) == "ada");
        CHECK(snapshot->name({record->header().source}) == "oncall_tool");
        CHECK(record->recorded_at() == at("2026-02-23T10:01:05Z"));
        CHECK(snapshot->name({snapshot->record({1})->header().actor}) == "import");
    }
    LayoutFixture busy;
    busy.append("$jobs", note("something else"));
    const TemporaryDirectory directory;
    write_layout(directory.path(), row + "}\n", creation + line);
    busy.import_from(directory.path());
    CHECK(busy.journal()->snapshot()->record({3})->recorded_at() == busy.journal().now());
}

TEST_CASE("rows around an incident that is made from its row, and around one without recorded_at, keep theirs", "[import_jsonl]") {
    const std::string other = "inc_20260223_1000_bbbb";
    const auto recorded = [](std::string line, std::string_view time) {
        return line.insert(line.rfind('}'), R"(,"recorded_at":"2026-02-23T)" + std::string(time) + "Z\"");
    };
    const auto of_other = [&](std::string line) { return line.replace(line.find(id), id.size(), other); };
    std::string other_row = row + "}\n";
    other_row.replace(other_row.find(id), id.size(), other);
    Import import(row + "}\n" + other_row, recorded(creation, "10:00:01") + recorded(event("10:01:00", "note", "a"), "10:01:01") +
                                               recorded(of_other(event("10:02:00", "note", "b")), "10:02:01") +
                                               event("10:03:00", "note", "c") +
                                               recorded(event("10:04:00", "note", "d"), "10:04:01"));
    CHECK(import.fixture.types() == Types{"incident_created", "note", "incident_created", "note", "note", "note"});
    std::vector<std::string> times;
    const auto snapshot = import.fixture.journal()->snapshot();
    for (std::uint64_t seq = 1; seq <= 6; ++seq) times.push_back(format_time(snapshot->record({seq})->recorded_at()).substr(11, 8));
    CHECK(times == std::vector<std::string>{"10:00:01", "10:01:01", "10:02:01", "10:02:01", "10:02:01", "10:04:01"});
}

TEST_CASE("a row that was recorded after now is refused at each import, and later events are recorded when they come",
          "[import_jsonl]") {
    const auto of_9999 = [](std::string_view text) {
        return event("10:01:00", "note", text, R"(,"recorded_at":"9999-01-01T00:00:00Z")");
    };
    Import import(row + "}\n", creation + of_9999("ahead"));
    for (int run = 0; run < 2; ++run) {
        CHECK(import.fixture.types() == Types{"incident_created"});
        REQUIRE(import.fixture.refusals().size() == 1);
        CHECK(import.fixture.refusals()[0].starts_with("events.jsonl:2 /recorded_at: recorded_at lies after now"));
        import.again();
    }
    import.fixture.append(id, note("after it"));
    CHECK(import.fixture.journal()->snapshot()->record({2})->recorded_at() == import.fixture.journal().now());
}

TEST_CASE("an event_id or followup_id with a control character is refused, and another text is taken", "[import_jsonl]") {
    const auto taken = [](const std::string& event_id, const std::string& followup_id) {
        const std::string more =
            R"(,"event_id":")" + event_id + R"(","meta":{"title":"Add a canary","followup_id":")" + followup_id + "\"}";
        Import import(row + "}\n", creation + event("10:01:00", "followup", "", more));
        return import.fixture.refusals().empty();
    };
    CHECK(taken("ev 1.ä", "fu 1.ä"));
    for (const char* control : {R"(\r\nX-Injected: yes)", R"(\t)", R"(\u001b)", R"(\u007f)"}) {
        CHECK_FALSE(taken("ev1" + std::string(control), "fu1"));
        CHECK_FALSE(taken("ev1", "fu1" + std::string(control)));
    }
}

TEST_CASE("importing again changes nothing", "[import_jsonl]") {
    Import import(row + R"(,"status":"resolved","ended_at":"2026-02-23T11:00:00Z"})" + '\n',
                  creation + event("10:01:00", "note", "hm") + event("10:01:00", "note", "hm", ",\"event_id\":\"e1\""));
    const std::uint64_t size = import.fixture.journal().size();
    const ImportCounts again = import.again();
    CHECK(import.fixture.journal().size() == size);
    CHECK(again.lines.read == 4);
    CHECK(again.lines.duplicate == 4);
    CHECK(again.lines.taken == 0);
    CHECK(again.events == 0);
}

TEST_CASE("a type outside the catalogue becomes a note that says so", "[import_jsonl]") {
    Import import(row + "}\n", event("10:01:00", "page_sent", "paged ada", R"(,"meta":{"to":"ada","meta":{"a":1}})") +
                                   event("10:02:00", "job_started", "a job", R"(,"meta":{"run_id":"r"})"));
    CHECK(import.fixture.refusals().empty());
    CHECK(import.fixture.types() == Types{"incident_created", "note", "note"});
    CHECK(import.fixture.payload_at(2) ==
          R"({"message":"paged ada","meta":{"legacy_type":"page_sent","meta":{"a":1},"to":"ada"}})");
    CHECK(import.fixture.payload_at(3) == R"({"message":"a job","meta":{"legacy_type":"job_started","run_id":"r"}})");
}

TEST_CASE("fields that a type does not know go into its free meta", "[import_jsonl]") {
    Import import(row + "}\n", event("10:01:00", "status_changed", "done",
                                     R"(,"meta":{"from":"open","to":"resolved","ticket":7,"meta":{"a":1}})"));
    CHECK(import.fixture.payload_at(2) == R"({"from":"open","message":"done","meta":{"a":1,"ticket":7},"to":"resolved"})");
}

TEST_CASE("a from that does not fit is corrected to the state there was", "[import_jsonl]") {
    Import import(row + "}\n", event("10:01:00", "status_changed", "x", R"(,"meta":{"from":"closed","to":"mitigated"})") +
                                   event("10:02:00", "severity_changed", "y", R"(,"meta":{"from":"P0","to":"P1"})") +
                                   event("10:03:00", "followup", "z", R"(,"meta":{"followup_id":"fu_1","title":"t"})") +
                                   event("10:04:00", "followup_status_change", "w",
                                         R"(,"meta":{"followup_id":"fu_1","from":"blocked","to":"done"})"));
    CHECK(import.fixture.refusals().empty());
    CHECK(member(import.fixture.payload_at(2), "from") == "\"open\"");
    CHECK(member(import.fixture.payload_at(3), "from") == "\"P2\"");
    CHECK(member(import.fixture.payload_at(5), "from") == "\"open\"");
}

TEST_CASE("due_date is read as due_at, and a bare date means the end of its day", "[import_jsonl]") {
    Import import(
        row + "}\n",
        event("10:01:00", "followup", "a", R"(,"meta":{"title":"t","due_date":"2026-03-02","owner":"ada","priority":"P1"})") +
            event("10:02:00", "followup", "b", R"(,"meta":{"title":"u","due_date":"2026-03-02T10:00:00+01:00"})"));
    CHECK(member(import.fixture.payload_at(2), "due_at") == "\"2026-03-03T00:00:00Z\"");
    CHECK(member(import.fixture.payload_at(2), "meta").empty());
    CHECK(member(import.fixture.payload_at(3), "due_at") == "\"2026-03-02T09:00:00Z\"");
}

TEST_CASE("a message that would be made anyway is not stored", "[import_jsonl]") {
    Import import(row + "}\n", event("10:01:00", "acknowledged", "Acknowledged") + event("10:02:00", "note", ""));
    CHECK(import.fixture.payload_at(2) == "{}");
    CHECK(import.fixture.payload_at(3) == R"({"message":""})");
}

TEST_CASE("an incident_created that lacks a field gets it from the incident's row", "[import_jsonl]") {
    Import import(row + R"(,"kind":"http_5xx","severity":"P1","labels":{"a":"b"},"summary":"new"})" + '\n',
                  event("10:00:00", "incident_created", "opened", R"(,"meta":{"title":"Old title"})") +
                      event("10:05:00", "incident_updated", "changed",
                            R"(,"meta":{"changes":{"title":{"from":"Old title","to":"5xx"},"summary":{"from":null,"to":"new"}}})"));
    CHECK(import.fixture.refusals().empty());
    CHECK(import.fixture.payload_at(1) ==
          R"({"env":"prod","kind":"http_5xx","labels":{"a":"b"},"message":"opened","service":"gateway","severity":"P1",)"
          R"("started_at":"2026-02-23T10:00:00Z","title":"Old title"})");
    CHECK(import.fixture.types() == Types{"incident_created", "incident_updated"});
}

TEST_CASE("an alert takes what it lacks from its incident's row", "[import_jsonl]") {
    Import import(row + R"(,"signature":"abc","severity":"P0","kind":"cpu"})" + '\n', event("10:01:00", "alert", "CPU is hot"));
    CHECK(import.fixture.refusals().empty());
    const std::string payload = import.fixture.payload_at(2);
    CHECK(member(payload, "fingerprint") == "\"abc\"");
    CHECK(member(payload, "alert_ref") == "\"abc\"");
    CHECK(member(payload, "service") == "\"gateway\"");
    CHECK(member(payload, "kind") == "\"cpu\"");
    CHECK(member(payload, "severity") == "\"P0\"");
    CHECK(member(payload, "starts_at") == "\"2026-02-23T10:01:00Z\"");
}

TEST_CASE("a follow-up change without its follow-up is refused", "[import_jsonl]") {
    Import import(row + "}\n",
                  event("10:01:00", "followup_status_change", "x", R"(,"meta":{"followup_id":"fu_9","from":"open","to":"done"})"));
    REQUIRE(import.fixture.refusals().size() == 1);
    CHECK(import.fixture.refusals()[0] == "events.jsonl:1 /meta/followup_id: this incident has no follow-up fu_9");
    CHECK(import.counts.lines.refused == 1);
}

TEST_CASE("a correction names the event that it corrects by its new seq", "[import_jsonl]") {
    LayoutFixture fixture;
    fixture.append("$jobs", note("something else"));
    const TemporaryDirectory directory;
    write_layout(directory.path(), row + "}\n",
                 event("10:00:00", "incident_created", "opened", ",\"seq\":40") + event("10:01:00", "note", "tpyo", ",\"seq\":41") +
                     event("10:02:00", "entry_corrected", "typo", R"(,"seq":50,"meta":{"corrects":41})") +
                     event("10:03:00", "entry_corrected", "what", R"(,"seq":51,"meta":{"corrects":2})"));
    fixture.import_from(directory.path());
    CHECK(fixture.payload_at(4) == R"({"corrects":3,"message":"typo"})");
    REQUIRE(fixture.refusals().size() == 1);
    CHECK(fixture.refusals()[0].starts_with("events.jsonl:4 /meta/corrects"));
}

TEST_CASE("bad lines are refused one by one and the rest goes on", "[import_jsonl]") {
    const std::string long_line = event("10:01:00", "note", std::string(1024 * 1024, 'x'));
    Import import(row + "}\n{\"id\":\"inc_1\"}\n" + row + "}\n",
                  "no json\n" + long_line + event("10:01:00", "note", "good") + "\n" +
                      R"({"incident_id":"inc_20260223_1000_bbbb","ts":"2026-02-23T10:00:00Z","type":"note","message":"whose?"})" +
                      "\n" + event("10:02", "note", "no such time") +
                      event("10:03:00", "status_changed", "x", R"(,"meta":{"to":"gone"})") +
                      event("10:04:00", "note", "twice", R"(,"ts":"2026-02-23T10:00:00Z")") +
                      event("10:05:00", "note", "x", R"(,"actor":"a b")"));
    const auto& refusals = import.fixture.refusals();
    REQUIRE(refusals.size() == 9);
    CHECK(refusals[0].starts_with("incidents.jsonl:2 /service"));
    CHECK(refusals[1] == "incidents.jsonl:3 /id: an earlier row has the id " + id);
    std::map<std::string, int> places;
    for (const std::string& refusal : refusals) ++places[refusal.substr(0, refusal.find(": "))];
    CHECK(places.contains("events.jsonl:1 "));
    CHECK(places.contains("events.jsonl:2 "));
    CHECK(places.contains("events.jsonl:5 /incident_id"));
    CHECK(places.contains("events.jsonl:6 /ts"));
    CHECK(places.contains("events.jsonl:7 /meta/to"));
    CHECK(places.contains("events.jsonl:8 /ts"));
    CHECK(places.contains("events.jsonl:9 /actor"));
    CHECK(import.fixture.types() == Types{"incident_created", "note"});
    CHECK(import.counts.lines.read == 11);
    CHECK(import.counts.lines.refused == 9);
}

TEST_CASE("a strict import ends at the first refusal and keeps what came before", "[import_jsonl]") {
    const TemporaryDirectory directory;
    write_layout(directory.path(), row + "}\n",
                 creation + event("10:01:00", "note", "a") + "{}\n" + event("10:02:00", "note", "b"));
    LayoutFixture fixture;
    ImportOptions options;
    options.strict = true;
    const ImportCounts counts = fixture.import_from(directory.path(), options);
    CHECK(fixture.types() == Types{"incident_created", "note"});
    CHECK(counts.lines.refused == 1);
}

TEST_CASE("a dry run says what would be and takes nothing", "[import_jsonl]") {
    const TemporaryDirectory directory;
    write_layout(directory.path(), row + R"(,"status":"closed"})" + '\n',
                 event("10:01:00", "note", "a") + "{}\n" + event("10:01:00", "note", "a"));
    LayoutFixture fixture;
    ImportOptions options;
    options.dry_run = true;
    const ImportCounts dry = fixture.import_from(directory.path(), options);
    CHECK(fixture.journal().size() == 0);
    const ImportCounts real = fixture.import_from(directory.path());
    CHECK(dry.events == real.events);
    CHECK(dry.lines.taken == real.lines.taken);
    CHECK(dry.lines.duplicate == real.lines.duplicate);
    CHECK(dry.lines.refused == 1);
    CHECK(real.events == 3);
}

TEST_CASE("what a changed follow-up can't be is refused by its field, and other fields are kept", "[import_jsonl]") {
    const std::string added = event("10:01:00", "followup", "a canary", R"(,"meta":{"followup_id":"fu_1"})");
    const auto change = [](const std::string& changes) {
        return event("10:02:00", "followup_updated", "changed", R"(,"meta":{"followup_id":"fu_1","changes":)" + changes + "}");
    };
    const std::vector<std::pair<std::string, std::string>> refused{
        {R"({"due_date":{"to":"next sprint"}})", "due_date/to: must be a time (RFC 3339) or a date"},
        {R"({"due_at":{"to":"2026-02-30T00:00:00Z"}})", "due_at/to: must be a time"},
        {R"({"due_at":{"to":5}})", "due_at/to: must be a text"},
        {R"({"due_at":"2026-03-01"})", "due_at: must be an object with `to`"},
        {R"({"priority":{"from":"P2","to":"urgent"}})", "priority/to: must be one of P0"},
        {R"({"priority":{"to":null}})", "priority/to: must be a text"},
        {R"({"owner":{"to":["ada"]}})", "owner/to: must be a text"},
        {R"({"title":{"to":null}})", "title/to: must be a text"}};
    for (const auto& [changes, reason] : refused) {
        INFO(changes);
        Import import(row + "}\n", creation + added + change(changes));
        REQUIRE(import.fixture.refusals().size() == 1);
        CHECK(import.fixture.refusals()[0].starts_with("events.jsonl:3 /meta/changes/" + reason));
    }
    Import import(row + "}\n", creation + added +
                                   change(R"({"due_date":{"from":null,"to":"2026-03-01"},"owner":{"to":null},"points":{"to":5},)"
                                          R"("priority":{"to":"P1"},"title":{"to":"two"}})"));
    CHECK(import.fixture.refusals().empty());
    CHECK(member(import.fixture.payload_at(3), "changes.due_at.to") == "\"2026-03-02T00:00:00Z\"");
    CHECK(member(import.fixture.payload_at(3), "changes.points.to") == "5");
}

TEST_CASE("an incident whose incident_created is refused is made from its row, and its other events are taken", "[import_jsonl]") {
    const std::string bad_severity = event("10:00:00", "incident_created", "opened", R"(,"meta":{"severity":"PX"})");
    const std::string long_service =
        event("10:00:00", "incident_created", "opened", R"(,"meta":{"service":")" + std::string(512, 's') + R"("})");
    for (const std::string& refused : {bad_severity, long_service}) {
        Import import(row + "}\n", refused + event("10:01:00", "note", "after it"));
        CHECK(import.fixture.types() == Types{"incident_created", "note"});
        CHECK(import.fixture.refusals().size() == 1);
        CHECK(import.column("service") == "\"gateway\"");
        CHECK(import.counts.lines.taken == 2);
        CHECK(import.counts.lines.duplicate == 0);
        CHECK(import.again().events == 0);
        Import alone(row + "}\n", refused);
        CHECK(alone.fixture.types() == Types{"incident_created"});
        CHECK(alone.counts.lines.taken == 1);
        CHECK(alone.counts.lines.refused == 1);
    }
}

TEST_CASE("a row that makes no incident, since it is refused too, counts as refused", "[import_jsonl]") {
    std::string kind;  // as many characters as may be, and one byte too many for the journal
    for (int i = 0; i < 128; ++i) kind += "\U0001f600";
    const std::string long_kind = row + R"(,"kind":")" + kind + "\"}\n";
    Import import(long_kind, event("10:00:00", "incident_created", "opened", R"(,"meta":{"severity":"PX"})"));
    CHECK(import.fixture.types().empty());
    CHECK(import.counts.lines.refused == 2);
    CHECK(import.counts.lines.duplicate == 0);
}

TEST_CASE("artifacts come with their bytes, and by an event or by their row alone", "[import_jsonl]") {
    const TemporaryDirectory directory;
    Sha256 sha256;
    const std::string digest = to_hex(sha256({"one\n"}));
    std::filesystem::create_directory(directory / id);
    write_file(directory / (id + "/a.txt"), "one\n");
    write_file(directory / (id + "/b.md"), "two\n");
    write_layout(directory.path(), row + "}\n",
                 event("10:01:00", "artifact_attached", "a file", R"(,"meta":{"artifact_id":"art_1","kind":"log"})"),
                 R"({"artifact_id":"art_1","incident_id":")" + id + R"(","kind":"x","name":"a.txt","sha256":")" + digest +
                     R"(","size_bytes":4})" + '\n' + R"({"incident_id":")" + id + R"(","path":"ops/incidents/)" + id +
                     R"(/b.md","created_at":"2026-02-23T12:00:00Z"})" + '\n' + R"({"incident_id":")" + id +
                     R"(","name":"missing.txt"})" + '\n' + R"({"incident_id":")" + id + R"(","name":"a.txt","path":"../../etc/)" +
                     id + R"(/a.txt"})" + '\n' + R"({"incident_id":")" + id +
                     R"(","artifact_id":"wrong","name":"b.md","sha256":")" + digest + R"(","size_bytes":5})" + '\n');
    LayoutFixture fixture;
    const ImportCounts counts = fixture.import_from(directory.path());
    CHECK(fixture.types() == Types{"incident_created", "artifact_attached", "artifact_attached"});
    CHECK(member(fixture.payload_at(2), "kind") == "\"log\"");
    CHECK(member(fixture.payload_at(2), "sha256") == '"' + digest + '"');
    CHECK(member(fixture.payload_at(3), "name") == "\"b.md\"");
    CHECK(fixture.journal()->snapshot()->blob(*digest_from_hex(digest)) == "one\n");
    REQUIRE(fixture.refusals().size() == 3);
    CHECK(fixture.refusals()[0].starts_with("artifacts.jsonl:4 /path"));
    CHECK(fixture.refusals()[1].starts_with("artifacts.jsonl:3 /name"));
    CHECK(fixture.refusals()[2].starts_with("artifacts.jsonl:5 /size_bytes"));
    CHECK(counts.lines.read == 7);
    CHECK(fixture.import_from(directory.path()).events == 0);
}

TEST_CASE("an artifact of an incident that no event speaks of is taken in the first run", "[import_jsonl]") {
    const TemporaryDirectory directory;
    std::filesystem::create_directory(directory / id);
    write_file(directory / (id + "/a.txt"), "one\n");
    write_layout(directory.path(), row + "}\n", "", R"({"incident_id":")" + id + R"(","name":"a.txt"})" + '\n');
    LayoutFixture fixture;
    const ImportCounts counts = fixture.import_from(directory.path());
    CHECK(fixture.refusals().empty());
    CHECK(fixture.types() == Types{"incident_created", "artifact_attached"});
    CHECK(counts.lines.taken == 2);
    CHECK(fixture.import_from(directory.path()).events == 0);
}

TEST_CASE("an artifact whose id is another artifact's is refused, by an event and by its row, and the views hold all that is taken",
          "[import_jsonl]") {
    const std::string other = "inc_20260223_1100_bbbb";
    const std::string rows =
        row + "}\n" + R"({"id":")" + other + R"(","service":"db","title":"slow","started_at":"2026-02-23T11:00:00Z"})" + '\n';
    const auto artifact = [](const std::string& incident, const std::string& name) {
        return R"({"artifact_id":"art_1","incident_id":")" + incident + R"(","name":")" + name + "\"}\n";
    };
    const TemporaryDirectory directory;
    for (const std::string& incident : {id, other}) {
        std::filesystem::create_directory(directory / incident);
        write_file(directory / (incident + "/a.txt"), "one\n");
    }
    write_layout(directory.path(), rows, "", artifact(id, "a.txt"));
    LayoutFixture fixture;
    fixture.import_from(directory.path());
    CHECK(fixture.refusals().empty());

    write_layout(directory.path(), rows, "", artifact(other, "a.txt"));
    CHECK(fixture.import_from(directory.path()).lines.refused == 1);
    REQUIRE(fixture.refusals().size() == 1);
    CHECK(fixture.refusals()[0] == "artifacts.jsonl:1 /artifact_id: there is an artifact art_1 already");

    Sha256 sha256;
    const std::string attached =
        R"({"incident_id":")" + other +
        R"(","ts":"2026-02-23T11:01:00Z","type":"artifact_attached","message":"a file","meta":{"artifact_id":)" +
        R"("art_1","kind":"log","format":"txt","name":"a.txt","size_bytes":4,"sha256":")" + to_hex(sha256({"one\n"})) + "\"}}\n";
    std::filesystem::remove(directory / "artifacts.jsonl");
    write_layout(directory.path(), rows, attached);
    fixture.import_from(directory.path());
    REQUIRE(fixture.refusals().size() == 1);
    CHECK(fixture.refusals()[0] == "events.jsonl:1 /meta/artifact_id: there is an artifact art_1 already");

    // Both in one run, which is one transaction.
    LayoutFixture at_once;
    std::string twice = attached;
    twice.replace(twice.find(other), other.size(), id);
    write_layout(directory.path(), rows, twice + attached);
    at_once.import_from(directory.path());
    REQUIRE(at_once.refusals().size() == 1);
    CHECK(at_once.refusals()[0].starts_with("events.jsonl:2 /meta/artifact_id"));
    const TemporaryDirectory out;
    CHECK(at_once.export_to(out.path()).artifacts == 1);
}

TEST_CASE("no link leads out of the directory of an artifact", "[import_jsonl]") {
    const TemporaryDirectory directory;
    write_file(directory / "secret.txt", "secret");
    std::filesystem::create_directory(directory / id);
    std::filesystem::create_symlink(directory / "secret.txt", directory / (id + "/a.txt"));
    write_layout(directory.path(), row + "}\n", "", R"({"incident_id":")" + id + R"(","name":"a.txt"})" + '\n');
    LayoutFixture fixture;
    fixture.import_from(directory.path());
    CHECK(fixture.types() == Types{"incident_created"});
    CHECK(fixture.refusals().size() == 1);
}

TEST_CASE("a directory without a layout is not found", "[import_jsonl]") {
    const TemporaryDirectory directory;
    LayoutFixture fixture;
    ImportOptions options;
    options.directory = directory.path();
    const auto counts = import_jsonl(*fixture.journal(), fixture.index(), options);
    REQUIRE_FALSE(counts);
    CHECK(counts.refusal().code == RefusalCode::not_found);
}
