#include <algorithm>

#include <CLI/CLI.hpp>

#include "ingest/dead_letters.hpp"
#include "ingest/import_jsonl.hpp"
#include "ingest/ingest.hpp"
#include "ingest/whole_layout.hpp"
#include "journal/journal_text.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/named.hpp"
#include "ops/interruption.hpp"

namespace daybook {
namespace {

// In the form that editors jump to.
std::string place_in(const std::string& source, const RefusedLine& line) {
    return source + ':' + std::to_string(line.number) + ": refused (byte " + std::to_string(line.offset) + ")";
}

// Without -v at most so many are told one by one; all are in the dead letters.
constexpr std::uint64_t told_max = 20;

// Tells a person what was wrong with a line. `told` counts.
void tell_refused(Session& session, const std::string& place, const RefusedLine& line, std::uint64_t& told) {
    for (const Refusal& refusal : line.refusals) {
        if (++told > told_max && !session.settings().verbose) continue;
        const std::string field = refusal.field.empty() ? "" : " at " + refusal.field;
        session.messages().say(MessageKind::warning, place + field + ": " + refusal.message);
    }
}

ExitStatus print_counts(Session& session, const IngestCounts& counts, bool dry_run, const std::filesystem::path& letters) {
    if (session.settings().format) {
        session.print({{"read", ""}, {"taken", ""}, {"duplicate", ""}, {"ignored", ""}, {"refused", ""}},
                      {counts.read, counts.taken, counts.duplicate, counts.ignored, counts.refused});
    }
    if (counts.refused > told_max && !session.settings().verbose) {
        session.messages().say(MessageKind::warning, std::to_string(counts.refused - told_max) +
                                                         " more were refused: -v tells each" +
                                                         (letters.empty() ? "" : ", and " + letters.string() + " holds all"));
    }
    if (counts.refused != 0 && !letters.empty()) {
        session.messages().say(MessageKind::notice, "the refused lines are in " + letters.string() +
                                                        ": mend them there, then run `daybook ingest --dead-letters`");
    }
    session.messages().say(MessageKind::notice,
                           std::string(dry_run ? "dry run, nothing was written: " : "") + std::to_string(counts.read) + " read, " +
                               std::to_string(counts.taken) + " taken, " + std::to_string(counts.duplicate) + " duplicate, " +
                               std::to_string(counts.ignored) + " ignored, " + std::to_string(counts.refused) + " refused");
    return counts.refused == 0 ? ExitStatus::done : ExitStatus::no;
}

// The policy comes first: nothing is made where it is invalid.
IngestParts parts_of(Session& session, bool dry_run) {
    const TriagePolicy& policy = session.triage_policy();
    Journal& journal = dry_run ? session.journal_to_rehearse() : session.journal_to_write();
    return {journal, session.decisions(), policy, session.entropy()};
}

struct IngestSettings {
    std::vector<std::string> files;
    std::string format_word = "auto";
    AlertFormat format = AlertFormat::automatic;
    bool strict = false, dry_run = false, dead_letters = false;
};

// Reports what is refused: to the person, and unless it is a dry run to the dead letters.
class Refusals {
public:
    Refusals(Session& session, DeadLetters* letters) : session_(session), letters_(letters) {}
    void add(const std::string& source, const RefusedLine& line) {
        tell_refused(session_, place_in(source, line), line, told_);
        if (letters_ != nullptr) letters_->add(line, source, session_.now());
    }

private:
    Session& session_;
    DeadLetters* letters_;
    std::uint64_t told_ = 0;
};

std::uint64_t size_of(const std::filesystem::path& file) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    return error ? 0 : size;
}

// All files, before any is taken.
void check_files(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (name == "-") continue;
        check_readable(name);
        if (!std::filesystem::is_directory(name)) continue;
        throw CommandError(ExitStatus::usage, name + " is a directory: `daybook import jsonl " + name +
                                                  "` takes a layout, `daybook import journal " + name + "` a journal.jsonl");
    }
}

IngestCounts ingest_file(Session& session, const IngestSettings& settings, const std::string& name, Refusals& refusals,
                         const Interruption& interruption) {
    const IngestParts parts = parts_of(session, settings.dry_run);
    Progress bar(session.progress_screen(), "Taking " + name, name == "-" ? 0 : size_of(name), "bytes");
    std::uint64_t done = 0;
    IngestOptions options;
    options.caller = session.settings().agent;
    options.format = settings.format;
    options.received_at = session.now();
    options.strict = settings.strict;
    options.dry_run = settings.dry_run;
    options.stop = interruption.descriptor();
    options.refused = [&](const RefusedLine& line) { refusals.add(name == "-" ? "standard input" : name, line); };
    options.progress = [&](std::uint64_t bytes) {
        bar.advance(bytes - done);
        done = bytes;
    };
    return ingest_file(parts, name, options);
}

ExitStatus run_ingest(Session& session, IngestSettings settings) {
    const auto format = alert_format(settings.format_word);
    if (!format) {
        throw CommandError(ExitStatus::usage,
                           "--format must be one of " + alert_format_choices(", ") + ", not " + settings.format_word);
    }
    settings.format = *format;
    DeadLetters letters(session.dead_letters());
    IngestCounts counts;
    if (settings.dead_letters) {
        if (!settings.files.empty())
            throw CommandError(ExitStatus::usage, "--dead-letters takes no files: it reads " + letters.file().string());
        if (settings.dry_run) throw CommandError(ExitStatus::usage, "--dead-letters has no --dry-run");
        session.check_journal_exists();
        if (!std::filesystem::exists(letters.file())) return print_counts(session, counts, false, {});
        const IngestParts parts = parts_of(session, false);
        Refusals again(session, nullptr);
        const auto take = [&](const std::filesystem::path& records, const DeadLetters::Refused& refused) {
            IngestOptions options;
            options.caller = session.settings().agent;
            options.format = settings.format;
            options.received_at = session.now();
            options.line_bytes_max = webhook_body_bytes_max;
            options.refused = refused;
            return daybook::ingest_file(parts, records, options);
        };
        counts = letters.retry(session.now(), take, [&](const RefusedLine& line) { again.add(letters.file().string(), line); });
        return print_counts(session, counts, false, letters.file());
    }
    if (settings.files.empty()) throw CommandError(ExitStatus::usage, "say which files to take; - is standard input");
    check_files(settings.files);
    Refusals refusals(session, settings.dry_run ? nullptr : &letters);
    const Interruption interruption;
    for (const std::string& file : settings.files) {
        if (interruption.asked() || (settings.strict && counts.refused != 0)) break;
        counts += ingest_file(session, settings, file, refusals, interruption);
    }
    letters.sync();
    const ExitStatus status =
        print_counts(session, counts, settings.dry_run, settings.dry_run ? std::filesystem::path() : letters.file());
    if (!interruption.asked()) return status;
    session.messages().say(
        MessageKind::warning,
        "stopped by Ctrl-C: run it again to go on from there; what was taken is on disk and counts as duplicate then");
    return ExitStatus::interrupted;
}

void add_ingest(CLI::App& root, ChosenCommand& chosen) {
    auto o = std::make_shared<IngestSettings>();
    CLI::App* app = root.add_subcommand("ingest", "Take alerts: alert_triage output, webhooks");
    app->add_option("files", o->files, "Files; - is standard input")->type_name("FILE");
    app->add_option("--format", o->format_word, "What the payloads are; auto tells each by its content")
        ->type_name(alert_format_choices("|"))
        ->capture_default_str();
    app->add_flag("--strict", o->strict, "Stop at the first record that is refused; what came before it stays taken");
    app->add_flag("--dry-run", o->dry_run, "Check and decide everything, write nothing");
    app->add_flag("--dead-letters", o->dead_letters, "Take the refused records again, once they are mended");
    app->footer(
        "Examples:\n  daybook ingest triage.jsonl\n  alert_triage | daybook ingest -\n  daybook ingest webhook.json\n"
        "  daybook ingest --format grafana saved.jsonl\n  daybook ingest --dead-letters\n"
        "A file is JSON Lines, one payload a line, or one JSON document. Each alert in a payload is a record.\n"
        "Taking the same triage output again changes nothing; a webhook says what is so when it comes.");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return run_ingest(session, *o); }; });
}

// What is wrong with a file is no wrong usage.
[[noreturn]] void fail_to_import(const Refusal& refusal) {
    const bool wrong_file = refusal.code == RefusalCode::invalid || refusal.code == RefusalCode::too_large;
    throw CommandError(wrong_file ? ExitStatus::no : exit_status_of(refusal.code), refusal.message);
}

void add_import(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* import = root.add_subcommand("import", "Take what another store kept");
    import->require_subcommand(1);
    struct Options {
        std::string directory;
        bool strict = false, dry_run = false;
    };
    auto o = std::make_shared<Options>();
    CLI::App* jsonl = import->add_subcommand("jsonl", "A directory with incidents.jsonl, events.jsonl and perhaps artifacts.jsonl");
    jsonl->add_option("directory", o->directory, "The directory")->required()->type_name("DIR");
    jsonl->add_flag("--strict", o->strict, "Stop at the first line that is refused; what came before it stays taken");
    jsonl->add_flag("--dry-run", o->dry_run, "Check and decide everything, write nothing");
    jsonl->footer("Example:\n  daybook import jsonl ops/incidents\nImporting the same directory again changes nothing.");
    jsonl->callback([o, &chosen] {
        chosen = [o](Session& session) {
            check_readable(o->directory);
            const auto place = [o](std::string_view file, const RefusedLine& line) {
                return place_in((std::filesystem::path(o->directory) / file).string(), line);
            };
            return import_layout(session, {o->directory, {}, o->strict, o->dry_run, place});
        };
    });

    add_postgres_import(*import, chosen);
    CLI::App* journal = import->add_subcommand("journal", "A directory with journal.jsonl and blobs, into an empty journal");
    auto directory = std::make_shared<std::string>();
    journal->add_option("directory", *directory, "The directory")->required()->type_name("DIR");
    journal->footer("Example:\n  daybook --data copy import journal export");
    journal->callback([directory, &chosen] {
        chosen = [directory](Session& session) {
            check_readable(*directory);
            if (const auto refusal = refuse_journal_text(*directory)) fail_to_import(*refusal);  // before there is a journal
            Progress bar(session.progress_screen(), "Importing", 0, "events");
            std::uint64_t done = 0;
            const auto imported = import_journal(session.journal_to_write(), *directory, [&](std::uint64_t events) {
                bar.advance(events - done);
                done = events;
            });
            bar.finish();
            if (!imported) fail_to_import(imported.refusal());
            session.print({{"events", "taken"}, {"already_there", "already there"}, {"root_hash", "root"}},
                          {imported->events, imported->already_there, to_hex(imported->root)});
            return ExitStatus::done;
        };
    });
}

}  // namespace

ExitStatus import_layout(Session& session, const LayoutToImport& layout) {
    Progress bar(session.progress_screen(), "Importing", 0, "lines");
    std::uint64_t told = 0, done = 0;
    ImportOptions options;
    options.directory = layout.directory;
    options.artifacts = layout.artifacts;
    options.strict = layout.strict;
    options.dry_run = layout.dry_run;
    options.refused = [&](std::string_view file, const RefusedLine& line) {
        tell_refused(session, layout.place(file, line), line, told);
    };
    options.progress = [&](std::uint64_t lines, std::uint64_t) {
        bar.advance(lines - std::min(done, lines));
        done = std::max(done, lines);
    };
    if (const auto refusal = refuse_layout(layout.directory)) fail_to_import(*refusal);  // before there is a journal
    Journal& target = layout.dry_run ? session.journal_to_rehearse() : session.journal_to_write();
    const auto counts = import_jsonl(target, session.decisions(), options);
    bar.finish();
    if (!counts) fail_to_import(counts.refusal());
    session.messages().say(MessageKind::notice,
                           std::to_string(counts->events) + " events " + (layout.dry_run ? "would be" : "were") + " written, " +
                               std::to_string(counts->synthesised) + " of them to complete what the lines leave out");
    return print_counts(session, counts->lines, layout.dry_run, {});
}

void add_ingest_commands(CLI::App& root, ChosenCommand& chosen) {
    add_ingest(root, chosen);
    add_import(root, chosen);
}

}  // namespace daybook
