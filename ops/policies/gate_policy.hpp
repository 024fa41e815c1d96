// Reads `ops/policy/release_gate.yml`: modes by env and waivers (projections/gate_policy.hpp).
#pragma once

#include <filesystem>
#include <string>

#include "journal/result.hpp"
#include "projections/gate_policy.hpp"

namespace daybook {

// Where it is, from the working directory.
inline constexpr const char* gate_policy_file = "ops/policy/release_gate.yml";

// Reads the policy. A file that is not there gives the defaults. Refuses: invalid (file, line and key, and what is wrong).
Result<GatePolicy> load_gate_policy(const std::filesystem::path& file);
// As above, from a text; `name` is what errors call it.
Result<GatePolicy> parse_gate_policy(const std::string& text, const std::string& name);

}  // namespace daybook
