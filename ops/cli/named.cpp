#include "ops/cli/named.hpp"

#include <cerrno>
#include <fstream>

#include <unistd.h>

#include "ingest/checks.hpp"
#include "journal/json.hpp"
#include "ops/visible.hpp"

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

void refuse_to_write_over(const std::filesystem::path& file, std::optional<std::string_view> bytes) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return;
    if (!std::filesystem::is_regular_file(file, error)) {
        throw CommandError(ExitStatus::usage,
                           file.string() +
                               " is no file, but a directory, a device or a pipe, and nothing was written: name a file, "
                               "or leave the option out and redirect standard output there");
    }
    if (bytes) {
        check_permitted(file, R_OK, "read");
        std::ifstream in(file, std::ios::binary);
        std::string there(bytes->size() + 1, '\0');  // one byte more is enough to differ
        in.read(there.data(), static_cast<std::streamsize>(there.size()));
        there.resize(static_cast<std::size_t>(in.gcount()));
        if (there == *bytes) return;
    }
    throw CommandError(ExitStatus::conflict, file.string() + " is there already" + (bytes ? " and holds something else" : "") +
                                                 ": nothing was written; give another name, or move it away");
}

StreamNumber find_incident(const JournalView& journal, const std::string& id) {
    if (const auto number = journal.stream_number(id)) return *number;
    fail({RefusalCode::not_found, "no such incident: " + id, "/incident_id"});
}

std::vector<Sequence> find_sequences(const JournalView& journal, StreamNumber incident, const Horizon& horizon) {
    auto sequences = sequences_within(journal, incident, horizon);
    if (!sequences.empty()) return sequences;
    throw CommandError(ExitStatus::not_found, std::string(journal.stream_id(incident)) + " was not there yet");
}

Time happened_option(const Session& session, const std::string& option, const std::string& text) {
    const Time time = time_option(option, text);
    if (time <= session.now() + ahead_max) return time;
    throw CommandError(ExitStatus::usage, option + ' ' + text + " is more than 24 hours after now, " + format_time(session.now()) +
                                              ": look for a mistyped date (--now says when now is)");
}

Format report_format(const Session& session, const std::string& what) {
    const Format format = session.settings().format.value_or(Format::markdown);
    if (format == Format::json) return format;
    if (format != Format::markdown && format != Format::table)
        throw CommandError(ExitStatus::usage, what + " is printed as json or markdown");
    return Format::markdown;
}

std::optional<std::string> name_option(const std::string& option, const std::string& name) {
    if (name.empty()) return std::nullopt;
    if (is_clean_utf8(name)) return name;
    throw CommandError(ExitStatus::usage, option + " must be UTF-8, not " + name);
}

std::string report_json(const Session& session, std::string json) {
    return session.style().width == 0 ? std::move(json) : visible_json(json);
}

int days_option(const std::string& option, std::uint64_t days) {
    constexpr std::uint64_t days_max = 3'660;
    if (days == 0 || days > days_max)
        throw CommandError(ExitStatus::usage, option + " must lie between 1 and " + std::to_string(days_max));
    return static_cast<int>(days);
}

}  // namespace daybook
