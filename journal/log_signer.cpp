#include "journal/log_signer.hpp"

#include <vector>

#include "journal/atomic_file.hpp"
#include "journal/file_lock.hpp"
#include "journal/small_file.hpp"

namespace daybook {
namespace {

void keep(const std::filesystem::path& file, const std::string& note) {
    AtomicFile writing(file);
    writing.write(note);
    writing.commit();
}

Refusal conflict(const std::filesystem::path& file, const std::string& why) {
    return {RefusalCode::conflict, "nothing is signed, since it would contradict the checkpoint in " + file.string() + ": " + why,
            ""};
}

}  // namespace

Result<LogSigner::Signed> LogSigner::checkpoint(const Journal& journal, std::optional<std::uint64_t> size) const {
    const FileLock lock(signing_lock_file(files_.data));
    std::vector<std::filesystem::path> files{files_.data / "signing.checkpoint"};
    if (files_.witness) files.push_back(*files_.witness);

    // Only now, so that the snapshot has all that the checkpoints in the files vouch for.
    const Snapshot snapshot = journal.snapshot();
    if (size && *size > snapshot->size()) {
        return Refusal{RefusalCode::not_found,
                       "the journal has " + std::to_string(snapshot->size()) + " events, not " + std::to_string(*size), ""};
    }
    const Checkpoint checkpoint = checkpoint_of(*snapshot, size.value_or(snapshot->size()));
    std::vector<std::filesystem::path> older;
    for (const std::filesystem::path& file : files) {
        const auto note = read_if_exists(file, note_bytes_max);
        if (!note) {
            older.push_back(file);
            continue;
        }
        const auto kept = read_checkpoint(*note);
        if (!kept) return conflict(file, kept.refusal().message);
        if (const auto why = contradiction(*snapshot, *kept)) return conflict(file, *why);
        if (kept->size < checkpoint.size || !open_note(*note, verifier())) older.push_back(file);
    }
    Signed made{checkpoint, key_.sign(checkpoint.text())};
    for (const std::filesystem::path& file : older) keep(file, made.note);
    return made;
}

std::optional<std::string> fork_alarm(const Journal& journal, const std::filesystem::path& witness) {
    const auto note = read_if_exists(witness, note_bytes_max);
    if (!note) return std::nullopt;
    const auto kept = read_checkpoint(*note);
    if (!kept) return kept.refusal().message;
    return contradiction(*journal.snapshot(), *kept);
}

}  // namespace daybook
