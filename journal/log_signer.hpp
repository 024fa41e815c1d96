// Signs checkpoints of a journal, and never one that contradicts another: the last one is kept in the data directory
// (`signing.checkpoint`), and where the operator says, outside of it too (the witness file). There it also gives the fork alarm.
//
// Of what is kept, size and root count, not the signature: who can write those files could as well put an older checkpoint there,
// and one that another key has signed binds the journal all the same.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "journal/checkpoint.hpp"
#include "journal/signing_key.hpp"

namespace daybook {

// Where the checkpoints that a journal must extend are kept.
struct CheckpointFiles {
    std::filesystem::path data;                    // the data directory
    std::optional<std::filesystem::path> witness;  // a file outside of it
};

// Thread-safe, and across processes: one signs at a time.
class LogSigner {
public:
    LogSigner(SigningKey key, CheckpointFiles files) : key_(std::move(key)), files_(std::move(files)) {}

    struct Signed {
        Checkpoint checkpoint;
        std::string note;
    };
    // The checkpoint of the first `size` events (all, where none is given), signed. The journal is held against those in the files,
    // and when it returns, they hold this one, unless theirs is of more events or as many. Refuses: not_found (there are fewer
    // events), conflict (the journal does not extend a checkpoint in the files: nothing is signed). Throws StorageError.
    Result<Signed> checkpoint(const Journal& journal, std::optional<std::uint64_t> size = std::nullopt) const;

    const VerifierKey& verifier() const { return key_.verifier(); }
    // For a statement that is no checkpoint: its first line must not be the origin.
    std::string sign(std::string_view note_text) const { return key_.sign(note_text); }

private:
    SigningKey key_;
    CheckpointFiles files_;
};

// Why `journal` is not the one whose checkpoint the operator keeps in `witness`: restored from an old backup, swapped, cut. Nothing
// when it extends that checkpoint, and when there is no such file. Throws StorageError where the file cannot be read.
std::optional<std::string> fork_alarm(const Journal& journal, const std::filesystem::path& witness);

}  // namespace daybook
