// Redaction: the only change that a record can ever undergo (section 1 of the specification, "Tamper evidence").
//
// A `redacted` event on `$admin` says who took which payload out and why, and keeps its structure (journal/structure.hpp). In the
// same transaction the record loses payload and salt, whose digest takes the salt's place; an artifact's bytes go unless another
// event names them; the row of `keys` loses the input's digest. Leaf, nodes and proofs stay as they are.
//
// After that transaction the bytes still lie in free pages of the file, and in what was made from the journal. A mark in
// `meta` says so, until journal/rewrite.hpp has made the file anew and the caller has done the rest and says finish_redaction.
#pragma once

#include <optional>
#include <string>

#include "journal/journal.hpp"

namespace daybook {

struct RedactionRequest {
    Sequence sequence;
    std::string reason;
    std::string actor;
    std::string source;
    Time occurred_at{};
};

// What a journal is asked to append for it. Refuses: not_found (no such event), conflict (it was redacted already, or its payload
// is of a schema version from the future), invalid (it is a `redacted` event; there is no reason).
AppendRequest redaction(RedactionRequest request);

// Why the event `sequence` can't be redacted; nothing when it can.
std::optional<Refusal> refuse_redaction(const JournalView& journal, Sequence sequence);

// For the writer, in the transaction that appends the `redacted` event: takes the payload out of the record `sequence`, which
// refuse_redaction lets through.
void take_payload_out(lmdb::Transaction& transaction, const JournalView& journal, Sequence sequence);

// The payload of `record`; of a redacted one as it reads since then. `reader` is for the caller to keep. Refuses: invalid;
// not_found (nothing says what was kept of it).
Result<Payload> read_payload(const JournalView& journal, const RecordView& record, JsonReader& reader);
// Throws StorageError where the event was redacted, and the `redacted` event that says what it held is not there: an import was cut
// short. What is made of such an event would be wrong for good.
void check_known(const JournalView& journal, const RecordView& record);
// What was kept of a redacted event; valid until the next use of `reader`.
const JsonValue* find_kept(const JournalView& journal, const RecordView& record, JsonReader& reader);

// What a redaction has left to do.
enum class RedactionRest {
    nothing,
    journal_file,  // the file may hold the bytes yet, and so may what was made from the journal
    derived,       // only what was made from the journal
};
RedactionRest rest_of_redaction(const JournalView& journal);
// All is done. Throws StorageError.
void finish_redaction(Journal& journal);

// The key of the mark in `meta`, and its values.
inline constexpr std::string_view redaction_mark = "redaction";
inline constexpr std::string_view mark_of_journal_file = "1";
inline constexpr std::string_view mark_of_derived = "2";

}  // namespace daybook
