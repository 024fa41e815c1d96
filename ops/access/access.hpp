// Who calls, and what they may do (section 4): keys say who, the policy says what.
//
// Where no key was ever made, the agent that a call names is believed, and who serves listens on loopback only, to programs of
// this machine alone. With keys, a call
// without one that holds is refused, and an agent other than the key's is refused unless the key's role acts for others. Such a
// call then may do what both roles may: a gateway whose key was stolen can't do more than a gateway may.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "ops/access/access_policy.hpp"
#include "ops/access/key_ring.hpp"
#include "ops/access/local_call.hpp"

namespace daybook {

// Who a call is by. A value.
struct Caller {
    std::string agent;  // the actor of what it writes
    std::string role;
    Permissions permissions;
    std::string key_id;   // of the key that it was made with; empty: without one
    std::string through;  // the key's agent, where that acts for `agent`; else empty

    bool may(Permission permission) const { return permissions.has(permission); }
};

// Thread-safe.
class Access {
public:
    // `keys` outlives it.
    Access(AccessPolicy policy, const KeyRing& keys);
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;

    // For calls that come from now on.
    void set_policy(AccessPolicy policy);

    // Whether the rest of a request is worth reading, by its header alone; answers the id of its key, empty where none are asked
    // for. Refuses: unauthenticated (no key, or one that does not hold); not_permitted (no keys are asked for, and the call is not
    // from here: see not_local).
    Result<std::string> admit(const CallHeader& header, Time now) const;

    // Who calls. `key` is what was presented as an API key; `agent_id` is what the call says of itself.
    // Refuses: unauthenticated (no key, or one that does not hold); not_permitted (another agent than the key's; a role that the
    // policy does not know); invalid (`agent_id` can't be an agent).
    Result<Caller> caller(std::optional<std::string_view> key, std::optional<std::string_view> agent_id, Time now) const;

    // Nothing where the caller may. Refuses: not_permitted (which permission is missing, who asked, in which role).
    static std::optional<Refusal> check(const Caller& caller, Permission permission);

    // Whether some key holds.
    bool may_listen_beyond_loopback(Time now) const { return keys_.any_holds(now); }

private:
    std::shared_ptr<const AccessPolicy> policy() const;
    Result<KeyInfo> checked(std::optional<std::string_view> key, Time now) const;
    Result<Caller> caller_by_key(const KeyInfo& key, std::optional<std::string_view> agent_id) const;

    const KeyRing& keys_;
    mutable std::mutex mutex_;
    std::shared_ptr<const AccessPolicy> policy_;  // under mutex_; never null
};

}  // namespace daybook
