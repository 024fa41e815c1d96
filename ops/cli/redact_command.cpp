// `daybook redact`: takes a payload out of the journal, and out of all that was made from it.
//
// The order is such that nothing is lost when the process is killed: the journal says what was redacted and that the rest is to be
// done (journal/redaction.hpp); each step may be done again; the mark goes last.
#include <csignal>

#include <CLI/CLI.hpp>

#include "journal/redaction.hpp"
#include "journal/rewrite.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/default_exports.hpp"
#include "ops/cli/known_exports.hpp"
#include "ops/cli/number_option.hpp"
#include "ops/copied_texts.hpp"
#include "ops/jobs/job_work.hpp"

namespace daybook {
namespace {

struct RedactOptions {
    std::uint64_t sequence = 0;
    std::string reason;
    bool dry_run = false, finish = false;
    std::vector<std::string> forget;
};

// What will be gone, as far as it may be told.
struct Target {
    std::string stream, type;
    std::string siblings;  // the seqs of the other events that its input led to
    std::string copies;    // other events with the same text
};

// Keys are `K`, `K#2`, `K#3` … for the events that one input led to.
std::string siblings_of(const JournalView& journal, const RecordView& record) {
    const std::string key(record.key().value_or(""));
    std::string plain = key.substr(0, key.rfind('#'));
    if (!journal.key(plain)) plain = key;
    std::string siblings;
    for (std::size_t place = 1;; ++place) {
        const auto found = journal.key(place == 1 ? plain : plain + '#' + std::to_string(place));
        if (!found) return siblings;
        if (found->sequence != record.sequence())
            siblings += (siblings.empty() ? "" : ", ") + std::to_string(found->sequence.value);
    }
}

// `7 (backlog_item), 9 (artifact_attached)`
std::string copies_text(const JournalView& journal, Sequence sequence) {
    constexpr std::size_t named_max = 20;
    std::string text;
    const std::vector<Copy> copies = copies_of(journal, sequence);
    for (std::size_t i = 0; i < std::min(copies.size(), named_max); ++i) {
        text += (i == 0 ? "" : ", ") + std::to_string(copies[i].sequence.value) + " (" + std::string(to_text(copies[i].type)) + ')';
    }
    if (copies.size() > named_max) text += " and " + std::to_string(copies.size() - named_max) + " more";
    return text;
}

Target target_of(const JournalView& journal, Sequence sequence) {
    const auto record = sequence ? journal.record(sequence) : std::nullopt;
    if (!record) return {};
    return {std::string(journal.stream_id(record->stream())), std::string(to_text(record->type())), siblings_of(journal, *record),
            copies_text(journal, sequence)};
}

void name_copies(Session& session, const Target& target) {
    Messages& messages = session.messages();
    if (!target.siblings.empty()) {
        messages.say(MessageKind::warning,
                     "the same input led to other events, which may hold the text too: seq " + target.siblings);
    }
    if (!target.copies.empty()) {
        messages.say(
            MessageKind::warning,
            "the same text stands in other events, or in the artifacts that they attached: redact them too: seq " + target.copies);
    }
}

void name_what_is_left(Session& session, const Target& target) {
    name_copies(session, target);
    Messages& messages = session.messages();
    std::error_code error;
    if (std::filesystem::file_size(session.dead_letters(), error) != 0 && !error) {
        messages.say(MessageKind::warning,
                     session.dead_letters().string() + " holds lines that were refused: see whether the text is in one of them");
    }
    for (const char* folder : {alerts_incoming, alerts_done, alerts_bad}) {
        if (!std::filesystem::exists(folder, error) || std::filesystem::is_empty(folder, error) || error) continue;
        messages.say(MessageKind::warning,
                     std::string(folder) + " holds files that were taken in, as they came: see whether the text is in one of them");
    }
    messages.say(MessageKind::warning,
                 "what daybook can't reach: backups and snapshots, evidence and output that was saved, copies of an export");
}

// Everything that was made from the journal, made anew.
bool scrub_what_was_made(Session& session) {
    Progress bar(session.progress_screen(), "Rebuilding", session.journal_to_read().snapshot()->size(), "events");
    std::uint64_t done = 0;
    session.tell_parked(session.stale_views().rebuild_and_scrub([&](Sequence reached, std::uint64_t) {
        bar.advance(reached.value - std::min(done, reached.value));
        done = reached.value;
    }));
    bar.finish();
    session.messages().say(MessageKind::notice, "made anew: the views");
    bool all = true;
    std::vector<KnownExport> places = known_exports(session);
    const std::vector<KnownExport> others = unknown_default_exports(session);
    places.insert(places.end(), others.begin(), others.end());
    if (places.empty()) session.messages().say(MessageKind::warning, no_known_exports);
    for (const KnownExport& place : places) all = write_again(session, place) && all;
    return all;
}

ExitStatus finish(Session& session) {
    const bool file_is_done = rest_of_redaction(*session.journal_to_read().snapshot()) == RedactionRest::derived &&
                              !has_replaced_file(session.settings().data / "journal");
    if (!file_is_done) {
        session.rewrite_journal();
        session.messages().say(MessageKind::notice, "made anew: the journal's file");
    }
    if (!scrub_what_was_made(session)) {
        session.messages().say(MessageKind::error,
                               "not all could be done: mend what is named above, then `daybook redact --finish`; a place that is "
                               "no more, or no longer yours, is left out with `--forget PLACE` behind it");
        return ExitStatus::failure;
    }
    finish_redaction(session.journal_to_read());
    return ExitStatus::done;
}

void print_redaction(Session& session, const RedactOptions& o, const Target& target, const Appended& appended) {
    session.print({{"seq", ""}, {"stream", ""}, {"type", ""}, {"redacted_by", "redacted by event"}, {"dry_run", "dry run"}},
                  {o.sequence, target.stream, target.type, o.dry_run ? Cell() : Cell(appended.first.value), o.dry_run});
}

ExitStatus rehearse(Session& session, const RedactOptions& o, const AppendRequest& request) {
    session.check_journal_exists();
    Journal& journal = session.journal_to_write();
    std::optional<Refusal> refusal;
    bool asked = false;
    journal.rehearse([&] { return std::exchange(asked, true) ? std::vector<AppendRequest>() : std::vector{request}; },
                     [&](std::size_t, const Result<Appended>& answer) {
                         if (!answer) refusal = answer.refusal();
                     });
    if (refusal) fail(*refusal);
    const Target target = target_of(*journal.snapshot(), {o.sequence});
    print_redaction(session, o, target, {});
    name_copies(session, target);
    return ExitStatus::done;
}

// Here a server asks for the permission `admin`. Who can open the files is their owner.
ExitStatus redact(Session& session, const RedactOptions& o) {
    std::signal(SIGPIPE, SIG_IGN);  // that nobody reads what is said must not cut it short
    if (o.finish) {
        const Journal& journal = session.journal_alone();
        for (const std::string& place : o.forget) forget_export(session, place);
        const bool rest = rest_of_redaction(*journal.snapshot()) != RedactionRest::nothing ||
                          has_replaced_file(session.settings().data / "journal");
        if (rest) return finish(session);
        session.messages().say(MessageKind::notice, "no redaction is unfinished");
        return ExitStatus::done;
    }
    const AppendRequest request = redaction({{o.sequence}, o.reason, session.settings().agent, "cli", session.now()});
    if (o.dry_run) return rehearse(session, o, request);
    Journal& journal = session.journal_alone();
    const Target target = target_of(*journal.snapshot(), {o.sequence});
    const auto appended = journal.append(request);
    if (!appended) fail(appended.refusal());
    print_redaction(session, o, target, *appended);
    const ExitStatus status = finish(session);
    name_what_is_left(session, target);
    return status;
}

}  // namespace

void add_redact_command(CLI::App& root, ChosenCommand& chosen) {
    auto o = std::make_shared<RedactOptions>();
    CLI::App* app =
        root.add_subcommand("redact", "Take a payload that holds a secret out of the journal and all that was made from it");
    CLI::Option* sequence = add_number(*app, "seq", o->sequence, "The event's seq, as `daybook events` shows it")->type_name("SEQ");
    CLI::Option* reason = app->add_option("--reason", o->reason, "Why, without the secret: it stays")->type_name("TEXT");
    CLI::Option* dry_run = app->add_flag("--dry-run", o->dry_run, "Only say whether it would be done");
    CLI::Option* finish = app->add_flag("--finish", o->finish, "Go on with a redaction that was cut short");
    finish->excludes(sequence)->excludes(reason)->excludes(dry_run);
    app->add_option("--forget", o->forget,
                    "A directory or database that was exported to and is not to be written again; may be given several times")
        ->type_name("PLACE")
        ->expected(1)
        ->take_all()
        ->needs(finish);
    app->footer(
        "Examples:\n  daybook redact 1812 --reason 'a password in the message'\n  daybook redact --finish\n"
        "  daybook redact --finish --forget postgresql://daybook@old.example/incidents\n"
        "Ids, times, words and numbers stay, texts read [redacted]; leaves, proofs and old checkpoints stay valid. Nobody\n"
        "else may have the journal open. Backups made before are not touched. Reports are made again: what somebody changed in\n"
        "them is gone.");
    app->callback([o, sequence, &chosen] {
        if (!o->finish && sequence->count() == 0) throw CLI::RequiredError("seq");
        chosen = [o](Session& session) { return redact(session, *o); };
    });
}

}  // namespace daybook
