// The operator's book: the blocks of ops/runbook.md, from top to bottom. `sh` is run; `yaml` that begins with a policy's name is
// put there and checked; other `yaml` is a pipeline, whose commands are run.
#include <yaml-cpp/yaml.h>
#include <catch2/catch.hpp>

#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

struct Block {
    std::string language, text;
};

std::vector<Block> blocks_of(const std::string& book) {
    std::vector<Block> blocks;
    const std::string fence = "\n```";
    for (std::size_t at = book.find(fence); at != std::string::npos; at = book.find(fence, at)) {
        at += fence.size();
        const std::size_t line_end = book.find('\n', at);
        const std::size_t end = book.find(fence, line_end - 1);
        if (end == std::string::npos) throw std::runtime_error("a block of the book has no end");
        blocks.push_back({book.substr(at, line_end - at), book.substr(line_end + 1, end - line_end)});
        at = end + fence.size();
    }
    return blocks;
}

// `# ops/policy/….yml` as the first line; empty where it is another.
std::string policy_named_by(const std::string& yaml) {
    const std::string line = yaml.substr(0, yaml.find('\n'));
    return line.starts_with("# ops/policy/") ? line.substr(2) : "";
}

// The commands of a pipeline, of GitHub's (`run`) or GitLab's (`script`) form.
void add_commands(const YAML::Node& node, std::vector<std::string>& commands) {
    if (node.IsSequence()) {
        for (const YAML::Node& element : node) add_commands(element, commands);
    }
    if (!node.IsMap()) return;
    for (const auto& member : node) {
        const auto name = member.first.as<std::string>();
        if ((name == "run" || name == "script") && member.second.IsScalar()) {
            commands.push_back(member.second.as<std::string>());
        } else {
            add_commands(member.second, commands);
        }
    }
}

// A person with a shell in the directory of `daybook`, with the variables that were set so far.
class Operator {
public:
    explicit Operator(const Program& daybook) : daybook_(daybook) {
        std::filesystem::create_directories(daybook / "bin");
        std::filesystem::create_symlink(daybook_program(), daybook / "bin/daybook");
    }

    Outcome types(const std::string& commands) {
        if (!server_ && commands.find("$DAYBOOK_URL") != std::string::npos) {
            server_.emplace(daybook_);
            set_ += "export DAYBOOK_URL=http://127.0.0.1:" + std::to_string(server_->port()) + "\n";
        }
        const std::string script = "export PATH='" + (daybook_ / "bin").string() + "':$PATH DAYBOOK_DATA='" +
                                   daybook_.data().string() + "' GITHUB_STEP_SUMMARY=summary.md\nset -eu\n" + set_ + commands;
        const Outcome outcome = run({"bash", "-c", script}, {}, daybook_.directory());
        if (set_.find("\nid=") == std::string::npos && commands.starts_with("id="))
            set_ += "id=$(daybook incident list --status all --ids --limit 1)\n";
        return outcome;
    }
    std::optional<Server>& server() { return server_; }

private:
    const Program& daybook_;
    std::optional<Server> server_;
    std::string set_ = "\n";
};

}  // namespace

TEST_CASE("every command, policy and pipeline of the operator's book works", "[runbook]") {
    if (run({"sh", "-c", "command -v curl"}).status != 0) return skip("there is no curl");
    const Program daybook;
    daybook.write("triage.jsonl", read_file(project_file("fixtures/triage/monday.jsonl")));
    std::filesystem::create_directories(daybook / "backups");
    Operator person(daybook);
    int scripts = 0, policies = 0, commands_of_pipelines = 0;
    for (const Block& block : blocks_of(read_file(project_file("ops/runbook.md")))) {
        INFO(block.text);
        if (block.language == "sh") {
            ++scripts;
            const Outcome outcome = person.types(block.text);
            INFO(outcome.err);
            CHECK(outcome.status == 0);
        } else if (const std::string policy = policy_named_by(block.text); block.language == "yaml" && !policy.empty()) {
            ++policies;
            daybook.write(policy, block.text);
            const Outcome outcome = person.types("daybook policy check -o tsv | grep -P '^" + policy + "\\tgood\\t'\n");
            INFO(outcome.out << outcome.err);
            CHECK(outcome.status == 0);
        } else if (block.language == "yaml") {
            std::vector<std::string> commands;
            REQUIRE_NOTHROW(add_commands(YAML::Load(block.text), commands));
            CHECK_FALSE(commands.empty());
            for (const std::string& command : commands) {
                ++commands_of_pipelines;
                const Outcome outcome = person.types(command);
                INFO(command << '\n' << outcome.err);
                CHECK((outcome.status == 0 || outcome.status == 3));  // 3: the gate blocks
            }
        } else {
            CHECK(block.language == "console");
        }
    }
    CHECK(scripts > 10);
    CHECK(policies == 2);
    CHECK(commands_of_pipelines == 3);
    CHECK(read_file(daybook / "gate.xml").starts_with("<?xml"));
    CHECK_FALSE(read_file(daybook / "summary.md").empty());
    REQUIRE(person.server());
    CHECK(person.server()->stop() == 0);
}
