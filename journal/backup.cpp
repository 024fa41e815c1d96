#include "journal/backup.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/atomic_file.hpp"
#include "journal/small_file.hpp"
#include "journal/staged_directory.hpp"

namespace daybook {
namespace {

// Whether the compact copy went well; see lmdb::Environment::copy_to.
bool copy(const Journal& journal, const std::filesystem::path& file, bool compact) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) throw StorageError("cannot make " + file.string() + ": " + std::strerror(errno));
    struct Closer {
        int fd;
        ~Closer() { ::close(fd); }
    } closer{fd};
    return journal.environment().copy_to(fd, compact);
}

void write(const std::filesystem::path& file, const std::string& text, AtomicFile::Readers readers) {
    AtomicFile writing(file, readers);
    writing.write(text);
    writing.commit();
}

}  // namespace

std::filesystem::path backup_data_file(const std::filesystem::path& backup) { return backup / "journal" / "data.mdb"; }
std::filesystem::path backup_checkpoint_file(const std::filesystem::path& backup) { return backup / "checkpoint"; }

std::uint64_t write_backup_data(const Journal& journal, const std::filesystem::path& backup) {
    const std::filesystem::path file = backup_data_file(backup);
    if (::mkdir(file.parent_path().c_str(), 0700) != 0) {
        throw StorageError("cannot make " + file.parent_path().string() + ": " + std::strerror(errno));
    }
    if (!copy(journal, file, true)) (void)copy(journal, file, false);
    return std::filesystem::file_size(file);
}

void write_backup_label(const std::filesystem::path& backup, const std::string& note, const VerifierKey& key,
                        const std::optional<std::filesystem::path>& private_key) {
    write(backup_checkpoint_file(backup), note, AtomicFile::Readers::owner_only);
    publish(key, backup);
    std::filesystem::remove(backup / "signing.lock");
    if (private_key) copy_synced(*private_key, private_key_file(backup));
}

Result<BackupLabel> read_backup_label(const std::filesystem::path& backup, const std::optional<VerifierKey>& key) {
    const auto incomplete = [&](const std::filesystem::path& missing) {
        return Refusal{RefusalCode::invalid, backup.string() + " is no complete backup: it has no " + missing.string(), ""};
    };
    if (!std::filesystem::is_directory(backup)) {
        return Refusal{RefusalCode::not_found, "there is no directory " + backup.string(), ""};
    }
    if (!std::filesystem::exists(backup_data_file(backup))) return incomplete("journal/data.mdb");
    const auto note = read_if_exists(backup_checkpoint_file(backup), note_bytes_max);
    if (!note) return incomplete("checkpoint");
    const auto used = key ? key : published_key(backup);
    if (!used) return incomplete("signing.vkey");
    auto checkpoint = open_checkpoint(*note, *used);
    if (!checkpoint) {
        return Refusal{RefusalCode::invalid,
                       "the checkpoint in " + backup_checkpoint_file(backup).string() + ": " + checkpoint.refusal().message, ""};
    }
    return BackupLabel{std::move(*checkpoint), *used};
}

std::optional<std::string> difference(const JournalView& journal, const Checkpoint& checkpoint) {
    if (const auto why = contradiction(journal, checkpoint)) return why;
    if (journal.size() == checkpoint.size) return std::nullopt;
    return "it has " + std::to_string(journal.size()) + " events, and the checkpoint is of " + std::to_string(checkpoint.size);
}

}  // namespace daybook
