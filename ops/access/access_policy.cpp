#include "ops/access/access_policy.hpp"

#include "ingest/policy_section.hpp"

namespace daybook {
namespace {

Role role_of(const PolicySection& section) {
    section.allow_only({"may", "acts_for_others"});
    if (!section.has("may")) section.fail(section.node(), section.at("may"), "is missing: a list of " + choices<Permission>());
    Role role;
    const YAML::Node list = section.get("may");
    const std::vector<std::string> words = section.names("may", {});
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto permission = from_text<Permission>(words[i]);
        const std::string place = section.at("may") + '[' + std::to_string(i) + ']';
        if (!permission) section.fail(list[i], place, "must be one of " + choices<Permission>() + ", not " + words[i]);
        role.permissions.add(*permission);
    }
    role.acts_for_others = section.boolean("acts_for_others", false);
    return role;
}

std::map<std::string, Role, std::less<>> roles_of(const PolicySection& section) {
    std::map<std::string, Role, std::less<>> roles;
    for (const auto& entry : section.node()) {
        const auto name = entry.first.as<std::string>();
        if (!is_actor(name)) section.fail(entry.first, section.at(name), "must be named by 1 to 128 of [A-Za-z0-9._@:-]");
        if (!entry.second.IsMap()) section.fail(entry.first, section.at(name), "must be a mapping with `may`");
        if (!roles.emplace(name, role_of(PolicySection(entry.second, section.file(), section.at(name)))).second) {
            section.fail(entry.first, section.at(name), "stands here twice");
        }
    }
    return roles;
}

std::map<std::string, std::string, std::less<>> agents_of(const PolicySection& section, const AccessPolicy& policy) {
    std::map<std::string, std::string, std::less<>> agents;
    for (const auto& entry : section.node()) {
        const auto agent = entry.first.as<std::string>();
        if (!is_actor(agent)) section.fail(entry.first, section.at(agent), "must be named by 1 to 128 of [A-Za-z0-9._@:-]");
        const std::string role = section.name(agent.c_str());
        if (policy.find_role(role) == nullptr) {
            section.fail(entry.second, section.at(agent), "must be one of " + policy.role_names() + ", not " + role);
        }
        if (!agents.emplace(agent, role).second) section.fail(entry.first, section.at(agent), "stands here twice");
    }
    return agents;
}

AccessPolicy policy_of(const PolicySection& root) {
    root.allow_only({"roles", "agents"});
    AccessPolicy policy;
    if (root.has("roles")) {
        const PolicySection roles = root.section("roles");
        policy.roles = roles_of(roles);
        if (policy.find_role(default_role) == nullptr) {
            roles.fail(roles.node(), roles.at(std::string(default_role)),
                       "is missing: what everyone may whom `agents` does not name");
        }
    }
    if (root.has("agents")) {
        policy.agents = agents_of(root.section("agents"), policy);
        return policy;
    }
    for (const auto& [agent, role] : policy.agents) {
        if (policy.find_role(role) != nullptr) continue;
        root.fail(root.get("roles"), "roles." + role, "is missing, and is the role of " + agent + " unless `agents` is given");
    }
    return policy;
}

}  // namespace

std::string_view to_text(Permission permission) {
    switch (permission) {
        case Permission::read: return "read";
        case Permission::write: return "write";
        case Permission::ingest: return "ingest";
        case Permission::jobs: return "jobs";
        case Permission::admin: return "admin";
    }
    return "?";
}

template <> std::optional<Permission> from_text(std::string_view text) {
    for (const Permission permission : all_permissions) {
        if (text == to_text(permission)) return permission;
    }
    return std::nullopt;
}

template <> std::string choices<Permission>() {
    std::string all;
    for (const Permission permission : all_permissions) {
        if (!all.empty()) all += ", ";
        all += to_text(permission);
    }
    return all;
}

std::string_view AccessPolicy::role_of(std::string_view agent) const {
    const auto found = agents.find(agent);
    return found == agents.end() ? default_role : std::string_view(found->second);
}

const Role* AccessPolicy::find_role(std::string_view name) const {
    const auto found = roles.find(name);
    return found == roles.end() ? nullptr : &found->second;
}

std::string AccessPolicy::role_names() const {
    std::string all;
    for (const auto& [name, role] : roles) all += (all.empty() ? "" : ", ") + name;
    return all;
}

Result<AccessPolicy> parse_access_policy(const std::string& text, const std::string& name) {
    return read_policy<AccessPolicy>(text, name, policy_of);
}

Result<AccessPolicy> load_access_policy(const std::filesystem::path& file) {
    const auto text = policy_text(file);
    if (!text) return text.refusal();
    return parse_access_policy(*text, file.string());
}

}  // namespace daybook
