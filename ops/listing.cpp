#include "ops/listing.hpp"

#include <charconv>

namespace daybook {
namespace {

constexpr std::size_t start_digits = 16;  // of started_at, in hex

std::string cursor_at(const IncidentPlace& place, IncidentListOrder order) {
    static constexpr char hex[] = "0123456789abcdef";
    std::string cursor = order == IncidentListOrder::newest_first ? "n-" : "o-";
    const std::uint64_t start = sortable(to_micros(place.started_at));
    for (std::size_t digit = start_digits; digit-- != 0;) cursor += hex[(start >> (4 * digit)) & 15];
    return cursor + '-' + place.id;
}

}  // namespace

std::optional<IncidentFilter::Status> listed_status(std::string_view word) {
    if (word == "open") return IncidentFilter::Status::unfinished;
    if (word == "mitigated") return IncidentFilter::Status::mitigated;
    if (word == "resolved") return IncidentFilter::Status::resolved;
    if (word == "closed") return IncidentFilter::Status::closed;
    if (word == "all") return IncidentFilter::Status::all;
    return std::nullopt;
}

std::optional<Label> label_of(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    return Label{text.substr(0, equals), text.substr(equals + 1)};
}

std::optional<IncidentListOrder> list_order(std::string_view word) {
    if (word == "newest") return IncidentListOrder::newest_first;
    if (word == "oldest") return IncidentListOrder::oldest_first;
    return std::nullopt;
}

std::string cursor_at(const IncidentRow& last, IncidentListOrder order) {
    return cursor_at(IncidentPlace{from_micros(last.state.started_at), last.id}, order);
}

std::optional<IncidentPlace> place_of_cursor(std::string_view cursor, IncidentListOrder order) {
    constexpr std::size_t digits_at = 2;
    constexpr std::size_t id_at = digits_at + start_digits + 1;
    if (cursor.size() <= id_at || !is_incident_id(cursor.substr(id_at))) return std::nullopt;
    std::uint64_t start = 0;
    const char* end = cursor.data() + digits_at + start_digits;
    const auto read = std::from_chars(cursor.data() + digits_at, end, start, 16);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    IncidentPlace place{from_micros(from_sortable(start)), std::string(cursor.substr(id_at))};
    return cursor_at(place, order) == cursor ? std::optional(std::move(place)) : std::nullopt;
}

}  // namespace daybook
