// The words in which the command line and the tools ask for lists of incidents.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "projections/incidents.hpp"

namespace daybook {

// `open` is what is not finished: open or mitigated.
inline constexpr const char* listed_statuses = "open (open or mitigated), mitigated, resolved, closed, all";
std::optional<IncidentFilter::Status> listed_status(std::string_view word);

// NAME=VALUE; the name is not empty.
using Label = std::pair<std::string, std::string>;
std::optional<Label> label_of(std::string_view text);

inline constexpr const char* list_orders = "newest (newest start first), oldest";
std::optional<IncidentListOrder> list_order(std::string_view word);

// Where the next page of a list begins, as an opaque text of [0-9a-z_-]: the place of the last incident that was shown, and the
// order, since it is good for that one alone.
std::string cursor_at(const IncidentRow& last, IncidentListOrder order);
// Nothing unless `cursor` is what cursor_at gives for some incident and that order.
std::optional<IncidentPlace> place_of_cursor(std::string_view cursor, IncidentListOrder order);

}  // namespace daybook
