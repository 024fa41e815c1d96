// The operator's book: each `sh` block of ops/runbook.md is run, from top to bottom.
#include <catch2/catch.hpp>

#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::vector<std::string> blocks_of(const std::string& book) {
    std::vector<std::string> blocks;
    const std::string start = "\n```sh\n";
    for (std::size_t at = book.find(start); at != std::string::npos; at = book.find(start, at)) {
        at += start.size();
        const std::size_t end = book.find("```", at);
        blocks.push_back(book.substr(at, end - at));
        at = end;
    }
    return blocks;
}

}  // namespace

TEST_CASE("every command of the operator's book runs", "[runbook]") {
    if (run({"sh", "-c", "command -v curl"}).status != 0) return skip("there is no curl");
    const Program daybook;
    daybook.write("triage.jsonl", read_file(project_file("fixtures/triage/monday.jsonl")));
    std::filesystem::create_directories(daybook / "bin");
    std::filesystem::create_directories(daybook / "backups");
    std::filesystem::create_symlink(daybook_program(), daybook / "bin/daybook");
    const std::vector<std::string> blocks = blocks_of(read_file(project_file("ops/runbook.md")));
    REQUIRE(blocks.size() > 10);
    std::optional<Server> server;
    std::string before = "set -eu\n";
    for (const std::string& block : blocks) {
        if (!server && block.find("$DAYBOOK_URL") != std::string::npos) {
            server.emplace(daybook);
            before += "export DAYBOOK_URL=http://127.0.0.1:" + std::to_string(server->port()) + "\n";
        }
        const std::string script = "export PATH='" + (daybook / "bin").string() + "':$PATH DAYBOOK_DATA='" +
                                   daybook.data().string() + "'\n" + before + block;
        const Outcome outcome = run({"bash", "-c", script}, {}, daybook.directory());
        INFO(block << outcome.err);
        CHECK(outcome.status == 0);
        if (before.find("\nid=") == std::string::npos && block.starts_with("id="))
            before += "id=$(daybook incident list --status all --ids --limit 1)\n";
    }
    REQUIRE(server);
    CHECK(server->stop() == 0);
}
