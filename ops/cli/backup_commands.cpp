// backup and restore.
#include <CLI/CLI.hpp>

#include "journal/atomic_file.hpp"
#include "journal/backup.hpp"
#include "journal/small_file.hpp"
#include "journal/staged_directory.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/default_exports.hpp"
#include "ops/cli/named.hpp"
#include "ops/cli/verification.hpp"

namespace daybook {
namespace {

// Whether the journal in the staged `directory` is sound, and what `checkpoint` says; says why not. Leaves no lock file behind.
bool is_sound(Session& session, const std::filesystem::path& directory, const Checkpoint& checkpoint, const std::string& name) {
    const Verification verification = verify_directory(session, directory / "journal", directory / "verify");
    tell(session, verification);
    if (!verification.sound()) {
        session.messages().say(MessageKind::error, name + " is damaged");
        return false;
    }
    const auto why = [&] {
        JournalOptions options;
        options.read_only = true;
        return difference(*Journal(directory / "journal", options).snapshot(), checkpoint);
    }();
    std::filesystem::remove(directory / "journal" / "lock.mdb");
    if (why) session.messages().say(MessageKind::error, name + " is not what its checkpoint says: " + *why);
    return !why;
}

// Where the journal was written out to, so that a redaction after a restore finds it too. Whether there was such a file.
bool copy_known_exports(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (!std::filesystem::exists(from / known_exports_file)) return false;
    copy_synced(from / known_exports_file, to / known_exports_file);
    return true;
}

struct BackupOptions {
    std::filesystem::path directory;
    bool private_key = false;
    bool no_verify = false;
};

// The checkpoint of exactly the events that were copied.
LogSigner::Signed sign_copy(Session& session, const LogSigner& signer, const std::filesystem::path& copy) {
    JournalOptions options;
    options.read_only = true;
    const std::uint64_t size = Journal(copy / "journal", options).snapshot()->size();
    auto made = signer.checkpoint(session.journal_to_read(), size);
    if (!made) throw CommandError(ExitStatus::failure, "no backup was made: " + made.refusal().message);
    return std::move(*made);
}

// A new directory would take its place, and leave whoever works there in one that is gone.
void refuse_working_directory(const std::filesystem::path& place) {
    std::error_code error;
    if (!std::filesystem::equivalent(place, ".", error)) return;
    throw CommandError(ExitStatus::usage, place.string() +
                                              " is the working directory, and a new one would take its place: run this from "
                                              "another, and name it " +
                                              std::filesystem::current_path().string());
}

ExitStatus back_up(Session& session, const BackupOptions& o) {
    refuse_working_directory(o.directory);
    if (!is_empty_place(o.directory)) {
        throw CommandError(ExitStatus::conflict, o.directory.string() + " is not empty: a backup wants a directory of its own");
    }
    const LogSigner signer = session.signer();
    StagedDirectory staged(o.directory);
    const std::uint64_t bytes = write_backup_data(session.journal_to_read(), staged.path());
    const LogSigner::Signed made = sign_copy(session, signer, staged.path());
    if (!o.no_verify && !is_sound(session, staged.path(), made.checkpoint, "the copy")) {
        session.messages().say(MessageKind::error, "no backup was made: run `daybook verify`");
        return ExitStatus::no;
    }
    std::filesystem::remove(staged.path() / "journal" / "lock.mdb");
    std::optional<std::filesystem::path> private_key;
    if (o.private_key) private_key = session.settings().signing_key.value_or(private_key_file(session.settings().data));
    write_backup_label(staged.path(), made.note, signer.verifier(), private_key);
    copy_known_exports(session.settings().data, staged.path());
    staged.commit();
    session.print({{"directory", ""},
                   {"journal_size", "events"},
                   {"root_hash", "root"},
                   {"bytes", ""},
                   {"verified", ""},
                   {"private_key", "has the private key"}},
                  {o.directory.string(), made.checkpoint.size, to_hex(made.checkpoint.root), bytes, !o.no_verify, o.private_key});
    session.messages().say(MessageKind::notice, o.private_key
                                                    ? "the private key is in it: who has the backup can sign in the journal's name"
                                                    : "the private key is not in it: keep signing.key elsewhere");
    return ExitStatus::done;
}

void add_backup(CLI::App& root, ChosenCommand& chosen) {
    auto o = std::make_shared<BackupOptions>();
    CLI::App* app = root.add_subcommand("backup", "Copy the journal while it is written to, with a signed checkpoint of the copy");
    app->add_option("directory", o->directory, "Where to: a directory that is empty, or not there yet")
        ->required()
        ->type_name("DIR");
    app->add_flag("--with-private-key", o->private_key, "Copy signing.key too (default: keep it elsewhere)");
    app->add_flag("--no-verify", o->no_verify, "Do not verify what was written");
    app->footer(
        "Examples:\n  daybook backup /backup/2026-02-23\n  daybook --data /backup/2026-02-23 verify --checkpoint "
        "/backup/2026-02-23/checkpoint\n"
        "It holds the journal, the public key, and where exports were written to (exports.jsonl). Views are made anew from it;\n"
        "dead-letters.jsonl is not in it.");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return back_up(session, *o); }; });
}

struct RestoreOptions {
    std::filesystem::path directory;
    std::string key;
};

// A journal that has been placed: what an operator must know and do.
void say_what_next(Session& session, bool private_key, bool exports) {
    const std::filesystem::path& data = session.settings().data;
    session.messages().say(MessageKind::notice,
                           exports ? "a redaction writes again the exports that " + (data / known_exports_file).string() +
                                         " names, from the backup: take out what is not to be written from here"
                                   : std::string(no_known_exports));
    if (!private_key) {
        session.messages().say(MessageKind::notice, "the private key was not in the backup: put it back as " +
                                                        private_key_file(data).string() +
                                                        " (mode 0600), or name it with --signing-key");
    }
    session.messages().say(MessageKind::notice,
                           "API keys are never in a backup: until there is one (`daybook key create`, or "
                           "keys.json put back), `serve` asks for none");
    (void)session.journal_to_read();  // warns where it is not the one that the witness knows
    if (session.forked()) {
        session.messages().say(
            MessageKind::warning,
            "it is older than what was signed last: it can be read, and nothing is written to it while --witness names "
            "that checkpoint. Restore a newer backup; or, to go on from here and give up what came after, move "
            "that file away and tell those who keep checkpoints");
    } else if (!session.settings().witness) {
        session.messages().say(
            MessageKind::notice,
            "hold it against the last checkpoint that was kept elsewhere: `daybook verify --checkpoint FILE`; what was "
            "written after the backup is not in it");
    }
}

ExitStatus restore(Session& session, const RestoreOptions& o) {
    const std::filesystem::path& data = session.settings().data;
    check_readable(o.directory);
    refuse_working_directory(data);
    if (!is_empty_place(data)) {
        throw CommandError(ExitStatus::conflict, data.string() + " is not empty: name another with --data, or move it away first");
    }
    std::optional<VerifierKey> key;
    if (!o.key.empty()) key = key_option(o.key);
    const auto label = read_backup_label(o.directory, key);
    if (!label) {
        const bool absent = label.refusal().code == RefusalCode::not_found;
        throw CommandError(absent ? ExitStatus::not_found : ExitStatus::no, label.refusal().message);
    }
    // The copy is verified, so that what is placed is what was verified.
    StagedDirectory staged(data);
    std::filesystem::create_directory(staged.path() / "journal");
    std::filesystem::permissions(staged.path() / "journal", std::filesystem::perms::owner_all);
    copy_synced(backup_data_file(o.directory), staged.path() / "journal" / "data.mdb");
    if (!is_sound(session, staged.path(), label->checkpoint, "the backup in " + o.directory.string())) {
        session.messages().say(MessageKind::error, "nothing was restored");
        return ExitStatus::no;
    }
    const bool private_key = std::filesystem::exists(private_key_file(o.directory));
    write_backup_label(staged.path(), *read_if_exists(backup_checkpoint_file(o.directory), note_bytes_max), label->key,
                       private_key ? std::optional(private_key_file(o.directory)) : std::nullopt);
    std::filesystem::rename(backup_checkpoint_file(staged.path()), staged.path() / "signing.checkpoint");
    const bool exports = copy_known_exports(o.directory, staged.path());
    staged.commit();
    session.print({{"data", ""}, {"journal_size", "events"}, {"root_hash", "root"}, {"private_key", "has the private key"}},
                  {data.string(), label->checkpoint.size, to_hex(label->checkpoint.root), private_key});
    say_what_next(session, private_key, exports);
    return ExitStatus::done;
}

void add_restore(CLI::App& root, ChosenCommand& chosen) {
    auto o = std::make_shared<RestoreOptions>();
    CLI::App* app = root.add_subcommand("restore", "Put a backup in the place of a data directory, once it has been verified");
    app->add_option("directory", o->directory, "The backup")->required()->type_name("DIR");
    app->add_option("--key", o->key, "The public key that you know the signer by (default: the one in the backup)")
        ->type_name("VKEY");
    app->footer(
        "Examples:\n  daybook --data daybook-data restore /backup/2026-02-23\n"
        "The data directory must be empty, or not there. What does not verify is not placed: exit status 3.");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return restore(session, *o); }; });
}

}  // namespace

void add_backup_commands(CLI::App& root, ChosenCommand& chosen) {
    add_backup(root, chosen);
    add_restore(root, chosen);
}

}  // namespace daybook
