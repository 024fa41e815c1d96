#include "projections/risk.hpp"
#include "tests/tool_desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr const char* intelligence = "incident_intelligence_tool";

}  // namespace

TEST_CASE("correlate answers with scores and reasons, and appends its note once", "[tools][correlate]") {
    ToolDesk desk;
    const std::string one = desk.create("10:00");
    const std::string other = desk.create("10:30");
    desk.call(R"({"action":"correlate",)" + ToolDesk::of(one) + "}", intelligence);
    CHECK(desk.result("/related/0/incident_id") == other);
    CHECK(desk.result("/related/0/score") == "60");
    CHECK(desk.result("/related/0/reasons/0/text") == "same service");
    CHECK(desk.result("/note") == "absent");
    const std::uint64_t before = desk.size();
    desk.call(R"({"action":"correlate","append_note":true,)" + ToolDesk::of(one) + "}", intelligence);
    CHECK(desk.result("/note/written") == "1");
    CHECK(desk.result("/note/seq") == std::to_string(before + 1));
    desk.call(R"({"action":"correlate","append_note":true,)" + ToolDesk::of(one) + "}", intelligence);
    CHECK(desk.result("/note/duplicate") == "true");
    CHECK(desk.size() == before + 1);
    CHECK(desk.refusal(R"({"action":"correlate","incident_id":"inc_20260223_1000_nosuch"})", intelligence) ==
          "not_found /incident_id");
    CHECK(desk.refusal(R"({"action":"correlate","incident_id":"$jobs"})", intelligence) == "not_found /incident_id");
}

TEST_CASE("recurrence answers for a service, an env and a window", "[tools][recurrence]") {
    ToolDesk desk;
    desk.create("10:00", R"(,"signature":"boom")");
    desk.create("11:00", R"(,"signature":"boom")");
    desk.call(R"({"action":"recurrence","window_days":7})", intelligence);
    CHECK(desk.result("/recurrences/0/signature") == "boom");
    CHECK(desk.result("/recurrences/0/state") == "recurring");
    desk.call(R"({"action":"recurrence","service":"search"})", intelligence);
    CHECK(desk.result("/recurrences") == "[]");
    CHECK(desk.refusal(R"({"action":"recurrence","window_days":0})", intelligence) == "invalid /window_days");
}

TEST_CASE("a call that reads needs the right to write where it is asked to write", "[tools]") {
    ToolDesk desk;
    const auto needs = [&](std::string_view body) {
        ToolCallReader reader;
        return *desk.tools.needs(*reader.read(intelligence, body));
    };
    CHECK(needs(R"({"action":"correlate","incident_id":"x"})") == Permission::read);
    CHECK(needs(R"({"action":"correlate","incident_id":"x","append_note":false})") == Permission::read);
    CHECK(needs(R"({"action":"correlate","incident_id":"x","append_note":true})") == Permission::write);
    CHECK(needs(R"({"action":"correlate","incident_id":"x","append_note":"yes"})") == Permission::write);
    CHECK(needs(R"({"action":"weekly_digest","week":"2026-08"})") == Permission::read);
    CHECK(needs(R"({"action":"weekly_digest","save_artifacts":true})") == Permission::write);
}

TEST_CASE("followup_watch answers what blocks a release, and writes it down once for a key", "[tools][gate]") {
    ToolDesk desk;
    const std::string id = desk.create("10:00", R"(,"severity":"P1")");
    desk.oncall("followup_watch", R"("env":"prod")");
    CHECK(desk.result("/outcome") == "block");
    CHECK(desk.result("/findings/0/rule") == "FW001");
    CHECK(desk.result("/findings/0/incident_id") == id);
    const std::uint64_t before = desk.size();
    desk.oncall("followup_watch", R"("mode":"warn","append":true,"idempotency_key":"release 7")");
    CHECK(desk.result("/outcome") == "warn");
    CHECK(desk.result("/appended/seq") == std::to_string(before + 1));
    desk.oncall("followup_watch", R"("mode":"warn","append":true,"idempotency_key":"release 7")");
    CHECK(desk.result("/appended/duplicate") == "true");
    CHECK(desk.size() == before + 1);
    CHECK(desk.refusal_of("followup_watch", R"("mode":"loud")") == "invalid /params/mode");
}

TEST_CASE("followup_watch warns of a service and an env that nobody has heard of", "[tools][gate]") {
    ToolDesk desk;
    desk.create("10:00", R"(,"severity":"P1")");
    desk.oncall("followup_watch", R"("service":"gateway","env":"prod")");
    CHECK(desk.answer.find("warnings") == std::string::npos);
    desk.oncall("followup_watch", R"("service":"gatewy","env":"prod","append":true)");
    CHECK(desk.result("/outcome") == "pass");
    CHECK(desk.result("/warnings/0") == "nothing in the journal is of the service gatewy: look for a mistyped name");
    CHECK(desk.result("/appended/duplicate") == "false");
    desk.oncall("followup_watch", R"("env":"prodd")");
    CHECK(desk.result("/warnings/0").starts_with("nothing in the journal is of the env prodd, and the policy"));
}

TEST_CASE("what a source with a fast clock opened is in every report of now, and in none as of now", "[tools][gate]") {
    ToolDesk desk;
    Report ahead = Report::firing("12:03").severity("P0");
    ahead.set("followups", R"([{"title":"Fail over","owner":"sofiia","priority":"P1","due_at":"2026-02-23T11:00:00Z"}])");
    REQUIRE(desk.tell(ahead) == "taken");
    desk.oncall("incident_list", "");
    const std::string id = desk.result("/incidents/0/id");
    desk.oncall("followup_watch", R"("env":"prod")");
    CHECK(desk.result("/findings/0/incident_id") == id);
    desk.oncall("incident_followups_summary", "");
    CHECK(desk.result("/open_incidents/0/id") == id);
    CHECK(desk.result("/overdue/0/incident_id") == id);
    desk.call(R"({"action":"correlate",)" + ToolDesk::of(id) + "}", intelligence);
    CHECK(desk.result("/incident/status") == "open");
    desk.call(R"({"action":"postmortem_draft","save":false,)" + ToolDesk::of(id) + "}", intelligence);
    CHECK(desk.result("/draft/summary/0/text") == "started 2026-02-23T12:03:00Z");
    CHECK(desk.result("/draft/followups/0/title") == "Fail over");
    std::vector<Risk> found;
    desk.shared.read([&](const SharedViews::Seen& seen) { found = risks(seen.views, seen.journal, {desk.now, seen.size, {}}); });
    REQUIRE(found.size() == 1);
    CHECK(found.front().score == 55);  // an active P0, unacknowledged, with an overdue follow-up

    desk.oncall("incident_followups_summary", R"("as_of":"2026-02-23T12:00:00Z")");
    CHECK(desk.result("/open_incidents") == "[]");
    CHECK(desk.result("/overdue") == "[]");
    desk.now = when("09:00");  // before it was recorded
    for (const char* action : {"correlate", "postmortem_draft"}) {
        CHECK(desk.refusal(R"({"action":")" + std::string(action) + "\"," + ToolDesk::of(id) + "}", intelligence) ==
              "not_found /incident_id");
        CHECK(desk.answer.find(id + " was not there yet") != std::string::npos);
    }
}

TEST_CASE("each report of the tools is made again by its journal_size and generated_for, byte for byte", "[tools][gate]") {
    ToolDesk desk;
    const std::string one = desk.create("10:00", R"(,"severity":"P1","signature":"boom")");
    const std::string other = desk.create("10:30", R"(,"signature":"boom")");
    const auto draft = [&] {
        desk.call(R"({"action":"postmortem_draft",)" + ToolDesk::of(one) + "}", intelligence);
        std::string content;
        append_json_string(content, desk.result("/markdown") + "Written by a person.\n");
        desk.oncall("incident_attach_artifact",
                    ToolDesk::of(one, R"("kind":"postmortem","name":"postmortem.md","content":)" + content));
    };
    draft();
    const std::vector<std::pair<const char*, std::string>> reports{
        {"oncall_tool", R"("action":"followup_watch","env":"prod")"},
        {intelligence, R"("action":"correlate",)" + ToolDesk::of(one)},
        {intelligence, R"("action":"recurrence","window_days":30)"},
        {intelligence, R"("action":"postmortem_draft","save":false,)" + ToolDesk::of(one)}};
    std::vector<std::string> before;
    for (const auto& [tool, fields] : reports) before.push_back(desk.call("{" + fields + "}", tool));
    CHECK(before.back().find("Written by a person.") != std::string::npos);
    const std::string then = R"(,"at_seq":)" + std::to_string(desk.size()) + R"(,"known_at":")" + format_time(desk.now) + "\"";

    desk.now = when("15:00");
    desk.journal().set_time(when("14:00"));
    desk.create("13:00", R"(,"severity":"P0","signature":"boom")");
    desk.oncall("incident_update", ToolDesk::of(other, R"("title":"Something else")"));
    draft();
    for (std::size_t i = 0; i < reports.size(); ++i) {
        const auto& [tool, fields] = reports[i];
        INFO(fields);
        CHECK(desk.call("{" + fields + "}", tool) != before[i]);
        CHECK(desk.call("{" + fields + then + "}", tool) == before[i]);
        CHECK(desk.refusal("{" + fields + R"(,"at_seq":999})", tool) == "invalid /at_seq");
    }
    desk.call(R"({"action":"postmortem_draft",)" + ToolDesk::of(one) + then + "}", intelligence);
    CHECK(desk.result("/artifacts") == "[]");
    CHECK(desk.refusal(R"({"action":"postmortem_draft","save":true,)" + ToolDesk::of(one) + then + "}", intelligence) ==
          "invalid /save");
    CHECK(desk.refusal(R"({"action":"correlate","append_note":true,)" + ToolDesk::of(one) + then + "}", intelligence) ==
          "invalid /append_note");
    CHECK(desk.refusal(R"({"action":"followup_watch","append":true)" + then + "}") == "invalid /append");
}
