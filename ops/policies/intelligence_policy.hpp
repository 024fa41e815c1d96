// Reads `ops/policy/intelligence.yml`: the policy of correlation and recurrence (projections/intelligence_policy.hpp).
#pragma once

#include <filesystem>
#include <string>

#include "journal/result.hpp"
#include "projections/intelligence_policy.hpp"

namespace daybook {

// Where it is, from the working directory.
inline constexpr const char* intelligence_policy_file = "ops/policy/intelligence.yml";

// Reads the policy. A file that is not there gives the defaults. Refuses: invalid (file, line and key, and what is wrong).
Result<IntelligencePolicy> load_intelligence_policy(const std::filesystem::path& file);
// As above, from a text; `name` is what errors call it.
Result<IntelligencePolicy> parse_intelligence_policy(const std::string& text, const std::string& name);

}  // namespace daybook
