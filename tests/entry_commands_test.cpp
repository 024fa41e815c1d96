#include <catch2/catch.hpp>

#include <set>

#include "tests/desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr const char* unknown = "inc_20260223_1000_nosuch";
const std::string long_text(16385, 't');

struct EntryDesk : Desk {
    std::string id;

    EntryDesk() { id = create(); }
    std::string create() {
        CreateIncident command;
        command.service = "gateway";
        command.title = "Gateway 5xx";
        return commands().run(command, by_ada("10:00"))->incident_id;
    }
    template <class Command>
    Result<CommandOutcome> run(const Command& command, std::string_view time = "10:10") {
        return commands().run(command, by_ada(time));
    }
    // The one event that a command writes: its type and payload, with "ID" for the subject's id.
    template <class Command>
    std::string written(const Command& command) {
        const std::uint64_t before = size();
        const auto outcome = run(command);
        if (!outcome) return "refused: " + outcome.refusal().message;
        const auto news = events(before);
        if (news.size() != 1) return std::to_string(news.size()) + " events";
        CHECK(news[0].stream == id);
        CHECK(news[0].occurred_at == moment("10:10"));
        std::string text = std::string(to_text(news[0].type)) + ' ' + news[0].payload;
        subject = outcome->subject_id;
        const std::size_t place = subject.empty() ? std::string::npos : text.find(subject);
        if (place != std::string::npos) text.replace(place, subject.size(), "ID");
        return text;
    }
    template <class Command>
    bool writes_nothing(const Command& command) {
        const std::uint64_t before = size();
        const auto outcome = run(command);
        return outcome && size() == before && outcome->appended.count == 0;
    }
    template <class Command>
    std::string refusal(const Command& command) {
        const std::uint64_t before = size();
        const auto outcome = run(command);
        CHECK(size() == before);
        return outcome ? "taken" : to_text(outcome.refusal().code) + (' ' + outcome.refusal().field);
    }
    AddFollowup followup(std::string title = "Add a canary") const {
        AddFollowup command;
        command.incident_id = id;
        command.title = std::move(title);
        return command;
    }
    AttachArtifact artifact(std::string name, std::string bytes) const {
        return {id, "log", std::move(name), std::move(bytes), {}};
    }
    std::string subject;  // of what was written last
};

}  // namespace

TEST_CASE("an entry of each kind writes one event of its type") {
    EntryDesk desk;
    for (const EventType type :
         {EventType::note, EventType::decision, EventType::action, EventType::comms, EventType::metric, EventType::log}) {
        CHECK(desk.written(AppendEntry{desk.id, type, "two\nlines", {}}) ==
              std::string(to_text(type)) + R"( {"message":"two\nlines"})");
    }
    CHECK(desk.written(AppendEntry{desk.id, EventType::note, "n", JsonText{R"({"a":1})"}}) ==
          R"(note {"message":"n","meta":{"a":1}})");
}

TEST_CASE("an entry without a text, of another type, or too long is refused") {
    EntryDesk desk;
    CHECK(desk.refusal(AppendEntry{desk.id, EventType::note, "", {}}) == "invalid /message");
    CHECK(desk.refusal(AppendEntry{desk.id, EventType::note, long_text, {}}) == "invalid /message");
    CHECK(desk.refusal(AppendEntry{desk.id, EventType::note, "\xC0", {}}) == "invalid /message");
    CHECK(desk.refusal(AppendEntry{desk.id, EventType::status_changed, "n", {}}) == "invalid /type");
    CHECK(desk.refusal(AppendEntry{desk.id, EventType::followup, "n", {}}) == "invalid /type");
    CHECK(desk.refusal(AppendEntry{unknown, EventType::note, "n", {}}) == "not_found /incident_id");
}

TEST_CASE("a correction names an event of the same timeline, whose text stays") {
    EntryDesk desk;
    REQUIRE(desk.run(AppendEntry{desk.id, EventType::note, "5 users", {}}));
    const std::string other = desk.create();
    CHECK(desk.written(CorrectEntry{desk.id, {2}, "50 users"}) == R"(entry_corrected {"corrects":2,"message":"50 users"})");
    CHECK(desk.events(1).at(0).payload == R"({"message":"5 users"})");
    CHECK(desk.refusal(CorrectEntry{desk.id, {3}, "m"}) == "not_found /seq");  // of the other incident
    CHECK(desk.refusal(CorrectEntry{desk.id, {99}, "m"}) == "not_found /seq");
    CHECK(desk.refusal(CorrectEntry{desk.id, {0}, "m"}) == "not_found /seq");
    CHECK(desk.refusal(CorrectEntry{desk.id, {2}, ""}) == "invalid /message");
    CHECK(desk.refusal(CorrectEntry{unknown, {2}, "m"}) == "not_found /incident_id");
}

TEST_CASE("a follow-up is added with an id of its own") {
    EntryDesk desk;
    CHECK(desk.written(desk.followup()) ==
          R"(followup {"followup_id":"ID","priority":"P2","status":"open","title":"Add a canary"})");
    CHECK(desk.subject.starts_with("fu_"));
    AddFollowup full = desk.followup("All of it");
    full.owner = "sofiia";
    full.priority = Severity::p0;
    full.due_at = when("12:00");
    full.message = "m";
    full.links = JsonText{R"(["https://example.org"])"};
    CHECK(desk.written(full) ==
          R"(followup {"due_at":"2026-02-23T12:00:00Z","followup_id":"ID","links":["https://example.org"],"message":"m",)"
          R"("owner":"sofiia","priority":"P0","status":"open","title":"All of it"})");
}

TEST_CASE("ids of follow-ups are unique, even where randomness repeats itself") {
    EntryDesk desk;
    std::set<std::string> ids;
    for (int i = 0; i < 200; ++i) ids.insert(desk.run(desk.followup())->subject_id);
    CHECK(ids.size() == 200);

    // The same seed again would make the same ids.
    TemporaryDirectory directory;
    DecisionIndex index;
    TestJournal journal({&index});
    std::set<std::string> again;
    std::string incident_id;
    for (int round = 0; round < 3; ++round) {
        SeededEntropy entropy(7);
        CommandHandler commands(*journal, index, entropy);
        if (round == 0) {
            CreateIncident create;
            create.service = "gateway";
            create.title = "t";
            SeededEntropy another(8);
            incident_id = CommandHandler(*journal, index, another).run(create, Desk::by_ada("10:00"))->incident_id;
        }
        AddFollowup add;
        add.incident_id = incident_id;
        add.title = "t";
        again.insert(commands.run(add, Desk::by_ada("10:10"))->subject_id);
    }
    CHECK(again.size() == 3);
}

TEST_CASE("a follow-up with a wrong field is refused with that field") {
    EntryDesk desk;
    const auto refusal = [&](const std::function<void(AddFollowup&)>& how) {
        AddFollowup command = desk.followup();
        how(command);
        return desk.refusal(command);
    };
    CHECK(refusal([](auto& c) { c.title = ""; }) == "invalid /title");
    CHECK(refusal([](auto& c) { c.title = std::string(513, 't'); }) == "invalid /title");
    CHECK(refusal([](auto& c) { c.owner = ""; }) == "invalid /owner");
    CHECK(refusal([](auto& c) { c.owner = std::string(129, 'o'); }) == "invalid /owner");
    CHECK(refusal([](auto& c) { c.owner = "\xFF"; }) == "invalid /owner");
    CHECK(refusal([](auto& c) { c.message = long_text; }) == "invalid /message");
    CHECK(refusal([](auto& c) { c.incident_id = unknown; }) == "not_found /incident_id");
}

TEST_CASE("a follow-up's owner is any name, as it is in alert_triage records") {
    EntryDesk desk;
    AddFollowup command = desk.followup();
    command.owner = "Team Payments";
    CHECK(desk.written(command).find(R"("owner":"Team Payments")") != std::string::npos);
}

TEST_CASE("a follow-up's status changes to any other, and back") {
    EntryDesk desk;
    const std::string id = desk.run(desk.followup())->subject_id;
    const auto to = [&](FollowupStatus status) { return ChangeFollowupStatus{id, status, {}}; };
    CHECK(desk.writes_nothing(to(FollowupStatus::open)));
    CHECK(desk.written(ChangeFollowupStatus{id, FollowupStatus::in_progress, "m"}) ==
          R"(followup_status_change {"followup_id":"ID","from":"open","message":"m","to":"in_progress"})");
    CHECK(desk.written(to(FollowupStatus::blocked)) ==
          R"(followup_status_change {"followup_id":"ID","from":"in_progress","to":"blocked"})");
    CHECK(desk.written(to(FollowupStatus::done)) == R"(followup_status_change {"followup_id":"ID","from":"blocked","to":"done"})");
    CHECK(desk.writes_nothing(to(FollowupStatus::done)));
    CHECK(desk.written(to(FollowupStatus::open)) == R"(followup_status_change {"followup_id":"ID","from":"done","to":"open"})");
    CHECK(desk.written(to(FollowupStatus::cancelled)) ==
          R"(followup_status_change {"followup_id":"ID","from":"open","to":"cancelled"})");
    CHECK(desk.refusal(ChangeFollowupStatus{"fu_nosuch", FollowupStatus::done, {}}) == "not_found /followup_id");
    CHECK(desk.refusal(ChangeFollowupStatus{"", FollowupStatus::done, {}}) == "not_found /followup_id");
    CHECK(desk.refusal(ChangeFollowupStatus{std::string(600, 'f'), FollowupStatus::done, {}}) == "not_found /followup_id");
    CHECK(desk.refusal(ChangeFollowupStatus{id, FollowupStatus::done, long_text}) == "invalid /message");
    CHECK(desk.problems() == "");
}

TEST_CASE("an update of a follow-up writes what each field was and is, and only what changes") {
    EntryDesk desk;
    UpdateFollowup update;
    update.followup_id = desk.run(desk.followup())->subject_id;
    CHECK(desk.writes_nothing(update));
    update.title = "Add two canaries";
    update.owner = "sofiia";
    update.priority = Severity::p1;
    update.due_at = when("12:00");
    update.message = "m";
    CHECK(
        desk.written(update) ==
        R"(followup_updated {"changes":{"due_at":{"from":null,"to":"2026-02-23T12:00:00Z"},"owner":{"from":null,"to":"sofiia"},)"
        R"("priority":{"from":"P2","to":"P1"},"title":{"from":"Add a canary","to":"Add two canaries"}},"followup_id":"ID","message":"m"})");
    CHECK(desk.writes_nothing(update));
    UpdateFollowup less;
    less.followup_id = update.followup_id;
    less.owner = "";
    less.no_due_date = true;
    CHECK(desk.written(less) ==
          R"(followup_updated {"changes":{"due_at":{"from":"2026-02-23T12:00:00Z","to":null},"owner":{"from":"sofiia","to":null}},)"
          R"("followup_id":"ID"})");
    CHECK(desk.writes_nothing(less));

    less.due_at = when("13:00");
    CHECK(desk.refusal(less) == "invalid /due_at");
    less.no_due_date = false;
    less.owner = std::string(129, 'o');
    CHECK(desk.refusal(less) == "invalid /owner");
    less.owner.reset();
    less.title = "";
    CHECK(desk.refusal(less) == "invalid /title");
    less.title.reset();
    less.message = long_text;
    CHECK(desk.refusal(less) == "invalid /message");
    less.message.reset();
    less.followup_id = "fu_nosuch";
    CHECK(desk.refusal(less) == "not_found /followup_id");
    CHECK(desk.problems() == "");
}

TEST_CASE("an artifact is attached with the digest of its bytes, which go into the journal") {
    EntryDesk desk;
    const std::string bytes = "# What happened\n";
    AttachArtifact command = desk.artifact("postmortem-1.md", bytes);
    command.kind = "postmortem";
    command.message = "m";
    const std::string digest = to_hex(Sha256()({bytes}));
    CHECK(desk.written(command) ==
          R"(artifact_attached {"artifact_id":"ID","format":"md","kind":"postmortem","message":"m","name":"postmortem-1.md",)"
          R"("sha256":")" +
              digest + R"(","size_bytes":16})");
    CHECK(desk.subject.starts_with("art_"));
    const auto snapshot = desk.journal()->snapshot();
    CHECK(snapshot->blob(*digest_from_hex(digest)) == bytes);
}

TEST_CASE("an artifact's ending says its format, and only three are taken") {
    EntryDesk desk;
    CHECK(desk.written(desk.artifact("a.txt", "")).find(R"("format":"txt")") != std::string::npos);
    CHECK(desk.written(desk.artifact("a.md", "# a")).find(R"("format":"md")") != std::string::npos);
    CHECK(desk.written(desk.artifact("a.b.json", "{}")).find(R"("format":"json")") != std::string::npos);
    for (const char* name : {"a", "a.", "a.exe", "a.JSON", "json", "a.json5", "a.txt.gz"}) {
        INFO(name);
        CHECK(desk.refusal(desk.artifact(name, "{}")) == "invalid /name");
    }
}

TEST_CASE("an artifact's name is a plain file's") {
    EntryDesk desk;
    CHECK(desk.run(desk.artifact(std::string(124, 'a') + ".txt", "x")));
    for (const std::string& name :
         {std::string(125, 'a') + ".txt", std::string(".txt"), std::string("-a.txt"), std::string("../a.txt"),
          std::string("a/b.txt"), std::string("a b.txt"), std::string("\xC3\xA4.txt"), std::string("a\0.txt", 6), std::string()}) {
        INFO(name);
        CHECK(desk.refusal(desk.artifact(name, "x")) == "invalid /name");
    }
    AttachArtifact command = desk.artifact("a.txt", "x");
    command.kind = "";
    CHECK(desk.refusal(command) == "invalid /kind");
}

TEST_CASE("an artifact has at most 2 MiB") {
    EntryDesk desk;
    const std::string most(2'097'152, 'x');
    CHECK(desk.run(desk.artifact("most.txt", most)));
    CHECK(desk.refusal(desk.artifact("more.txt", most + 'x')) == "too_large /content");
    CHECK(desk.problems() == "");
}

TEST_CASE("an artifact that is no UTF-8, or a .json that is no JSON, is refused with its place") {
    EntryDesk desk;
    CHECK(desk.refusal(desk.artifact("a.txt", "\xFF")) == "invalid /content");
    CHECK(desk.refusal(desk.artifact("a.txt", std::string("a\0b", 3))) == "invalid /content");
    CHECK(desk.refusal(desk.artifact("a.json", "")) == "invalid /content");
    CHECK(desk.refusal(desk.artifact("a.json", "{")) == "invalid /content");
    CHECK(desk.refusal(desk.artifact("a.json", R"({"a":{"b":1,"b":2}})")) == "invalid /content/a/b");
    CHECK(desk.run(desk.artifact("a.json", " [1, 2.50] \n")));
}

TEST_CASE("entries of a closed incident, and late ones, are welcome") {
    EntryDesk desk;
    REQUIRE(desk.run(ChangeStatus{desk.id, IncidentStatus::closed, {}, {}}, "11:00"));
    CHECK(desk.run(AppendEntry{desk.id, EventType::note, "n", {}}, "09:00"));
    const auto added = desk.run(desk.followup(), "09:00");
    REQUIRE(added);
    CHECK(desk.run(ChangeFollowupStatus{added->subject_id, FollowupStatus::done, {}}, "08:00"));
    CHECK(desk.run(desk.artifact("a.txt", "x"), "09:00"));
    CHECK(desk.problems() == "");
}
