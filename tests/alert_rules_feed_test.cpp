// Whole feeds through the rules: in any order, again, in parts, by two processes at once.
#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "tests/desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::int64_t below(int end) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, end)); }
std::string digits(std::int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); }

// A record about one of a few alerts of a few signatures, within four hours.
Report any_report(int number) {
    const std::string time = digits(10 + below(4)) + ':' + digits(below(60));
    Report report = below(5) < 3 ? Report::firing(time) : Report::resolved(time);
    report.id("r" + std::to_string(number)).kind("kind-" + std::to_string(below(3))).ref("alert-" + std::to_string(below(4)));
    report.severity("P" + std::to_string(below(5)));
    switch (below(12)) {
        case 0: report.decision("create"); break;
        case 1: report.decision("update"); break;
        case 2: report.decision("ignore"); break;
        default: break;
    }
    if (below(4) == 0) report.set("notes", R"(["n"])");
    if (below(6) == 0) report.set("followups", R"([{"title":"f"},{"title":"g"}])");
    if (below(6) == 0) report.set("escalation", R"({"level":1,"target":"helion"})");
    return report;
}

TriagePolicy any_policy() {
    TriagePolicy policy;
    policy.auto_resolve = below(4) != 0;
    EscalationPolicy storm;
    storm.name = "storm";
    storm.target = "helion";
    storm.alerts = 3;
    storm.minutes = 20;
    EscalationPolicy bad;
    bad.name = "bad";
    bad.target = "sofiia";
    bad.level = 2;
    bad.severity = Severity::p1;
    policy.escalation = {storm, bad};
    return policy;
}

std::vector<std::string> any_feed() {
    std::vector<std::string> lines;
    for (std::int64_t i = 1 + below(60); i > 0; --i) lines.push_back(any_report(static_cast<int>(i)).line() + '\n');
    return lines;
}

std::string joined(const std::vector<std::string>& lines, std::size_t from = 0, std::size_t to = SIZE_MAX) {
    std::string text;
    for (std::size_t i = from; i < std::min(to, lines.size()); ++i) text += lines[i];
    return text;
}

// A person at work while the feed comes in: any change of any incident.
void meddle(Desk& desk) {
    const auto rows = desk.incidents();
    if (rows.empty()) return;
    const IncidentRow& row = rows[static_cast<std::size_t>(below(static_cast<int>(rows.size())))];
    const auto time = digits(10 + below(4)) + ':' + digits(below(60));
    const auto statuses = {IncidentStatus::open, IncidentStatus::mitigated, IncidentStatus::resolved, IncidentStatus::closed};
    switch (below(4)) {
        case 0:
            (void)desk.commands().run(ChangeStatus{row.id, *rc::gen::elementOf(std::vector(statuses)), {}, {}}, Desk::by_ada(time));
            break;
        case 1:
            (void)desk.commands().run(ChangeSeverity{row.id, static_cast<Severity>(below(5)), {}, {}}, Desk::by_ada(time));
            break;
        case 2: (void)desk.commands().run(Acknowledge{row.id, {}}, Desk::by_ada(time)); break;
        default:
            (void)desk.commands().run(LinkIncident{row.id, LinkRelation::duplicate_of, rows.back().id, {}}, Desk::by_ada(time));
            break;
    }
}

// What there is of each incident, without the ids, which are random.
std::vector<std::string> incidents_of(Desk& desk) {
    std::vector<std::string> all;
    const auto time = [](std::int64_t micros) {
        return micros == RecordHeader::no_time ? std::string("-") : format_time(from_micros(micros));
    };
    for (const IncidentRow& row : desk.incidents()) {
        const IncidentState& state = row.state;
        all.push_back(row.signature.value_or("") + ' ' + row.title + ' ' + std::string(to_text(state.severity)) + ' ' +
                      std::string(to_text(state.status)) + ' ' + time(state.started_at) + ' ' + time(state.resolved_at) + ' ' +
                      std::to_string(state.event_count));
    }
    return all;
}

// Everything that happened, but for what is random.
std::string story_of(const Journal& journal) {
    std::string story;
    const Snapshot snapshot = journal.snapshot();
    snapshot->scan({1}, UINT64_MAX, [&](const RecordView& record) {
        story += std::to_string(record.header().stream) + ' ' + std::string(to_text(record.type())) + ' ' +
                 format_time(record.occurred_at()) + ' ' + std::string(record.key().value_or("")) + '\n';
        return true;
    });
    return story;
}
std::string story_of(const std::filesystem::path& directory) {
    SystemEntropy entropy;
    JournalOptions options;
    options.clock = [] { return when("12:00"); };
    options.entropy = &entropy;
    options.read_only = true;
    return story_of(Journal(directory, std::move(options)));
}

// The records whose alert is in the journal, each with how often.
std::map<std::string, int> places_of_alerts(Desk& desk) {
    std::map<std::string, int> places;
    for (const SeenEvent& event : desk.events()) {
        if (event.type != EventType::alert && event.type != EventType::alert_ignored) continue;
        CHECK((event.type == EventType::alert_ignored) == (event.stream == "$triage"));
        const std::size_t start = std::string("alert_triage:").size();
        ++places[event.key.substr(start, event.key.find('#') - start)];
    }
    return places;
}

}  // namespace

TEST_CASE("records in any order, with people at work between them, never corrupt state") {
    CHECK(rc::check([] {
        Desk desk(any_policy());
        std::vector<std::string> lines = any_feed();
        for (std::size_t i = lines.size(); i > 1; --i)
            std::swap(lines[i - 1], lines[static_cast<std::size_t>(below(static_cast<int>(i)))]);
        std::size_t done = 0;
        while (done < lines.size()) {
            const std::size_t next = done + 1 + static_cast<std::size_t>(below(20));
            const IngestCounts counts = desk.ingest(joined(lines, done, next));
            RC_ASSERT(counts.refused == 0U);
            RC_ASSERT(counts.duplicate == 0U);
            if (below(2) == 0) meddle(desk);
            done = next;
        }
        RC_ASSERT(desk.problems() == "");
        const auto places = places_of_alerts(desk);
        RC_ASSERT(places.size() == lines.size());
        RC_ASSERT(std::all_of(places.begin(), places.end(), [](const auto& place) { return place.second == 1; }));

        const std::uint64_t size = desk.size();
        const IngestCounts again = desk.ingest(joined(lines));
        RC_ASSERT(again.duplicate == lines.size());
        RC_ASSERT(desk.size() == size);
    }));
}

TEST_CASE("a feed that comes twice, or in halves that overlap, gives the incidents of one whole run") {
    CHECK(rc::check([] {
        const TriagePolicy policy = any_policy();
        const std::vector<std::string> lines = any_feed();
        Desk whole(policy);
        whole.ingest(joined(lines));
        const auto incidents = incidents_of(whole);

        Desk parts(policy, 2);
        const auto middle = static_cast<std::size_t>(below(static_cast<int>(lines.size()) + 1));
        const std::size_t overlap = std::min(middle, static_cast<std::size_t>(below(10)));
        parts.ingest(joined(lines, 0, middle));
        parts.ingest(joined(lines, middle - overlap));
        RC_ASSERT(incidents_of(parts) == incidents);
        parts.ingest(joined(lines));
        RC_ASSERT(incidents_of(parts) == incidents);
        RC_ASSERT(parts.size() == whole.size());
    }));
}

TEST_CASE("a backfill gives the incidents that a live feed would have given") {
    CHECK(rc::check([] {
        const TriagePolicy policy = any_policy();
        const std::string feed = joined(any_feed());
        Desk live(policy);
        live.ingest(feed);

        Desk later(policy, 2);
        std::string next_year = feed;
        for (const auto& [from, to] : {std::pair{"2026-", "2027-"}, std::pair{"\"triage_id\":\"r", "\"triage_id\":\"s"}}) {
            for (std::size_t at = next_year.find(from); at != std::string::npos; at = next_year.find(from, at)) {
                next_year.replace(at, std::string(from).size(), to);
            }
        }
        later.ingest(next_year);
        const auto before = static_cast<std::ptrdiff_t>(later.incidents().size());
        later.ingest(feed);
        auto backfilled = incidents_of(later);
        backfilled.erase(backfilled.begin(), backfilled.begin() + before);
        RC_ASSERT(backfilled == incidents_of(live));
    }));
}

TEST_CASE("two processes that take the same feed at once give the incidents of one") {
    const std::string monday = read_file(project_file("fixtures/triage/monday.jsonl"));
    Desk alone;
    const IngestCounts counts = alone.ingest(monday);
    CHECK(counts.read == 33);
    CHECK(counts.ignored == 2);
    CHECK(counts.refused == 0);

    TestJournal shared;
    shared.close();
    const TemporaryDirectory directory;
    const auto input = directory / "feed.jsonl";
    write_file(input, monday);
    const auto take = [&] {
        DecisionIndex index;
        SystemEntropy entropy;
        JournalOptions options;
        options.clock = [] { return when("12:00"); };
        options.entropy = &entropy;
        options.indexes = {&index};
        Journal journal(shared.directory(), std::move(options));
        const TriagePolicy policy;
        IngestOptions ingest;
        ingest.caller = "feed";
        const IngestCounts taken = ingest_file({journal, index, policy, entropy}, input, ingest);
        return std::to_string(taken.taken + taken.ignored) + ' ' + std::to_string(taken.duplicate) + ' ' +
               std::to_string(taken.refused);
    };
    Child one(take);
    Child two(take);
    const std::set<std::string> answers{one.wait(), two.wait()};
    CHECK(answers == std::set<std::string>{"33 0 0", "0 33 0"});
    CHECK(story_of(shared.directory()) == story_of(*alone.journal()));
}
