#include "ops/access/access.hpp"

#include <thread>

#include <catch2/catch.hpp>

#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

const Time monday = at("2026-02-23T10:00:00Z");

// A data directory and who may call there.
struct Gate {
    TemporaryDirectory data;
    SeededEntropy entropy{1};
    KeyRing ring{data.path()};
    Access access{AccessPolicy{}, ring};

    std::string key(const std::string& agent, std::optional<std::string> role = {}, std::optional<Time> expires_at = {}) {
        const auto made = create_key(data.path(), {"test", agent, std::move(role), expires_at}, "sofiia", monday, entropy);
        ring.reload();
        return made->key;
    }
    // "helion (agent_oncall): read write", or the refusal's code.
    std::string caller(std::optional<std::string_view> key, std::optional<std::string_view> agent_id, Time now = monday) const {
        const auto found = access.caller(key, agent_id, now);
        if (!found) return to_text(found.refusal().code);
        std::string text = found->agent + " (" + found->role + "):";
        for (const Permission permission : all_permissions) {
            if (found->may(permission)) text += ' ' + std::string(to_text(permission));
        }
        return text;
    }
};

const std::optional<std::string_view> none;

}  // namespace

TEST_CASE("without any key the agent that a call names is believed, and who names none is agent_default", "[access]") {
    const Gate gate;
    CHECK(gate.caller(none, "sofiia") == "sofiia (agent_cto): read write ingest jobs admin");
    CHECK(gate.caller(none, "helion") == "helion (agent_oncall): read write ingest jobs");
    CHECK(gate.caller(none, "ada") == "ada (agent_default): read");
    CHECK(gate.caller(none, none) == "agent_default (agent_default): read");
    CHECK(gate.caller("a key from elsewhere", "helion") == "helion (agent_oncall): read write ingest jobs");
    CHECK(gate.caller(none, "") == "invalid");
    CHECK(gate.caller(none, "no agent") == "invalid");
    CHECK_FALSE(gate.access.may_listen_beyond_loopback(monday));
}

TEST_CASE("from the first key on, a call without a key that holds is refused", "[access]") {
    Gate gate;
    const std::string key = gate.key("helion", {}, monday + std::chrono::hours(1));
    CHECK(gate.access.may_listen_beyond_loopback(monday));
    CHECK(gate.caller(none, none) == "unauthenticated");
    CHECK(gate.caller(none, "sofiia") == "unauthenticated");
    CHECK(gate.caller("", "sofiia") == "unauthenticated");
    CHECK(gate.caller(key.substr(0, key.size() - 1), none) == "unauthenticated");
    CHECK(gate.caller(key, none) == "helion (agent_oncall): read write ingest jobs");
    const Time late = monday + std::chrono::hours(1);
    CHECK(gate.caller(key, none, late) == "unauthenticated");
    CHECK(gate.caller(none, "sofiia", late) == "unauthenticated");  // no key holds, and nobody is believed for that
    CHECK_FALSE(gate.access.may_listen_beyond_loopback(late));
}

TEST_CASE("an agent_id that says otherwise than the key is refused", "[access]") {
    Gate gate;
    const std::string key = gate.key("helion");
    CHECK(gate.caller(key, "helion") == "helion (agent_oncall): read write ingest jobs");
    CHECK(gate.caller(key, "sofiia") == "not_permitted");
    CHECK(gate.caller(key, "monitor") == "not_permitted");
    CHECK(gate.caller(key, "no agent") == "invalid");
    const auto refused = gate.access.caller(key, "sofiia", monday);
    REQUIRE_FALSE(refused);
    CHECK(refused.refusal().field == "/agent_id");
    CHECK(refused.refusal().message.find("whose role agent_oncall does not act for others") != std::string::npos);
    CHECK(refused.refusal().message.find(key.substr(key.size() - 64)) == std::string::npos);
}

TEST_CASE("a gateway's key acts for others, and a call may do what both roles may", "[access]") {
    Gate gate;
    const std::string key = gate.key("gateway", "agent_gateway");
    CHECK(gate.caller(key, none) == "gateway (agent_gateway): read write ingest jobs");
    CHECK(gate.caller(key, "helion") == "helion (agent_oncall): read write ingest jobs");
    CHECK(gate.caller(key, "sofiia") == "sofiia (agent_cto): read write ingest jobs");
    CHECK(gate.caller(key, "monitor") == "monitor (agent_monitor): read");
    CHECK(gate.caller(key, "ada") == "ada (agent_default): read");
    const auto caller = gate.access.caller(key, "sofiia", monday);
    REQUIRE(caller);
    CHECK(caller->through == "gateway");
    CHECK(caller->key_id == id_of_key(key));
    const auto refusal = Access::check(*caller, Permission::admin);
    REQUIRE(refusal);
    CHECK(refusal->message.starts_with("sofiia (agent_cto) through gateway"));
}

TEST_CASE("a key's own role counts, not its agent's", "[access]") {
    Gate gate;
    CHECK(gate.caller(gate.key("sofiia", "agent_ingest"), none) == "sofiia (agent_ingest): ingest");
    CHECK(gate.caller(gate.key("alertmanager"), none) == "alertmanager (agent_default): read");
}

TEST_CASE("a refusal says which permission is missing, who asked, and in which role", "[access]") {
    const Gate gate;
    const auto caller = gate.access.caller(none, "monitor", monday);
    REQUIRE(caller);
    CHECK_FALSE(Access::check(*caller, Permission::read));
    const auto refusal = Access::check(*caller, Permission::write);
    REQUIRE(refusal);
    CHECK(refusal->code == RefusalCode::not_permitted);
    CHECK(refusal->message ==
          "monitor (agent_monitor) lacks the permission write: call as an agent, or with a key, of a role that "
          "ops/policy/rbac.yml gives it to");
}

TEST_CASE("another policy counts for the calls after it, and a role that is gone permits nothing", "[access]") {
    Gate gate;
    const std::string of_agent = gate.key("helion");
    const std::string of_role = gate.key("bot", "agent_ingest");
    const auto policy =
        parse_access_policy("roles:\n  agent_default: {may: []}\n  writer: {may: [write]}\nagents: {helion: writer}\n", "x");
    REQUIRE(policy);
    gate.access.set_policy(*policy);
    CHECK(gate.caller(of_agent, none) == "helion (writer): write");
    CHECK(gate.caller(of_role, none) == "not_permitted");
}

TEST_CASE("callers are told apart while keys and policies are reloaded by other threads", "[access]") {
    Gate gate;
    const std::string key = gate.key("helion");
    std::atomic<bool> stop = false;
    std::thread reloader([&] {
        SeededEntropy entropy(2);
        for (int i = 0; i < 20; ++i) {
            (void)create_key(gate.data.path(), {"more", "ada", {}, {}}, "sofiia", monday, entropy);
            gate.ring.reload();
            gate.access.set_policy(AccessPolicy{});
        }
        stop = true;
    });
    int wrong = 0;
    while (!stop) wrong += gate.caller(key, none) == "helion (agent_oncall): read write ingest jobs" ? 0 : 1;
    reloader.join();
    CHECK(wrong == 0);
}
