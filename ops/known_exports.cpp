#include "ops/known_exports.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "journal/atomic_file.hpp"
#include "journal/json.hpp"
#include "journal/lmdb.hpp"
#include "journal/small_file.hpp"

namespace daybook {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{16} << 20;

const char* to_text(KnownExport::Kind kind) {
    switch (kind) {
        case KnownExport::Kind::jsonl: return "jsonl";
        case KnownExport::Kind::journal: return "journal";
        case KnownExport::Kind::weekly_digests: return "weekly_digests";
        case KnownExport::Kind::risk_digests: return "risk_digests";
        case KnownExport::Kind::platform_digests: return "platform_digests";
        case KnownExport::Kind::backlog: return "backlog";
        case KnownExport::Kind::postgres: return "postgres";
    }
    return "?";
}

std::optional<KnownExport::Kind> kind_from_text(std::string_view text) {
    using Kind = KnownExport::Kind;
    for (const Kind kind : {Kind::jsonl, Kind::journal, Kind::weekly_digests, Kind::risk_digests, Kind::platform_digests,
                            Kind::backlog, Kind::postgres}) {
        if (text == to_text(kind)) return kind;
    }
    return std::nullopt;
}

std::filesystem::path file_of(const std::filesystem::path& data) { return data / "exports.jsonl"; }

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

}  // namespace

std::optional<std::string> remember_export(const std::filesystem::path& data, KnownExport place) {
    const bool is_directory = place.kind != KnownExport::Kind::postgres;
    if (is_directory) place.directory = std::filesystem::absolute(place.directory).lexically_normal();
    if (!place.artifacts.empty()) place.artifacts = std::filesystem::absolute(place.artifacts).lexically_normal();
    for (const std::filesystem::path& path : {place.directory, place.artifacts}) {
        if (is_clean_utf8(path.string())) continue;
        throw StorageError("cannot write to " + path.string() +
                           ": its name is not valid UTF-8, and a redaction could not find it again; choose another name");
    }
    const std::string line = line_of(place);
    const std::string known = read_if_exists(file_of(data), file_bytes_max).value_or("");
    if (known.starts_with(line) || known.find('\n' + line) != std::string::npos) return std::nullopt;
    const bool torn = !known.empty() && !known.ends_with('\n');  // by a loss of power
    if (append(file_of(data), (torn ? "\n" : "") + line)) return std::nullopt;
    return "this place can't be noted in " + file_of(data).string() + " (" + std::strerror(errno) +
           "): a redaction will not know of it";
}

std::vector<KnownExport> known_exports(const std::filesystem::path& data) {
    std::vector<KnownExport> places;
    JsonReader reader;
    const std::string text = read_if_exists(file_of(data), file_bytes_max).value_or("");
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (const auto place = read_line(std::string_view(text).substr(at, end - at), reader)) places.push_back(*place);
        at = end + 1;
    }
    return places;
}

std::vector<KnownExport> forget_exports(const std::filesystem::path& data,
                                        const std::function<bool(const KnownExport&)>& is_meant) {
    std::vector<KnownExport> forgotten;
    std::string left;
    for (const KnownExport& place : known_exports(data)) {
        if (is_meant(place)) {
            forgotten.push_back(place);
        } else {
            left += line_of(place);
        }
    }
    if (forgotten.empty()) return {};
    AtomicFile file(file_of(data), AtomicFile::Readers::owner_only);
    file.write(left);
    file.commit();
    return forgotten;
}

std::vector<std::filesystem::path> artifact_directories(const std::filesystem::path& data, const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> directories;
    const auto place = std::filesystem::absolute(directory).lexically_normal();
    for (const KnownExport& known : known_exports(data)) {
        if (known.kind == KnownExport::Kind::jsonl && known.directory == place)
            directories.push_back(known.artifacts.empty() ? known.directory : known.artifacts);
    }
    return directories;
}

}  // namespace daybook
