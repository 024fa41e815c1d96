// Whether a directory holds a layout, and all of it, before anything is taken from it.
#pragma once

#include <filesystem>
#include <optional>

#include "journal/result.hpp"

namespace daybook {

// Refuses: not_found (neither incidents.jsonl nor events.jsonl); invalid (a file has fewer lines than the export.json beside it
// says: a copy that was cut short. More it may have, since other programs append to a layout). Throws StorageError.
std::optional<Refusal> refuse_layout(const std::filesystem::path& directory);

}  // namespace daybook
