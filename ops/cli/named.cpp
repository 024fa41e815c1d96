#include "ops/cli/named.hpp"

#include <cerrno>

#include <unistd.h>

#include "ingest/checks.hpp"

namespace daybook {

void check_readable(const std::filesystem::path& named) {
    if (::access(named.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        throw CommandError(ExitStatus::not_found, "there is no " + named.string() + ": look for a mistyped name");
    }
    check_permitted(named, R_OK, "read");
}

void check_permitted(const std::filesystem::path& path, int mode, const std::string& what) {
    if (::access(path.c_str(), mode) == 0 || errno != EACCES) return;
    throw CommandError(ExitStatus::not_permitted, "this user may not " + what + ' ' + path.string() +
                                                      ": check owner and mode, of the directories above it too");
}

void check_directory_of(const std::filesystem::path& file) {
    const std::filesystem::path directory = std::filesystem::absolute(file).parent_path();
    std::error_code error;
    if (std::filesystem::is_directory(directory, error)) return;
    throw CommandError(ExitStatus::not_found, "there is no directory " + directory.string() + " to write " +
                                                  file.filename().string() + " in: look for a mistyped name, or make it");
}

StreamNumber find_incident(const JournalView& journal, const std::string& id) {
    if (const auto number = journal.stream_number(id)) return *number;
    throw CommandError(ExitStatus::not_found, "no such incident: " + id + " (`daybook incident list --ids` lists them)");
}

Time happened_option(const Session& session, const std::string& option, const std::string& text) {
    const Time time = time_option(option, text);
    if (time <= session.now() + ahead_max) return time;
    throw CommandError(ExitStatus::usage, option + ' ' + text + " is more than 24 hours after now, " + format_time(session.now()) +
                                              ": look for a mistyped date (--now says when now is)");
}

int days_option(const std::string& option, std::uint64_t days) {
    constexpr std::uint64_t days_max = 3'660;
    if (days == 0 || days > days_max)
        throw CommandError(ExitStatus::usage, option + " must lie between 1 and " + std::to_string(days_max));
    return static_cast<int>(days);
}

}  // namespace daybook
