#include "ops/export_owner.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <utility>

#include "journal/leaf.hpp"
#include "journal/line_file.hpp"
#include "journal/written_json.hpp"
#include "projections/export_file.hpp"

namespace daybook {
namespace {

constexpr std::size_t line_bytes_max = std::size_t{4} << 20;

Refusal conflict(std::string message) { return {RefusalCode::conflict, std::move(message), ""}; }

// What must not be written over looks like no export at all: an object with `member` in its first line.
std::optional<Refusal> refuse_foreign(const std::filesystem::path& file, const char* member) {
    if (!std::filesystem::exists(file)) return std::nullopt;
    LineFile lines(file, line_bytes_max);
    const auto first = lines.next();
    WrittenJsonReader reader;
    const auto value = reader.read(first.value_or("{}"));
    if (!first || (value && (*value)->is_object() && (*value)->find(member) != nullptr)) return std::nullopt;
    return conflict(file.string() + " is not from an export, and would be written over: name another directory, or move it away");
}

bool is_prefix(const JournalView& journal, const ExportFile& wrote) {
    Sha256 sha256;
    return wrote.size <= journal.size() && journal.root(sha256, wrote.size) == wrote.root;
}

// A file of rows, and the member by which the journal knows a row.
struct Rows {
    const char* file;
    const char* member;
    const char* what;
    std::function<bool(std::string_view)> known;
};

// Other rows would be lost: the journal can't write them again.
std::optional<Refusal> refuse_unknown(const std::filesystem::path& directory, const Rows& rows) {
    const std::filesystem::path file = directory / rows.file;
    if (!std::filesystem::exists(file)) return std::nullopt;
    LineFile lines(file, line_bytes_max);
    WrittenJsonReader reader;
    std::string known;  // rows of one incident often stand together
    while (const auto line = lines.next()) {
        if (line->find_first_not_of(" \t\r") == std::string_view::npos) continue;
        const auto row = reader.read(*line);
        const JsonValue* id = row ? (*row)->find(rows.member) : nullptr;
        const bool is_text = id != nullptr && id->is_string();
        if (is_text && (id->text() == known || rows.known(id->text()))) {
            known = id->text();
            continue;
        }
        return conflict(file.string() + " holds " +
                        (is_text ? rows.what + std::string(" ") + std::string(id->text()) + ", which this journal does not know"
                                 : "a line that this journal does not know, " + std::to_string(lines.number())) +
                        ", and would be written over: run `daybook import jsonl " + directory.string() +
                        "` first, and move away what it refuses; or name another directory");
    }
    return std::nullopt;
}

// The last line of a file, without its end; lines are shorter than line_bytes_max.
std::string last_line(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const std::streamoff size = file.tellg();
    const std::streamoff from = std::max<std::streamoff>(0, size - static_cast<std::streamoff>(line_bytes_max));
    std::string tail(static_cast<std::size_t>(std::max<std::streamoff>(0, size - from)), '\0');
    file.seekg(from);
    file.read(tail.data(), static_cast<std::streamsize>(tail.size()));
    if (tail.ends_with('\n')) tail.pop_back();
    return tail.substr(tail.rfind('\n') + 1);
}

// A leaf names the one before it, so the last vouches for all.
bool is_event_of(const JournalView& journal, const std::string& line) {
    WrittenJsonReader reader;
    const auto value = reader.read(line);
    const JsonValue* leaf = value ? (*value)->find("leaf") : nullptr;
    const JsonValue* sequence = leaf != nullptr && leaf->is_object() ? leaf->find("seq") : nullptr;
    if (sequence == nullptr || sequence->kind != JsonValue::Kind::integer || sequence->integer <= 0) return false;
    const auto record = journal.record({static_cast<std::uint64_t>(sequence->integer)});
    Sha256 sha256;
    return record && leaf_hash(sha256, canonical(*leaf)) == record->leaf_hash();
}

}  // namespace

std::optional<std::string> origin_of_layout(const std::filesystem::path& directory) {
    const auto wrote = read_export_file(directory);
    return wrote && !wrote->origin.empty() ? std::optional(wrote->origin) : std::nullopt;
}

std::optional<Refusal> refuse_other_layout(const std::filesystem::path& directory, const Journal& journal) {
    for (const auto& [name, member] : {std::pair("incidents.jsonl", "id"), std::pair("events.jsonl", "incident_id"),
                                       std::pair("artifacts.jsonl", "incident_id"), std::pair(export_file_name, "root")}) {
        if (auto refusal = refuse_foreign(directory / name, member)) return refusal;
    }
    const auto wrote = read_export_file(directory);  // before the snapshot: another process may be ahead of it otherwise
    const auto snapshot = journal.snapshot();
    const bool is_export = wrote && !wrote->origin.empty();
    if (is_export && wrote->origin != snapshot->origin()) {
        return conflict(directory.string() + " holds the files of another journal, " + wrote->origin + " (this one is " +
                        snapshot->origin() + "): name another directory, or move them away");
    }
    if (is_export && is_prefix(*snapshot, *wrote)) return std::nullopt;
    const auto is_incident = [&](std::string_view id) { return snapshot->stream(id).has_value(); };
    const auto is_event = [&](std::string_view id) { return snapshot->event_with_id(id).has_value(); };
    const Rows incidents{"incidents.jsonl", "id", "the incident", is_incident};
    // Rows of a store before daybook may have no id of their own.
    const Rows events = is_export ? Rows{"events.jsonl", "event_id", "the event", is_event}
                                  : Rows{"events.jsonl", "incident_id", "the incident", is_incident};
    const Rows artifacts{"artifacts.jsonl", "incident_id", "the incident", is_incident};
    for (const Rows& rows : {incidents, events, artifacts}) {
        if (auto refusal = refuse_unknown(directory, rows)) return refusal;
    }
    return std::nullopt;
}

std::optional<Refusal> refuse_other_text(const std::filesystem::path& directory, const Journal& journal) {
    const std::filesystem::path file = directory / "journal.jsonl";
    if (auto refusal = refuse_foreign(file, "leaf")) return refusal;
    std::error_code error;
    if (const auto bytes = std::filesystem::file_size(file, error); error || bytes == 0) return std::nullopt;
    const std::string last = last_line(file);
    if (is_event_of(*journal.snapshot(), last)) return std::nullopt;
    return conflict(file.string() +
                    " ends with an event that this journal does not have: it is of another one, or of this one before a backup was "
                    "restored; name another directory, or move it away");
}

}  // namespace daybook
