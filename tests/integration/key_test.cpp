// key create, list, revoke through the real binary.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// What the directory holds, all files together.
std::string all_bytes(const std::filesystem::path& directory) {
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (entry.is_regular_file()) all += read_file(entry.path());
    }
    return all;
}

}  // namespace

TEST_CASE("key create prints the key once, to standard output alone, and no file holds it", "[access]") {
    const Program daybook;
    const Outcome made =
        daybook.run({"--agent", "sofiia", "key", "create", "--name", "laptop", "--agent", "helion", "--expires", "90d"});
    REQUIRE(made.status == 0);
    const std::string key = lines_of(made.out).at(0);
    CHECK(made.out == key + "\n");
    CHECK(key.starts_with("dbk_"));
    CHECK(made.err.find("is of helion (agent_oncall) and expires at ") != std::string::npos);
    const std::string secret = key.substr(key.size() - 64);
    CHECK(made.err.find(secret) == std::string::npos);
    CHECK(all_bytes(daybook.data()).find(secret) == std::string::npos);
    const std::string list = daybook.out({"key", "list", "-o", "jsonl"});
    CHECK(list.find(secret) == std::string::npos);
    CHECK(list.find("\"hash\"") == std::string::npos);
    CHECK(list.find("\"salt\"") == std::string::npos);
    CHECK(list.starts_with("{\"id\":\"" + key.substr(0, 20) +
                           "\",\"name\":\"laptop\",\"agent\":\"helion\",\"role\":\"agent_oncall\","
                           "\"state\":\"valid\","));
    CHECK(list.find("\"created_by\":\"sofiia\"") != std::string::npos);
}

TEST_CASE("keys come before a journal, in a directory for their owner alone", "[access]") {
    const Program daybook;
    daybook.out({"-q", "key", "create", "--name", "a", "--agent", "ada"});
    struct stat found{};
    REQUIRE(::stat(daybook.data().c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0700);
    REQUIRE(::stat((daybook.data() / "keys.json").c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0600);
    CHECK(daybook.run({"incident", "create", "--service", "a", "--severity", "P1", "--title", "t"}).status == 0);
}

TEST_CASE("key create -o json has the key beside what it is", "[access]") {
    const Program daybook;
    const std::string made =
        daybook.out({"-q", "-o", "json", "key", "create", "--name", "gw", "--agent", "gateway", "--role", "agent_gateway"});
    CHECK(made.starts_with("{\"id\":\"dbk_"));
    CHECK(made.find("\"role\":\"agent_gateway\",\"expires_at\":null,\"key\":\"dbk_") != std::string::npos);
}

TEST_CASE("key revoke takes the id that key list prints, or the key itself, and says no secret", "[access]") {
    const Program daybook;
    const std::string first = daybook.out({"key", "create", "--name", "a", "--agent", "ada"});
    const std::string second = daybook.out({"key", "create", "--name", "b", "--agent", "ada"});
    const std::string id = lines_of(daybook.out({"key", "list"})).at(0).substr(0, 20);
    CHECK(id == first.substr(0, 20));
    CHECK(daybook.run({"key", "revoke", id}).status == 0);
    const Outcome by_key = daybook.run({"--agent", "sofiia", "key", "revoke", second});
    CHECK(by_key.status == 0);
    CHECK(by_key.err.find("by sofiia") != std::string::npos);
    CHECK(by_key.err.find(second) == std::string::npos);
    CHECK(daybook.run({"key", "revoke", id}).err.find("was revoked at") != std::string::npos);
    CHECK(daybook.out({"key", "list", "--valid"}).empty());
    CHECK(lines_of(daybook.out({"key", "list"})).size() == 2);
    const Outcome unknown = daybook.run({"key", "revoke", "hunter2"});
    CHECK(unknown.status == 5);
    CHECK(unknown.err.find("hunter2") == std::string::npos);
}

TEST_CASE("key list says at --now which keys hold", "[access]") {
    const Program daybook;
    daybook.out({"key", "create", "--name", "a", "--agent", "ada", "--expires", "12h"});
    daybook.out({"key", "create", "--name", "b", "--agent", "ada", "--expires", "2199-01-01T00:00:00Z"});
    CHECK(lines_of(daybook.out({"key", "list", "--valid"})).size() == 2);
    CHECK(lines_of(daybook.out({"--now", "2198-01-01T00:00:00Z", "key", "list", "--valid"})).size() == 1);
    CHECK(daybook.out({"--now", "2198-01-01T00:00:00Z", "key", "list"}).find("\texpired\t") != std::string::npos);
}

TEST_CASE("a key that can't be is refused with the way out, and nothing is made", "[access]") {
    const Program daybook;
    const auto refused = [&](std::vector<std::string> more) {
        std::vector<std::string> arguments{"key", "create", "--name", "a", "--agent", "ada"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Outcome outcome = daybook.run(arguments);
        CHECK(outcome.status == 2);
        CHECK(outcome.out.empty());
        return outcome.err;
    };
    CHECK(refused({"--role", "king"}).find("must be one of agent_cto,") != std::string::npos);
    for (const char* text : {"soon", "0d", "-1d", "90", "d", "99999999d", "2020-01-01T00:00:00Z", "90d "}) {
        CHECK(refused({"--expires=" + std::string(text)}).find("expires") != std::string::npos);
    }
    CHECK(daybook.run({"key", "create", "--name", "a"}).status == 2);
    CHECK_FALSE(std::filesystem::exists(daybook.data() / "keys.json"));
    CHECK(daybook.run({"key", "list"}).status == 0);
    CHECK(daybook.run({"key", "revoke", "dbk_0000000000000000"}).status == 5);
}

TEST_CASE("key commands go by the policy below the working directory, and name its errors", "[access]") {
    const Program daybook;
    std::filesystem::create_directories(daybook / "ops/policy");
    write_file(daybook / "ops/policy/rbac.yml", "agents:\n  ada: agent_monitor\n");
    daybook.out({"key", "create", "--name", "a", "--agent", "ada"});
    CHECK(daybook.out({"key", "list"}).find("\tagent_monitor\t") != std::string::npos);
    write_file(daybook / "ops/policy/rbac.yml", "agents:\n  ada: agent_king\n");
    const Outcome outcome = daybook.run({"key", "create", "--name", "b", "--agent", "ada"});
    CHECK(outcome.status == 1);
    CHECK(outcome.err.find("ops/policy/rbac.yml:2: agents.ada must be one of") != std::string::npos);
}

TEST_CASE("a keys file with a wrong mode is refused by every key command, and doctor says what to do", "[access]") {
    const Program daybook;
    const std::string key = daybook.out({"key", "create", "--name", "a", "--agent", "ada"});
    REQUIRE(::chmod((daybook.data() / "keys.json").c_str(), 0644) == 0);
    CHECK(daybook.run({"key", "list"}).status == 1);
    CHECK(daybook.run({"key", "create", "--name", "b", "--agent", "ada"}).status == 1);
    CHECK(daybook.run({"key", "revoke", key.substr(0, 20)}).err.find("has mode 0644") != std::string::npos);
    const Outcome doctor = daybook.run({"doctor"});
    CHECK(doctor.status == 3);
    CHECK(doctor.out.find("keys.json has mode 0644: others may read it") != std::string::npos);
    REQUIRE(::chmod((daybook.data() / "keys.json").c_str(), 0600) == 0);
    CHECK(daybook.run({"key", "list"}).status == 0);
}

TEST_CASE("completion offers the key commands", "[access]") {
    const Program daybook;
    const std::string script = daybook.out({"completion", "bash"});
    CHECK(script.find("words='create list revoke'") != std::string::npos);
    CHECK(script.find("'daybook key create --agent') skip=$word") != std::string::npos);
}
