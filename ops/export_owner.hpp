// Whose files an export finds where it is to write: what it would lose is refused, with what to do about it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "journal/journal.hpp"
#include "journal/result.hpp"

namespace daybook {

// The origin of the journal that wrote a JSONL layout; nothing where no export came to its end there.
std::optional<std::string> origin_of_layout(const std::filesystem::path& directory);

// For the JSONL layout. Its files must be an export of a prefix of this journal, or hold rows alone that the journal knows: a store
// before daybook that was imported, or what a journal wrote that was put back from a backup since. Refuses: conflict.
std::optional<Refusal> refuse_other_layout(const std::filesystem::path& directory, const Journal& journal);

// For the journal's text, which must be of a prefix of this journal. Refuses: conflict.
std::optional<Refusal> refuse_other_text(const std::filesystem::path& directory, const Journal& journal);

}  // namespace daybook
