// The gate as a pipeline asks for it.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

TEST_CASE("the gate blocks with 3, passes and warns with 0, and can't be misled by a journal that is gone", "[gate]") {
    const Program daybook;
    const std::vector<std::string> command{"--now", "2026-02-23T12:00:00Z", "gate", "followup_watch"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), command.begin(), command.end());
        return daybook.run(more);
    };
    CHECK(with({"--env", "prod"}).status == 3);
    CHECK(with({"--env", "prod"}).out.find("FW009 blocks") != std::string::npos);
    CHECK(with({"--env", "dev"}).status == 0);
    CHECK(with({"--append"}).status == 3);
    CHECK_FALSE(std::filesystem::exists(daybook.data() / "journal"));

    daybook.out({"-q", "--now", "2026-02-23T10:00:00Z", "incident", "create", "--service", "gateway", "--severity", "P1", "--title",
                 "5xx"});
    const Outcome strict = with({"--env", "prod"});
    CHECK(strict.status == 3);
    CHECK(strict.out.starts_with("followup_watch: block (2 block, 0 warn, 0 waived; mode strict)\nFW001 blocks gateway (prod)"));
    CHECK(with({"--mode", "warn"}).status == 0);
    CHECK(with({"--mode", "loud"}).status == 2);
    CHECK(with({"-o", "yaml"}).status == 2);
    CHECK(with({"--service", "search"}).status == 0);
    CHECK(nlohmann::json::parse(with({"-o", "json"}).out)["outcome"] == "block");
    CHECK(with({"-o", "junit"}).out.find("<failure message=") != std::string::npos);
    CHECK(with({"-o", "markdown"}).out.starts_with("# followup_watch: block"));
    CHECK(with({"--append"}).status == 3);
    const auto event = nlohmann::json::parse(daybook.out({"events", "--type", "gate_evaluated", "-o", "jsonl"}));
    CHECK(event["meta"]["outcome"] == "block");
    CHECK(event["meta"]["mode"] == "by_env");
    CHECK(event["meta"]["findings"].size() == 2);
    daybook.write("ops/policy/release_gate.yml", "modes: {prod: warn}\n");
    CHECK(with({}).status == 0);
}

TEST_CASE("a gate that is asked of a name that was never heard says so", "[gate]") {
    const Program daybook;
    daybook.out({"-q", "incident", "create", "--service", "gateway", "--env", "prod", "--severity", "P1", "--title", "5xx"});
    const auto warns = [&](const std::vector<std::string>& more) {
        std::vector<std::string> command{"gate", "followup_watch"};
        command.insert(command.end(), more.begin(), more.end());
        return daybook.run(command).err.find("look for a mistyped name") != std::string::npos;
    };
    CHECK(warns({"--env", "prdo"}));
    CHECK(warns({"--env", "prod", "--service", "gatewya"}));
    CHECK_FALSE(warns({"--env", "prod", "--service", "gateway"}));
    CHECK_FALSE(warns({"--env", "staging"}));  // the policy knows it
    CHECK_FALSE(warns({}));
}
