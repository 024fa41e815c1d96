// Verification of the tables beside the events: names, streams, keys, event ids, blobs.
#include <algorithm>
#include <cctype>

#include "journal/layout.hpp"
#include "journal/redaction.hpp"
#include "journal/rewrite.hpp"
#include "journal/verify_parts.hpp"

namespace daybook::verification {
namespace {

using Kind = Finding::Kind;

constexpr std::size_t names_kept_max = 65'536;

// Names in both directions. The first of them are kept in memory, by number.
void check_names(Scope& scope, const JournalView& journal) {
    lmdb::Cursor cursor(journal.transaction(), scope.tables.names);
    std::uint64_t number = 0;
    scope.names.assign(1, "");
    for (bool there = cursor.first(); there; there = cursor.next()) {
        const std::string_view text = cursor.value();
        if (cursor.key().size() != 4 || read_big_endian(cursor.key()) != ++number) {
            scope.findings.add(Kind::name, {},
                               "the table of names has a row with the key " + show(cursor.key()) + ", where " +
                                   std::to_string(number) + " is next");
            number = read_big_endian(cursor.key().substr(0, 4));
        }
        const bool fits = !text.empty() && text.size() <= layout::stored_name_bytes_max;
        if (!fits || journal.transaction().get(scope.tables.name_ids, text) != cursor.key()) {
            scope.findings.add(
                Kind::name, {},
                "the name " + std::to_string(number) + ", " + show(text) + ", does not have that number in name_ids");
        }
        if (number < names_kept_max) {
            scope.names.resize(static_cast<std::size_t>(number) + 1);
            scope.names.back() = text;
        }
    }
    if (journal.transaction().count(scope.tables.names) == journal.transaction().count(scope.tables.name_ids)) return;
    lmdb::Cursor ids(journal.transaction(), scope.tables.name_ids);
    for (bool there = ids.first(); there; there = ids.next()) {
        if (journal.transaction().get(scope.tables.names, ids.value()) == ids.key()) continue;
        scope.findings.add(Kind::name, {}, "name_ids has " + show(ids.key()) + ", which is not in the table of names");
    }
}

// The last event that a stream's row speaks of. What is wrong, or an empty text.
std::string check_head(const JournalView& journal, const StreamHead& head) {
    const lmdb::Transaction& transaction = journal.transaction();
    if (head.version == 0) return "its version is 0";
    layout::StreamBlock block;
    layout::find_stream_block(transaction, journal.tables(), head.number, (head.version - 1) / layout::block_events, block);
    const std::size_t size = 8 * (static_cast<std::size_t>((head.version - 1) % layout::block_events) + 1);
    if (block.seqs().size() != size || layout::read_u64(block.seqs().substr(size - 8)) != head.sequence.value) {
        return "stream_index does not end with version " + std::to_string(head.version) + ", event " +
               std::to_string(head.sequence.value);
    }
    const auto bytes = transaction.get(journal.tables().events, key_of(head.sequence.value, 8));
    const auto record = bytes ? RecordView::parse(*bytes) : std::nullopt;
    if (!record) return "its newest event, " + std::to_string(head.sequence.value) + ", is missing or damaged";
    if (record->stream() != head.number || record->header().version != head.version) {
        return "event " + std::to_string(head.sequence.value) + " is not version " + std::to_string(head.version) + " of it";
    }
    if (record->leaf_hash() != head.leaf)
        return "its leaf hash is not that of its newest event, " + std::to_string(head.sequence.value);
    return "";
}

std::string place(std::uint64_t stream, std::uint64_t version) {
    return "version " + std::to_string(version) + " of stream " + std::to_string(stream);
}

// Counts the entries of stream_index, and names those that no event has if `name_them`.
std::uint64_t count_entries(const Scope& scope, bool name_them) {
    std::uint64_t entries = 0;
    walk(scope, scope.tables.stream_index, "stream_index", Kind::stream,
         [&](const JournalView& journal, std::string_view key, std::string_view block) {
             if (key.size() != 8 || block.empty() || block.size() % 8 != 0 || block.size() > 8 * layout::block_events) {
                 return scope.findings.add(Kind::stream, {}, "the row " + show(key) + " of stream_index is damaged");
             }
             const std::uint64_t stream = read_big_endian(key.substr(0, 4));
             std::uint64_t version = read_big_endian(key.substr(4)) * layout::block_events + 1;
             for (std::size_t at = 0; at < block.size(); at += 8, ++version) {
                 const std::uint64_t sequence = layout::read_u64(block.substr(at));
                 if (sequence > scope.size && sequence <= journal.size()) continue;  // it came after verification began
                 ++entries;
                 if (!name_them) continue;
                 const auto bytes = journal.transaction().get(scope.tables.events, key_of(sequence, 8));
                 const auto record = bytes ? RecordView::parse(*bytes) : std::nullopt;
                 if (record && record->stream().value == stream && record->header().version == version) continue;
                 scope.findings.add(
                     Kind::stream, {},
                     "stream_index has event " + std::to_string(sequence) + " as " + place(stream, version) + ", which it is not");
             }
         });
    return entries;
}

void name_extra_rows(const Scope& scope, lmdb::Table table, const char* table_name, Kind kind,
                     const std::function<bool(const RecordView&, std::string_view key)>& has) {
    walk(scope, table, table_name, kind, [&](const JournalView& journal, std::string_view key, std::string_view value) {
        const std::uint64_t sequence = layout::read_u64(value);
        if (sequence > scope.size && sequence <= journal.size()) return;
        const auto bytes = journal.transaction().get(scope.tables.events, key_of(sequence, 8));
        const auto record = bytes ? RecordView::parse(*bytes) : std::nullopt;
        if (record && has(*record, key)) return;
        scope.findings.add(kind, {},
                           std::string("the table ") + table_name + " has " + show(key) + " for event " + std::to_string(sequence) +
                               ", which does not have it");
    });
}

}  // namespace

void walk(const Scope& scope, lmdb::Table table, const char* table_name, Kind kind,
          const std::function<void(const JournalView& journal, std::string_view key, std::string_view value)>& visit) {
    try {
        std::string next;  // empty: from the start
        bool more = true;
        while (more) {
            lmdb::Transaction transaction(scope.environment, lmdb::Transaction::Kind::read);
            const JournalView journal(transaction, scope.tables, nullptr);
            lmdb::Cursor cursor(transaction, table);
            more = next.empty() ? cursor.first() : cursor.seek(next);
            for (std::uint64_t rows = 0; more && rows < batch_events; ++rows) {
                visit(journal, cursor.key(), cursor.value());
                more = cursor.next();
            }
            if (more) next = cursor.key();
        }
    } catch (const StorageError& error) {
        scope.findings.add(kind, {}, std::string("the table ") + table_name + " cannot be read to its end: " + error.what());
    }
}

std::string show(std::string_view key) {
    const bool printable =
        !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
    return printable ? "'" + std::string(key) + "'" : "x'" + to_hex(key) + "'";
}

Scope look(const Journal& journal, Findings& findings) {
    const Snapshot snapshot = journal.snapshot();
    Scope scope{journal.environment(), snapshot->tables(), findings};
    try {
        const lmdb::Transaction& transaction = snapshot->transaction();
        scope.key_rows = transaction.count(scope.tables.keys);
        scope.event_id_rows = transaction.count(scope.tables.event_ids);
        if (scope.tables.redactions.number != 0) scope.redaction_rows = transaction.count(scope.tables.redactions);
        scope.size = snapshot->size();
        lmdb::Cursor blobs(transaction, scope.tables.blobs);
        for (bool there = blobs.first(); there; there = blobs.next()) scope.blobs.push_back(layout::read_u64(blobs.key()));
        std::sort(scope.blobs.begin(), scope.blobs.end());
        check_names(scope, *snapshot);
    } catch (const StorageError& error) {
        findings.add(Kind::record, {}, std::string("the tables cannot be read: ") + error.what());
    }
    return scope;
}

void check_streams(const Scope& scope) {
    std::uint64_t expected = 0;
    walk(scope, scope.tables.streams, "streams", Kind::stream,
         [&](const JournalView& journal, std::string_view key, std::string_view row) {
             const auto wrong = [&](const std::string& what) {
                 scope.findings.add(Kind::stream, {},
                                    "stream " + std::to_string(read_big_endian(key)) + " (" +
                                        std::string(layout::stream_id_of(row)) + "): " + what);
             };
             if (key.size() != 4 || row.size() <= layout::stream_head_bytes)
                 return wrong("its row in the table of streams is damaged");
             StreamHead head = layout::read_stream_head(row);
             head.number = {static_cast<std::uint32_t>(read_big_endian(key))};
             if (head.number.value != ++expected) wrong("stream " + std::to_string(expected) + " is missing before it");
             expected = head.number.value;
             if (journal.stream_number(layout::stream_id_of(row)) != head.number) wrong("stream_ids does not have its number");
             const std::string problem = check_head(journal, head);
             if (!problem.empty()) wrong(problem);
         });
    walk(scope, scope.tables.stream_ids, "stream_ids", Kind::stream,
         [&](const JournalView& journal, std::string_view id, std::string_view number) {
             const auto row = number.size() == 4 ? journal.transaction().get(scope.tables.streams, number) : std::nullopt;
             if (row && layout::stream_id_of(*row) == id) return;
             scope.findings.add(Kind::stream, {}, "stream_ids has " + show(id) + ", which is not in the table of streams");
         });
}

void check_blobs(const Scope& scope) {
    Sha256 sha256;
    walk(scope, scope.tables.blobs, "blobs", Kind::blob, [&](const JournalView&, std::string_view key, std::string_view bytes) {
        if (bytes_of(sha256({bytes})) == key) return;
        scope.findings.add(Kind::blob, {}, "the artifact " + to_hex(key) + " has other bytes than its SHA-256 says");
    });
}

void check_rows(const Scope& scope, const Tally& tally) {
    // Each event was found in its row; where there are as many rows as that, there are no others.
    if (tally.key_rows != scope.key_rows) {
        name_extra_rows(scope, scope.tables.keys, "keys", Kind::key,
                        [](const RecordView& record, std::string_view key) { return record.key() == key; });
    }
    if (tally.event_id_rows != scope.event_id_rows) {
        name_extra_rows(scope, scope.tables.event_ids, "event_ids", Kind::event_id,
                        [](const RecordView& record, std::string_view key) {
                            return record.event_id() == key || layout::bytes_of(record.header().event_id) == key;
                        });
    }
    if (count_entries(scope, false) != tally.index_entries) count_entries(scope, true);
}

void check_redactions(const Scope& scope, Tally& tally) {
    std::sort(tally.redactions.begin(), tally.redactions.end());
    const auto& named = tally.redactions;
    for (auto at = named.begin(); (at = std::adjacent_find(at, named.end())) != named.end();
         at = std::upper_bound(at, named.end(), *at)) {
        scope.findings.add(Kind::redaction, {*at}, "more than one `redacted` event names it");
    }
    if (scope.redaction_rows != tally.redaction_rows) {
        name_extra_rows(
            scope, scope.tables.redactions, "redactions", Kind::redaction, [](const RecordView& record, std::string_view key) {
                JsonReader reader;
                const auto payload =
                    record.type() == EventType::redacted ? reader.read(record.payload()) : Result<const JsonValue*>(Refusal{});
                const JsonValue* redacts = payload ? (*payload)->find("redacts") : nullptr;
                return redacts != nullptr && key.size() == 8 && redacts->integer == static_cast<std::int64_t>(read_big_endian(key));
            });
    }
    for (const std::uint64_t sequence : tally.redacted) {
        if (std::binary_search(tally.redactions.begin(), tally.redactions.end(), sequence)) continue;
        scope.findings.add(Kind::redaction, {sequence}, "its payload is gone, and no `redacted` event says why");
    }
}

void check_redaction_is_finished(const Journal& journal, Findings& findings) {
    const bool file = has_replaced_file(journal.environment().directory());
    try {
        const RedactionRest rest = rest_of_redaction(*journal.snapshot());
        if (!file && rest == RedactionRest::nothing) return;
        findings.notice(std::string("a redaction was not finished: ") +
                        (file || rest == RedactionRest::journal_file ? "the journal's files and what was made from it"
                                                                     : "what was made from the journal") +
                        " may hold the text yet; run `daybook redact --finish`");
    } catch (const StorageError&) {  // the table was reported above
    }
}

void check_blob_names(const Scope& scope, Tally& tally) {
    std::sort(tally.blobs.begin(), tally.blobs.end());
    std::uint64_t unnamed = 0;
    for (const std::uint64_t blob : scope.blobs) {
        if (!std::binary_search(tally.blobs.begin(), tally.blobs.end(), blob)) ++unnamed;
    }
    if (unnamed == 0) return;
    walk(scope, scope.tables.blobs, "blobs", Kind::blob, [&](const JournalView&, std::string_view key, std::string_view) {
        const std::uint64_t start = layout::read_u64(key);
        if (!std::binary_search(scope.blobs.begin(), scope.blobs.end(), start)) return;  // it came after verification began
        if (std::binary_search(tally.blobs.begin(), tally.blobs.end(), start)) return;
        scope.findings.notice("no event names the artifact " + to_hex(key));
    });
}

}  // namespace daybook::verification
