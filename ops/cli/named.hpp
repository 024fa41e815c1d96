// What a person names on the command line, looked at before anything is done: what is wrong with it has an exit status and an
// advice of its own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/journal.hpp"
#include "ops/access/access_policy.hpp"
#include "ops/cli/session.hpp"
#include "projections/horizon.hpp"

namespace daybook {

// All throw CommandError.

// not_found: there is nothing of that name. not_permitted: this user may not read it.
void check_readable(const std::filesystem::path& named);
// not_permitted: this user may not do what `mode` says (R_OK, W_OK); `what` is the word for it. Anything else that is wrong is told
// by who opens it.
void check_permitted(const std::filesystem::path& path, int mode, const std::string& what);
// not_found: there is no directory in which `file` could be written; it is not made, since its name may be a mistyped one.
void check_directory_of(const std::filesystem::path& file);
// conflict: the file is there and holds something else than `bytes` (nothing: whatever it holds), which somebody may have edited or
// keep. usage: it is no file, but a device or the like.
void refuse_to_write_over(const std::filesystem::path& file, std::optional<std::string_view> bytes = {});
// The stream of an incident. not_found.
StreamNumber find_incident(const JournalView& journal, const std::string& id);
// Of the incident's events, those within `horizon`. not_found: there are none yet.
std::vector<Sequence> find_sequences(const JournalView& journal, StreamNumber incident, const Horizon& horizon);
// What was read of a policy's file. failure: it is invalid.
template <class Policy>
Policy sound(Result<Policy> loaded) {
    if (!loaded) throw CommandError(ExitStatus::failure, loaded.refusal().message);
    return std::move(*loaded);
}
// The policy of access below the working directory. failure: it is invalid.
inline AccessPolicy read_access_policy() { return sound(load_access_policy(access_policy_file)); }
// How a report (`what`: "a digest") is printed: json, or else markdown. usage: -o says something else.
Format report_format(const Session& session, const std::string& what);
// The service or env that a report is asked of; nothing where none was given. usage: it is no UTF-8.
std::optional<std::string> name_option(const std::string& option, const std::string& name);
// A report's JSON as it is printed: nothing in it commands a terminal.
std::string report_json(const Session& session, std::string json);
// Days that a report looks back. usage: not 1 to 3,660.
int days_option(const std::string& option, std::uint64_t days);
// The time at which something happened. usage: it is no time, or more than ahead_max after now.
Time happened_option(const Session& session, const std::string& option, const std::string& text);

}  // namespace daybook
