#include "journal/redaction.hpp"

#include <cassert>
#include <vector>

#include "journal/json.hpp"
#include "journal/layout.hpp"
#include "journal/structure.hpp"

namespace daybook {
namespace {

std::string event_text(Sequence sequence) { return "event " + std::to_string(sequence.value); }

// The payload of a record that has one.
Result<Payload> decode_stored(const RecordView& record, JsonReader& reader) {
    const auto value = reader.read(record.payload());
    if (!value) return value.refusal();
    return decode(record.type(), record.header().schema_version, **value);
}

std::string stripped(const RecordView& record) {
    Sha256 sha256;
    RecordParts parts;
    parts.header = record.header();
    parts.header.flags |= RecordHeader::is_redacted;
    parts.header.payload_size = 0;
    std::vector<Digest> nodes;
    for (int level = 0; level <= completed_nodes(record.sequence()); ++level) nodes.push_back(record.node(level));
    parts.nodes = nodes.data();
    parts.node_count = static_cast<int>(nodes.size());
    parts.redacted = sha256({record.salt(), record.payload()});
    parts.key = record.key().value_or("");
    parts.text_id = record.text_id();
    std::string out(record_size(parts), '\0');
    write_record(parts, out.data());
    return out;
}

// Whether an event that was not redacted names the artifact.
bool is_named(const JournalView& journal, std::string_view sha256_hex) {
    JsonReader reader;
    bool named = false;
    journal.scan({1}, UINT64_MAX, [&](const RecordView& record) {
        if (record.type() != EventType::artifact_attached || record.redacted()) return true;
        const auto payload = reader.read(record.payload());
        const JsonValue* sha256 = payload ? (*payload)->find("sha256") : nullptr;
        named = sha256 != nullptr && sha256->is_string() && sha256->text() == sha256_hex;
        return !named;
    });
    return named;
}

void drop_input_digest(lmdb::Transaction& transaction, const JournalTables& tables, const std::string& key) {
    const auto row = transaction.get(tables.keys, key);
    if (!row || row->size() <= 8) return;
    const std::string sequence(row->substr(0, 8));
    transaction.put(tables.keys, key, sequence);
}

Result<Batch> decide(const RedactionRequest& request, const JournalView& journal) {
    if (request.reason.empty() || !is_clean_utf8(request.reason)) {
        return Refusal{RefusalCode::invalid, "a redaction needs a reason: it says why, without the secret", "/reason"};
    }
    if (auto refusal = refuse_redaction(journal, request.sequence)) return *refusal;
    JsonReader reader;
    auto payload = decode_stored(*journal.record(request.sequence), reader);
    if (!payload) {
        return Refusal{RefusalCode::conflict,
                       event_text(request.sequence) + " does not decode (" + payload.refusal().message +
                           "): run `daybook verify`, or a newer daybook",
                       "/seq"};
    }
    Redacted redacted;
    redacted.redacts = static_cast<std::int64_t>(request.sequence.value);
    redacted.reason = request.reason;
    redacted.kept.text = encode(without_texts(std::move(*payload))).text;
    NewEvent event;
    event.stream = "$admin";
    event.payload = encode(redacted);
    event.occurred_at = request.occurred_at;
    event.actor = request.actor;
    event.source = request.source;
    event.cause = request.sequence;
    Batch batch;
    batch.events.push_back(std::move(event));
    return batch;
}

}  // namespace

AppendRequest redaction(RedactionRequest request) {
    AppendRequest append;
    append.decide = [request = std::move(request)](const JournalView& journal, Time) { return decide(request, journal); };
    return append;
}

std::optional<Refusal> refuse_redaction(const JournalView& journal, Sequence sequence) {
    const auto header = sequence ? journal.header(sequence) : std::nullopt;
    if (!header) {
        return Refusal{RefusalCode::not_found,
                       "there is no " + event_text(sequence) + ": the journal has " + std::to_string(journal.size()), "/seq"};
    }
    if (header->type == EventType::redacted) {
        return Refusal{RefusalCode::invalid, event_text(sequence) + " is itself a redaction, which stays", "/seq"};
    }
    if ((header->flags & RecordHeader::is_redacted) != 0) {
        return Refusal{RefusalCode::conflict, event_text(sequence) + " was redacted already", "/seq"};
    }
    return std::nullopt;
}

void take_payload_out(lmdb::Transaction& transaction, const JournalView& journal, Sequence sequence) {
    const JournalTables& tables = journal.tables();
    const std::string bytes(*transaction.get(tables.events, key_of(sequence.value, 8)));  // no view into the map: it is written to
    const RecordView record = *RecordView::parse(bytes);
    assert(!record.redacted());
    transaction.put(tables.events, key_of(sequence.value, 8), stripped(record));
    if (const auto key = record.key()) drop_input_digest(transaction, tables, std::string(*key));
    if (record.type() == EventType::artifact_attached) {
        JsonReader reader;
        const auto payload = decode_stored(record, reader);
        const auto* attached = payload ? std::get_if<ArtifactAttached>(&*payload) : nullptr;
        const auto digest = attached == nullptr ? std::nullopt : digest_from_hex(attached->sha256);
        if (digest && !is_named(journal, attached->sha256)) transaction.erase(tables.blobs, bytes_of(*digest));
    }
    transaction.put(tables.meta, redaction_mark, mark_of_journal_file);
}

const JsonValue* find_kept(const JournalView& journal, const RecordView& record, JsonReader& reader) {
    const auto by = journal.redaction_of(record.sequence());
    const auto redaction = by ? journal.record(*by) : std::nullopt;
    if (!redaction || redaction->type() != EventType::redacted || redaction->redacted()) return nullptr;
    const auto value = reader.read(redaction->payload());
    return value ? (*value)->find("kept") : nullptr;
}

void check_known(const JournalView& journal, const RecordView& record) {
    if (!record.redacted() || journal.redaction_of(record.sequence())) return;
    throw StorageError("event " + std::to_string(record.sequence().value) +
                       " was redacted, and the event that says so is not there yet: run the import that was cut short again, or, "
                       "where there was none, `daybook verify`");
}

Result<Payload> read_payload(const JournalView& journal, const RecordView& record, JsonReader& reader) {
    if (!record.redacted()) return decode_stored(record, reader);
    const JsonValue* kept = find_kept(journal, record, reader);
    if (kept == nullptr) return Refusal{RefusalCode::not_found, "its payload was redacted, and nothing says what was kept", ""};
    return decode(record.type(), record.header().schema_version, *kept);
}

RedactionRest rest_of_redaction(const JournalView& journal) {
    const auto mark = journal.transaction().get(journal.tables().meta, redaction_mark);
    if (!mark) return RedactionRest::nothing;
    return *mark == mark_of_derived ? RedactionRest::derived : RedactionRest::journal_file;
}

void finish_redaction(Journal& journal) {
    lmdb::Transaction transaction(journal.environment(), lmdb::Transaction::Kind::write);
    transaction.erase(*transaction.open("meta"), redaction_mark);
    transaction.commit();
}

}  // namespace daybook
