// The policy of the release gate, `ops/policy/release_gate.yml`. What stands here are the defaults.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/types.hpp"

namespace daybook {

enum class GateMode : std::uint8_t { off, warn, strict };  // each asks for more than the one before
std::string_view to_text(GateMode);
template <> std::optional<GateMode> from_text(std::string_view);
template <> std::string choices<GateMode>();

// The rules of followup_watch (section 5).
enum class GateRule : std::uint8_t {
    fw001,  // open P0/P1 incident
    fw002,  // overdue follow-up of a P0/P1 incident
    fw003,  // other overdue follow-up
    fw004,  // unowned or undated follow-up
    fw005,  // P0/P1 incident that ended some days ago, without a postmortem
    fw006,  // chronic signature
    fw007,  // unacknowledged P0/P1 incident
    fw008,  // expired waiver
    fw009,  // the journal can't be read
};
inline constexpr std::size_t gate_rules = 9;
std::string_view to_text(GateRule);  // "FW001"
template <> std::optional<GateRule> from_text(std::string_view);
template <> std::string choices<GateRule>();
std::string_view meaning_of(GateRule);  // "open P0/P1 incident"

// Lets findings pass for a while. Of what is given all must fit.
struct GateWaiver {
    GateRule rule = GateRule::fw001;
    std::optional<std::string> incident, followup, signature, service, env;
    std::string reason, approver;
    std::int64_t expires = 0;  // µs; it holds before that
};

struct GatePolicy {
    std::map<std::string, GateMode, std::less<>> modes{
        {"dev", GateMode::warn}, {"prod", GateMode::strict}, {"staging", GateMode::strict}};
    GateMode other_env = GateMode::warn;  // of envs that `modes` does not name
    // What a rule asks for at most, whatever the env.
    std::array<GateMode, gate_rules> rules{GateMode::strict, GateMode::strict, GateMode::strict, GateMode::strict, GateMode::strict,
                                           GateMode::strict, GateMode::strict, GateMode::strict, GateMode::strict};
    int postmortem_days = 5;
    int unacknowledged_minutes = 30;
    std::vector<GateWaiver> waivers;
    std::optional<std::string> bytes;  // the file as it stands; nothing where there is none

    GateMode mode_of(std::string_view env) const;
    GateMode strictest() const;  // of all envs
};

}  // namespace daybook
