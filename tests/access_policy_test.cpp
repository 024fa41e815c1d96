#include "ops/access/access_policy.hpp"

#include <catch2/catch.hpp>

#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string error_of(const std::string& text) {
    const auto policy = parse_access_policy(text, "rbac.yml");
    if (policy) return "taken";
    CHECK(policy.refusal().code == RefusalCode::invalid);
    return policy.refusal().message;
}

// "read write" for what an agent may.
std::string may(const AccessPolicy& policy, std::string_view agent) {
    std::string all;
    for (const Permission permission : all_permissions) {
        if (!policy.find_role(policy.role_of(agent))->permissions.has(permission)) continue;
        all += (all.empty() ? "" : " ") + std::string(to_text(permission));
    }
    return all;
}

const std::string default_role_lines = "  agent_default:\n    may: [read]\n";  // lines 2 and 3 of what begins with `roles:`

}  // namespace

TEST_CASE("the access policy that comes with daybook says what the defaults are", "[access]") {
    const auto policy = load_access_policy(project_file(access_policy_file));
    REQUIRE(policy);
    CHECK(policy->roles == AccessPolicy{}.roles);
    CHECK(policy->agents == AccessPolicy{}.agents);
}

TEST_CASE("without a file each agent may what the specification's table says", "[access]") {
    const TemporaryDirectory directory;
    const auto policy = load_access_policy(directory / "absent.yml");
    REQUIRE(policy);
    CHECK(may(*policy, "sofiia") == "read write ingest jobs admin");
    CHECK(may(*policy, "helion") == "read write ingest jobs");
    CHECK(may(*policy, "monitor") == "read");
    CHECK(may(*policy, "aistalk") == "read");
    CHECK(may(*policy, "somebody") == "read");
    CHECK(may(*policy, "agent_cto") == "read");  // a role's name is no agent
    CHECK(policy->find_role("agent_ingest")->permissions == Permissions{Permission::ingest});
    for (const auto& [name, role] : policy->roles) CHECK(role.acts_for_others == (name == "agent_gateway"));
    CHECK(policy->find_role("agent_nothing") == nullptr);
}

TEST_CASE("a policy of access that gives agents keeps the roles, and may know others", "[access]") {
    const auto policy = parse_access_policy("agents:\n  ada: agent_oncall\n", "rbac.yml");
    REQUIRE(policy);
    CHECK(policy->role_of("ada") == "agent_oncall");
    CHECK(policy->role_of("sofiia") == "agent_default");
    const auto own = parse_access_policy(
        "roles:\n" + default_role_lines + "  writer: {may: [write, read], acts_for_others: true}\nagents: {ada: writer}\n",
        "rbac.yml");
    REQUIRE(own);
    CHECK(may(*own, "ada") == "read write");
    CHECK(own->find_role("writer")->acts_for_others);
    CHECK(own->find_role("agent_cto") == nullptr);
}

TEST_CASE("an error in the policy of access names file, line and key", "[access]") {
    CHECK(error_of("agents:\n  helion: agent_oncall\n  ada: agent_king\n") ==
          "rbac.yml:3: agents.ada must be one of agent_cto, agent_default, agent_gateway, agent_ingest, agent_interface, "
          "agent_monitor, agent_oncall, not agent_king");
    CHECK(error_of("rules: 1\n") == "rbac.yml:1: rules is not a key of this policy");
    CHECK(error_of("roles:\n" + default_role_lines + "  a:\n    may: [read, fly]\n") ==
          "rbac.yml:5: roles.a.may[1] must be one of read, write, ingest, jobs, admin, not fly");
    CHECK(error_of("roles:\n" + default_role_lines + "  a:\n    may: read\n") == "rbac.yml:5: roles.a.may must be a list of names");
    CHECK(error_of("roles:\n" + default_role_lines + "  a:\n    acts_for_others: true\n")
              .starts_with("rbac.yml:5: roles.a.may is missing"));
    CHECK(error_of("roles:\n" + default_role_lines + "  a:\n    may: []\n    acts_for_others: perhaps\n") ==
          "rbac.yml:6: roles.a.acts_for_others must be true or false");
    CHECK(error_of("roles:\n" + default_role_lines + "  a: [read]\n").starts_with("rbac.yml:4: roles.a must be a mapping"));
    CHECK(error_of("roles:\n" + default_role_lines + "  a b: {may: []}\n").starts_with("rbac.yml:4: roles.a b must be named by"));
    CHECK(error_of("roles:\n  a:\n    may: []\n").starts_with("rbac.yml:2: roles.agent_default is missing"));
    CHECK(error_of("roles:\n" + default_role_lines).find("is missing, and is the role of ") != std::string::npos);
    CHECK(error_of("roles: []\n").starts_with("rbac.yml:1: roles must be a mapping"));
    CHECK(error_of("roles:\n  a: {may: []\n").starts_with("rbac.yml:"));
    CHECK(error_of("- a\n").starts_with("rbac.yml:1: the policy must be a mapping"));
}

TEST_CASE("what stands twice in a policy of access is an error", "[access]") {
    CHECK(error_of("roles:\n" + default_role_lines + default_role_lines) == "rbac.yml:4: roles.agent_default stands here twice");
    CHECK(error_of("agents:\n  ada: agent_cto\n  ada: agent_cto\n") == "rbac.yml:3: agents.ada stands here twice");
    CHECK(error_of("agents: {}\nagents: {}\n") == "rbac.yml:2: agents stands here twice");
}

TEST_CASE("a policy of access that can't be read is an error, and not the defaults", "[access]") {
    const TemporaryDirectory directory;
    const auto policy = load_access_policy(directory.path());
    REQUIRE_FALSE(policy);
    CHECK(policy.refusal().message.find("can't be read") != std::string::npos);
}
