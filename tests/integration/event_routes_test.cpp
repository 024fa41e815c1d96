// Events over HTTP: pages, and streams for as long as their caller may read.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

TEST_CASE("a page of large events ends at 4 MiB, and the next one goes on behind it", "[serve]") {
    const Program daybook;
    Server server(daybook);
    HttpClient client = server.client();
    const std::string id = daybook.out({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", "5xx"});
    std::string text;  // as large as one may be
    for (int i = 0; i < 16'384; ++i) text += "\U0001F525";
    constexpr std::size_t events = 150, page_bytes_max = std::size_t{4} << 20;
    for (std::size_t i = 1; i < events; ++i) {
        const Json note{
            {"action", "incident_append_event"}, {"agent_id", "sofiia"}, {"incident_id", id}, {"type", "note"}, {"message", text}};
        REQUIRE(client.post("/v1/tools/oncall_tool", note.dump()).status == 200);
    }
    std::size_t pages = 0, sequence = 0;
    for (Json after = 0; !after.is_null(); ++pages) {
        const std::string page = client.get("/v1/events?after_seq=" + after.dump()).body;
        CHECK(page.size() < page_bytes_max + text.size() + 2000);
        const Json result = Json::parse(page)["result"];
        for (const Json& event : result["events"]) CHECK(event["seq"] == ++sequence);
        after = result["next_after_seq"];
        CHECK((after.is_null() || after == sequence));
    }
    CHECK(sequence == events);
    CHECK(pages == 3);
}
