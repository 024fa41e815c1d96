#include "ingest/artifact_line.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/checks.hpp"
#include "ingest/fields.hpp"
#include "ingest/free_object.hpp"
#include "ingest/incident_line.hpp"
#include "journal/descriptor.hpp"
#include "journal/lmdb.hpp"
#include "projections/artifacts.hpp"
#include "projections/jsonl_layout.hpp"

namespace daybook {
namespace {

constexpr std::array<std::string_view, 11> columns{"artifact_id", "incident_id", "kind",       "format",     "name", "path",
                                                   "sha256",      "size_bytes",  "created_by", "created_at", "meta"};

std::string_view after_last(std::string_view text, char separator) {
    const std::size_t at = text.rfind(separator);
    return at == std::string_view::npos ? text : text.substr(at + 1);
}

// Other stores wrote where the file lay for them: all that counts is that it ends in <incident_id>/<name>.
bool is_path_of(std::string_view path, const ArtifactLine& line) {
    const std::string end = line.incident_id + '/' + line.name;
    if (("/" + std::string(path) + "/").find("/../") != std::string::npos) return false;
    return path == end || path == line.name || path.ends_with('/' + end);
}

std::optional<JsonText> free_meta(const JsonValue& row) {
    FreeObject meta;
    if (const JsonValue* given = row.find("meta"); given != nullptr && given->is_object()) meta.add_all(*given);
    for (const JsonMember& member : row.members()) {
        if (std::find(columns.begin(), columns.end(), member.name) == columns.end()) meta.add(member.name, canonical(member.value));
    }
    return meta.finish();
}

// The bytes of a plain file in `folder`.
Result<std::string> read_plain_file(const Descriptor& folder, const std::string& name, const std::string& place) {
    const Descriptor file(folder.get() < 0 ? -1
                                           : ::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return Refusal{RefusalCode::not_found, "there is no file " + place + " with the artifact's bytes", "/name"};
    }
    if (static_cast<std::uint64_t>(status.st_size) > artifact_bytes_max) {
        return Refusal{
            RefusalCode::too_large,
            place + " has " + std::to_string(status.st_size) + " bytes, the limit is " + std::to_string(artifact_bytes_max),
            "/name"};
    }
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t got = 0;
    while (got < bytes.size()) {
        const ssize_t more = ::read(file.get(), bytes.data() + got, bytes.size() - got);
        if (more < 0 && errno == EINTR) continue;
        if (more < 0) throw StorageError("cannot read " + place + ": " + std::strerror(errno));
        if (more == 0) break;
        got += static_cast<std::size_t>(more);
    }
    bytes.resize(got);
    return bytes;
}

Descriptor open_folder(int at, const std::string& path) {
    return Descriptor(::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

}  // namespace

std::string made_artifact_id(const std::string& key_sha256) { return "art_" + key_sha256.substr(0, 16); }

Result<ArtifactLine> read_artifact_line(const JsonValue& row, Sha256& sha256) {
    Fields fields(row);
    ArtifactLine line;
    line.incident_id = fields.text("incident_id", 1, name_bytes_max);
    const auto artifact_id = fields.optional_text("artifact_id", 1, name_bytes_max);
    line.kind = fields.optional_text("kind", 1, name_bytes_max).value_or("file");
    const auto format = fields.optional_word<ArtifactFormat>("format");
    const auto name = fields.optional_text("name", 1, name_bytes_max);
    const auto path = fields.optional_text("path", 1, text_characters_max);
    line.sha256 = fields.optional_text("sha256", 64, 64);
    line.size_bytes = fields.optional_integer("size_bytes", 0, static_cast<std::int64_t>(artifact_bytes_max));
    line.created_by = fields.optional_text("created_by", 1, name_bytes_max).value_or(import_source);
    line.created_at = fields.optional_time("created_at");
    (void)fields.optional_object("meta");
    if (fields.refusal()) return *fields.refusal();

    line.name = name ? *name : std::string(after_last(path.value_or(""), '/'));
    if (!is_incident_id(line.incident_id)) fields.fail("incident_id", "must be inc_YYYYMMDD_HHMM_<rand>");
    if (!is_artifact_name(line.name))
        fields.fail("name", "must be of [A-Za-z0-9._-], 1 to 128, and not start with a dot or a dash");
    if (path && !is_path_of(*path, line)) fields.fail("path", "must be <incident_id>/<name>");
    if (line.sha256 && !digest_from_hex(*line.sha256)) fields.fail("sha256", "must be a SHA-256 in lower-case hex");
    if (!is_actor(line.created_by)) fields.fail("created_by", "must be of [A-Za-z0-9._@:-], 1 to 128");
    const auto by_ending = from_text<ArtifactFormat>(after_last(line.name, '.'));
    if (!format && !by_ending)
        fields.fail("format", "is missing, and the name does not end in one of " + choices<ArtifactFormat>());
    if (fields.refusal()) return *fields.refusal();
    line.format = format ? *format : *by_ending;
    line.key_sha256 = to_hex(sha256({canonical(row)}));
    line.artifact_id = artifact_id ? *artifact_id : made_artifact_id(line.key_sha256);
    line.meta = free_meta(row);
    return line;
}

Result<std::string> read_artifact_file(const std::filesystem::path& directory, const std::string& incident_id,
                                       const std::string& name, const std::optional<std::string>& sha256) {
    const std::string place = incident_id + '/' + name;
    if (!is_incident_id(incident_id) || !is_artifact_name(name)) {
        return Refusal{RefusalCode::invalid, place + " can't be the file of an artifact", "/name"};
    }
    const Descriptor folder = open_folder(AT_FDCWD, (directory / incident_id).string());
    Result<std::string> bytes = read_plain_file(folder, name, place);
    if (!bytes || !sha256) return bytes;
    Sha256 digest_of;
    if (to_hex(digest_of({*bytes})) == *sha256) return bytes;
    const std::string replaced = replaced_path(incident_id, *sha256).substr(incident_id.size() + 1);
    const std::size_t slash = replaced.find('/');
    const Descriptor inner = folder.get() < 0 ? Descriptor(-1) : open_folder(folder.get(), replaced.substr(0, slash));
    Result<std::string> older = read_plain_file(inner, replaced.substr(slash + 1), replaced);
    if (older && to_hex(digest_of({*older})) == *sha256) return older;
    return Refusal{RefusalCode::invalid, "the file " + place + " does not have the SHA-256 " + *sha256, "/sha256"};
}

}  // namespace daybook
