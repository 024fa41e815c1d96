// A program under strace: what it asks of the file system, and what becomes of it where one such call fails.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support.hpp"

namespace daybook::test {

// Whether strace is there and may trace; where it is not, a test is skipped.
bool can_trace();

// One call of a thread, by its name and how many of that name the thread had made before and with it.
struct SystemCall {
    std::string name;
    std::size_t number = 0;
    friend auto operator<=>(const SystemCall&, const SystemCall&) = default;
};

// Runs the command, and lists the calls that it makes to change or to open what lies in `directory`, each once.
std::vector<SystemCall> calls_of(const std::vector<std::string>& command, const std::filesystem::path& directory);

// Runs the command with the call not done but answered with `error` ("EIO"). After two minutes it is ended: status 124.
Outcome run_with_failure(const std::vector<std::string>& command, const SystemCall& call, const std::string& error,
                         const std::filesystem::path& directory);

}  // namespace daybook::test
