// Evidence: one file about one incident that anyone can check without the journal, knowing the public key alone. The format, with
// what it proves and what it does not: journal/FORMAT.md, "Evidence".
//
// JSON Lines in RFC 8785 form. First {"checkpoint":<signed note>,"format":"daybook-evidence/1","statement":<signed note>}; then for
// each event of the stream, from version 1 to the head, {"event":<its line of journal.jsonl>,"proof":[<hex>, …]}; then in the same
// form the `redacted` events of other streams that say why a payload is missing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "journal/log_signer.hpp"

namespace daybook {

// What the signer says about the end of the stream, which no proof can show: that of the events which the checkpoint vouches for,
// this is the last one in the stream.
struct EvidenceStatement {
    std::string origin;
    std::string stream;
    std::uint64_t version = 0;  // of the head: how many events the stream has
    Sequence sequence;          // of the head
    Digest head{};              // its leaf hash
    std::uint64_t size = 0;     // of the checkpoint
    Digest root{};              // of the checkpoint

    std::string text() const;
    // Refuses: invalid.
    static Result<EvidenceStatement> parse(std::string_view text);
};

struct Evidence {
    EvidenceStatement statement;
    std::uint64_t redacted = 0;  // events whose payload was redacted
};

// Writes the evidence about `stream`, as of the checkpoint that is signed for it, piece by piece to `write`.
// Refuses: not_found (no such stream), and what the signer refuses; then nothing was written. Throws StorageError.
Result<Evidence> write_evidence(const Journal& journal, std::string_view stream, const LogSigner& signer,
                                const std::function<void(std::string_view)>& write);

// Checks all that `text`, an evidence file, holds: both signatures, each event's text, payload digest, place in the tree and link
// to the event before it, that none is missing from version 1 to the head, and that no payload is missing without a `redacted`
// event. Refuses: invalid, naming the line. Never throws, whatever `text` is.
Result<Evidence> verify_evidence(std::string_view text, const VerifierKey& key);

}  // namespace daybook
