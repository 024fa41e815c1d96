// A file that is read whole, since it is small: a key, a checkpoint.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace daybook {

// All of `file`; nothing where there is no such file. Throws StorageError: it cannot be read, or is longer than `bytes_max`.
std::optional<std::string> read_if_exists(const std::filesystem::path& file, std::size_t bytes_max);

// Throws StorageError where others than its owner have any right to `file`; `then` is what to do besides the `chmod` that the
// message names ("", or "; then …"). Nothing where there is no such file.
void check_owner_only(const std::filesystem::path& file, const std::string& then = {});

}  // namespace daybook
