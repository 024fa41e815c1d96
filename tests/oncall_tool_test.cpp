#include "tests/tool_desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// The type and payload of the newest event.
std::string newest(ToolDesk& desk) {
    const SeenEvent event = desk.events(desk.size() - 1).at(0);
    return std::string(to_text(event.type)) + ' ' + event.payload;
}

}  // namespace

TEST_CASE("incident_create answers with the incident as incidents.jsonl has it", "[tools]") {
    ToolDesk desk;
    desk.oncall("incident_create",
                R"("service":"gateway","title":"Gateway 5xx","env":"staging","severity":"P0","kind":"http_5xx","summary":"s",)"
                R"("labels":{"team":"edge"},"meta":{"a":1},"message":"it began")");
    CHECK(desk.refused() == "taken");
    CHECK(desk.result("/version") == "1");
    CHECK(desk.result("/seq") == "1");
    CHECK(desk.result("/written") == "1");
    CHECK(desk.result("/duplicate") == "false");
    CHECK(desk.result("/incident/id") == desk.result("/incident_id"));
    CHECK(desk.result("/incident/status") == "open");
    CHECK(desk.result("/incident/labels") == R"({"team":"edge"})");
    CHECK(desk.result("/incident/started_at") == "2026-02-23T12:00:00Z");
    CHECK(desk.result("/incident/event_count") == "1");
    const SeenEvent event = desk.events().at(0);
    CHECK(event.actor == "sofiia");
    CHECK(event.source == "oncall_tool");
    CHECK(event.occurred_at == "2026-02-23T12:00:00Z");
    CHECK(desk.refusal_of("incident_create", R"("service":"","title":"t")") == "invalid /params/service");
    CHECK(desk.refusal_of("incident_create", R"("service":"s","title":"t","severity":"P9")") == "invalid /params/severity");
    CHECK(
        desk.refusal_of("incident_create", R"("service":"s","title":"t","labels":{"a":1})").starts_with("invalid /params/labels"));
    CHECK(desk.refusal_of("incident_create", R"("service":"s","title":"t","expected_version":3)") ==
          "conflict /params/expected_version");
}

TEST_CASE("an incident goes through its states by the tool's actions", "[tools]") {
    ToolDesk desk;
    const std::string id = desk.create();
    desk.oncall("incident_acknowledge", desk.of(id, R"("message":"looking")"));
    CHECK(desk.result("/incident/acknowledged_at") == "2026-02-23T12:00:00Z");
    desk.oncall("incident_acknowledge", desk.of(id));
    CHECK(desk.result("/written") == "0");
    CHECK(desk.result("/seq") == "null");
    CHECK(desk.result("/version") == "2");
    desk.oncall("incident_mitigate", desk.of(id, R"("reason":"rolled back")"));
    CHECK(desk.result("/incident/status") == "mitigated");
    desk.oncall("incident_resolve", desk.of(id));
    CHECK(desk.result("/incident/status") == "resolved");
    desk.oncall("incident_close", desk.of(id));
    CHECK(desk.result("/incident/status") == "closed");
    CHECK(desk.refusal_of("incident_mitigate", desk.of(id)) == "conflict");
    desk.oncall("incident_reopen", desk.of(id, R"("reason":"it is back")"));
    CHECK(desk.result("/incident/status") == "open");
    CHECK(desk.result("/incident/resolved_at") == "null");
    desk.oncall("incident_set_severity", desk.of(id, R"("severity":"P0","reason":"worse")"));
    CHECK(desk.result("/incident/severity") == "P0");
    CHECK(desk.refusal_of("incident_set_severity", desk.of(id)) == "invalid /params/severity");
    CHECK(desk.refusal_of("incident_close", desk.of(id, R"("occurred_at":"2026-02-23T10:30:00Z")")) ==
          "conflict /params/occurred_at");
    desk.oncall("incident_assign", desk.of(id, R"("assignee":"helion")"));
    CHECK(desk.result("/incident/assignee") == "helion");
    CHECK(desk.refusal_of("incident_assign", desk.of(id)) == "invalid /params/assignee");
    CHECK(desk.refusal_of("incident_assign", desk.of(id, R"("assignee":"a b")")) == "invalid /params/assignee");
    desk.oncall("incident_assign", desk.of(id, R"("assignee":null)"));
    CHECK(desk.result("/incident/assignee") == "null");
    desk.oncall("incident_update", desk.of(id, R"("title":"Gateway and checkout","summary":"two","labels":{"a":"b"})"));
    CHECK(desk.result("/incident/title") == "Gateway and checkout");
    desk.oncall("incident_update", desk.of(id, R"("summary":null)"));
    CHECK(desk.result("/incident/summary") == "null");
    CHECK(desk.refusal_of("incident_update", desk.of(id, R"("title":null)")) == "invalid /params/title");
    const std::string other = desk.create("09:00");
    desk.oncall("incident_link", desk.of(id, R"("relation":"duplicate_of","other":")" + other + '"'));
    CHECK(desk.result("/incident/duplicate_of") == other);
    CHECK(desk.refusal_of("incident_link", desk.of(id, R"("relation":"caused_by","other":"inc_20260223_1000_nosuch")")) ==
          "not_found /params/other");
    CHECK(desk.problems() == "");
}

TEST_CASE("incident_append_event takes each type", "[tools]") {
    ToolDesk desk;
    const std::string id = desk.create();
    for (const std::string type : {"note", "decision", "action", "comms", "metric", "log"}) {
        desk.oncall("incident_append_event", desk.of(id, R"("type":")" + type + R"(","message":"m","meta":{"a":1})"));
        CHECK(newest(desk) == type + R"( {"message":"m","meta":{"a":1}})");
    }
    desk.oncall("incident_append_event",
                desk.of(id, R"("type":"followup","message":"promised",)"
                            R"("meta":{"title":"Add a canary","owner":"helion","priority":"P1","due_date":"2026-03-02"})"));
    const std::string followup = desk.result("/followup_id");
    CHECK(newest(desk) == R"(followup {"due_at":"2026-03-03T00:00:00Z","followup_id":")" + followup +
                              R"(","message":"promised","owner":"helion","priority":"P1","status":"open","title":"Add a canary"})");
    const std::string change = R"("type":"followup_status_change","meta":{"followup_id":")" + followup + R"(","status":"done"})";
    desk.oncall("incident_append_event", desk.of(id, change));
    CHECK(newest(desk) == R"(followup_status_change {"followup_id":")" + followup + R"(","from":"open","to":"done"})");
    CHECK(desk.result("/followup_id") == followup);

    const std::string other = desk.create("09:00");
    CHECK(desk.refusal_of("incident_append_event", desk.of(other, change)) == "not_found /params/meta/followup_id");
    CHECK(desk.refusal_of("incident_append_event", desk.of(id, R"("type":"alert","message":"m")")) == "invalid /params/type");
    CHECK(desk.refusal_of("incident_append_event", desk.of(id, R"("type":"note")")) == "invalid /params/message");
    CHECK(desk.refusal_of("incident_append_event", desk.of(id, R"("type":"followup")")) == "invalid /params/meta");
    CHECK(desk.refusal_of("incident_append_event", desk.of(id, R"("type":"followup","meta":{})")) == "invalid /params/meta/title");
    CHECK(desk.refusal_of("incident_append_event", desk.of(id, R"("type":"followup","meta":{"title":""})")) ==
          "invalid /params/meta/title");
    CHECK(desk.refusal_of("incident_append_event", desk.of(id, R"("type":"followup","meta":{"title":"t","due_date":"soon"})")) ==
          "invalid /params/meta/due_date");
    CHECK(desk.refusal_of("incident_append_event",
                          desk.of(id, R"("type":"followup","meta":{"title":"t","due_date":"9999-12-31"})")) ==
          "invalid /params/meta/due_date");
}

TEST_CASE("a timeline's entry is corrected by its seq", "[tools]") {
    ToolDesk desk;
    const std::string id = desk.create();
    desk.oncall("incident_append_event", desk.of(id, R"("type":"note","message":"2.7.1")"));
    desk.oncall("incident_correct_event", desk.of(id, R"("seq":2,"message":"2.7.2")"));
    CHECK(newest(desk) == R"(entry_corrected {"corrects":2,"message":"2.7.2"})");
    CHECK(desk.refusal_of("incident_correct_event", desk.of(id, R"("seq":9,"message":"m")")) == "not_found /params/seq");
    CHECK(desk.refusal_of("incident_correct_event", desk.of(id, R"("message":"m")")) == "invalid /params/seq");
}

TEST_CASE("followup_add and followup_update promise, change and finish", "[tools]") {
    ToolDesk desk;
    const std::string id = desk.create();
    desk.oncall("followup_add", desk.of(id, R"("title":"Add a canary","due_at":"2026-03-02T12:00:00+02:00")"));
    const std::string fields = R"("followup_id":")" + desk.result("/followup_id") + '"';
    CHECK(newest(desk).find(R"("due_at":"2026-03-02T10:00:00Z")") != std::string::npos);
    desk.oncall("followup_update", fields + R"(,"owner":"helion","priority":"P0","due_date":"2026-03-09")");
    CHECK(desk.result("/incident_id") == id);
    desk.oncall("incident_followups_summary", R"("service":"gateway")");
    CHECK(desk.result("/due_soon/0/owner") == "absent");
    desk.now = when("2026-03-05T00:00:00Z");
    desk.oncall("incident_followups_summary", "");
    CHECK(desk.result("/due_soon/0/owner") == "helion");
    desk.oncall("followup_update", fields + R"(,"owner":null,"due_at":null)");
    desk.oncall("incident_followups_summary", "");
    CHECK(desk.result("/counts/unowned") == "1");
    CHECK(desk.result("/counts/undated") == "1");
    desk.oncall("followup_update", fields + R"(,"status":"done")");
    desk.oncall("incident_followups_summary", "");
    CHECK(desk.result("/done_in_window/total") == "1");
    desk.oncall("incident_followups_summary", R"("as_of":"2026-02-23T12:30:00Z")");
    CHECK(desk.result("/done_in_window/total") == "0");
    CHECK(desk.refusal_of("followup_update", R"("followup_id":"fu_nosuch","status":"done")") == "not_found /params/followup_id");
    CHECK(desk.refusal_of("followup_update", fields + R"(,"status":"done","owner":"ada")") == "invalid /params/owner");
    CHECK(desk.refusal_of("followup_update", fields + R"(,"due_at":"2026-03-09","due_date":"2026-03-09")") ==
          "invalid /params/due_date");
    CHECK(desk.refusal_of("incident_followups_summary", R"("window_days":0)") == "invalid /params/window_days");
}

TEST_CASE("incident_attach_artifact takes text and base64, and no path tricks", "[tools]") {
    ToolDesk desk;
    const std::string id = desk.create();
    desk.oncall("incident_attach_artifact", desk.of(id, R"("kind":"postmortem","name":"pm.md","content":"# Why\n")"));
    CHECK(desk.result("/artifact_id").starts_with("art_"));
    CHECK(newest(desk).find(R"("size_bytes":6)") != std::string::npos);
    desk.oncall("incident_attach_artifact", desk.of(id, R"("kind":"graph","format":"json","content":"e30=","encoding":"base64")"));
    CHECK(newest(desk).find(R"("name":"graph.json")") != std::string::npos);
    CHECK(newest(desk).find(R"("size_bytes":2)") != std::string::npos);
    const auto refusal = [&](const std::string& fields) {
        return desk.refusal_of("incident_attach_artifact", desk.of(id, fields));
    };
    for (const std::string name : {"../pm.md", "/etc/pm.md", "a/b.md", ".pm.md", "-pm.md", "pm.md/", "..", "a\\\\b.md", ""}) {
        CHECK(refusal(R"("content":"x","name":")" + name + '"') == "invalid /params/name");
    }
    CHECK(refusal(R"("content":"x","name":"pm.exe")") == "invalid /params/name");
    CHECK(refusal(R"("content":"x","name":"pm.md","format":"txt")") == "invalid /params/format");
    CHECK(refusal(R"("content":"x")") == "invalid /params/name");
    CHECK(refusal(R"("name":"pm.md")") == "invalid /params/content");
    CHECK(refusal(R"("content":"e30","encoding":"base64","name":"pm.md")") == "invalid /params/content");
    CHECK(refusal(R"("content":"e30=","encoding":"hex","name":"pm.md")") == "invalid /params/encoding");
    CHECK(refusal(R"("content":"//8=","encoding":"base64","name":"pm.md")") == "invalid /params/content");
    CHECK(refusal(R"("content":"{","name":"a.json")").starts_with("invalid /params/content"));
    CHECK(refusal(R"("name":"big.txt","content":")" + std::string(artifact_bytes_max + 1, 'x') + '"') ==
          "too_large /params/content");
    CHECK(refusal(R"("name":"big.txt","content":")" + std::string(artifact_bytes_max, 'x') + R"(","occurred_at":1)") ==
          "invalid /params/occurred_at");
}

TEST_CASE("a key makes a write happen once, in whatever shape it is sent again", "[tools]") {
    ToolDesk desk;
    const std::string fields = R"("service":"gateway","title":"t","idempotency_key":"k1")";
    desk.oncall("incident_create", fields);
    const std::string id = desk.result("/incident_id");
    desk.now = when("13:00");
    desk.oncall("incident_create", fields);
    CHECK(desk.result("/incident_id") == id);
    CHECK(desk.result("/duplicate") == "true");
    CHECK(desk.result("/seq") == "1");
    CHECK(desk.result("/written") == "0");
    desk.call(R"({"idempotency_key":"k1","action":"incident_create","title":"t","service":"gateway","agent_id":"helion"})");
    CHECK(desk.result("/duplicate") == "true");
    CHECK(desk.size() == 1);
    CHECK(desk.refusal_of("incident_create", R"("service":"gateway","title":"other","idempotency_key":"k1")") ==
          "idempotency_conflict /params/idempotency_key");
    CHECK(desk.refusal_of("incident_close", desk.of(id, R"("idempotency_key":"k1")")) ==
          "idempotency_conflict /params/idempotency_key");
    const std::string close = desk.of(id, R"("idempotency_key":"k2","expected_version":1)");
    desk.oncall("incident_close", close);
    desk.oncall("incident_close", close);
    CHECK(desk.result("/duplicate") == "true");
    CHECK(desk.size() == 2);
    CHECK(desk.refusal_of("incident_create", R"("service":"s","title":"t","idempotency_key":"")") ==
          "invalid /params/idempotency_key");
}

TEST_CASE("a write at another version than expected is a conflict", "[tools]") {
    ToolDesk desk;
    const std::string id = desk.create();
    CHECK(desk.refusal_of("incident_close", desk.of(id, R"("expected_version":2)")) == "conflict /params/expected_version");
    CHECK(desk.refusal_of("incident_close", desk.of(id, R"("expected_version":"none")")) == "conflict /params/expected_version");
    CHECK(desk.refusal_of("incident_close", desk.of(id, R"("expected_version":"1")")) == "invalid /params/expected_version");
    CHECK(desk.refusal_of("incident_close", desk.of(id, R"("expected_version":-1)")) == "invalid /params/expected_version");
    desk.oncall("incident_mitigate", desk.of(id, R"("expected_version":1)"));
    CHECK(desk.result("/version") == "2");
    desk.oncall("incident_close", desk.of(id, R"("expected_version":"any")"));
    CHECK(desk.result("/version") == "3");
}

TEST_CASE("what is dated before the week in which it was written down is taken, and said to be in no weekly digest", "[tools]") {
    ToolDesk desk;  // on a Monday
    const std::string friday = R"("occurred_at":"2026-02-20T10:05:00Z")";
    desk.oncall("incident_create", R"("service":"gateway","title":"5xx","started_at":"2026-02-20T10:00:00Z")");
    CHECK(desk.result("/warnings/0").starts_with("it counts as opened at 2026-02-23T12:00:00Z, and what is dated"));
    const std::string late = desk.result("/incident_id");
    desk.oncall("incident_acknowledge", ToolDesk::of(late, friday));
    CHECK(desk.result("/warnings/0") ==
          late + " was written down as of 2026-02-23T12:00:00Z: what happened to it in a week before that is in no weekly digest");
    desk.oncall("incident_append_event", ToolDesk::of(late, R"("type":"note","message":"x",)" + friday));
    CHECK(desk.result("/warnings") == "absent");
    desk.oncall("incident_resolve", ToolDesk::of(late));
    CHECK(desk.result("/warnings") == "absent");

    desk.oncall("incident_create", R"("service":"gateway","title":"5xx","started_at":"2026-02-20T10:00:00Z",)" + friday);
    CHECK(desk.result("/warnings") == "absent");
    const std::string told = desk.result("/incident_id");
    desk.oncall("incident_acknowledge", ToolDesk::of(told, friday));
    CHECK(desk.result("/warnings") == "absent");
    desk.oncall("followup_add", ToolDesk::of(told, R"("title":"Add a canary")"));
    const std::string followup = desk.result("/followup_id");
    desk.oncall("followup_update", R"("followup_id":")" + followup + R"(","status":"done",)" + friday);
    CHECK(desk.result("/warnings/0").starts_with(followup + " was written down as of 2026-02-23T12:00:00Z"));

    desk.call(R"({"action":"weekly_digest","week":"2026-08"})", "incident_intelligence_tool");
    CHECK(desk.result("/digest/counts/opened") == "1");
    CHECK(desk.result("/digest/counts/acknowledged") == "1");  // as the warnings say
    CHECK(desk.result("/digest/followups/done") == "0");
}
