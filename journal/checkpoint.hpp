// Checkpoints (c2sp.org/tlog-checkpoint): the one line, so to say, that an auditor keeps. And the texts that proofs are handed
// over in: c2sp.org/tlog-proof@v1 for inclusion; for consistency the body of a request to a witness (c2sp.org/tlog-witness).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "journal/journal.hpp"
#include "journal/proof.hpp"
#include "journal/signed_note.hpp"

namespace daybook {

struct Checkpoint {
    std::string origin;
    std::uint64_t size = 0;
    Digest root{};

    // What is signed: three lines.
    std::string text() const;
    // Lines after the third (extensions) are read over. Refuses: invalid.
    static Result<Checkpoint> parse(std::string_view text);
};

// The checkpoint in the signed note `note`, signed with `key`, whose name must be its origin. Refuses: invalid.
Result<Checkpoint> open_checkpoint(std::string_view note, const VerifierKey& key);
// Likewise without looking at signatures, for what is kept where nobody else can write.
Result<Checkpoint> read_checkpoint(std::string_view note);

// Of the first `size` events, of which there must be as many.
Checkpoint checkpoint_of(const JournalView& journal, std::uint64_t size);

// Why `journal` does not extend `old`, as its nodes say: it has another origin, fewer events, or other events in the place of
// those. Nothing when all is well.
std::optional<std::string> contradiction(const JournalView& journal, const Checkpoint& old);

// An event's inclusion proof in the checkpoint that it ends with.
struct InclusionText {
    std::optional<std::string> extra;  // bytes that nothing vouches for
    std::uint64_t index = 0;
    Proof proof;
    std::string checkpoint;  // a signed note

    std::string text() const;
    static Result<InclusionText> parse(std::string_view text);
};

// The proof that the checkpoint that it ends with extends the tree of `old_size` leaves.
struct ConsistencyText {
    std::uint64_t old_size = 0;
    Proof proof;
    std::string checkpoint;  // a signed note

    std::string text() const;
    static Result<ConsistencyText> parse(std::string_view text);
};
inline constexpr std::size_t proof_hashes_max = 63;

}  // namespace daybook
