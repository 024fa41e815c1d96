// Full verification as commands do it: of the journal, of a backup.
#pragma once

#include <filesystem>

#include "journal/verify.hpp"
#include "ops/cli/session.hpp"

namespace daybook {

// The structure of the file in `directory`, an environment that this process does not have open, before LMDB walks it.
Verification verify_structure(const std::filesystem::path& directory);

// Everything in it, with a progress bar; `scratch` is a place to work in, removed at the end.
Verification verify_contents(Session& session, const Journal& journal, const std::filesystem::path& scratch);

// Both, of an environment that this process does not have open: contents only where the structure is sound.
Verification verify_directory(Session& session, const std::filesystem::path& directory, const std::filesystem::path& scratch);

// Each finding as an error, each notice as a warning.
void tell(Session& session, const Verification& verification);

}  // namespace daybook
