// What every command of the command line works with: the global options, and the parts that they lead to, opened when first
// asked for.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "ingest/commands.hpp"
#include "ingest/triage_policy.hpp"
#include "journal/journal.hpp"
#include "journal/journal_lock.hpp"
#include "journal/log_signer.hpp"
#include "ops/messages.hpp"
#include "ops/output.hpp"
#include "ops/policies/report_policies.hpp"
#include "ops/progress.hpp"
#include "ops/temporary_place.hpp"
#include "projections/decision_index.hpp"
#include "replay/views.hpp"

namespace daybook {

// Exit statuses (section 4); 130 is what shells make of SIGINT.
enum class ExitStatus {
    done = 0,
    failure = 1,
    usage = 2,
    no = 3,
    not_permitted = 4,
    not_found = 5,
    conflict = 6,
    interrupted = 130
};
// The machine's clock, whatever --now says.
Time real_clock();

ExitStatus exit_status_of(RefusalCode code);

// Ends a command with a message to the person and an exit status. Caught in main alone.
class CommandError : public std::runtime_error {
public:
    CommandError(ExitStatus status, const std::string& message) : std::runtime_error(message), status_(status) {}
    ExitStatus status() const { return status_; }

private:
    ExitStatus status_;
};
[[noreturn]] void fail(const Refusal& refusal);

struct Settings {
    std::filesystem::path data = "daybook-data";
    std::string agent;                                 // who acts
    std::optional<Time> now;                           // --now: what reports are made for, and the default occurred_at
    std::optional<Format> format;                      // -o
    std::optional<std::filesystem::path> signing_key;  // a private key elsewhere than in the data directory
    std::optional<std::filesystem::path> witness;      // where the last checkpoint is kept outside of the data directory
    bool quiet = false;
    bool verbose = false;
};

class Session {
public:
    // `out` gets the data.
    Session(Settings settings, std::ostream& out, std::ostream& err);
    ~Session();

    const Settings& settings() const { return settings_; }
    Time now() const;  // --now, or the clock
    // Makes the data directory, for its owner alone, where there is none.
    void make_data_directory() const;
    Format format() const { return format_; }
    const Style& style() const { return style_; }
    std::ostream& out() { return out_; }
    Messages& messages() { return messages_; }
    ProgressScreen progress_screen();

    // The journal, made if need be (for commands that write), or only if it is there (for those that read).
    // Throws CommandError where a journal to be read is not there, and where one to be written does not extend the witness's
    // checkpoint; one to be read is then given with a warning, and `forked` says so.
    Journal& journal_to_write();
    Journal& journal_to_read();
    // Told of each commit from here on. Before the journal is opened.
    void on_commit(std::function<void(const Commit&)> told) { committed_ = std::move(told); }
    // For a dry run: as journal_to_write(); where there is no journal, an empty one in a temporary place stands in for it.
    Journal& journal_to_rehearse();
    void check_journal_exists() const;  // throws CommandError; opens nothing
    // The journal to be written, with nobody else having it open: others wait from here to the end. Throws CommandError (conflict).
    Journal& journal_alone();
    // Closes all that reads the journal, makes its file anew (journal/rewrite.hpp), and opens it again. After journal_alone().
    void rewrite_journal();
    bool forked() const { return forked_; }
    // Signs with the journal's key, or the one that was given. An old journal without a key gets one.
    LogSigner signer();
    // The public half alone: of the key that was given, else what was published. Throws CommandError where there is none.
    VerifierKey verifier_key();
    const DecisionIndex& decisions() const { return index_; }
    CommandHandler& commands(bool dry_run);
    Entropy& entropy() { return entropy_; }
    // The views, caught up with the journal; what could not be taken is told.
    Views& views();
    // As views(), not caught up.
    Views& stale_views();
    // As stale_views(); where they can't be opened, new ones take their place.
    Views& views_to_rebuild();
    void tell_parked(const std::vector<Parked>& parked);
    // Where a directory that is made from the journal lies: `name` in the data directory, or, where this user may not write to
    // that, in a temporary place.
    std::filesystem::path place_for(const std::string& name);

    const TriagePolicy& triage_policy();
    const ReportPolicies& report_policies();  // below the working directory; throws CommandError where one is wrong
    std::filesystem::path dead_letters() const { return settings_.data / "dead-letters.jsonl"; }

    // Writes one thing to standard output.
    void print(const std::vector<Column>& columns, const Row& row) { print_object(out_, format_, style_, columns, row); }

    // For what is needed only for the while; goes with the session.
    const std::filesystem::path& temporary_place();

private:
    Journal& open(bool to_write);
    JournalOptions journal_options(bool to_write);
    void check_witness(bool to_write);
    Views& catch_up(Views& views);
    SigningKey signing_key();

    Settings settings_;
    std::ostream& out_;
    std::ostream& err_;
    Surroundings out_around_, err_around_;
    Format format_;
    Style style_;
    Messages messages_;
    SystemEntropy entropy_;
    DecisionIndex index_;
    std::optional<TriagePolicy> policy_;
    std::optional<ReportPolicies> report_policies_;
    std::optional<TemporaryPlace> temporary_;
    std::optional<JournalLock> alone_;
    std::function<void(const Commit&)> committed_;
    std::unique_ptr<Journal> journal_;
    bool forked_ = false;
    std::unique_ptr<Views> views_;
    std::unique_ptr<CommandHandler> commands_;
};

// Parses an option's value; throws CommandError (usage) that names the option.
Time time_option(const std::string& option, const std::string& text);
// As above; a bare date means 00:00:00Z of the next day, so that what is due on a day is due when it ends.
Time due_option(const std::string& option, const std::string& text);
template <class T>
T word_option(const std::string& option, const std::string& text) {
    const auto value = from_text<T>(text);
    if (!value) throw CommandError(ExitStatus::usage, option + " must be one of " + choices<T>() + ", not " + text);
    return *value;
}

}  // namespace daybook
