// The policy of access, `ops/policy/rbac.yml`: agents have roles, roles have permissions (section 4).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "journal/result.hpp"
#include "journal/types.hpp"
#include "ops/enum_set.hpp"

namespace daybook {

enum class Permission : std::uint8_t {
    read,    // incidents, timelines, events, reports, proofs
    write,   // incidents and what is written to them, archiving too
    ingest,  // alerts and webhooks
    jobs,    // start jobs
    admin,   // redaction, keys, retention
};
inline constexpr Permission all_permissions[] = {Permission::read, Permission::write, Permission::ingest, Permission::jobs,
                                                 Permission::admin};

std::string_view to_text(Permission);
template <> std::optional<Permission> from_text(std::string_view);
template <> std::string choices<Permission>();

using Permissions = EnumSet<Permission>;

struct Role {
    Permissions permissions;
    bool acts_for_others = false;  // may say for whom a call is; the call may then do what both roles may
    bool operator==(const Role&) const = default;
};

// The role of everyone whom the policy does not name; every policy has it.
inline constexpr std::string_view default_role = "agent_default";

// A value. What stands here are the defaults.
struct AccessPolicy {
    std::map<std::string, Role, std::less<>> roles{
        {"agent_cto", {{Permission::read, Permission::write, Permission::ingest, Permission::jobs, Permission::admin}}},
        {"agent_default", {{Permission::read}}},
        {"agent_gateway", {{Permission::read, Permission::write, Permission::ingest, Permission::jobs}, true}},
        {"agent_ingest", {{Permission::ingest}}},
        {"agent_interface", {{Permission::read}}},
        {"agent_monitor", {{Permission::read}}},
        {"agent_oncall", {{Permission::read, Permission::write, Permission::ingest, Permission::jobs}}}};
    // Agent -> role.
    std::map<std::string, std::string, std::less<>> agents{
        {"aistalk", "agent_interface"}, {"helion", "agent_oncall"}, {"monitor", "agent_monitor"}, {"sofiia", "agent_cto"}};

    // The role's name; agent_default for who is not named.
    std::string_view role_of(std::string_view agent) const;
    // nullptr where there is no such role.
    const Role* find_role(std::string_view name) const;
    std::string role_names() const;  // for messages: "agent_cto, agent_default …"
};

// Where it is, from the working directory.
inline constexpr const char* access_policy_file = "ops/policy/rbac.yml";

// Reads the policy. A file that is not there gives the defaults. Refuses: invalid (file, line and key, and what is wrong).
Result<AccessPolicy> load_access_policy(const std::filesystem::path& file);
// As above, from a text; `name` is what errors call it.
Result<AccessPolicy> parse_access_policy(const std::string& text, const std::string& name);

}  // namespace daybook
