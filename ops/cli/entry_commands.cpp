#include <fstream>
#include <iostream>
#include <iterator>

#include <CLI/CLI.hpp>

#include "journal/atomic_file.hpp"
#include "ops/cli/clock_options.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/named.hpp"
#include "ops/cli/number_option.hpp"
#include "ops/rows.hpp"

namespace daybook {
namespace {

template <class Command>
ExitStatus run(Session& session, const WriteOptions& options, const Command& command, const std::string& done,
               bool print_id = false, const WriteOptions::Meant& meant = {}) {
    session.check_journal_exists();  // what is written to is in one: none is begun where --data has a mistyped name
    const CommandContext context = options.context(session, meant);
    const auto outcome = session.commands(context.dry_run).run(command, context);
    if (!outcome) fail(outcome.refusal());
    if (print_id && !session.settings().format && !outcome->subject_id.empty()) session.out() << outcome->subject_id << '\n';
    print_outcome(session, *outcome, done);
    return ExitStatus::done;
}

std::optional<std::string> given(const CLI::App& app, const char* option, const std::string& value) {
    return app.count(option) != 0 ? std::optional(value) : std::nullopt;
}

void add_entry(CLI::App& root, ChosenCommand& chosen, EventType type, const std::string& help) {
    struct Options {
        explicit Options(CLI::App& command) : write(command) {}
        WriteOptions write;
        std::string incident_id, text;
    };
    const std::string name(to_text(type));
    CLI::App* app = root.add_subcommand(name, help);
    auto o = std::make_shared<Options>(*app);
    app->add_option("incident", o->incident_id, "The incident's id")->required()->type_name("INCIDENT");
    app->add_option("text", o->text, "The text; - reads standard input")->required()->type_name("TEXT");
    app->footer("Example:\n  daybook " + name + " inc_20260223_1000_k3f9 'Rollback of 2.7.1 started'");
    app->callback([o, type, &chosen] {
        chosen = [o, type](Session& session) {
            const AppendEntry command{o->incident_id, type, text_argument(o->text), {}};
            return run(session, o->write, command, std::string(to_text(type)) + " added to " + o->incident_id, false,
                       {{"text", command.message}});
        };
    });
}

void add_correct(CLI::App& root, ChosenCommand& chosen) {
    struct Options {
        explicit Options(CLI::App& command) : write(command) {}
        WriteOptions write;
        std::string incident_id, text;
        std::uint64_t sequence = 0;
    };
    CLI::App* app = root.add_subcommand("correct", "Correct an entry of a timeline; the old text stays in the journal");
    auto o = std::make_shared<Options>(*app);
    app->add_option("incident", o->incident_id, "The incident's id")->required()->type_name("INCIDENT");
    add_number(*app, "seq", o->sequence, "The entry's seq, as timeline shows it")->required()->type_name("SEQ");
    app->add_option("text", o->text, "The right text; - reads standard input")->required()->type_name("TEXT");
    app->footer("Example:\n  daybook correct inc_20260223_1000_k3f9 17 'It was 2.7.2 that was rolled back'");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            const CorrectEntry command{o->incident_id, {o->sequence}, text_argument(o->text)};
            return run(session, o->write, command, "event " + std::to_string(o->sequence) + " is corrected", false,
                       {{"text", command.message}});
        };
    });
}

void add_followup_add(CLI::App& parent, ChosenCommand& chosen) {
    struct Options {
        explicit Options(CLI::App& command) : app(command), write(command) {}
        CLI::App& app;
        WriteOptions write;
        std::string incident_id, title, owner, priority = "P2", due, message;
    };
    CLI::App* app = parent.add_subcommand("add", "Promise something; prints the follow-up's id");
    auto o = std::make_shared<Options>(*app);
    app->add_option("incident", o->incident_id, "The incident's id")->required()->type_name("INCIDENT");
    app->add_option("title", o->title, "What is to be done")->required()->type_name("TITLE");
    app->add_option("--owner", o->owner, "Who will do it")->type_name("AGENT");
    app->add_option("--priority", o->priority, "P0 to P4")->capture_default_str();
    app->add_option("--due", o->due, "Until when; a bare date means the end of that day, UTC")->type_name("DATE|TIME");
    app->add_option("--message", o->message, "A line for the timeline");
    app->footer(
        "Example:\n  daybook followup add inc_20260223_1000_k3f9 'Add a canary' --owner sofiia --priority P1 --due 2026-03-02");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            AddFollowup command;
            command.incident_id = o->incident_id;
            command.title = o->title;
            command.owner = given(o->app, "--owner", o->owner);
            command.priority = word_option<Severity>("--priority", o->priority);
            if (!o->due.empty()) command.due_at = due_option("--due", o->due);
            command.message = given(o->app, "--message", o->message);
            return run(session, o->write, command, "follow-up added to " + o->incident_id, true);
        };
    });
}

struct FollowupListOptions {
    explicit FollowupListOptions(CLI::App& command) : clocks(command) {}
    std::string incident_id, status, owner;
    bool open = false, overdue = false;
    ClockOptions clocks;
};

ExitStatus list_followups(Session& session, const FollowupListOptions& o) {
    std::optional<FollowupStatus> status;
    if (!o.status.empty()) status = word_option<FollowupStatus>("--status", o.status);
    std::optional<StreamNumber> incident;
    Time now;
    {
        const Snapshot journal = session.journal_to_read().snapshot();
        if (!o.incident_id.empty()) {
            incident = find_incident(*journal, o.incident_id);
            find_sequences(*journal, *incident, o.clocks.horizon(*journal));
        }
        now = o.clocks.now(session, *journal);
    }
    o.clocks.read_views(session, "followups", [&](lmdb::Transaction& views) {
        RowWriter rows(session.out(), session.format(), session.style(), followup_columns());
        const auto add = [&](const Followup& followup) {
            const bool wanted = (!status || followup.state.status == *status) &&
                                (o.owner.empty() || followup.state.owner == o.owner) && !(o.open && followup.state.finished()) &&
                                (!o.overdue || followup.state.overdue(to_micros(now)));
            if (wanted) rows.add(followup_cells(followup, now));
            return true;
        };
        if (incident) {
            for (const Followup& followup : followups_of(views, *incident)) add(followup);
        } else {
            scan_followups(views, add);
        }
        rows.finish();
    });
    return ExitStatus::done;
}

void add_followup_list(CLI::App& parent, ChosenCommand& chosen) {
    CLI::App* app = parent.add_subcommand("list", "Follow-ups, by incident, in the order in which they were added");
    auto o = std::make_shared<FollowupListOptions>(*app);
    app->add_option("incident", o->incident_id, "Of this incident")->type_name("INCIDENT");
    app->add_option("--status", o->status, "open, in_progress, blocked, done or cancelled");
    app->add_option("--owner", o->owner, "Of this person or agent");
    app->add_flag("--open", o->open, "Neither done nor cancelled");
    app->add_flag("--overdue", o->overdue, "Due before now and not finished; with --as-of or --known-at, before then");
    app->footer(
        "Examples:\n  daybook followup list --overdue\n  daybook followup list inc_20260223_1000_k3f9 -o json\n"
        "  daybook followup list --open --as-of 2026-03-01T00:00:00Z");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return list_followups(session, *o); }; });
}

void add_followup_changes(CLI::App& parent, ChosenCommand& chosen) {
    struct Options {
        explicit Options(CLI::App& command) : app(command), write(command) {}
        CLI::App& app;
        WriteOptions write;
        std::string followup_id, title, owner, priority, due, status, message;
        bool no_due = false;
    };
    CLI::App* done = parent.add_subcommand("done", "It is done");
    auto d = std::make_shared<Options>(*done);
    done->add_option("followup", d->followup_id, "The follow-up's id")->required()->type_name("FOLLOWUP");
    done->add_option("--message", d->message, "A line for the timeline");
    done->footer("Example:\n  daybook followup done fu_0j2k4v6q0a1b2c3d");
    done->callback([d, &chosen] {
        chosen = [d](Session& session) {
            const ChangeFollowupStatus command{d->followup_id, FollowupStatus::done, given(d->app, "--message", d->message)};
            return run(session, d->write, command, d->followup_id + " is done");
        };
    });

    CLI::App* update = parent.add_subcommand("update", "Change title, owner, priority, due date or status");
    auto o = std::make_shared<Options>(*update);
    update->add_option("followup", o->followup_id, "The follow-up's id")->required()->type_name("FOLLOWUP");
    update->add_option("--title", o->title, "What is to be done");
    update->add_option("--owner", o->owner, "Who will do it; empty: nobody")->type_name("AGENT");
    update->add_option("--priority", o->priority, "P0 to P4");
    update->add_option("--due", o->due, "Until when; a bare date means the end of that day, UTC")->type_name("DATE|TIME");
    update->add_flag("--no-due", o->no_due, "Without a due date");
    CLI::Option* status = update->add_option("--status", o->status, "open, in_progress, blocked, done or cancelled");
    update->add_option("--message", o->message, "A line for the timeline");
    for (const char* other : {"--title", "--owner", "--priority", "--due", "--no-due"}) status->excludes(update->get_option(other));
    update->footer(
        "Examples:\n  daybook followup update fu_0j2k4v6q0a1b2c3d --status in_progress\n"
        "  daybook followup update fu_0j2k4v6q0a1b2c3d --owner helion --due 2026-03-09\n"
        "Its status is an event of its own, so --status stands alone.");
    update->callback([o, &chosen] {
        chosen = [o](Session& session) {
            const auto message = given(o->app, "--message", o->message);
            if (!o->status.empty()) {
                const ChangeFollowupStatus command{o->followup_id, word_option<FollowupStatus>("--status", o->status), message};
                return run(session, o->write, command, o->followup_id + " is " + o->status);
            }
            UpdateFollowup command;
            command.followup_id = o->followup_id;
            command.title = given(o->app, "--title", o->title);
            command.owner = given(o->app, "--owner", o->owner);
            if (!o->priority.empty()) command.priority = word_option<Severity>("--priority", o->priority);
            if (!o->due.empty()) command.due_at = due_option("--due", o->due);
            command.no_due_date = o->no_due;
            command.message = message;
            return run(session, o->write, command, o->followup_id + " is updated");
        };
    });
}

void add_artifact_attach(CLI::App& parent, ChosenCommand& chosen) {
    struct Options {
        explicit Options(CLI::App& command) : app(command), write(command) {}
        CLI::App& app;
        WriteOptions write;
        std::string incident_id, file, kind = "file", name, message;
    };
    CLI::App* app = parent.add_subcommand("attach", "Attach a json, md or txt file of at most 2 MiB; prints the artifact's id");
    auto o = std::make_shared<Options>(*app);
    app->add_option("incident", o->incident_id, "The incident's id")->required()->type_name("INCIDENT");
    app->add_option("file", o->file, "The file; - reads standard input, and wants --name")->required()->type_name("FILE");
    app->add_option("--kind", o->kind, "What it is, such as postmortem")->capture_default_str();
    app->add_option("--name", o->name, "Its name (default: the file's)");
    app->add_option("--message", o->message, "A line for the timeline");
    app->footer("Example:\n  daybook artifact attach inc_20260223_1000_k3f9 postmortem.md --kind postmortem");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            AttachArtifact command;
            command.incident_id = o->incident_id;
            command.kind = o->kind;
            command.name = o->name.empty() ? std::filesystem::path(o->file).filename().string() : o->name;
            command.message = given(o->app, "--message", o->message);
            std::ifstream file;
            if (o->file != "-") {
                check_readable(o->file);
                if (std::filesystem::is_directory(o->file))
                    throw CommandError(ExitStatus::usage, o->file + " is a directory: name a file");
                file.open(o->file, std::ios::binary);
                if (!file) throw CommandError(ExitStatus::failure, "cannot read the file " + o->file);
            }
            std::istream& in = o->file == "-" ? std::cin : file;
            std::string buffer(artifact_bytes_max + 1, '\0');  // one byte over the limit is enough to refuse it
            in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
            buffer.resize(static_cast<std::size_t>(in.gcount()));
            command.bytes = std::move(buffer);
            const WriteOptions::Meant meant{{"file", to_hex(Sha256()({command.bytes}))}, {"--name", command.name}};
            return run(session, o->write, command, command.name + " is attached to " + o->incident_id, true, meant);
        };
    });
}

void add_artifact_reading(CLI::App& parent, ChosenCommand& chosen) {
    struct Options {
        std::string id, name, file;
    };
    auto o = std::make_shared<Options>();
    CLI::App* get = parent.add_subcommand("get", "Write an artifact's bytes to standard output, or to a file");
    get->add_option("artifact", o->id, "The artifact's id, or an incident's with the name behind it")
        ->required()
        ->type_name("ARTIFACT|INCIDENT");
    get->add_option("name", o->name, "The newest artifact of this name")->type_name("NAME");
    get->add_option("--to", o->file, "The file to write")->type_name("FILE");
    get->footer(
        "Examples:\n  daybook artifact get art_0j2k4v6q0a1b2c3d\n  daybook artifact get inc_20260223_1000_k3f9 postmortem.md --to "
        "pm.md");
    get->callback([o, &chosen] {
        chosen = [o](Session& session) {
            Views& views = session.views();
            const Snapshot journal = session.journal_to_read().snapshot();
            lmdb::Transaction transaction = views.read();
            std::optional<Artifact> artifact;
            if (o->name.empty()) {
                artifact = find_artifact(transaction, o->id);
            } else if (const auto number = journal->stream_number(o->id)) {
                artifact = find_artifact(transaction, *number, o->name);
            }
            if (!artifact)
                throw CommandError(ExitStatus::not_found, "no such artifact: " + o->id + (o->name.empty() ? "" : " " + o->name));
            const auto bytes = journal->blob(*digest_from_hex(artifact->sha256));
            if (!bytes && journal->record({artifact->sequence})->redacted())
                throw CommandError(ExitStatus::not_found, "the bytes of " + artifact->id + " were redacted");
            if (!bytes) throw StorageError("the bytes of " + artifact->id + " are missing from the journal: run `daybook verify`");
            if (o->file.empty()) {
                session.out() << *bytes;
                return ExitStatus::done;
            }
            check_directory_of(o->file);
            refuse_to_write_over(o->file, *bytes);
            AtomicFile file(o->file);
            file.write(*bytes);
            file.commit();
            return ExitStatus::done;
        };
    });

    auto incident = std::make_shared<std::string>();
    CLI::App* list = parent.add_subcommand("list", "Artifacts, in the order in which they were attached");
    list->add_option("incident", *incident, "Of this incident")->type_name("INCIDENT");
    list->footer("Example:\n  daybook artifact list inc_20260223_1000_k3f9");
    list->callback([incident, &chosen] {
        chosen = [incident](Session& session) {
            if (!incident->empty()) find_incident(*session.journal_to_read().snapshot(), *incident);
            lmdb::Transaction transaction = session.views().read();
            RowWriter rows(session.out(), session.format(), session.style(), artifact_columns());
            scan_artifacts(transaction, [&](const Artifact& artifact) {
                if (incident->empty() || artifact.incident_id == *incident) rows.add(artifact_cells(artifact));
            });
            rows.finish();
            return ExitStatus::done;
        };
    });
}

}  // namespace

void add_entry_commands(CLI::App& root, ChosenCommand& chosen) {
    add_entry(root, chosen, EventType::note, "Write a note into an incident's timeline");
    add_entry(root, chosen, EventType::decision, "Write down a decision");
    add_entry(root, chosen, EventType::action, "Write down what was done");
    add_entry(root, chosen, EventType::comms, "Write down what was told to whom");
    add_correct(root, chosen);
    CLI::App* followup = root.add_subcommand("followup", "What was promised after an incident");
    followup->require_subcommand(1);
    add_followup_add(*followup, chosen);
    add_followup_list(*followup, chosen);
    add_followup_changes(*followup, chosen);
    CLI::App* artifact = root.add_subcommand("artifact", "Files attached to incidents");
    artifact->require_subcommand(1);
    add_artifact_attach(*artifact, chosen);
    add_artifact_reading(*artifact, chosen);
}

}  // namespace daybook
