// What changed between two moments, and by whom.
#include <catch2/catch.hpp>

#include "projections/incident_diff.hpp"
#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

const std::string stream = stream_name();

IncidentCreated opening(std::string_view time) {
    IncidentCreated created;
    created.service = "gateway";
    created.env = "prod";
    created.title = "Gateway 5xx";
    created.started_at = at(time);
    return created;
}

StatusChanged status(IncidentStatus from, IncidentStatus to) {
    StatusChanged changed;
    changed.from = from;
    changed.to = to;
    return changed;
}

SeverityChanged severity(Severity from, Severity to) {
    SeverityChanged changed;
    changed.from = from;
    changed.to = to;
    return changed;
}

// Each event is recorded a day after the one before it, whenever it occurred.
struct Told {
    TestJournal journal;

    void tell(std::string_view time, const Payload& payload, std::string actor = "ada") {
        NewEvent event = event_of(stream, payload, at(time));
        event.actor = std::move(actor);
        AppendRequest request;
        request.decide = [&](const JournalView&, Time) -> Result<Batch> { return Batch{{event}, {}, {}}; };
        REQUIRE(journal->append(request));
        journal.advance(std::chrono::days(1));
    }
    IncidentDiff diff(const Horizon& from, const Horizon& to, Time from_time = {}) {
        const auto snapshot = journal->snapshot();
        return incident_diff(*snapshot, {*snapshot->stream_number(stream), from, to, from_time});
    }
};

const IncidentDiff::Change* change_of(const IncidentDiff& diff, std::string_view field) {
    for (const auto& change : diff.changes) {
        if (change.field == field) return &change;
    }
    return nullptr;
}

std::vector<std::uint64_t> seqs(const std::vector<IncidentDiff::Event>& events) {
    std::vector<std::uint64_t> seqs;
    for (const auto& event : events) seqs.push_back(event.sequence.value);
    return seqs;
}

std::vector<std::uint64_t> seqs(const std::vector<IncidentDiff::Entry>& entries) {
    std::vector<std::uint64_t> seqs;
    for (const auto& entry : entries) seqs.push_back(entry.event.sequence.value);
    return seqs;
}

}  // namespace

TEST_CASE("a diff on the clock of recording names the new events and who they are by", "[incident_diff]") {
    Told told;
    told.tell("2026-02-23T10:00:00Z", opening("2026-02-23T10:00:00Z"));
    told.tell("2026-02-23T10:10:00Z", severity(Severity::p2, Severity::p0), "sofiia");
    told.tell("2026-02-23T10:20:00Z", severity(Severity::p0, Severity::p1), "helion");
    told.tell("2026-02-23T10:30:00Z", note("quiet now"));
    const IncidentDiff diff = told.diff({1, {}}, {4, {}});
    REQUIRE(diff.changes.size() == 1);
    CHECK(diff.changes[0].field == "severity");
    CHECK(diff.changes[0].from == "\"P2\"");
    CHECK(diff.changes[0].to == "\"P1\"");
    CHECK(seqs(diff.changes[0].events) == std::vector<std::uint64_t>{2, 3});
    CHECK(diff.changes[0].events[0].actor == "sofiia");
    CHECK(diff.changes[0].events[1].actor == "helion");
    CHECK(seqs(diff.entries) == std::vector<std::uint64_t>{2, 3, 4});
    CHECK(diff.entries[2].message == "quiet now");
    CHECK(told.diff({4, {}}, {4, {}}).nothing());
}

TEST_CASE("a field that is as it was before is no change, though events touched it", "[incident_diff]") {
    Told told;
    told.tell("2026-02-23T10:00:00Z", opening("2026-02-23T10:00:00Z"));
    told.tell("2026-02-23T10:10:00Z", severity(Severity::p2, Severity::p0));
    told.tell("2026-02-23T10:20:00Z", severity(Severity::p0, Severity::p2));
    const IncidentDiff diff = told.diff({1, {}}, {3, {}});
    CHECK(diff.changes.empty());
    CHECK(diff.entries.size() == 2);
}

TEST_CASE("before the incident was there every field was nothing", "[incident_diff]") {
    Told told;
    told.tell("2026-02-23T10:00:00Z", opening("2026-02-23T10:00:00Z"));
    const IncidentDiff diff = told.diff({0, {}}, {1, {}});
    CHECK(!diff.existed);
    CHECK(diff.exists);
    REQUIRE(change_of(diff, "title") != nullptr);
    CHECK(change_of(diff, "title")->from == "null");
    CHECK(change_of(diff, "title")->to == "\"Gateway 5xx\"");
    CHECK(change_of(diff, "summary") == nullptr);
}

TEST_CASE("late and corrected entries are told as such on the clock of recording, and in their place on the other",
          "[incident_diff]") {
    Told told;
    told.tell("2026-02-23T10:00:00Z", opening("2026-02-23T10:00:00Z"));
    told.tell("2026-02-23T10:40:00Z", note("on time"));
    told.tell("2026-02-23T10:05:00Z", note("late"));
    EntryCorrected corrected;
    corrected.message = "late, and right";
    corrected.corrects = 3;
    told.tell("2026-02-25T12:00:00Z", corrected);

    const IncidentDiff known = told.diff({2, {}}, {4, {}}, at("2026-02-24T10:00:00Z"));
    REQUIRE(seqs(known.entries) == std::vector<std::uint64_t>{3, 4});
    CHECK(known.entries[0].late);
    CHECK(!known.entries[0].corrects);
    CHECK(!known.entries[1].late);
    CHECK(known.entries[1].corrects == Sequence{3});

    const auto until = [](std::string_view time) { return Horizon{UINT64_MAX, at(time)}; };
    const IncidentDiff true_then =
        told.diff(until("2026-02-23T10:04:00Z"), until("2026-02-23T11:00:00Z"), at("2026-02-23T10:04:00Z"));
    REQUIRE(seqs(true_then.entries) == std::vector<std::uint64_t>{2, 3});
    CHECK(!true_then.entries[1].late);
}

TEST_CASE("a late event that makes an old one count is named, and so is the old one", "[incident_diff]") {
    Told told;
    told.tell("2026-02-23T10:00:00Z", opening("2026-02-23T10:00:00Z"));
    told.tell("2026-02-23T12:00:00Z", status(IncidentStatus::open, IncidentStatus::mitigated));
    told.tell("2026-02-23T11:00:00Z", status(IncidentStatus::mitigated, IncidentStatus::resolved));
    const auto until = [](std::string_view time) { return Horizon{UINT64_MAX, at(time)}; };
    // At 11:30 the resolution had nothing to follow; at 12:00 it has.
    const IncidentDiff diff = told.diff(until("2026-02-23T11:30:00Z"), until("2026-02-23T12:00:00Z"));
    const auto* change = change_of(diff, "status");
    REQUIRE(change != nullptr);
    CHECK(change->from == "\"open\"");
    CHECK(change->to == "\"resolved\"");
    CHECK(seqs(change->events) == std::vector<std::uint64_t>{2, 3});
    CHECK(seqs(diff.entries) == std::vector<std::uint64_t>{2});
}

TEST_CASE("incident diff prints for people, for programs and for reports", "[incident_diff]") {
    const Program daybook;
    const std::string id =
        daybook.out({"--now", "2026-02-23T10:00:00Z", "incident", "create", "--service", "gateway", "--title", "Gateway 5xx"});
    daybook.out({"--agent", "sofiia", "incident", "severity", id, "P0", "--occurred-at", "2026-02-23T10:30:00Z"});
    daybook.out({"--agent", "helion", "note", id, "rolled \"2.7\" back", "--occurred-at", "2026-02-23T09:59:00Z"});

    const std::string json = daybook.out({"incident", "diff", id, "--from", "1", "-o", "json"});
    CHECK(json.find("\"changes\":[{\"field\":\"severity\",\"from\":\"P2\",\"to\":\"P0\",\"events\":[{\"seq\":2,\"ts\":\"2026-02-"
                    "23T10:30:00Z\"") != std::string::npos);
    CHECK(json.find("\"actor\":\"sofiia\"}]}]") != std::string::npos);
    CHECK(json.find("\"message\":\"rolled \\\"2.7\\\" back\",\"corrects\":null,\"late\":true}]") != std::string::npos);

    const std::string table = daybook.out({"incident", "diff", id, "--from", "1", "--to", "2", "-o", "table"});
    CHECK(table.find("severity") != std::string::npos);
    CHECK(table.find("sofiia") != std::string::npos);
    CHECK(table.find("helion") == std::string::npos);

    const std::string markdown =
        daybook.out({"incident", "diff", id, "--from", "2026-02-23T10:10:00Z", "--clock", "occurred", "-o", "markdown"});
    CHECK(markdown.starts_with("# What changed in " + id));
    CHECK(markdown.find("| severity | P2 ") != std::string::npos);
    CHECK(markdown.find("rolled") == std::string::npos);  // it was true before

    CHECK(lines_of(daybook.out({"incident", "diff", id, "--from", "1"})).size() == 3);  // in a pipe: a change, two entries
    CHECK(daybook.run({"incident", "diff", id, "--from", "3"}).err.find("nothing changed") != std::string::npos);
}

TEST_CASE("incident diff refuses moments that make no sense", "[incident_diff]") {
    const Program daybook;
    const std::string id =
        daybook.out({"--now", "2026-02-23T10:00:00Z", "incident", "create", "--service", "gateway", "--title", "Gateway 5xx"});
    daybook.out({"note", id, "one more"});
    const auto diff = [&](std::vector<std::string> options) {
        options.insert(options.begin(), {"incident", "diff", id});
        return daybook.run(options).status;
    };
    CHECK(diff({"--from", "2", "--to", "1"}) == 2);
    CHECK(diff({"--from", "3"}) == 2);
    CHECK(diff({"--from", "1", "--clock", "occurred"}) == 2);
    CHECK(diff({"--from", "yesterday"}) == 2);
    CHECK(diff({"--from", "1", "--clock", "wall"}) == 2);
    CHECK(diff({"--from", "0", "--to", "0"}) == 5);
    CHECK(daybook.run({"incident", "diff", "inc_20260223_1000_aaaa", "--from", "1"}).status == 5);
}
