// The commands of the command line. Each function adds some to the program; the one that a person chose leaves in `chosen`
// what is to be run, so that parsing is over before anything is opened.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/commands.hpp"
#include "ops/cli/session.hpp"

namespace CLI {
class App;
}

namespace daybook {

struct RefusedLine;

using ChosenCommand = std::function<ExitStatus(Session&)>;

void add_incident_commands(CLI::App& root, ChosenCommand& chosen);  // incident …
void add_entry_commands(CLI::App& root, ChosenCommand& chosen);  // note, decision, action, comms, correct, followup …, artifact …
void add_query_commands(CLI::App& root, ChosenCommand& chosen);  // timeline, events, stats
void add_incident_diff(CLI::App& incident, ChosenCommand& chosen);      // incident diff
void add_ingest_commands(CLI::App& root, ChosenCommand& chosen);        // ingest, import …
void add_projection_commands(CLI::App& root, ChosenCommand& chosen);    // digest …, replay
void add_job_commands(CLI::App& root, ChosenCommand& chosen);           // jobs …, policy check
void add_gate_command(CLI::App& root, ChosenCommand& chosen);           // gate …
void add_intelligence_commands(CLI::App& root, ChosenCommand& chosen);  // correlate, recurrence
void add_export_commands(CLI::App& root, ChosenCommand& chosen);        // export …
void add_postgres_export(CLI::App& parent, ChosenCommand& chosen);      // export postgres
void add_postgres_import(CLI::App& parent, ChosenCommand& chosen);      // import postgres
void add_migrate_command(CLI::App& root, ChosenCommand& chosen);        // migrate postgres
void add_redact_command(CLI::App& root, ChosenCommand& chosen);         // redact
void add_check_commands(CLI::App& root, ChosenCommand& chosen);         // verify, completion
void add_verify_command(CLI::App& root, ChosenCommand& chosen);         // verify
void add_audit_commands(CLI::App& root, ChosenCommand& chosen);         // checkpoint, proof …, evidence

void add_backup_commands(CLI::App& root, ChosenCommand& chosen);  // backup, restore
void add_doctor_command(CLI::App& root, ChosenCommand& chosen);   // doctor
void add_serve_command(CLI::App& root, ChosenCommand& chosen);    // serve
void add_key_commands(CLI::App& root, ChosenCommand& chosen);     // key …

// The three files of a layout, for the commands that import one.
struct LayoutToImport {
    std::filesystem::path directory;
    std::filesystem::path artifacts;  // empty: `directory`
    bool strict = false, dry_run = false;
    // What is refused, and where a person finds it; of one of the three files.
    std::function<std::string(std::string_view file, const RefusedLine& line)> place;
};
ExitStatus import_layout(Session& session, const LayoutToImport& layout);

// The public key that a person gave with --key. Throws CommandError (usage).
VerifierKey key_option(const std::string& vkey);
// The signed note in what a person named with --checkpoint, of whatever journal. Throws CommandError (not_found, usage: it is
// none).
std::string read_kept_checkpoint(const std::string& file);
// For `verify`: whether the journal extends the checkpoint `note` from `file`, signed with `vkey` (empty: the journal's key); says
// why not.
bool journal_extends(Session& session, const std::string& file, const std::string& note, const std::string& vkey);
// For `verify`: the evidence in `file` against `vkey`, without any journal.
ExitStatus verify_evidence_file(Session& session, const std::string& file, const std::string& vkey);

// The options that every command that writes has.
class WriteOptions {
public:
    // Adds them to `command`, which outlives it.
    explicit WriteOptions(CLI::App& command);
    // What options and arguments stand for, by their names, where that is not the word that was given: the text behind a `-`.
    using Meant = std::map<std::string, std::string>;
    // The input's digest, for an idempotency key, covers what was given as it is meant (a time as the moment that it is), but not
    // the key, nor what says only whether it is to be done: --expected-version, --dry-run.
    CommandContext context(Session& session, const Meant& meant = {}) const;

private:
    CLI::App& command_;
    std::string occurred_at_;
    std::string key_;
    std::string expected_version_;
    bool dry_run_ = false;
};

// A text argument; `-` stands for all of standard input, without its last newline.
std::string text_argument(const std::string& text);

// Prints what came of a command: with -o the whole answer, else the id of what was made, and a sentence to standard error.
void print_outcome(Session& session, const CommandOutcome& outcome, const std::string& done);

}  // namespace daybook
