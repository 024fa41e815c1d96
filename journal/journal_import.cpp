// Reading the journal back from its text: import_journal (journal/journal_text.hpp).
#include <charconv>
#include <cstring>
#include <fstream>
#include <future>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "journal/journal_line.hpp"
#include "journal/journal_text.hpp"
#include "journal/layout.hpp"
#include "journal/line_file.hpp"

namespace daybook {
namespace {

// What goes into one transaction.
constexpr std::size_t batch_events_max = 5'000;
constexpr std::size_t batch_bytes_max = 32 * 1024 * 1024;

// What a `redacted` event kept of the event that it names, as JSON text.
using KeptTexts = std::unordered_map<std::uint64_t, std::string>;

// The `redacted` events in the rest of a file. There are few: the lines are looked through for their type, and only theirs read.
KeptTexts read_kept(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t number) {
    KeptTexts kept;
    LineFile file(path, journal_line_bytes_max, offset, number);
    JsonReader reader;
    while (const auto line = file.next()) {
        if (line->find("\"type\":\"redacted\"") == std::string_view::npos) continue;
        const auto value = reader.read(*line);
        const JsonValue* leaf = value ? (*value)->find("leaf") : nullptr;
        const JsonValue* type = leaf == nullptr ? nullptr : leaf->find("type");
        if (type == nullptr || !type->is_string() || type->text() != to_text(EventType::redacted)) continue;
        const JsonValue* payload = (*value)->find("payload");
        const JsonValue* redacts = payload == nullptr ? nullptr : payload->find("redacts");
        const JsonValue* fields = payload == nullptr ? nullptr : payload->find("kept");
        if (redacts == nullptr || redacts->kind != JsonValue::Kind::integer || fields == nullptr) continue;
        kept.emplace(static_cast<std::uint64_t>(redacts->integer), canonical(*fields));
    }
    return kept;
}

class Importer {
public:
    Importer(Journal& journal, const std::filesystem::path& directory, const EventProgress& progress)
        : journal_(journal),
          directory_(directory),
          progress_(progress),
          file_(directory / "journal.jsonl", journal_line_bytes_max) {}

    Result<Imported> run();

private:
    std::optional<Refusal> take(std::string_view line);
    std::optional<Refusal> take_facts_of_redacted(Journal::Restored& event);
    std::optional<Refusal> take_blob(const JournalLineReader::Artifact& artifact);
    std::optional<Refusal> check_event_id(const Journal::Restored& event);
    std::optional<Refusal> compare(const Journal::Restored& event);
    std::optional<Refusal> write();
    std::optional<Refusal> finish_writing();
    Refusal at(std::uint64_t number, std::uint64_t offset, Refusal refusal) const;
    Refusal here(Refusal refusal) const { return at(file_.number(), file_.offset(), std::move(refusal)); }

    Journal& journal_;
    std::filesystem::path directory_;
    const EventProgress& progress_;
    LineFile file_;
    JournalLineReader reader_;
    Sha256 sha256_;
    Imported imported_;
    std::optional<KeptTexts> kept_;  // read when the first redacted event comes by

    // The ids of the events of one millisecond, of those that are found by it.
    std::unordered_set<std::string> ids_;
    std::int64_t ids_millis_ = RecordHeader::no_time;

    // One batch is read while the one before it is written.
    struct Lines {
        std::vector<Journal::Restored> events;
        std::vector<std::uint64_t> offsets;  // where their lines start
        std::vector<Blob> blobs;
        std::unordered_set<std::string> blob_names;
        std::size_t bytes = 0;
    };
    Lines reading_;
    Lines writing_;
    std::future<Result<std::uint64_t>> written_;  // of writing_; last, so that it is waited for before anything goes
};

Result<Imported> Importer::run() {
    imported_.already_there = journal_.snapshot()->size();
    while (const auto line = file_.next()) {
        if (file_.too_long()) {
            if (auto refusal = finish_writing()) return *refusal;
            return here({RefusalCode::too_large, "the line is over " + std::to_string(journal_line_bytes_max) + " bytes", ""});
        }
        if (auto refusal = take(*line)) {
            const auto earlier = finish_writing();
            return earlier ? *earlier : *refusal;
        }
        if (reading_.events.size() < batch_events_max && reading_.bytes < batch_bytes_max) continue;
        if (auto refusal = write()) return *refusal;
    }
    if (auto refusal = write()) return *refusal;
    if (auto refusal = finish_writing()) return *refusal;
    if (imported_.events != 0) journal_.index_all();
    if (file_.number() < imported_.already_there) {
        return Refusal{RefusalCode::conflict,
                       "the journal has " + std::to_string(imported_.already_there) + " events, the file only " +
                           std::to_string(file_.number()) + ": import into an empty journal",
                       ""};
    }
    imported_.root = journal_.snapshot()->root(sha256_, imported_.already_there + imported_.events);
    return imported_;
}

std::optional<Refusal> Importer::take(std::string_view line) {
    auto event = reader_.read(line);
    if (!event) return here(event.refusal());
    if (event->sequence.value != file_.number()) {
        return here({RefusalCode::invalid, "seq must be the number of the line, not " + std::to_string(event->sequence.value),
                     "/leaf/seq"});
    }
    if (auto refusal = check_event_id(*event)) return here(std::move(*refusal));
    if (event->sequence.value <= imported_.already_there) {
        if (auto refusal = compare(*event)) return here(std::move(*refusal));
        return std::nullopt;
    }
    if (event->redacted) {
        if (auto refusal = take_facts_of_redacted(*event)) return here(std::move(*refusal));
    }
    if (reader_.artifact()) {
        if (auto refusal = take_blob(*reader_.artifact())) return here(std::move(*refusal));
    }
    reading_.bytes += line.size();
    reading_.events.push_back(std::move(*event));
    reading_.offsets.push_back(file_.offset());
    return std::nullopt;
}

// Two events must not have one id. Ids that are found by their time are not in a table: see layout::found_by_time.
std::optional<Refusal> Importer::check_event_id(const Journal::Restored& event) {
    const auto uuid = parse_uuid(event.event_id);
    if (!uuid || !layout::found_by_time(*uuid, event.recorded_at)) return std::nullopt;
    const std::int64_t millis = *uuid7_millis(*uuid);
    if (millis != ids_millis_) ids_.clear();
    ids_millis_ = millis;
    if (ids_.insert(event.event_id).second) return std::nullopt;
    return Refusal{RefusalCode::invalid, "another event has the event_id " + event.event_id, "/leaf/event_id"};
}

std::optional<Refusal> Importer::compare(const Journal::Restored& event) {
    const auto snapshot = journal_.snapshot();
    const auto record = snapshot->record(event.sequence);
    if (record && record->leaf_hash() == event.leaf) return std::nullopt;
    return Refusal{RefusalCode::conflict,
                   "the journal holds another event " + std::to_string(event.sequence.value) +
                       ": import into an empty journal, or the same file again",
                   "/leaf"};
}

std::optional<Refusal> Importer::take_facts_of_redacted(Journal::Restored& event) {
    if (!kept_) kept_ = read_kept(directory_ / "journal.jsonl", file_.offset(), file_.number());
    const auto found = kept_->find(event.sequence.value);
    if (found == kept_->end()) {
        return Refusal{RefusalCode::invalid, "payload and salt are null, but no `redacted` event says so", "/payload"};
    }
    JsonReader reader;
    const auto kept = reader.read(found->second);
    if (!kept) return kept.refusal();
    const auto payload = decode(event.payload.type, event.payload.schema_version, **kept);
    if (!payload)
        return Refusal{RefusalCode::invalid, "what its `redacted` event kept of it: " + payload.refusal().message, "/payload"};
    event.payload.facts = facts_of(*payload);
    return std::nullopt;
}

std::optional<Refusal> Importer::take_blob(const JournalLineReader::Artifact& artifact) {
    const std::string name = to_hex(artifact.sha256);
    const auto refuse = [&](const std::string& what) {
        return Refusal{RefusalCode::invalid, "blobs/" + name + " " + what, "/payload/sha256"};
    };
    if (artifact.size_bytes < 0 || static_cast<std::uint64_t>(artifact.size_bytes) > artifact_bytes_max) {
        return refuse("has a size_bytes over the limit of " + std::to_string(artifact_bytes_max));
    }
    const auto size = static_cast<std::size_t>(artifact.size_bytes);
    if (const auto snapshot = journal_.snapshot(); const auto there = snapshot->blob(artifact.sha256)) {
        return there->size() == size ? std::nullopt : std::optional(refuse("has another size than size_bytes says"));
    }
    std::ifstream file(directory_ / "blobs" / name, std::ios::binary);
    if (!file) return refuse("is missing, and this event needs it");
    std::string bytes(size + 1, '\0');  // one more, to see a file that is longer
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    if (bytes.size() != size) return refuse("has another size than size_bytes says");
    if (sha256_({bytes}) != artifact.sha256) return refuse("does not have the SHA-256 that it is named by");
    if (reading_.blob_names.insert(name).second) {
        reading_.bytes += bytes.size();
        reading_.blobs.push_back({artifact.sha256, std::move(bytes)});
    }
    return std::nullopt;
}

// Begins to write what was read, once what was read before it is written.
std::optional<Refusal> Importer::write() {
    if (auto refusal = finish_writing()) return refusal;
    if (reading_.events.empty()) return std::nullopt;
    writing_ = std::exchange(reading_, {});
    written_ = std::async(std::launch::async, [this] { return journal_.restore(writing_.events, writing_.blobs); });
    return std::nullopt;
}

std::optional<Refusal> Importer::finish_writing() {
    if (!written_.valid()) return std::nullopt;
    const auto taken = written_.get();
    if (!taken) {
        Refusal refusal = taken.refusal();
        std::size_t place = 0;  // it says which of them: "/7"
        const std::string& field = refusal.field;
        if (!field.empty()) std::from_chars(field.data() + 1, field.data() + field.size(), place);
        refusal.field = "/leaf";
        return at(writing_.events[place].sequence.value, writing_.offsets[place], std::move(refusal));
    }
    imported_.events += *taken;
    if (progress_) progress_(imported_.already_there + imported_.events);
    return std::nullopt;
}

Refusal Importer::at(std::uint64_t number, std::uint64_t offset, Refusal refusal) const {
    refusal.message =
        "journal.jsonl, line " + std::to_string(number) + " (byte " + std::to_string(offset) + "): " + refusal.message;
    return refusal;
}

}  // namespace

std::optional<Refusal> refuse_journal_text(const std::filesystem::path& directory) {
    const std::filesystem::path file = directory / "journal.jsonl";
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
        return Refusal{RefusalCode::not_found, "there is no journal.jsonl in " + directory.string(), ""};
    }
    if (std::filesystem::file_size(file, error) != 0 || error) return std::nullopt;
    return Refusal{
        RefusalCode::invalid,
        file.string() + " is empty: it was cut short, or exported from a journal without events; there is nothing to import", ""};
}

Result<Imported> import_journal(Journal& journal, const std::filesystem::path& directory, const EventProgress& progress) {
    if (auto refusal = refuse_journal_text(directory)) return *refusal;
    return Importer(journal, directory, progress).run();
}

}  // namespace daybook
