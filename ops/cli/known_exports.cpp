#include "ops/cli/known_exports.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include "journal/json.hpp"
#include "journal/small_file.hpp"
#include "ops/cli/weekly_digests.hpp"

namespace daybook {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{16} << 20;

const char* to_text(KnownExport::Kind kind) {
    switch (kind) {
        case KnownExport::Kind::jsonl: return "jsonl";
        case KnownExport::Kind::journal: return "journal";
        case KnownExport::Kind::weekly_digests: return "weekly_digests";
    }
    return "?";
}

std::optional<KnownExport::Kind> kind_from_text(std::string_view text) {
    for (const auto kind : {KnownExport::Kind::jsonl, KnownExport::Kind::journal, KnownExport::Kind::weekly_digests}) {
        if (text == to_text(kind)) return kind;
    }
    return std::nullopt;
}

std::filesystem::path file_of(Session& session) { return session.settings().data / "exports.jsonl"; }

std::string line_of(const KnownExport& place) {
    std::string line = "{\"artifacts\":";
    append_json_string(line, place.artifacts.string());
    line += ",\"directory\":";
    append_json_string(line, place.directory.string());
    return line + ",\"kind\":\"" + to_text(place.kind) + "\"}\n";
}

std::optional<KnownExport> read_line(std::string_view line, JsonReader& reader) {
    const auto value = reader.read(line);
    const auto text = [&](const char* name) {
        const JsonValue* member = value ? (*value)->find(name) : nullptr;
        return member != nullptr && member->is_string() ? std::string(member->text()) : std::string();
    };
    const auto kind = kind_from_text(text("kind"));
    if (!kind || text("directory").empty()) return std::nullopt;
    return KnownExport{*kind, text("directory"), text("artifacts")};
}

// One write, at the end of the file: two processes that add at once do not lose a line.
bool append(const std::filesystem::path& file, const std::string& line) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
    const int code = errno;
    ::close(fd);
    errno = code;
    return written;
}

std::string name_of(const KnownExport& place) {
    switch (place.kind) {
        case KnownExport::Kind::jsonl: return "the JSONL layout in " + place.directory.string();
        case KnownExport::Kind::journal: return "the journal's text in " + place.directory.string();
        case KnownExport::Kind::weekly_digests: return "the weekly digests in " + place.directory.string();
    }
    return {};
}

void write_anew(Session& session, const KnownExport& place) {
    switch (place.kind) {
        case KnownExport::Kind::jsonl: write_jsonl(session, place); return;
        case KnownExport::Kind::journal: export_journal(session.journal_to_read(), place.directory, {}); return;
        case KnownExport::Kind::weekly_digests: write_digests_again(session, place.directory); return;
    }
}

}  // namespace

void remember_export(Session& session, KnownExport place) {
    place.directory = std::filesystem::absolute(place.directory).lexically_normal();
    if (!place.artifacts.empty()) place.artifacts = std::filesystem::absolute(place.artifacts).lexically_normal();
    const std::string line = line_of(place);
    const std::string known = read_if_exists(file_of(session), file_bytes_max).value_or("");
    if (known.starts_with(line) || known.find('\n' + line) != std::string::npos) return;
    if (append(file_of(session), line)) return;
    session.messages().say(MessageKind::warning, "this place can't be noted in " + file_of(session).string() + " (" +
                                                     std::strerror(errno) + "): a redaction will not know of it");
}

std::vector<KnownExport> known_exports(Session& session) {
    std::vector<KnownExport> places;
    JsonReader reader;
    const std::string text = read_if_exists(file_of(session), file_bytes_max).value_or("");
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (const auto place = read_line(std::string_view(text).substr(at, end - at), reader)) places.push_back(*place);
        at = end + 1;
    }
    return places;
}

JsonlExported write_jsonl(Session& session, const KnownExport& place, const ExportProgress& progress) {
    lmdb::Transaction views = session.stale_views().read();
    JsonlExportOptions options;
    options.directory = place.directory;
    options.artifacts = place.artifacts;
    options.progress = progress;
    return export_jsonl(session.journal_to_read(), views, position_of_all(views).sequence.value, options);
}

bool write_again(Session& session, const KnownExport& place) {
    if (!std::filesystem::exists(place.directory)) {
        session.messages().say(MessageKind::warning, name_of(place) + " is not there any more: if it was moved, write it again");
        return true;
    }
    try {
        write_anew(session, place);
        session.messages().say(MessageKind::notice, "written again: " + name_of(place));
        return true;
    } catch (const StorageError& error) {
        session.messages().say(MessageKind::error, name_of(place) + " may hold the text yet: " + error.what());
        return false;
    }
}

}  // namespace daybook
