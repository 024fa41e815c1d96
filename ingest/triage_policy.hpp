// The policy of triage, `ops/policy/triage.yml`: the numbers in the rules for alerts (section 3).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
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

struct TriagePolicy {
    int reopen_minutes = 30;
    bool auto_resolve = true;
    std::vector<EscalationPolicy> escalation;
};

// Reads the policy. A file that is not there gives the defaults. Refuses: invalid (file, line and key, and what is wrong).
Result<TriagePolicy> load_triage_policy(const std::filesystem::path& file);
// As above, from a text; `name` is what errors call it.
Result<TriagePolicy> parse_triage_policy(const std::string& text, const std::string& name);

}  // namespace daybook
