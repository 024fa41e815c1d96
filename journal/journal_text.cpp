#include "journal/journal_text.hpp"

#include <algorithm>
#include <fstream>
#include <set>

#include "journal/atomic_file.hpp"
#include "journal/leaf.hpp"
#include "journal/scrub.hpp"

namespace daybook {
namespace {

constexpr std::uint64_t batch_events = 10'000;  // of one snapshot

bool holds(const std::filesystem::path& path, std::string_view bytes) {
    std::error_code error;
    if (std::filesystem::file_size(path, error) != bytes.size() || error) return false;
    std::ifstream file(path, std::ios::binary);
    std::string content(bytes.size(), '\0');
    file.read(content.data(), static_cast<std::streamsize>(content.size()));
    return file.gcount() == static_cast<std::streamsize>(content.size()) && content == bytes;
}

// Writes the artifact that `record` names, unless it is in `written` or there already.
void export_blob(const JournalView& view, const RecordView& record, JsonReader& reader, const std::filesystem::path& blobs,
                 std::set<Digest>& written) {
    const auto payload = reader.read(record.payload());
    const JsonValue* hex = payload ? (*payload)->find("sha256") : nullptr;
    const auto digest = hex != nullptr && hex->is_string() ? digest_from_hex(hex->text()) : std::nullopt;
    const auto bytes = digest ? view.blob(*digest) : std::nullopt;
    if (!bytes) {
        throw StorageError("the artifact of event " + std::to_string(record.sequence().value) +
                           " is missing: run `daybook verify`, then restore a backup");
    }
    if (!written.insert(*digest).second) return;
    const std::filesystem::path path = blobs / to_hex(*digest);
    if (holds(path, *bytes)) return;
    AtomicFile file(path);
    file.write(*bytes);
    file.commit();
}

// What an export before this one left there, and no event names any more.
void remove_other_blobs(const std::filesystem::path& blobs, const std::set<Digest>& named) {
    std::error_code error;
    if (!std::filesystem::exists(blobs, error)) return;
    for (const auto& entry : std::filesystem::directory_iterator(blobs)) {
        const auto digest = digest_from_hex(entry.path().filename().string());
        if (digest && !named.contains(*digest)) scrub_file(entry.path());
    }
}

}  // namespace

void append_leaf_of(std::string& out, const JournalView& journal, const RecordView& record, Sha256& sha256) {
    const RecordHeader& header = record.header();
    const std::string event_id = record.event_id();
    LeafFields leaf;
    leaf.actor = journal.name({header.actor});
    leaf.cause = {header.cause};
    leaf.event_id = event_id;
    leaf.key = record.key();
    leaf.occurred_at = record.occurred_at();
    const auto kept = record.kept_payload_digest();
    leaf.payload_sha256 = kept ? *kept : sha256({record.salt(), record.payload()});
    if (header.previous != 0) {
        const auto previous = journal.record({header.previous});
        if (!previous) throw StorageError("event " + std::to_string(header.previous) + " is missing: run `daybook verify`");
        leaf.previous = previous->leaf_hash();
    }
    leaf.recorded_at = record.recorded_at();
    leaf.sequence = record.sequence();
    leaf.source = journal.name({header.source});
    leaf.stream = journal.stream_id(record.stream());
    leaf.type = record.type();
    leaf.schema_version = header.schema_version;
    leaf.version = header.version;
    const std::size_t at = out.size();
    append_leaf_text(out, leaf);
    if (leaf_hash(sha256, std::string_view(out).substr(at)) == record.leaf_hash()) return;
    throw StorageError("event " + std::to_string(header.sequence) +
                       " is damaged, it does not hash to its leaf: run `daybook verify`, then restore a backup");
}

void check_leaves(const Journal& journal, std::uint64_t size) {
    Sha256 sha256;
    std::string leaf;
    for (Sequence next{1}; next.value <= size;) {
        const Snapshot snapshot = journal.snapshot();
        const Sequence from = next;
        next = snapshot->scan(from, std::min(batch_events, size - from.value + 1), [&](const RecordView& record) {
            leaf.clear();
            append_leaf_of(leaf, *snapshot, record, sha256);
            return true;
        });
        if (next == from) throw StorageError("event " + std::to_string(from.value) + " is missing: run `daybook verify`");
    }
}

void append_journal_line(std::string& out, const JournalView& journal, const RecordView& record, Sha256& sha256) {
    out += "{\"leaf\":";
    append_leaf_of(out, journal, record, sha256);
    if (record.redacted()) {
        out += ",\"payload\":null,\"salt\":null}";
        return;
    }
    out += ",\"payload\":";
    out += record.payload();
    out += ",\"salt\":\"";
    append_hex(out, record.salt());
    out += "\"}";
}

Exported export_journal(const Journal& journal, const std::filesystem::path& directory, const EventProgress& progress) {
    Exported exported;
    Sha256 sha256;
    JsonReader reader;
    {
        const Snapshot snapshot = journal.snapshot();
        exported.events = snapshot->size();
        exported.root = snapshot->root(sha256, exported.events);
    }
    const std::filesystem::path text = directory / "journal.jsonl";
    const bool again = std::filesystem::exists(text);
    AtomicFile file(text);
    std::set<Digest> blobs;
    std::string line;
    Sequence next{1};
    while (next.value <= exported.events) {
        const Snapshot snapshot = journal.snapshot();
        const Sequence from = next;
        next = snapshot->scan(next, std::min(batch_events, exported.events - next.value + 1), [&](const RecordView& record) {
            line.clear();
            append_journal_line(line, *snapshot, record, sha256);
            line += '\n';
            file.write(line);
            if (record.type() == EventType::artifact_attached && !record.redacted()) {
                export_blob(*snapshot, record, reader, directory / "blobs", blobs);
            }
            return true;
        });
        if (next == from) {
            throw StorageError("event " + std::to_string(next.value) + " is missing: run `daybook verify`, then restore a backup");
        }
        if (progress) progress(next.value - 1);
    }
    exported.blobs = blobs.size();
    file.commit();
    if (again) remove_other_blobs(directory / "blobs", blobs);  // else they are somebody's
    return exported;
}

}  // namespace daybook
