// What of an incident's history is worth telling: the kinds of news that receivers ask for (section 4, webhooks out).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "journal/record.hpp"
#include "journal/types.hpp"
#include "ops/enum_set.hpp"

namespace daybook {

enum class News : std::uint8_t {
    opened,
    acknowledged,
    assigned,
    severity,
    escalated,
    mitigated,
    resolved,
    closed,
    reopened,
    comms,
    followup,  // one was added
    overdue,   // one that is not finished has passed its due date: told by the clock, not by an event
};
inline constexpr News all_news[] = {News::opened,    News::acknowledged, News::assigned, News::severity,
                                    News::escalated, News::mitigated,    News::resolved, News::closed,
                                    News::reopened,  News::comms,        News::followup, News::overdue};

std::string_view to_text(News);
template <> std::optional<News> from_text(std::string_view);
template <> std::string choices<News>();

using NewsSet = EnumSet<News>;

// What an event is news of; nothing for one that nobody asks for.
std::optional<News> news_of(const RecordHeader& event);

}  // namespace daybook
