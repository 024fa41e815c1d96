#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include <algorithm>

#include "replay/views.hpp"
#include "tests/desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// Views without a home: an environment alone.
class BareViews {
public:
    explicit BareViews(const Journal& journal) : journal_(journal), environment_(directory_ / "views", options()) {}

    std::vector<Parked> run(std::uint64_t size, std::string_view only = {}, std::optional<Time> as_of = {}) {
        return Replayer(journal_, environment_, only).run({size, as_of}, [this](Sequence at) { reached.push_back(at.value); });
    }
    std::vector<Views::StateDigest> digests() { return state_digests(environment_); }
    lmdb::Transaction read() { return lmdb::Transaction(environment_, lmdb::Transaction::Kind::read); }
    std::vector<std::uint64_t> reached;

private:
    static lmdb::Options options() {
        lmdb::Options options;
        options.tables_max = 24;
        options.durable = false;
        return options;
    }
    TemporaryDirectory directory_;
    const Journal& journal_;
    lmdb::Environment environment_;
};

std::string text_of(const std::vector<Views::StateDigest>& digests) {
    std::string text;
    for (const auto& one : digests)
        text += one.projection + ' ' + std::to_string(one.rows) + ' ' + to_hex(one.digest).substr(0, 16) + '\n';
    return text;
}

std::string text_of(const std::vector<Parked>& parked) {
    std::string text;
    for (const Parked& one : parked) text += one.projection + ' ' + std::to_string(one.sequence.value) + ": " + one.reason + '\n';
    return text;
}

Desk& monday() {
    static Desk desk;
    if (desk.size() == 0) {
        desk.ingest(read_file(project_file("fixtures/triage/monday.jsonl")));
        for (const IncidentRow& row : desk.incidents()) {
            const auto by = Desk::by_ada("2026-03-01T10:00:00Z");
            (void)desk.commands().run(AttachArtifact{row.id, "postmortem", "postmortem.md", "# " + row.title, {}}, by);
            (void)desk.commands().run(ChangeStatus{row.id, IncidentStatus::closed, {}, {}}, by);
        }
    }
    return desk;
}

std::optional<IncidentRow> row_of(BareViews& views, StreamNumber number) {
    lmdb::Transaction transaction = views.read();
    const auto table = IncidentTable::open(transaction);
    return table ? table->find(number) : std::nullopt;
}

}  // namespace

TEST_CASE("the same events give the same rows, however they are cut into batches") {
    Desk& desk = monday();
    BareViews whole(*desk.journal());
    whole.run(desk.size());
    const std::string expected = text_of(whole.digests());
    CHECK(rc::check([&] {
        BareViews views(*desk.journal());
        for (std::uint64_t at = 0; at < desk.size();) {
            at = std::min(desk.size(), at + 1 + *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint64_t>(0, 40)));
            views.run(at);
        }
        RC_ASSERT(text_of(views.digests()) == expected);
    }));
}

TEST_CASE("one event at a time gives at every event what a run up to it gives") {
    Desk& desk = monday();
    BareViews steps(*desk.journal());
    for (std::uint64_t size = 1; size <= desk.size(); ++size) {
        steps.run(size);
        if (size % 10 != 0) continue;
        BareViews whole(*desk.journal());
        whole.run(size);
        CHECK(text_of(whole.digests()) == text_of(steps.digests()));
    }
}

TEST_CASE("projections that are run one by one, in any order, give what they give together") {
    Desk& desk = monday();
    BareViews together(*desk.journal());
    together.run(desk.size());
    BareViews alone(*desk.journal());
    auto projections = make_projections();
    std::uint64_t size = desk.size() - 7;
    for (auto projection = projections.rbegin(); projection != projections.rend(); ++projection)
        alone.run(size++, (*projection)->name());
    CHECK(text_of(alone.digests()) != text_of(together.digests()));
    {
        lmdb::Transaction transaction = alone.read();
        CHECK(position_of_all(transaction).sequence.value == desk.size() - 7);
        CHECK(position_of(transaction, projections.front()->name()).sequence.value == size - 1);
    }
    alone.run(desk.size());  // each from where it is
    CHECK(text_of(alone.digests()) == text_of(together.digests()));
}

TEST_CASE("a position is the last event that was seen, and its leaf") {
    Desk& desk = monday();
    BareViews views(*desk.journal());
    {
        lmdb::Transaction transaction = views.read();
        CHECK(position_of(transaction, "incidents").sequence.value == 0);
        CHECK(position_of_all(transaction).sequence.value == 0);
        CHECK(parked_events(transaction).empty());
    }
    views.run(5);
    lmdb::Transaction transaction = views.read();
    CHECK(position_of_all(transaction).sequence.value == 5);
    CHECK(position_of(transaction, "history").leaf == desk.journal()->snapshot()->record({5})->leaf_hash());
    CHECK(position_of(transaction, "nosuch").sequence.value == 0);
}

TEST_CASE("a run to where the views are already changes nothing") {
    Desk& desk = monday();
    BareViews views(*desk.journal());
    CHECK(views.run(0).empty());
    views.run(20);
    const std::string before = text_of(views.digests());
    views.run(20);
    views.run(10);
    CHECK(text_of(views.digests()) == before);
    CHECK(views.reached == std::vector<std::uint64_t>{0, 20, 20, 20});
}

TEST_CASE("a long journal is folded in transactions of bounded size") {
    TestJournal journal;
    std::vector<AppendRequest> requests;
    IncidentCreated created;
    created.service = created.env = created.title = "t";
    requests.push_back(journal.request(stream_name(1), created));
    for (int i = 0; i < 60'000; ++i) requests.push_back(journal.request(stream_name(1), note("n")));
    const auto answers = journal->append_all(requests);
    REQUIRE(std::all_of(answers.begin(), answers.end(), [](const auto& answer) { return static_cast<bool>(answer); }));
    BareViews views(*journal);
    CHECK(views.run(60'001).empty());
    REQUIRE(views.reached.size() == 2);
    CHECK(views.reached[0] < 60'001);
    CHECK(views.reached[1] == 60'001);
    CHECK(row_of(views, {1})->state.event_count == 60'001);
}

TEST_CASE("as of a moment is the fold over what had occurred by then, it included") {
    Desk desk;
    desk.tell(Report::firing("10:00"));
    const std::string id = desk.incidents().at(0).id;
    REQUIRE(desk.commands().run(ChangeStatus{id, IncidentStatus::mitigated, {}, {}}, Desk::by_ada("10:10")));
    REQUIRE(desk.commands().run(ChangeStatus{id, IncidentStatus::resolved, {}, {}}, Desk::by_ada("10:20")));
    REQUIRE(desk.commands().run(AppendEntry{id, EventType::note, "written down late", {}}, Desk::by_ada("10:05")));
    const auto as_of = [&](std::string_view time) {
        BareViews views(*desk.journal());
        CHECK(views.run(desk.size(), {}, when(time)).empty());
        lmdb::Transaction transaction = views.read();
        CHECK(position_of_all(transaction).sequence.value == desk.size());
        const auto row = row_of(views, {1});
        return row ? std::string(to_text(row->state.status)) + ' ' + std::to_string(row->state.event_count) : "nothing";
    };
    CHECK(as_of("09:59:59.999999") == "nothing");
    CHECK(as_of("10:00") == "open 2");
    CHECK(as_of("10:09:59.999999") == "open 3");
    CHECK(as_of("10:10") == "mitigated 4");
    CHECK(as_of("10:20") == "resolved 5");
    BareViews known(*desk.journal());
    known.run(3);
    CHECK(row_of(known, {1})->state.status == IncidentStatus::mitigated);  // at seq 3, of the first three
}

namespace {

// Events that no command would have written, as an import may bring them.
std::string odd_history(TestJournal& journal) {
    const std::string id = stream_name(1);
    const auto put = [&](const Payload& payload) { REQUIRE(journal.append(id, payload)); };
    put(note("before its incident was created"));
    FollowupStatusChanged nobody;
    nobody.followup_id = "fu_none";
    put(nobody);
    IncidentCreated created;
    created.service = created.env = created.title = "t";
    put(created);
    StatusChanged misfit;
    misfit.from = IncidentStatus::resolved;
    misfit.to = IncidentStatus::closed;
    put(misfit);
    put(created);
    SeverityChanged wrong;
    wrong.from = Severity::p0;
    put(wrong);
    ArtifactAttached artifact;
    artifact.artifact_id = "art_1";
    artifact.name = "../../etc/passwd";
    put(artifact);
    StatusChanged fitting;
    fitting.to = IncidentStatus::resolved;
    put(fitting);
    put(note("after all that"));
    return "artifacts 7: its name can't be a file's: ../../etc/passwd\n"
           "followups 2: there is no follow-up fu_none\n"
           "incidents 1: its incident has not been created\n"
           "incidents 2: its incident has not been created\n"
           "incidents 4: it changes the status from one that the incident does not have, which is open\n"
           "incidents 5: the incident was created already\n"
           "incidents 6: it changes the severity from one that the incident does not have, which is P2\n";
}

std::string parked_in(BareViews& views) {
    lmdb::Transaction transaction = views.read();
    return text_of(parked_events(transaction));
}

}  // namespace

TEST_CASE("an event that a fold can't take is parked with its reason, live and in a rebuild alike, and stops nothing") {
    TestJournal journal;
    const std::string expected = odd_history(journal);
    BareViews rebuilt(*journal);
    CHECK(rebuilt.run(journal.size()).size() == 7);
    CHECK(parked_in(rebuilt) == expected);
    BareViews live(*journal);
    std::size_t parked = 0;
    for (std::uint64_t size = 1; size <= journal.size(); ++size) parked += live.run(size).size();
    CHECK(parked == 7);
    CHECK(parked_in(live) == expected);
    CHECK(text_of(live.digests()) == text_of(rebuilt.digests()));
    const auto row = row_of(live, {1});
    REQUIRE(row);
    CHECK(row->state.status == IncidentStatus::resolved);
    CHECK(row->state.event_count == 4);  // created, the artifact, resolved, and the last note
}
