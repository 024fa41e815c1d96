#include <catch2/catch.hpp>

#include "tests/desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

CreateIncident outage() {
    CreateIncident command;
    command.service = "gateway";
    command.severity = Severity::p1;
    command.title = "Gateway 5xx";
    return command;
}

// A desk with one incident, created at 10:00.
struct CommandDesk : Desk {
    std::string id;

    CommandDesk() { id = create(); }
    std::string create(const CreateIncident& command = outage()) { return commands().run(command, by_ada("10:00"))->incident_id; }

    template <class Command>
    Result<CommandOutcome> run(const Command& command, std::string_view time = "10:10") {
        return commands().run(command, by_ada(time));
    }
    // Runs a command that writes one event, and gives its type and payload.
    template <class Command>
    std::string written(const Command& command, std::string_view time = "10:10") {
        const std::uint64_t before = size();
        const auto outcome = run(command, time);
        if (!outcome) return "refused: " + outcome.refusal().message;
        const auto news = events(before);
        if (news.size() != 1) return std::to_string(news.size()) + " events";
        CHECK(outcome->appended.first.value == news[0].sequence);
        CHECK(outcome->appended.count == 1);
        CHECK(outcome->incident_id == news[0].stream);
        CHECK_FALSE(outcome->dry_run);
        CHECK(news[0].occurred_at == moment(time));
        CHECK(news[0].actor == "ada");
        CHECK(news[0].source == "cli");
        CHECK(news[0].cause == 0);
        return std::string(to_text(news[0].type)) + ' ' + news[0].payload;
    }
    // Whether a command is well and writes nothing; the outcome then names the incident as it is.
    template <class Command>
    bool writes_nothing(const Command& command, std::string_view time = "10:10") {
        const std::uint64_t before = size();
        const auto outcome = run(command, time);
        return outcome && size() == before && outcome->appended.count == 0 && !outcome->appended.duplicate &&
               outcome->incident_id == id;
    }
    // Code and field of a refusal, which has written nothing.
    template <class Command>
    std::string refusal(const Command& command, const CommandContext& context) {
        const std::uint64_t before = size();
        const auto outcome = commands().run(command, context);
        CHECK(size() == before);
        return outcome ? "taken" : to_text(outcome.refusal().code) + (' ' + outcome.refusal().field);
    }
    template <class Command>
    std::string refusal(const Command& command, std::string_view time = "10:10") {
        return refusal(command, by_ada(time));
    }
    ChangeStatus to(IncidentStatus status) const { return {id, status, {}, {}}; }
    ChangeSeverity to(Severity severity) const { return {id, severity, {}, {}}; }
};

constexpr const char* unknown = "inc_20260223_1000_nosuch";
const std::string long_name(129, 'n');
const std::string long_text(16385, 't');

}  // namespace

TEST_CASE("creating an incident writes one incident_created with what was given") {
    CommandDesk desk;
    SECTION("the least") {
        CHECK(
            desk.written(outage()) ==
            R"(incident_created {"env":"prod","service":"gateway","severity":"P1","started_at":"2026-02-23T10:10:00Z","title":"Gateway 5xx"})");
        CHECK(desk.overview() == "P1 open, P1 open");
    }
    SECTION("the most") {
        CreateIncident command = outage();
        command.env = "staging";
        command.started_at = when("09:00");
        command.summary = "s";
        command.kind = "http_5xx";
        command.signature = "sig";
        command.message = "m";
        command.labels = JsonText{R"({"a":"b"})"};
        command.meta = JsonText{"{}"};
        CHECK(
            desk.written(command) ==
            R"(incident_created {"env":"staging","kind":"http_5xx","labels":{"a":"b"},"message":"m","meta":{},"service":"gateway","severity":"P1",)"
            R"("signature":"sig","started_at":"2026-02-23T09:00:00Z","summary":"s","title":"Gateway 5xx"})");
        CHECK(desk.events(1).at(0).stream.starts_with("inc_20260223_0900_"));
    }
}

TEST_CASE("creating an incident with a wrong field is refused with that field") {
    CommandDesk desk;
    const auto refusal = [&](const std::function<void(CreateIncident&)>& how) {
        CreateIncident command = outage();
        how(command);
        return desk.refusal(command);
    };
    CHECK(refusal([](auto& c) { c.service = ""; }) == "invalid /service");
    CHECK(refusal([](auto& c) { c.service = long_name; }) == "invalid /service");
    CHECK(refusal([](auto& c) { c.service = "\xFF"; }) == "invalid /service");
    CHECK(refusal([](auto& c) { c.service = std::string("a\0b", 3); }) == "invalid /service");
    CHECK(refusal([](auto& c) { c.env = ""; }) == "invalid /env");
    CHECK(refusal([](auto& c) { c.title = ""; }) == "invalid /title");
    CHECK(refusal([](auto& c) { c.title = std::string(513, 't'); }) == "invalid /title");
    CHECK(refusal([](auto& c) { c.summary = long_text; }) == "invalid /summary");
    CHECK(refusal([](auto& c) { c.kind = ""; }) == "invalid /kind");
    CHECK(refusal([](auto& c) { c.signature = long_name; }) == "invalid /signature");
    CHECK(refusal([](auto& c) { c.message = long_text; }) == "invalid /message");
    CHECK(refusal([](auto& c) { c.labels = JsonText{'"' + std::string(payload_bytes_max, 'x') + '"'}; }) == "too_large ");
    CommandContext context = Desk::by_ada("10:10");
    context.expected_version = 1;
    CHECK(desk.refusal(outage(), context) == "conflict /expected_version");
    context = Desk::by_ada("10:10");
    context.actor = "a b";
    CHECK(desk.refusal(outage(), context) == "invalid /agent_id");
}

TEST_CASE("lengths count characters, and the longest is taken") {
    CommandDesk desk;
    CreateIncident command = outage();
    command.title.clear();
    for (int i = 0; i < 512; ++i) command.title += "\xF0\x9F\x9A\x92";
    command.signature.emplace();
    for (int i = 0; i < 128; ++i) *command.signature += "\xF0\x9F\x9A\x92";
    command.summary = long_text.substr(1);
    CHECK(desk.run(command));
    CHECK(desk.problems() == "");
}

TEST_CASE("a command about an incident that is not there is refused") {
    CommandDesk desk;
    CHECK(desk.refusal(ChangeStatus{unknown, IncidentStatus::closed, {}, {}}) == "not_found /incident_id");
    CHECK(desk.refusal(ChangeSeverity{unknown, Severity::p0, {}, {}}) == "not_found /incident_id");
    CHECK(desk.refusal(Acknowledge{unknown, {}}) == "not_found /incident_id");
    CHECK(desk.refusal(Assign{unknown, "ada", {}}) == "not_found /incident_id");
    UpdateIncident update;
    update.incident_id = unknown;
    CHECK(desk.refusal(update) == "not_found /incident_id");
    CHECK(desk.refusal(LinkIncident{unknown, LinkRelation::related_to, desk.id, {}}) == "not_found /incident_id");
    CHECK(desk.refusal(ArchiveIncident{unknown, "a test"}) == "not_found /incident_id");
    CHECK(desk.refusal(Acknowledge{"incident 7", {}}) == "not_found /incident_id");
    CHECK(desk.refusal(Acknowledge{"$triage", {}}) == "not_found /incident_id");
}

TEST_CASE("a change of status writes one status_changed") {
    CommandDesk desk;
    CHECK(desk.written(ChangeStatus{desk.id, IncidentStatus::mitigated, "rolled back", "m"}) ==
          R"(status_changed {"from":"open","message":"m","reason":"rolled back","to":"mitigated"})");
    CHECK(desk.written(desk.to(IncidentStatus::resolved), "10:20") == R"(status_changed {"from":"mitigated","to":"resolved"})");
    CHECK(desk.written(desk.to(IncidentStatus::closed), "10:30") == R"(status_changed {"from":"resolved","to":"closed"})");
    CHECK(desk.written(desk.to(IncidentStatus::open), "10:40") == R"(status_changed {"from":"closed","to":"open"})");
}

TEST_CASE("each transition of section 1 can be asked for, and no other") {
    for (const auto from : {IncidentStatus::open, IncidentStatus::mitigated, IncidentStatus::resolved, IncidentStatus::closed}) {
        for (const auto to : {IncidentStatus::open, IncidentStatus::mitigated, IncidentStatus::resolved, IncidentStatus::closed}) {
            CommandDesk desk;
            REQUIRE(desk.run(desk.to(from)));
            INFO(to_text(from) << " -> " << to_text(to));
            if (from == to) {
                CHECK(desk.writes_nothing(desk.to(to), "10:20"));
            } else if (may_follow(from, to)) {
                CHECK(desk.written(desk.to(to), "10:20").starts_with("status_changed"));
            } else {
                CHECK(desk.refusal(desk.to(to), "10:20") == "conflict ");
            }
        }
    }
}

TEST_CASE("a change of severity writes one severity_changed") {
    CommandDesk desk;
    CHECK(desk.written(ChangeSeverity{desk.id, Severity::p3, "few users", "m"}) ==
          R"(severity_changed {"from":"P1","message":"m","reason":"few users","to":"P3"})");
    CHECK(desk.writes_nothing(desk.to(Severity::p3)));
    CHECK(desk.refusal(ChangeSeverity{desk.id, Severity::p0, long_text, {}}) == "invalid /reason");
    CHECK(desk.refusal(ChangeSeverity{desk.id, Severity::p0, {}, long_text}) == "invalid /message");
    CHECK(desk.refusal(ChangeStatus{desk.id, IncidentStatus::closed, long_text, {}}) == "invalid /reason");
    CHECK(desk.refusal(ChangeStatus{desk.id, IncidentStatus::closed, {}, long_text}) == "invalid /message");
}

TEST_CASE("a time before the last change is a conflict for status and severity, and welcome for all else") {
    CommandDesk desk;
    REQUIRE(desk.run(desk.to(Severity::p2), "11:00"));
    CHECK(desk.refusal(desk.to(IncidentStatus::closed), "10:59:59.999999") == "conflict /occurred_at");
    CHECK(desk.refusal(desk.to(Severity::p0), "10:59:59.999999") == "conflict /occurred_at");
    CHECK(desk.writes_nothing(desk.to(Severity::p2), "09:00"));
    CHECK(desk.writes_nothing(desk.to(IncidentStatus::open), "09:00"));

    CHECK(desk.written(Acknowledge{desk.id, {}}, "09:00").starts_with("acknowledged"));
    CHECK(desk.written(Assign{desk.id, "ada", {}}, "09:00").starts_with("assigned"));
    UpdateIncident update;
    update.incident_id = desk.id;
    update.title = "Gateway";
    CHECK(desk.written(update, "09:00").starts_with("incident_updated"));
    const std::string other = desk.create();
    CHECK(desk.written(LinkIncident{desk.id, LinkRelation::caused_by, other, {}}, "09:00").starts_with("incident_linked"));
    AppendEntry note;
    note.incident_id = desk.id;
    note.message = "n";
    CHECK(desk.written(note, "09:00").starts_with("note"));
    CHECK(desk.written(ArchiveIncident{desk.id, "a test"}, "09:00").starts_with("incident_archived"));

    CHECK(desk.written(desk.to(IncidentStatus::closed), "11:00").starts_with("status_changed"));  // at that very moment
}

TEST_CASE("a change of status from before the incident began is a conflict") {
    CommandDesk desk;
    CHECK(desk.refusal(desk.to(IncidentStatus::resolved), "09:59:59.999999") == "conflict /occurred_at");
    CHECK(desk.written(desk.to(IncidentStatus::resolved), "10:00").starts_with("status_changed"));
}

TEST_CASE("an incident of a time to come can be resolved now, unless somebody says when") {
    CommandDesk desk;
    CommandContext before = Desk::by_ada("09:50");  // the clock of who opened it was ahead
    CHECK(desk.refusal(desk.to(IncidentStatus::resolved), before) == "conflict /occurred_at");
    before.by_clock = true;
    CHECK(desk.commands().run(desk.to(Severity::p3), before));
    CHECK(desk.commands().run(desk.to(IncidentStatus::resolved), before));
    CHECK(desk.events().back().occurred_at == moment("10:00"));
    CHECK(desk.problems() == "");
}

TEST_CASE("an acknowledgement writes one acknowledged, until the incident is reopened") {
    CommandDesk desk;
    CHECK(desk.written(Acknowledge{desk.id, "m"}) == R"(acknowledged {"message":"m"})");
    CHECK(desk.writes_nothing(Acknowledge{desk.id, {}}));
    REQUIRE(desk.run(desk.to(IncidentStatus::closed)));
    CHECK(desk.writes_nothing(Acknowledge{desk.id, {}}));
    REQUIRE(desk.run(desk.to(IncidentStatus::open)));
    CHECK(desk.written(Acknowledge{desk.id, {}}) == "acknowledged {}");
    CHECK(desk.refusal(Acknowledge{desk.id, long_text}) == "invalid /message");
}

TEST_CASE("an assignment writes who it was and who it is") {
    CommandDesk desk;
    CHECK(desk.writes_nothing(Assign{desk.id, {}, {}}));
    CHECK(desk.written(Assign{desk.id, "ada", "m"}) == R"(assigned {"message":"m","to":"ada"})");
    CHECK(desk.writes_nothing(Assign{desk.id, "ada", {}}));
    CHECK(desk.written(Assign{desk.id, "grace", {}}) == R"(assigned {"from":"ada","to":"grace"})");
    CHECK(desk.written(Assign{desk.id, {}, {}}) == R"(assigned {"from":"grace","to":null})");
    CHECK(desk.refusal(Assign{desk.id, "ada lovelace", {}}) == "invalid /to");
    CHECK(desk.refusal(Assign{desk.id, "", {}}) == "invalid /to");
    CHECK(desk.refusal(Assign{desk.id, "ada", long_text}) == "invalid /message");
}

TEST_CASE("an update writes what each field was and is, and only what changes") {
    CommandDesk desk;
    UpdateIncident update;
    update.incident_id = desk.id;
    CHECK(desk.writes_nothing(update));
    update.title = "Gateway 5xx";
    update.service = "gateway";
    CHECK(desk.writes_nothing(update));
    update.title = "Gateway answers 5xx";
    update.summary = "s";
    update.service = "edge";
    update.env = "staging";
    update.kind = "http_5xx";
    update.labels = JsonText{R"({"a":"b"})"};
    update.started_at = when("09:30");
    update.message = "m";
    CHECK(desk.written(update) ==
          R"(incident_updated {"changes":{"env":{"from":"prod","to":"staging"},"kind":{"from":null,"to":"http_5xx"},)"
          R"("labels":{"from":null,"to":{"a":"b"}},"service":{"from":"gateway","to":"edge"},)"
          R"("started_at":{"from":"2026-02-23T10:00:00Z","to":"2026-02-23T09:30:00Z"},"summary":{"from":null,"to":"s"},)"
          R"("title":{"from":"Gateway 5xx","to":"Gateway answers 5xx"}},"message":"m"})");
    CHECK(desk.writes_nothing(update));
    UpdateIncident bare;
    bare.incident_id = desk.id;
    bare.summary = "";
    bare.kind = "";
    CHECK(desk.written(bare) ==
          R"(incident_updated {"changes":{"kind":{"from":"http_5xx","to":null},"summary":{"from":"s","to":null}}})");
    const IncidentRow row = desk.incidents().at(0);
    CHECK_FALSE(row.kind);
    CHECK_FALSE(row.summary);
    CHECK(row.service == "edge");
    CHECK(row.state.started_at == to_micros(when("09:30")));
    CHECK(desk.problems() == "");
}

TEST_CASE("an update with a wrong field is refused with that field") {
    CommandDesk desk;
    const auto refusal = [&](const std::function<void(UpdateIncident&)>& how) {
        UpdateIncident command;
        command.incident_id = desk.id;
        how(command);
        return desk.refusal(command);
    };
    CHECK(refusal([](auto& c) { c.title = ""; }) == "invalid /title");
    CHECK(refusal([](auto& c) { c.service = ""; }) == "invalid /service");
    CHECK(refusal([](auto& c) { c.env = long_name; }) == "invalid /env");
    CHECK(refusal([](auto& c) { c.kind = long_name; }) == "invalid /kind");
    CHECK(refusal([](auto& c) { c.summary = long_text; }) == "invalid /summary");
    CHECK(refusal([](auto& c) { c.message = long_text; }) == "invalid /message");
    REQUIRE(desk.run(desk.to(IncidentStatus::resolved), "10:30"));
    CHECK(refusal([](auto& c) { c.started_at = when("10:30:00.000001"); }) == "conflict /started_at");
    UpdateIncident last;
    last.incident_id = desk.id;
    last.started_at = when("10:30");
    CHECK(desk.run(last));
}

TEST_CASE("archiving writes one incident_archived with its reason") {
    CommandDesk desk;
    CHECK(desk.refusal(ArchiveIncident{desk.id, ""}) == "invalid /reason");
    CHECK(desk.written(ArchiveIncident{desk.id, "a test"}) == R"(incident_archived {"reason":"a test"})");
    CHECK(desk.writes_nothing(ArchiveIncident{desk.id, "again"}));
}

TEST_CASE("a link writes one incident_linked") {
    CommandDesk desk;
    const std::string other = desk.create();
    CHECK(desk.written(LinkIncident{desk.id, LinkRelation::duplicate_of, other, "m"}) ==
          R"(incident_linked {"message":"m","other":")" + other + R"(","relation":"duplicate_of"})");
    CHECK(desk.writes_nothing(LinkIncident{desk.id, LinkRelation::duplicate_of, other, {}}));
    CHECK(desk.refusal(LinkIncident{desk.id, LinkRelation::related_to, desk.id, {}}) == "invalid /other");
    CHECK(desk.refusal(LinkIncident{desk.id, LinkRelation::related_to, unknown, {}}) == "not_found /other");
    CHECK(desk.refusal(LinkIncident{desk.id, LinkRelation::related_to, "x", {}}) == "not_found /other");
    CHECK(desk.refusal(LinkIncident{desk.id, LinkRelation::related_to, other, long_text}) == "invalid /message");
}

TEST_CASE("duplicates never go round in a ring") {
    CommandDesk desk;
    const std::string b = desk.create();
    const std::string c = desk.create();
    REQUIRE(desk.run(LinkIncident{desk.id, LinkRelation::duplicate_of, b, {}}));
    CHECK(desk.refusal(LinkIncident{b, LinkRelation::duplicate_of, desk.id, {}}) == "conflict /other");
    REQUIRE(desk.run(LinkIncident{b, LinkRelation::duplicate_of, c, {}}));
    CHECK(desk.refusal(LinkIncident{c, LinkRelation::duplicate_of, desk.id, {}}) == "conflict /other");
    CHECK(desk.run(LinkIncident{c, LinkRelation::related_to, desk.id, {}}));  // only duplicates matter
}

TEST_CASE("a ring of duplicates that an import brought stops no command") {
    CommandDesk desk;
    const std::string b = desk.create();
    const std::string c = desk.create();
    const auto link = [&](const std::string& from, const std::string& to) {
        IncidentLinked linked;
        linked.relation = LinkRelation::duplicate_of;
        linked.other = to;
        REQUIRE(desk.journal().append(from, linked));
    };
    link(b, c);
    link(c, b);
    CHECK(desk.refusal(LinkIncident{desk.id, LinkRelation::duplicate_of, b, {}}) == "conflict /other");
    CHECK(desk.problems() == "");
}

TEST_CASE("the same key and input is a duplicate that gives the first answer again") {
    CommandDesk desk;
    CommandContext context = Desk::by_ada("10:10");
    context.idempotency_key = "k1";
    context.input_sha256 = Sha256()({"input 1"});
    const auto first = desk.commands().run(outage(), context);
    REQUIRE(first);
    CHECK(desk.events(1).at(0).key == "k1");
    CHECK(desk.events(1).at(0).payload.find(R"("input_sha256":")" + to_hex(*context.input_sha256)) != std::string::npos);

    const std::uint64_t before = desk.size();
    const auto again = desk.commands().run(outage(), context);
    REQUIRE(again);
    CHECK(again->appended.duplicate);
    CHECK(again->appended.first == first->appended.first);
    CHECK(again->incident_id == first->incident_id);
    CHECK(desk.size() == before);

    context.input_sha256 = Sha256()({"input 2"});
    CHECK(desk.refusal(outage(), context) == "idempotency_conflict /idempotency_key");
    context.idempotency_key = std::string(257, 'k');
    CHECK(desk.refusal(outage(), context) == "invalid /idempotency_key");
}

TEST_CASE("a duplicate is found before any rule is applied") {
    CommandDesk desk;
    CommandContext context = Desk::by_ada("10:10");
    context.idempotency_key = "k1";
    context.input_sha256 = Sha256()({"mitigate"});
    REQUIRE(desk.commands().run(desk.to(IncidentStatus::mitigated), context));
    REQUIRE(desk.run(desk.to(IncidentStatus::closed), "10:20"));
    const auto again = desk.commands().run(desk.to(IncidentStatus::mitigated), context);  // closed can't become mitigated
    REQUIRE(again);
    CHECK(again->appended.duplicate);
}

TEST_CASE("an expected version that is not the incident's is a conflict, also where nothing would be written") {
    CommandDesk desk;
    CommandContext context = Desk::by_ada("10:10");
    for (const std::uint64_t wrong : {0U, 2U, 7U}) {
        context.expected_version = wrong;
        CHECK(desk.refusal(Acknowledge{desk.id, {}}, context) == "conflict /expected_version");
        CHECK(desk.refusal(desk.to(IncidentStatus::open), context) == "conflict /expected_version");
    }
    context.expected_version = 1;
    const auto outcome = desk.commands().run(Acknowledge{desk.id, {}}, context);
    REQUIRE(outcome);
    CHECK(outcome->version == 2);
    CHECK(desk.refusal(desk.to(IncidentStatus::closed), context) == "conflict /expected_version");
}

TEST_CASE("a dry run checks everything and writes nothing") {
    CommandDesk desk;
    CommandContext context = Desk::by_ada("10:10");
    context.dry_run = true;
    const std::uint64_t before = desk.size();
    const auto created = desk.commands().run(outage(), context);
    REQUIRE(created);
    CHECK(created->dry_run);
    CHECK(created->appended.count == 0);
    const auto closed = desk.commands().run(desk.to(IncidentStatus::closed), context);
    REQUIRE(closed);
    CHECK(closed->dry_run);
    CHECK(closed->incident_id == desk.id);
    CHECK(desk.size() == before);
    CHECK(desk.decided(desk.id).state.status == IncidentStatus::open);

    CHECK(desk.refusal(Acknowledge{unknown, {}}, context) == "not_found /incident_id");
    context.occurred_at = when("09:00");
    CHECK(desk.refusal(desk.to(IncidentStatus::closed), context) == "conflict /occurred_at");
    context.occurred_at = when("10:10");
    context.idempotency_key = "k1";
    REQUIRE(desk.commands().run(desk.to(IncidentStatus::closed), context));
    CHECK(desk.size() == before);
    CHECK(desk.problems() == "");
}

TEST_CASE("an incident does not end before it began, unless the clock alone says so") {
    CommandDesk desk;
    CreateIncident later = outage();
    later.started_at = when("12:00");
    desk.id = desk.create(later);
    CHECK(desk.refusal(ChangeStatus{desk.id, IncidentStatus::resolved, {}, {}}) == "conflict /occurred_at");
    CHECK(desk.refusal(ChangeStatus{desk.id, IncidentStatus::mitigated, {}, {}}) == "conflict /occurred_at");
    CommandContext by_clock = Desk::by_ada("11:00");
    by_clock.by_clock = true;
    CHECK(desk.commands().run(ChangeStatus{desk.id, IncidentStatus::mitigated, {}, {}}, by_clock));
    CHECK(desk.run(ChangeStatus{desk.id, IncidentStatus::resolved, {}, {}}, "12:30"));
}
