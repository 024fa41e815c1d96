// What a server answers to alert sources, and keeps of what it refuses.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

TEST_CASE("an alert source that sends too often is told to come again, with 503 and never with a 4xx", "[serve]") {
    const Program daybook;
    Server server(daybook, {"--rate-limit", "0.5"});
    HttpClient client = server.client();
    const std::string alerts = read_file(project_file("fixtures/alerts/alertmanager.json"));
    int later = 0;
    for (int i = 0; i < 30; ++i) {
        const HttpAnswer answer = client.post("/v1/ingest/alertmanager?agent_id=helion", alerts);
        CHECK((answer.status == 200 || answer.status == 503));
        if (answer.status == 200) continue;
        ++later;
        CHECK(answer.headers.at("retry-after") == "1");
        CHECK(Json::parse(answer.body)["error"]["code"] == "rate_limited");
    }
    CHECK(later >= 10);
    const Json paths = Json::parse(client.get("/openapi.json").body)["paths"];
    CHECK(paths["/v1/ingest/alertmanager"]["post"]["responses"].contains("503"));
    CHECK_FALSE(paths["/v1/ingest/alertmanager"]["post"]["responses"].contains("429"));
    CHECK(paths["/v1/tools/{tool}"]["post"]["responses"].contains("429"));
}
