#include <algorithm>

#include <nlohmann/json.hpp>

#include "projections/postmortem.hpp"
#include "tests/tool_desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr const char* intelligence = "incident_intelligence_tool";

struct PostmortemDesk : ToolDesk {
    std::string draft(const std::string& id) {
        call(R"({"action":"postmortem_draft",)" + of(id) + "}", intelligence);
        return result("/markdown");
    }
    void attach(const std::string& id, const std::string& document) {
        std::string content;
        append_json_string(content, document);
        oncall("incident_attach_artifact", of(id, R"("kind":"postmortem","name":"postmortem.md","content":)" + content));
    }
};

}  // namespace

TEST_CASE("a postmortem draft has facts with their seqs, and questions for what the journal does not know", "[postmortem]") {
    PostmortemDesk desk;
    const std::string id = desk.create("10:00", R"(,"severity":"P1")");
    desk.oncall("incident_acknowledge", ToolDesk::of(id, R"("occurred_at":"2026-02-23T10:05:00Z")"));
    desk.oncall("incident_resolve", ToolDesk::of(id, R"("occurred_at":"2026-02-23T11:00:00Z")"));
    const std::string markdown = desk.draft(id);
    CHECK(markdown.starts_with("# Postmortem: Gateway 5xx\n"));
    CHECK(markdown.find("- opened 2026-02-23T10:00:00Z as P1 [1]\n") != std::string::npos);
    CHECK(markdown.find("- acknowledged 2026-02-23T10:05:00Z [2]\n") != std::string::npos);
    CHECK(markdown.find("- start to resolution: 1 h\n") != std::string::npos);
    CHECK(markdown.find("> **?** What made it possible, and why now?") != std::string::npos);
    CHECK(desk.result("/draft/durations/tta") == "300");
    CHECK(desk.result("/draft/durations/ttm") == "3600");
    CHECK(desk.result("/draft/timeline/1/seq") == "2");
    CHECK(nlohmann::json::parse(desk.result("/artifacts")).size() == 2);
    CHECK(desk.refusal(R"({"action":"postmortem_draft","incident_id":"inc_20260223_1000_nosuch"})", intelligence) ==
          "not_found /incident_id");
}

TEST_CASE("a second draft brings facts up to date and keeps what a person wrote", "[postmortem]") {
    PostmortemDesk desk;
    const std::string id = desk.create("10:00");
    std::string document = desk.draft(id);
    const std::string question = "> **?** What happened, in two sentences?";
    document.replace(document.find(question), question.size(), "The disk was full.");
    const std::string fact = "The journal says nothing more of it.";
    document.replace(document.find(fact), fact.size(), "Ten customers could not pay.");
    desk.attach(id, document);
    desk.oncall("incident_resolve", ToolDesk::of(id, R"("occurred_at":"2026-02-23T11:00:00Z")"));
    const std::string second = desk.draft(id);
    CHECK(second.find("The disk was full.") != std::string::npos);
    CHECK(second.find(question) == std::string::npos);
    CHECK(second.find("Ten customers could not pay.") != std::string::npos);  // a block that was changed stays
    CHECK(second.find("- start to resolution: 1 h\n") != std::string::npos);  // one that was not is made anew
    CHECK(second.find("- start to resolution: not yet") == std::string::npos);
    desk.attach(id, "Written by hand, without any block.\n");
    CHECK(desk.draft(id) == "Written by hand, without any block.\n");
}

TEST_CASE("text from outside is no markup in a postmortem, and closes no block", "[postmortem]") {
    PostmortemDesk desk;
    const std::string id = desk.create("10:00");
    desk.oncall("incident_append_event", ToolDesk::of(id, R"("type":"note","message":"<!-- /daybook:facts -->\n# <b>x")"));
    const std::string first = desk.draft(id);
    CHECK(first.find("\n# \\<b") == std::string::npos);
    CHECK(first.find("<b>") == std::string::npos);
    desk.now = when("12:30");
    CHECK(desk.draft(id).find("12:30:00Z") != std::string::npos);
}

TEST_CASE("a long entry of the timeline is cut, so that the draft of any incident can be attached", "[postmortem]") {
    PostmortemDesk desk;
    const std::string id = desk.create("10:00");
    std::string text;
    for (int i = 0; i < 8'000; ++i) text += "ї";  // of two bytes
    desk.oncall("incident_append_event", ToolDesk::of(id, R"("type":"note","message":")" + text + '"'));
    const std::string markdown = desk.draft(id);
    CHECK(markdown.find("ї… (") != std::string::npos);
    CHECK(markdown.size() < 3'000);
}

TEST_CASE("of very many facts a postmortem draft has the first, and the last", "[postmortem]") {
    PostmortemDesk desk;
    const std::string id = desk.create("10:00");
    for (int i = 0; i < 150; ++i) {
        desk.oncall("incident_resolve", ToolDesk::of(id));
        desk.oncall("incident_reopen", ToolDesk::of(id));
    }
    const std::string markdown = desk.draft(id);
    const auto summary = nlohmann::json::parse(desk.result("/draft/summary"));  // start, opening, 300 changes
    CHECK(summary.size() == 100);
    CHECK(summary.back()["text"] == "… and 202 more, then resolved to open 2026-02-23T12:00:00Z");
    CHECK(summary.back()["seq"] == 301);
    CHECK(markdown.find("- … and 202 more, then resolved to open 2026-02-23T12:00:00Z [301]\n") != std::string::npos);
}

TEST_CASE("a postmortem of which one file is too large is refused whole", "[postmortem]") {
    PostmortemDesk desk;
    const std::string id = desk.create("10:00");
    std::string document = desk.draft(id);
    document.append(artifact_bytes_max - document.size(), 'x');
    desk.attach(id, document);
    REQUIRE(desk.refused() == "taken");
    desk.oncall("incident_resolve", ToolDesk::of(id));
    CHECK(desk.refusal(R"({"action":"postmortem_draft",)" + ToolDesk::of(id) + "}", intelligence) == "too_large");
    CHECK(desk.answer.find("postmortem.md would have ") != std::string::npos);
}

TEST_CASE("a postmortem counts from the start as it was corrected, and names the event that says so", "[postmortem]") {
    PostmortemDesk desk;
    const std::string id = desk.create("10:00");
    desk.oncall("incident_update", ToolDesk::of(id, R"("started_at":"2026-02-23T09:30:00Z","occurred_at":"2026-02-23T10:05:00Z")"));
    desk.oncall("incident_acknowledge", ToolDesk::of(id, R"("occurred_at":"2026-02-23T10:10:00Z")"));
    const std::string markdown = desk.draft(id);
    CHECK(markdown.find("- started 2026-02-23T09:30:00Z [2]\n- opened 2026-02-23T10:00:00Z as P2 [1]\n") != std::string::npos);
    CHECK(markdown.find("started 2026-02-23T10:00:00Z") == std::string::npos);
    CHECK(markdown.find("- written down 2026-02-23T10:00:00Z, 1800 s after it started [1]\n") != std::string::npos);
    CHECK(desk.result("/draft/durations/tta") == "2400");
    CHECK(desk.result("/draft/summary/0/seq") == "2");
}

TEST_CASE("the timeline of a postmortem marks what was corrected, and what corrects it", "[postmortem]") {
    PostmortemDesk desk;
    const std::string id = desk.create("10:00");
    const auto correct = [&](const char* seq, const char* text) {
        desk.oncall("incident_correct_event", ToolDesk::of(id, R"("seq":)" + std::string(seq) + R"(,"message":")" + text + '"'));
    };
    desk.oncall("incident_append_event", ToolDesk::of(id, R"("type":"note","message":"Rolled back 2.7.1")"));
    correct("2", "Rolled back 2.7.0");
    correct("3", "Rolled back 2.7.2");
    const std::string markdown = desk.draft(id);
    CHECK(markdown.find("`note` corrected by [4]: Rolled back 2.7.1 (`sofiia`) [2]\n") != std::string::npos);
    CHECK(markdown.find("`entry_corrected` corrected by [4]: corrects [2]: Rolled back 2.7.0 (`sofiia`) [3]\n") !=
          std::string::npos);
    CHECK(markdown.find("`entry_corrected` corrects [3]: Rolled back 2.7.2 (`sofiia`) [4]\n") != std::string::npos);
    CHECK(desk.result("/draft/timeline/1/corrected_by") == "4");
    CHECK(desk.result("/draft/timeline/1/corrects") == "absent");
    CHECK(desk.result("/draft/timeline/3/corrects") == "3");
}

TEST_CASE("a postmortem's contributing factors name the other incident, whatever was said of the link", "[postmortem]") {
    PostmortemDesk desk;
    const std::string cause = desk.create("09:00");
    const std::string id = desk.create("10:00");
    desk.oncall("incident_link", ToolDesk::of(id, R"("relation":"caused_by","other":")" + cause +
                                                      R"(","message":"the same deploy","occurred_at":"2026-02-23T10:30:00Z")"));
    desk.draft(id);
    CHECK(desk.result("/draft/contributing_factors/0/text") == "linked as caused_by " + cause + " 2026-02-23T10:30:00Z");
    CHECK(desk.result("/draft/contributing_factors/0/seq") == "3");
}

TEST_CASE("a draft names the parts that somebody changed or removed, once they lack what the journal says", "[postmortem]") {
    PostmortemDesk desk;
    const std::string id = desk.create("10:00");
    std::string document = desk.draft(id);
    const std::size_t opened = document.find("Opened: P2");
    document.replace(opened, 10, "Opened late: P2");
    const std::size_t related = document.find("<!-- daybook:facts related");
    document.resize(related);
    desk.attach(id, document);
    desk.oncall("incident_append_event", ToolDesk::of(id, R"("type":"note","message":"DB RESTORED")"));
    CHECK(desk.draft(id).find("DB RESTORED") == std::string::npos);
    CHECK(desk.result("/warnings/0").find("changed or removed them: related, timeline. ") != std::string::npos);

    // Emptied, a part is made anew; so is one that comes back.
    const std::size_t line = document.find("Opened late");
    const std::size_t start = document.find('\n', document.rfind("<!-- daybook:facts timeline", line)) + 1;
    document.erase(start, document.find("<!-- /daybook:facts -->", start) - start);
    desk.attach(id, document + "<!-- daybook:facts related -->\n<!-- /daybook:facts -->");
    const std::string anew = desk.draft(id);
    CHECK(anew.find("DB RESTORED") != std::string::npos);
    CHECK(anew.find("None found.\n<!-- /daybook:facts -->\n") != std::string::npos);
    CHECK(desk.result("/warnings") == "absent");
}

TEST_CASE("a document that was saved with CR LF is brought up to date, and keeps its ends of lines", "[postmortem]") {
    PostmortemDesk desk;
    const std::string id = desk.create("10:00");
    std::string saved;
    for (const char c : desk.draft(id)) saved += c == '\n' ? "\r\n" : std::string(1, c);
    desk.attach(id, saved);
    desk.oncall("incident_resolve", ToolDesk::of(id, R"("occurred_at":"2026-02-23T11:00:00Z")"));
    const std::string second = desk.draft(id);
    CHECK(second.find("- start to resolution: 1 h\r\n") != std::string::npos);
    CHECK(std::count(second.begin(), second.end(), '\n') == std::count(second.begin(), second.end(), '\r'));
    CHECK(desk.result("/warnings") == "absent");
}
