// The whole journal as text, readable without daybook: `journal.jsonl` with one event a line, and `blobs/<sha256>` beside it.
//
// A line is {"leaf":{…},"payload":{…},"salt":"<hex>"}, all of it in RFC 8785 form; of a redacted event payload and salt are
// null. Importing it into an empty journal gives the same sequence, the same leaves and the same root.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "journal/journal.hpp"

namespace daybook {

// Appends the leaf text of a stored event: what its leaf hash is taken over. Throws StorageError where the event before it in
// its stream is missing, or the event is damaged: its payload, or a field, is not what its leaf hash was taken over.
void append_leaf_of(std::string& out, const JournalView& journal, const RecordView& record, Sha256& sha256);

// Throws StorageError where one of the first `size` events is damaged, as above. For exports that write something else: on a thread
// of its own, since it takes as long as they do.
void check_leaves(const Journal& journal, std::uint64_t size);

// Appends the event's line of journal.jsonl, without the line's end. Throws StorageError, as above.
void append_journal_line(std::string& out, const JournalView& journal, const RecordView& record, Sha256& sha256);

// Called now and then with the number of events that are done.
using EventProgress = std::function<void(std::uint64_t events)>;

struct Exported {
    std::uint64_t events = 0;
    std::uint64_t blobs = 0;  // files in blobs/ that those events name
    Digest root{};            // over those events
};

// Writes `directory`/journal.jsonl with the events that there are when it starts, and the artifact bytes that they name. The
// blobs come first and journal.jsonl appears whole, over an older one: where it is, its blobs are.
// Throws StorageError: the directory cannot be written, or the journal is damaged.
Exported export_journal(const Journal& journal, const std::filesystem::path& directory, const EventProgress& progress = {});

// Why there is nothing to import in `directory`: not_found (no journal.jsonl), invalid (an empty one, as of a copy that was cut
// short).
std::optional<Refusal> refuse_journal_text(const std::filesystem::path& directory);

struct Imported {
    std::uint64_t events = 0;         // taken now
    std::uint64_t already_there = 0;  // from an import that was stopped
    Digest root{};
};

// Takes `directory`/journal.jsonl and its blobs into a journal that is empty, or holds the first events of that very file.
// Events are taken in batches of some thousands: those of the batches before a refusal stay, and a later import of the mended
// file goes on from there.
// Refuses what refuse_journal_text does, invalid or too_large (with line number and byte offset), conflict (the journal holds
// something else). Throws StorageError.
Result<Imported> import_journal(Journal& journal, const std::filesystem::path& directory, const EventProgress& progress = {});

}  // namespace daybook
