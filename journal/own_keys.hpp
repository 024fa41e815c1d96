// The idempotency keys that daybook makes itself: of what sources of alerts send, of imported rows, of jobs and reports. Each
// begins with a word of its own. No caller's key may: else an alert, or a job's run, would be taken for a repeat of whatever bears
// its key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "journal/journal.hpp"

namespace daybook {

// An input that its key alone tells from others. The key begins as one of daybook's own.
KeyedInput own_input(std::string key);

// What a caller is told whose key begins as one of daybook's own ("must not begin …"); nothing of any other key.
std::optional<std::string> refuse_own_key(std::string_view key);

}  // namespace daybook
