// verify: the whole journal, a sample of it, or evidence without any journal.
#include <random>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "journal/small_file.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/number_option.hpp"
#include "ops/cli/verification.hpp"

namespace daybook {
namespace {

struct Options {
    std::string checkpoint, evidence, key;
    std::string note;  // what the file of --checkpoint holds: it may be a pipe, which can be read once
    bool quick = false;
    std::optional<std::uint64_t> last, sample, seed;
};

// The data directory says itself what the journal was: whether it is that one still.
bool is_what_was_signed(Session& session) {
    const auto wrong = [&](const std::string& what) {
        session.messages().say(MessageKind::error, what);
        return false;
    };
    const std::filesystem::path file = session.settings().data / "signing.checkpoint";
    const auto note = read_if_exists(file, note_bytes_max);  // first: what is signed meanwhile may be of events beyond the snapshot
    const Snapshot snapshot = session.journal_to_read().snapshot();
    const auto key = published_key(session.settings().data);
    if (key && key->name() != snapshot->origin()) {
        return wrong("the journal's origin is " + snapshot->origin() + ", and its public key's name is " + key->name());
    }
    if (!note) return true;
    const auto kept = read_checkpoint(*note);
    if (!kept) return wrong(file.string() + " is damaged: " + kept.refusal().message);
    const auto why = contradiction(*snapshot, *kept);
    return !why || wrong("the journal does not extend the last checkpoint that was signed, in " + file.string() + ": " + *why);
}

// What cannot be trusted is not compared.
bool is_the_right_one(Session& session, const Options& options, const Verification& verification) {
    if (!verification.sound()) return false;
    const bool as_signed = is_what_was_signed(session);
    const bool extends = options.checkpoint.empty() || journal_extends(session, options.checkpoint, options.note, options.key);
    return as_signed && extends && !session.forked();
}

ExitStatus end(Session& session, bool sound, bool right) {
    if (!sound) {
        session.messages().say(MessageKind::error,
                               "the journal is damaged: keep it as it is, and restore a backup or import a journal.jsonl");
    }
    return sound && right ? ExitStatus::done : ExitStatus::no;
}

std::vector<Column> columns() { return {{"sound", ""}, {"journal_size", "events"}, {"root_hash", "root"}, {"findings", ""}}; }
Row row(const Verification& verification, bool right) {
    return {verification.sound() && right, verification.size, verification.root ? Cell(to_hex(*verification.root)) : Cell(),
            verification.findings_count};
}

// The indexes are built anew beside the journal, or elsewhere where its disk is full.
Verification verify_tables(Session& session) {
    const std::string name = "verify-" + std::to_string(::getpid());
    try {
        return verify_contents(session, session.journal_to_read(), session.place_for(name));
    } catch (const NoRoom&) {
        return verify_contents(session, session.journal_to_read(), session.temporary_place() / name);
    }
}

ExitStatus verify_all(Session& session, const Options& options) {
    const std::filesystem::path& data = session.settings().data;
    session.check_journal_exists();
    Verification verification = verify_structure(data / "journal");
    tell(session, verification);
    if (verification.sound()) {
        const Verification structure = std::move(verification);
        verification = verify_tables(session);
        tell(session, verification);
        verification.notices_count += structure.notices_count;
    } else {
        session.messages().say(MessageKind::error, "what the tables hold was not looked at, since their pages are not in order");
    }
    const bool right = is_the_right_one(session, options, verification);
    auto shown = columns();
    Row cells = row(verification, right);
    shown.push_back({"notices", ""});
    cells.emplace_back(verification.notices_count);
    session.print(shown, cells);
    return end(session, verification.sound(), right);
}

ExitStatus verify_some(Session& session, const Options& options) {
    QuickOptions quick;
    quick.last = options.last.value_or(quick.last);
    quick.sample = options.sample.value_or(quick.sample);
    quick.seed = options.seed.value_or(std::random_device()());
    const QuickVerification checked = verify_quick(session.journal_to_read(), quick);
    tell(session, checked.verification);
    const bool right = is_the_right_one(session, options, checked.verification);
    auto shown = columns();
    Row cells = row(checked.verification, right);
    shown.push_back({"checked", "events checked"});
    shown.push_back({"seed", ""});
    cells.emplace_back(checked.checked);
    cells.emplace_back(std::to_string(quick.seed));
    session.print(shown, cells);
    return end(session, checked.verification.sound(), right);
}

}  // namespace

void add_verify_command(CLI::App& root, ChosenCommand& chosen) {
    auto o = std::make_shared<Options>();
    CLI::App* app = root.add_subcommand("verify", "Work everything out anew from the events, and compare");
    CLI::Option* checkpoint =
        app->add_option("--checkpoint", o->checkpoint, "Also: the journal extends this checkpoint")->type_name("FILE");
    CLI::Option* evidence =
        app->add_option("--evidence", o->evidence, "Instead: check this evidence, with --key; no journal is needed")
            ->type_name("FILE");
    app->add_option("--key", o->key,
                    "With --checkpoint or --evidence: the public key that signed, as `daybook checkpoint --vkey` prints it "
                    "(default: the journal's)")
        ->type_name("VKEY");
    CLI::Option* quick = app->add_flag("--quick", o->quick, "Only the last events and a random sample, in milliseconds");
    add_number(*app, "--last", o->last, "With --quick: how many of the last (default: 256)")->needs(quick);
    add_number(*app, "--sample", o->sample, "With --quick: how many of the others (default: 256)")->needs(quick);
    add_number(*app, "--seed", o->seed, "With --quick: choose as the run that printed this")->needs(quick);
    evidence->excludes(checkpoint)->excludes(quick);
    app->footer(
        "Examples:\n  daybook verify\n  daybook verify --quick\n  daybook verify --checkpoint monday.checkpoint\n"
        "  daybook verify --evidence k3f9.evidence --key VKEY\nExit status 3 when something is not as it must be.");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            if (!o->evidence.empty()) return verify_evidence_file(session, o->evidence, o->key);
            if (!o->key.empty() && o->checkpoint.empty()) {
                throw CommandError(ExitStatus::usage,
                                   "--key says who signed a checkpoint or evidence: name one, with --checkpoint or --evidence");
            }
            if (!o->checkpoint.empty()) o->note = read_kept_checkpoint(o->checkpoint);  // before minutes of reading the journal
            if (!o->key.empty()) (void)key_option(o->key);
            return o->quick ? verify_some(session, *o) : verify_all(session, *o);
        };
    });
}

}  // namespace daybook
