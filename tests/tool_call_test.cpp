#include "tests/tool_desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// Action, agent and params of a body, or why it is refused.
std::string told(std::string_view body, std::string_view tool = "oncall_tool") {
    ToolCallReader reader;
    const auto call = reader.read(tool, body);
    if (!call) return to_text(call.refusal().code) + (' ' + call.refusal().field);
    return std::string(call->action) + ' ' + std::string(call->agent_id.value_or("-")) + ' ' + canonical(call->params);
}

}  // namespace

TEST_CASE("a call is read from params, from fields beside the action, and from params as a JSON string", "[tools]") {
    const std::string expected = R"(incident_list sofiia {"limit":20,"status":"open"})";
    CHECK(told(R"({"action":"incident_list","params":{"status":"open","limit":20},"agent_id":"sofiia"})") == expected);
    CHECK(told(R"({"action":"incident_list","status":"open","limit":20,"agent_id":"sofiia"})") == expected);
    CHECK(told(R"({"action":"incident_list","params":"{\"status\":\"open\",\"limit\":20}","agent_id":"sofiia"})") == expected);
    CHECK(told(R"({"action":"incident_list","status":"open","params":{"limit":20},"agent_id":"sofiia"})") == expected);
    CHECK(told(R"({"action":"incident_list","status":"open","params":{"limit":20,"status":"open"},"agent_id":"sofiia"})") ==
          expected);
    CHECK(told(R"({"tool":"oncall_tool","action":"incident_list","params":{"status":"open","limit":20},"agent_id":"sofiia"})") ==
          expected);
    CHECK(told(R"({"action":"incident_list","params":null,"agent_id":null})") == "incident_list - {}");
    CHECK(told(R"({"action":"incident_list"})") == "incident_list - {}");
}

TEST_CASE("a body that is no call is refused with the place of what is wrong", "[tools]") {
    CHECK(told("") == "invalid ");
    CHECK(told("[]") == "invalid ");
    CHECK(told(R"({"action":"a"} x)") == "invalid ");
    CHECK(told(R"({"params":{}})") == "invalid /action");
    CHECK(told(R"({"action":7})") == "invalid /action");
    CHECK(told(R"({"action":"a","agent_id":"a b"})") == "invalid /agent_id");
    CHECK(told(R"({"action":"a","tool":"jobs"})") == "invalid /tool");
    CHECK(told(R"({"action":"a","params":[]})") == "invalid /params");
    CHECK(told(R"({"action":"a","params":"[]"})") == "invalid /params");
    CHECK(told(R"({"action":"a","params":"{"})") == "invalid /params");
    CHECK(told(R"({"action":"a","params":"{\"x\":1,\"x\":2}"})") == "invalid /params/x");
    CHECK(told(R"({"action":"a","x":1,"params":{"x":2}})") == "invalid /x");
    CHECK(told("{\"action\":\"a\",\"x\":\"\xFF\"}") == "invalid ");
    // The body's braces are a level of their own.
    const auto nested = [](std::size_t levels) {
        return told(R"({"action":"a","x":)" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + '}');
    };
    CHECK(nested(64).starts_with("a - "));
    CHECK(nested(65).starts_with("invalid /x/0"));
}

TEST_CASE("fields that came as texts make the same call", "[tools]") {
    ToolCallReader reader;
    const auto call = reader.read_texts("oncall_tool", "incident_list",
                                        {{"status", "open"}, {"limit", "20"}, {"archived", "true"}, {"text", "20"}});
    REQUIRE(call);
    CHECK(canonical(call->params) == R"({"archived":true,"limit":20,"status":"open","text":"20"})");
    CHECK(canonical(reader.read_texts("oncall_tool", "incident_list", {{"limit", "020"}})->params) == R"({"limit":"020"})");
    CHECK_FALSE(reader.read_texts("oncall_tool", "incident_list", {{"action", "x"}}));
    CHECK_FALSE(reader.read_texts("oncall_tool", "incident_list", {{"limit", "1"}, {"limit", "2"}}));
    CHECK_FALSE(reader.read_texts("oncall_tool", "incident_list", {{"text", "\xFF"}}));
}

TEST_CASE("the runbook's calls work as they stand there", "[tools]") {
    ToolDesk desk;
    desk.call(R"({
  "tool": "oncall_tool",
  "action": "incident_create",
  "params": {
    "service": "gateway",
    "severity": "P1",
    "title": "Gateway 5xx rate >5%",
    "env": "prod",
    "started_at": "2026-02-23T10:00:00Z"
  },
  "agent_id": "sofiia"
})");
    CHECK(desk.result("/incident/severity") == "P1");
    CHECK(desk.result("/incident/created_by") == "sofiia");
    desk.call(R"({
  "tool": "oncall_tool",
  "action": "incident_list",
  "params": { "status": "open", "limit": 20 }
})");
    CHECK(desk.result("/count") == "1");
    CHECK(desk.result("/incidents/0/title") == "Gateway 5xx rate >5%");
    desk.call(R"({
  "action": "incident_followups_summary",
  "service": "gateway",
  "env": "prod",
  "window_days": 30
})");
    CHECK(desk.result("/report") == "incident_followups_summary");
    CHECK(desk.result("/counts/open_incidents") == "1");
    desk.call(R"({"action":"weekly_digest","save_artifacts":true})", "incident_intelligence_tool");
    CHECK(desk.result("/week") == "2026-08");
    CHECK(desk.result("/saved/seq") == "2");
}

TEST_CASE("an unknown tool or action is refused with those that there are", "[tools]") {
    ToolDesk desk;
    CHECK(desk.refusal(R"({"action":"incident_destroy"})") == "not_found /action");
    CHECK(at_pointer(desk.answer, "/error/message").find("incident_create") != std::string::npos);
    CHECK(desk.refusal(R"({"action":"incident_list"})", "no_tool") == "not_found");
    CHECK(at_pointer(desk.answer, "/error/message") ==
          "no such tool: no_tool; there is oncall_tool, incident_intelligence_tool, jobs");
    CHECK(desk.refusal(R"({"action":"incident_list"})", "\xFF") == "not_found");
    CHECK_FALSE(desk.tools.needs("oncall_tool", "weekly_digest"));
}

TEST_CASE("each action needs reading or writing, and names its fields in order", "[tools]") {
    ToolDesk desk;
    CHECK(*desk.tools.needs("oncall_tool", "incident_list") == Permission::read);
    CHECK(*desk.tools.needs("oncall_tool", "incident_timeline") == Permission::read);
    CHECK(*desk.tools.needs("oncall_tool", "incident_create") == Permission::write);
    CHECK(*desk.tools.needs("oncall_tool", "followup_update") == Permission::write);
    CHECK(*desk.tools.needs("incident_intelligence_tool", "weekly_digest") == Permission::read);
    CHECK(*desk.tools.needs("incident_intelligence_tool", "postmortem_draft") == Permission::write);
}

TEST_CASE("what a call got wrong is named where it stands in the body", "[tools]") {
    ToolDesk desk;
    const std::string id = desk.create();
    CHECK(desk.refusal(R"({"action":"incident_create","params":{"service":"gateway"}})") == "invalid /params/title");
    CHECK(desk.refusal(R"({"action":"incident_create","service":"gateway"})") == "invalid /title");
    CHECK(desk.refusal(R"({"action":"incident_create","title":7,"params":{"service":"gateway"}})") == "invalid /title");
    CHECK(desk.refusal(R"({"action":"incident_list","params":{"colour":"red"}})") == "invalid /params/colour");
    CHECK(desk.refusal(R"({"action":"incident_list","a/b":"red"})") == "invalid /a~1b");
    CHECK(desk.refusal(R"({"action":"incident_list","params":"{\"limit\":0}"})") == "invalid /params/limit");
    CHECK(desk.refusal_of("incident_list", R"("limit":501)") == "invalid /params/limit");
    CHECK(desk.refusal_of("incident_list", R"("status":"half")") == "invalid /params/status");
    CHECK(desk.refusal_of("incident_list", R"("since":"2026-02-23T10:00:00")") == "invalid /params/since");
    CHECK(desk.refusal_of("incident_get", R"("incident_id":"../../etc/passwd")") == "not_found /params/incident_id");
    CHECK(desk.refusal_of("incident_get", R"("incident_id":"inc_20260223_1000_nosuch")") == "not_found /params/incident_id");
    CHECK(desk.refusal_of("incident_timeline", R"("incident_id":"inc_20260223_1000_nosuch")") == "not_found /params/incident_id");
    CHECK(desk.refusal_of("incident_close", R"("incident_id":"$jobs")") == "not_found /params/incident_id");
    CHECK(desk.refusal_of("incident_close", R"("incident_id":"inc_20260223_1000_nosuch")") == "not_found /params/incident_id");
    CHECK(desk.refusal_of("incident_timeline", R"("incident_id":"$jobs")") == "not_found /params/incident_id");
    CHECK(desk.refusal_of("incident_close", ToolDesk::of(id, R"("occurred_at":"2206-02-23T10:00:00Z")")) ==
          "invalid /params/occurred_at");
    CHECK(desk.refusal_of("incident_get", ToolDesk::of(id, R"("at_seq":99)")) == "invalid /params/at_seq");
}
