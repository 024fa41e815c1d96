#include "ops/cli/session.hpp"

#include <chrono>
#include <ostream>

#include <sys/stat.h>
#include <unistd.h>

#include "journal/rewrite.hpp"

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

void fail(const Refusal& refusal) { throw CommandError(exit_status_of(refusal.code), refusal.message); }

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

Journal& Session::open(bool to_write) {
    if (journal_) return *journal_;
    JournalOptions options;
    options.clock = real_clock;
    options.entropy = &entropy_;
    options.read_only = !to_write;
    options.alone = alone_.has_value();
    if (to_write) options.indexes = {&index_};
    const std::filesystem::path file = settings_.data / "journal" / "data.mdb";
    std::error_code error;
    const bool no_journal = !std::filesystem::exists(file) || std::filesystem::file_size(file, error) == 0;
    if (no_journal) refuse_lost_journal(settings_.data);
    if (to_write && no_journal && settings_.witness && std::filesystem::exists(*settings_.witness)) {
        throw CommandError(ExitStatus::failure,
                           "there is no journal in " + settings_.data.string() + ", and " + settings_.witness->string() +
                               " holds the checkpoint of one: restore it; to begin another, move that file away");
    }
    if (to_write) make_data_directory();
    journal_ = std::make_unique<Journal>(settings_.data / "journal", options);
    if (to_write && no_journal) signing_key();
    if (settings_.witness) check_witness(to_write);
    return *journal_;
}

void Session::make_data_directory() const {
    if (std::filesystem::exists(settings_.data)) return;
    std::error_code error;
    std::filesystem::create_directories(settings_.data, error);
    if (error) throw StorageError("cannot make the directory " + settings_.data.string() + ": " + error.message());
    ::chmod(settings_.data.c_str(), 0700);
}

void Session::check_witness(bool to_write) {
    const std::filesystem::path& witness = *settings_.witness;
    if (!std::filesystem::exists(witness)) {
        messages_.say(MessageKind::warning,
                      "there is no checkpoint in " + witness.string() + " yet: `daybook checkpoint` puts one there");
        return;
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

void Session::check_journal_exists() const {
    if (journal_ || std::filesystem::exists(settings_.data / "journal" / "data.mdb")) return;
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

CommandHandler& Session::commands() {
    if (!commands_) commands_ = std::make_unique<CommandHandler>(journal_to_write(), index_, entropy_);
    return *commands_;
}

Views& Session::stale_views() {
    if (!views_) views_ = std::make_unique<Views>(settings_.data / "views", journal_to_read());
    return *views_;
}

Views& Session::views() {
    Views& views = stale_views();
    Progress bar(progress_screen(), "Catching up", 0, "events");
    std::uint64_t done = views.size();
    tell_parked(views.catch_up([&](Sequence reached, std::uint64_t) {
        bar.advance(reached.value - std::min(done, reached.value));
        done = reached.value;
    }));
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

const TriagePolicy& Session::triage_policy() {
    if (!policy_) {
        auto loaded = load_triage_policy("ops/policy/triage.yml");
        if (!loaded) throw CommandError(ExitStatus::failure, loaded.refusal().message);
        policy_ = std::move(*loaded);
    }
    return *policy_;
}

Time time_option(const std::string& option, const std::string& text) {
    if (const auto time = parse_time(text)) return *time;
    throw CommandError(ExitStatus::usage, option + " must be a time with an offset, such as 2026-02-23T10:00:00Z, not " + text);
}

Time due_option(const std::string& option, const std::string& text) {
    if (const auto date = parse_date(text)) return *date + std::chrono::days(1);
    return time_option(option, text);
}

}  // namespace daybook
