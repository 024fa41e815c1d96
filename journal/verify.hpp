// Verification: everything in the journal is worked out anew from the events and compared with what is on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/index.hpp"
#include "journal/journal.hpp"

namespace daybook {

// One thing that is not as it must be.
struct Finding {
    enum class Kind {
        record,     // an event is missing, or its record cannot be read
        order,      // seq, recorded_at, cause
        header,     // what the record's header says against its payload
        payload,    // not JSON, not in its canonical form, does not decode
        leaf,       // the leaf hash does not fit fields, payload and salt
        tree,       // an interior node
        stream,     // versions, `previous`, stream_index, heads, stream ids
        key,        // idempotency keys
        event_id,   // ids of events
        name,       // interned names
        blob,       // artifact bytes
        redaction,  // a payload is gone without a `redacted` event, or is there in spite of one
        index,      // a table of the decision index
        page,       // the file's structure (journal/page_check.hpp)
    };
    Kind kind = Kind::record;
    Sequence sequence;  // 0: it concerns no event
    std::string text;   // names the event, or the table and key
};
const char* to_text(Finding::Kind kind);

struct VerifyOptions {
    unsigned threads = 0;  // 0: one for each core
    // Fresh indexes, to be filled from the events in an environment of their own in `scratch` (made if need be; the caller removes
    // it), and the tables of theirs that are compared with the journal's. Without: indexes are not verified.
    std::function<std::vector<std::unique_ptr<TransactionalIndex>>()> make_indexes;
    std::vector<std::string> index_tables;
    std::filesystem::path scratch;
    // Called now and then, by one thread at a time but not always the same.
    std::function<void(std::uint64_t events, std::uint64_t of)> progress;
};

struct Verification {
    std::uint64_t size = 0;      // how many events were verified: those that there were when it began
    std::optional<Digest> root;  // over them; nothing where the tree cannot be read
    // Of those about events the first, in the order of seq; then of those about none.
    std::vector<Finding> findings;
    std::uint64_t findings_count = 0;
    // What an operator may want to know and is no fault.
    std::vector<std::string> notices;
    std::uint64_t notices_count = 0;

    static constexpr std::size_t kept_max = 100;  // of findings about events, of those about none, of notices
    bool sound() const { return findings_count == 0; }
};

// Verifies the events that there are when it begins; others may append meanwhile. Never stops at a finding: a damaged record
// is one, and the next is looked at. Memory does not grow with the journal, but for 8 bytes an artifact or redaction.
// Throws StorageError where `scratch` cannot be written.
Verification verify(const Journal& journal, const VerifyOptions& options);

// A look at some events in milliseconds, however many there are: the last ones, and a random sample of those before.
struct QuickOptions {
    std::uint64_t last = 256;
    std::uint64_t sample = 256;
    std::uint64_t seed = 0;  // the same seed, size and counts choose the same events
};

struct QuickVerification {
    Verification verification;  // of what was looked at; the root is as the nodes that are stored give it
    std::uint64_t checked = 0;  // different events
};

// Of each event that it looks at: all that `verify` checks of an event, and that the stored nodes lead from its leaf to the root.
// Artifact bytes, and rows of tables that those events do not lead to, are not looked at.
QuickVerification verify_quick(const Journal& journal, const QuickOptions& options);

}  // namespace daybook
