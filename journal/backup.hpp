// A backup: a directory that holds the whole journal as of one moment, and the signed checkpoint of exactly that.
//
//   journal/data.mdb  the events and all else, compact; opened as a journal is
//   checkpoint        the signed note: size and root
//   signing.vkey      the public key that it is signed with
//   signing.key       the private key, only where it was asked for
//   exports.jsonl     where the journal was written out to (ops/known_exports.hpp), if it was
//
// It has the shape of a data directory, so `daybook --data BACKUP` reads it where it lies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "journal/checkpoint.hpp"
#include "journal/journal.hpp"
#include "journal/signing_key.hpp"

namespace daybook {

std::filesystem::path backup_data_file(const std::filesystem::path& backup);
std::filesystem::path backup_checkpoint_file(const std::filesystem::path& backup);

// Writes the journal's snapshot of now into `backup`, a directory that is there, while others write. Returns its bytes. Memory
// does not grow with the journal. Throws StorageError.
std::uint64_t write_backup_data(const Journal& journal, const std::filesystem::path& backup);

// Beside it: the signed checkpoint `note`, the key that it is signed with, and the private half in `private_key`, if one is given.
void write_backup_label(const std::filesystem::path& backup, const std::string& note, const VerifierKey& key,
                        const std::optional<std::filesystem::path>& private_key);

struct BackupLabel {
    Checkpoint checkpoint;
    VerifierKey key;
};
// What a backup says of itself. The signature is checked with `key`, else with the key that lies in it, which shows that it is
// whole, and not who made it. Refuses: not_found (there is no such directory), invalid (it is no complete backup, or the signature
// is wrong).
Result<BackupLabel> read_backup_label(const std::filesystem::path& backup, const std::optional<VerifierKey>& key);

// Why `journal` is not exactly what `checkpoint` says; nothing when it is.
std::optional<std::string> difference(const JournalView& journal, const Checkpoint& checkpoint);

}  // namespace daybook
