#include "journal/own_keys.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace daybook {
namespace {

// They stand in journals: none may ever go.
constexpr std::array<std::string_view, 13> own_words{"alert_triage",
                                                     "alertmanager",
                                                     "backlog",
                                                     "cloudevents",
                                                     "correlate",
                                                     "daily_risk_digest",
                                                     "grafana",
                                                     "import",
                                                     "pagerduty",
                                                     "run",
                                                     "risk_snapshot",
                                                     "weekly_incident_digest",
                                                     "weekly_platform_priority_digest"};

// The word that `key` begins with, if it is daybook's own.
std::optional<std::string_view> own_word(std::string_view key) {
    const std::size_t colon = key.find(':');
    const auto found = std::find(own_words.begin(), own_words.end(), key.substr(0, colon));
    if (colon == std::string_view::npos || found == own_words.end()) return std::nullopt;
    return *found;
}

}  // namespace

KeyedInput own_input(std::string key) {
    assert(own_word(key));
    return {std::move(key), std::nullopt};
}

std::optional<std::string> refuse_own_key(std::string_view key) {
    const auto word = own_word(key);
    if (!word) return std::nullopt;
    const std::string begins = std::string(*word) + ':';
    return "must not begin with \"" + begins + "\", as keys of daybook's own do: put something before it, such as \"my-" + begins +
           '"';
}

}  // namespace daybook
