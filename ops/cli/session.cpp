#include "ops/cli/session.hpp"

#include <cerrno>
#include <chrono>
#include <ostream>

#include <sys/stat.h>
#include <unistd.h>

#include "ingest/checks.hpp"
#include "journal/checkpoint.hpp"
#include "journal/rewrite.hpp"
#include "journal/small_file.hpp"
#include "journal/sync_directory.hpp"
#include "ops/cli/named.hpp"

namespace daybook {
namespace {

MessageKind least_message(const Settings& settings) {
    if (settings.quiet) return MessageKind::error;
    return settings.verbose ? MessageKind::detail : MessageKind::notice;
}

Messages::Options message_options(const Settings& settings, const Surroundings& around) {
    Messages::Options options;
    options.least = least_message(settings);
    options.terminal = can_redraw(around);
    options.colour = choose_style(around).colour;
    return options;
}

std::filesystem::path data_file(const std::filesystem::path& data) { return data / "journal" / "data.mdb"; }

// Whether there is a file of a journal; throws CommandError where that can't be known.
bool has_journal(const std::filesystem::path& data) {
    std::error_code error;
    if (std::filesystem::exists(data, error) && !std::filesystem::is_directory(data, error)) {
        throw CommandError(ExitStatus::usage,
                           data.string() + " is no directory: --data names the directory that holds the journal");
    }
    const bool there = std::filesystem::exists(data_file(data), error);
    if (error) check_permitted(data_file(data), F_OK, "look at");
    return there;
}

// A journal is not begun where one has been.
void refuse_lost_journal(const std::filesystem::path& data) {
    for (const char* name : {"signing.vkey", "signing.checkpoint"}) {
        if (!std::filesystem::exists(data / name)) continue;
        throw CommandError(ExitStatus::failure,
                           "the journal in " + data.string() + " is gone: journal/data.mdb is missing or empty, and " + name +
                               " says that there was one: restore a backup; to begin another, move " + data.string() + " away");
    }
}

}  // namespace

Time real_clock() { return std::chrono::floor<Microseconds>(std::chrono::system_clock::now()); }

ExitStatus exit_status_of(RefusalCode code) {
    switch (code) {
        case RefusalCode::invalid:
        case RefusalCode::too_large: return ExitStatus::usage;
        case RefusalCode::not_found: return ExitStatus::not_found;
        case RefusalCode::conflict:
        case RefusalCode::idempotency_conflict: return ExitStatus::conflict;
        case RefusalCode::not_permitted:
        case RefusalCode::unauthenticated: return ExitStatus::not_permitted;
    }
    return ExitStatus::failure;
}

void fail(const Refusal& refusal) {
    std::string message = refusal.message;
    if (message.starts_with("no such incident: ")) message += " (`daybook incident list --ids` lists them)";
    if (message.starts_with("no such follow-up: ")) message += " (`daybook followup list` lists them)";
    throw CommandError(exit_status_of(refusal.code), message);
}

Session::Session(Settings settings, std::ostream& out, std::ostream& err)
    : settings_(std::move(settings)),
      out_(out),
      err_(err),
      out_around_(surroundings_of(STDOUT_FILENO)),
      err_around_(surroundings_of(STDERR_FILENO)),
      format_(choose_format(settings_.format, out_around_)),
      style_(choose_style(out_around_)),
      messages_(err, message_options(settings_, err_around_)) {}

Session::~Session() = default;

Time Session::now() const { return settings_.now.value_or(real_clock()); }

ProgressScreen Session::progress_screen() {
    ProgressScreen screen{err_};
    screen.shown = can_redraw(err_around_) && !settings_.quiet;
    screen.width = err_around_.width;
    return screen;
}

const std::filesystem::path& Session::temporary_place() {
    if (!temporary_) temporary_.emplace();
    return temporary_->path();
}

JournalOptions Session::journal_options(bool to_write) {
    JournalOptions options;
    options.clock = real_clock;
    options.entropy = &entropy_;
    options.read_only = !to_write;
    options.alone = alone_.has_value();
    options.committed = committed_;
    if (to_write) options.indexes = {&index_};
    return options;
}

Journal& Session::open(bool to_write) {
    if (journal_) return *journal_;
    std::error_code error;
    const std::filesystem::path file = data_file(settings_.data);
    const bool no_journal = !has_journal(settings_.data) || std::filesystem::file_size(file, error) == 0;
    if (no_journal) refuse_lost_journal(settings_.data);
    if (!no_journal) check_permitted(file, to_write ? W_OK : R_OK, to_write ? "write to" : "read");
    if (to_write && no_journal && settings_.witness && std::filesystem::exists(*settings_.witness)) {
        throw CommandError(ExitStatus::failure,
                           "there is no journal in " + settings_.data.string() + ", and " + settings_.witness->string() +
                               " holds the checkpoint of one: restore it; to begin another, move that file away");
    }
    if (to_write) make_data_directory();
    journal_ = std::make_unique<Journal>(settings_.data / "journal", journal_options(to_write));
    if (to_write && no_journal) {
        signing_key();
        messages_.say(MessageKind::notice, "began a new journal in " + settings_.data.string());
    }
    if (settings_.witness) check_witness(to_write);
    return *journal_;
}

void Session::make_data_directory() const {
    if (std::filesystem::exists(settings_.data)) return;
    std::error_code error;
    std::filesystem::create_directories(settings_.data, error);
    if (error) throw StorageError("cannot make the directory " + settings_.data.string() + ": " + error.message());
    ::chmod(settings_.data.c_str(), 0700);
    sync_directory(std::filesystem::absolute(settings_.data / "").parent_path().parent_path());
}

void Session::check_witness(bool to_write) {
    const std::filesystem::path& witness = *settings_.witness;
    const auto note = read_if_exists(witness, note_bytes_max);
    if (!note) {
        messages_.say(MessageKind::warning, "there is no file " + witness.string() +
                                                " (--witness), so the journal was not held against it: look for a mistyped "
                                                "name, or let `daybook checkpoint` put the first checkpoint there");
        return;
    }
    if (!read_checkpoint(*note)) {
        forked_ = true;  // nothing vouches for it
        const std::string what = witness.string() +
                                 " (--witness) is no checkpoint: name the file that `daybook checkpoint` keeps "
                                 "there, or move it away and make one";
        if (!to_write) return messages_.say(MessageKind::warning, what);
        throw CommandError(ExitStatus::failure, what);
    }
    const auto why = fork_alarm(*journal_, witness);
    if (!why) return;
    forked_ = true;
    const std::string what = "this journal is not the one whose checkpoint is in " + witness.string() + ": " + *why;
    if (!to_write) return messages_.say(MessageKind::warning, what);
    journal_.reset();
    throw CommandError(ExitStatus::failure,
                       what +
                           ". It may have been restored from an old backup, swapped or cut: it can be read, and nothing is written "
                           "to it. Restore what it should be; or, to go on from here and give up the events that the "
                           "checkpoint vouches for, move that file away and tell those who keep checkpoints");
}

SigningKey Session::signing_key() {
    const std::string origin = journal_->snapshot()->origin();
    if (!settings_.signing_key) return SigningKey::of_data_directory(settings_.data, origin, entropy_);
    SigningKey key = SigningKey::read(*settings_.signing_key, origin);
    const auto published = published_key(settings_.data);
    if (!published) {
        publish(key.verifier(), settings_.data);
    } else if (*published != key.verifier()) {
        messages_.say(MessageKind::warning, public_key_file(settings_.data).string() + " holds another key than " +
                                                settings_.signing_key->string() +
                                                ", and stays: whoever checks what is signed now needs " + key.verifier().vkey() +
                                                "; to make it the journal's key, move that file away first");
    }
    return key;
}

LogSigner Session::signer() {
    journal_to_read();
    if (settings_.witness) check_directory_of(*settings_.witness);
    return {signing_key(), {settings_.data, settings_.witness}};
}

VerifierKey Session::verifier_key() {
    journal_to_read();
    if (settings_.signing_key) return signing_key().verifier();
    if (auto key = published_key(settings_.data)) return *key;
    throw CommandError(ExitStatus::failure,
                       "there is no " + public_key_file(settings_.data).string() + ": give the public key with --key");
}

Journal& Session::journal_to_write() { return open(true); }

Journal& Session::journal_to_rehearse() {
    if (journal_ || has_journal(settings_.data)) return open(true);
    refuse_lost_journal(settings_.data);
    messages_.say(MessageKind::notice, "there is no journal in " + settings_.data.string() + " yet: tried with an empty one");
    journal_ = std::make_unique<Journal>(temporary_place() / "journal", journal_options(true));
    return *journal_;
}

void Session::check_journal_exists() const {
    if (journal_ || has_journal(settings_.data)) return;
    throw CommandError(ExitStatus::failure,
                       "there is no journal in " + settings_.data.string() +
                           ": `daybook ingest FILE` or `daybook incident create` begins one; --data says where");
}

Journal& Session::journal_to_read() {
    check_journal_exists();
    return open(false);
}

Journal& Session::journal_alone() {
    check_journal_exists();
    alone_ = JournalLock::exclusive(settings_.data / "journal");
    if (!alone_) {
        throw CommandError(ExitStatus::conflict, "another process has the journal in " + settings_.data.string() +
                                                     " open: stop it (a server, a running command), then run this again");
    }
    return open(true);
}

void Session::rewrite_journal() {
    commands_.reset();
    views_.reset();
    journal_.reset();
    daybook::rewrite_journal(settings_.data / "journal");
    open(true);
}

CommandHandler& Session::commands(bool dry_run) {
    if (!commands_) {
        Journal& journal = dry_run ? journal_to_rehearse() : journal_to_write();
        commands_ = std::make_unique<CommandHandler>(journal, index_, entropy_);
    }
    return *commands_;
}

Views& Session::stale_views() {
    if (!views_) {
        const Journal& journal = journal_to_read();  // first: what keeps this user from it is told of the journal
        views_ = std::make_unique<Views>(place_for("views"), journal);
    }
    return *views_;
}

Views& Session::views_to_rebuild() {
    journal_to_read();  // first: what is wrong with it is no matter of the views
    try {
        return stale_views();
    } catch (const NoRoom&) {
        throw;
    } catch (const StorageError& error) {
        std::error_code failed;
        std::filesystem::remove_all(settings_.data / "views", failed);
        if (failed) throw;
        messages_.say(MessageKind::warning, error.what());
    }
    return stale_views();
}

std::filesystem::path Session::place_for(const std::string& name) {
    const std::filesystem::path place = settings_.data / name;
    const bool there = std::filesystem::exists(place);
    if (::access((there ? place : settings_.data).c_str(), W_OK) == 0 || (errno != EACCES && errno != EROFS)) return place;
    if (there) {
        messages_.say(MessageKind::notice,
                      place.string() + " can't be written to: what it holds is made anew in a temporary place, for this command");
    }
    return temporary_place() / name;
}

Views& Session::views() {
    try {
        return catch_up(stale_views());
    } catch (const NoRoom& error) {
        messages_.say(MessageKind::warning, std::string(error.what()) + "; what is shown is up to date all the same");
    }
    if (views_) {
        views_->read_in_memory(true);
        return *views_;
    }
    views_ = std::make_unique<Views>(temporary_place() / "views", journal_to_read());
    return catch_up(*views_);
}

Views& Session::catch_up(Views& views) {
    Progress bar(progress_screen(), "Catching up", 0, "events");
    std::uint64_t done = views.size();
    tell_parked(views.catch_up([&](Sequence reached, std::uint64_t) {
        bar.advance(reached.value - std::min(done, reached.value));
        done = reached.value;
    }));
    views.read_in_memory(false);
    return views;
}

void Session::tell_parked(const std::vector<Parked>& parked) {
    constexpr std::size_t told_max = 10;
    for (std::size_t i = 0; i < parked.size() && i < told_max; ++i) {
        messages_.say(MessageKind::warning, "event " + std::to_string(parked[i].sequence.value) + " is left out of " +
                                                parked[i].projection + ": " + parked[i].reason);
    }
    if (parked.size() > told_max) {
        messages_.say(MessageKind::warning,
                      std::to_string(parked.size() - told_max) + " more events are left out; `daybook stats` counts them");
    }
}

const ReportPolicies& Session::report_policies() {
    if (!report_policies_) {
        auto loaded = load_report_policies();
        if (!loaded) throw CommandError(ExitStatus::failure, loaded.refusal().message);
        report_policies_ = std::move(*loaded);
    }
    return *report_policies_;
}

const TriagePolicy& Session::triage_policy() {
    if (!policy_) {
        const std::filesystem::path file = std::filesystem::absolute(triage_policy_file);
        auto loaded = load_triage_policy(file);
        if (!loaded)
            throw CommandError(ExitStatus::failure, "the triage policy is invalid, nothing was taken: " + loaded.refusal().message);
        messages_.say(MessageKind::detail, std::filesystem::exists(file)
                                               ? "the triage policy is " + file.string()
                                               : "the triage policy is the default: there is no " + file.string());
        policy_ = std::move(*loaded);
    }
    return *policy_;
}

Time time_option(const std::string& option, const std::string& text) {
    if (const auto time = parse_time(text)) return *time;
    throw CommandError(ExitStatus::usage, option + " must be a time with an offset, such as 2026-02-23T10:00:00Z, not " + text);
}

Time due_option(const std::string& option, const std::string& text) {
    if (const auto due = parse_due(text)) return *due;
    throw CommandError(ExitStatus::usage,
                       option +
                           " must be a date such as 2026-03-02 (until the end of that day, UTC), or a time with an "
                           "offset such as 2026-03-02T12:00:00Z, not " +
                           text);
}

}  // namespace daybook
