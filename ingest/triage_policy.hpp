// The policy of triage, `ops/policy/triage.yml`: the numbers in the rules for alerts, and how other sources' words map (section 3).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/result.hpp"
#include "journal/types.hpp"

namespace daybook {

struct EscalationPolicy {
    std::string name;
    std::string target;
    int level = 1;
    int cooldown_minutes = 60;
    // It fits an alert when all that is given fits.
    std::optional<Severity> severity;  // at least as bad as this
    std::optional<std::string> env;
    int alerts = 0;  // firing alerts of the signature within `minutes`, this one counted; 0: not asked for
    int minutes = 0;
};

// Which labels of Alertmanager and Grafana say what. Of each list the first label that an alert has, and that is not empty, counts.
struct LabelPolicy {
    std::vector<std::string> service{"service", "job", "namespace"};
    std::vector<std::string> env{"env", "environment"};
    std::vector<std::string> kind{"alertname"};
    std::vector<std::string> severity{"severity"};
    std::vector<std::string> title{"summary", "title"};  // annotations first, then labels; else the kind
};

// What stands where a payload does not say it.
struct DefaultsPolicy {
    std::string service = "unknown";
    std::string env = "prod";
    std::string kind = "alert";
    Severity severity = Severity::p2;  // also for a word that is not known
};

struct TriagePolicy {
    int reopen_minutes = 30;
    bool auto_resolve = true;
    std::vector<EscalationPolicy> escalation;
    LabelPolicy labels;
    DefaultsPolicy defaults;
    // What other sources call our severities, in lower case.
    std::map<std::string, Severity, std::less<>> severity_words{
        {"critical", Severity::p1},      {"error", Severity::p2},  {"high", Severity::p2},  {"info", Severity::p3},
        {"informational", Severity::p3}, {"low", Severity::p3},    {"major", Severity::p2}, {"minor", Severity::p3},
        {"page", Severity::p1},          {"warning", Severity::p2}};

    // P0 to P4 as they stand, and the words above; upper and lower case are one.
    std::optional<Severity> severity_of(std::string_view word) const;
};

// Where it is, from the working directory.
inline constexpr const char* triage_policy_file = "ops/policy/triage.yml";

// Reads the policy. A file that is not there gives the defaults. Refuses: invalid (file, line and key, and what is wrong).
Result<TriagePolicy> load_triage_policy(const std::filesystem::path& file);
// As above, from a text; `name` is what errors call it.
Result<TriagePolicy> parse_triage_policy(const std::string& text, const std::string& name);

}  // namespace daybook
