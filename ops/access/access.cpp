#include "ops/access/access.hpp"

namespace daybook {
namespace {

Refusal not_permitted(const std::string& message, const char* field = "") { return {RefusalCode::not_permitted, message, field}; }

Refusal no_agent() { return {RefusalCode::invalid, "agent_id must be of [A-Za-z0-9._@:-], 1 to 128", "/agent_id"}; }

}  // namespace

Access::Access(AccessPolicy policy, const KeyRing& keys)
    : keys_(keys), policy_(std::make_shared<const AccessPolicy>(std::move(policy))) {}

void Access::set_policy(AccessPolicy policy) {
    auto fresh = std::make_shared<const AccessPolicy>(std::move(policy));
    const std::lock_guard lock(mutex_);
    policy_ = std::move(fresh);
}

std::shared_ptr<const AccessPolicy> Access::policy() const {
    const std::lock_guard lock(mutex_);
    return policy_;
}

Result<std::string> Access::admit(const CallHeader& header, Time now) const {
    if (!keys_.asks_for_keys()) {
        if (auto refusal = not_local(header)) return std::move(*refusal);
        return std::string();
    }
    const auto known = checked(header.key, now);
    if (!known) return known.refusal();
    return known->id;
}

Result<KeyInfo> Access::checked(std::optional<std::string_view> key, Time now) const {
    if (key) return keys_.check(*key, now);
    return Refusal{RefusalCode::unauthenticated, "an API key is needed: as `X-API-Key: KEY` or `Authorization: Bearer KEY`", ""};
}

Result<Caller> Access::caller(std::optional<std::string_view> key, std::optional<std::string_view> agent_id, Time now) const {
    if (!keys_.asks_for_keys()) {
        if (agent_id && !is_actor(*agent_id)) return no_agent();
        const auto policy = this->policy();
        const std::string_view agent = agent_id.value_or(default_role);
        const std::string_view role = policy->role_of(agent);
        return Caller{std::string(agent), std::string(role), policy->find_role(role)->permissions, "", ""};
    }
    const auto known = checked(key, now);
    if (!known) return known.refusal();
    return caller_by_key(*known, agent_id);
}

Result<Caller> Access::caller_by_key(const KeyInfo& key, std::optional<std::string_view> agent_id) const {
    const auto policy = this->policy();
    const std::string key_role = key.role.value_or(std::string(policy->role_of(key.agent)));
    const Role* role = policy->find_role(key_role);
    if (role == nullptr) {
        return not_permitted("the API key " + key.id + " has the role " + key_role + ", which " + access_policy_file +
                             " does not know: add that role there, or make a key of another one");
    }
    if (!agent_id || *agent_id == key.agent) return Caller{key.agent, key_role, role->permissions, key.id, ""};
    if (!is_actor(*agent_id)) return no_agent();
    if (!role->acts_for_others) {
        return not_permitted("the API key " + key.id + " is of " + key.agent + ", whose role " + key_role +
                                 " does not act for others: agent_id must be left out, or say so too",
                             "/agent_id");
    }
    const std::string_view its_role = policy->role_of(*agent_id);
    return Caller{std::string(*agent_id), std::string(its_role), role->permissions & policy->find_role(its_role)->permissions,
                  key.id, key.agent};
}

std::optional<Refusal> Access::check(const Caller& caller, Permission permission) {
    if (caller.may(permission)) return std::nullopt;
    std::string who = caller.agent + " (" + caller.role + ')';
    if (!caller.through.empty()) who += " through " + caller.through + ", where a call may do what both may,";
    return not_permitted(who + " lacks the permission " + std::string(to_text(permission)) +
                         ": call as an agent, or with a key, of a role that " + access_policy_file + " gives it to");
}

}  // namespace daybook
