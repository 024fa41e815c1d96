// The policy of webhooks out, `ops/policy/notify.yml`: who is told of what.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "journal/result.hpp"
#include "ops/http/http_client.hpp"
#include "ops/notify/news.hpp"

namespace daybook {

// Somebody who is told. A value. What stands here are the defaults.
struct Receiver {
    std::string name;  // [A-Za-z0-9_-]{1,64}: of its file and its series in the metrics too
    HttpUrl url;
    std::string secret;   // what deliveries are signed with; what the policy's `secret_file` holds
    std::string ca_file;  // who vouches for an https URL; empty: the system's
    NewsSet events{News::opened, News::escalated, News::severity, News::resolved, News::reopened, News::overdue};
    Severity severity = Severity::p4;            // incidents of this one or worse
    std::vector<std::string> services, envs;     // incidents of one of these; empty: of any
    std::chrono::seconds timeout{10};            // of one delivery
    std::chrono::seconds give_up_after{86'400};  // what is older is not told any more

    bool operator==(const Receiver&) const = default;
};

struct NotifyPolicy {
    std::vector<Receiver> receivers;  // names differ
};

// Where it is, from the working directory.
inline constexpr const char* notify_policy_file = "ops/policy/notify.yml";

// Reads the policy and the secrets that it names. A file that is not there names nobody. Refuses: invalid (file, line and key, and
// what is wrong; a secret that others can read, too).
Result<NotifyPolicy> load_notify_policy(const std::filesystem::path& file);
// As above, from a text; `name` is what errors call it.
Result<NotifyPolicy> parse_notify_policy(const std::string& text, const std::string& name);

}  // namespace daybook
