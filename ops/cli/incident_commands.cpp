#include <CLI/CLI.hpp>

#include "ingest/current.hpp"
#include "ops/cli/clock_options.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/named.hpp"
#include "ops/cli/number_option.hpp"
#include "ops/listing.hpp"
#include "ops/rows.hpp"
#include "projections/object_text.hpp"

namespace daybook {
namespace {

// A subcommand of `incident` that changes one incident: INCIDENT, the options of its own, the options of all that write.
struct ChangeCommand {
    ChangeCommand(CLI::App& parent, const std::string& name, const std::string& help, const std::string& example)
        : app(*parent.add_subcommand(name, help)), options(app) {
        app.add_option("incident", incident_id, "The incident's id")->required()->type_name("INCIDENT");
        app.footer("Example:\n  daybook incident " + name + " inc_20260223_1000_k3f9" + (example.empty() ? "" : " " + example));
    }
    CLI::App& app;
    WriteOptions options;
    std::string incident_id;
    std::string message;
};

template <class Command>
ExitStatus run(Session& session, const WriteOptions& options, const Command& command, const std::string& done) {
    session.check_journal_exists();  // what is changed is in one: none is begun where --data has a mistyped name
    const CommandContext context = options.context(session);
    const auto outcome = session.commands(context.dry_run).run(command, context);
    if (!outcome) fail(outcome.refusal());
    print_outcome(session, *outcome, done);
    return ExitStatus::done;
}

// Alerts open a new incident from then on, but nobody is told of this one any more.
void warn_of_hidden(Session& session, const std::string& incident_id) {
    const auto number = session.journal_to_read().snapshot()->stream_number(incident_id);
    lmdb::Transaction views = session.views().read();  // the decision index can be asked in its own transaction alone
    const auto table = IncidentTable::open(views);
    const auto incident = number && table ? table->find(*number) : std::nullopt;
    if (!incident || !incident->state.active() || !incident->state.archived()) return;
    session.messages().say(MessageKind::warning,
                           incident_id + " is still " + std::string(to_text(incident->state.status)) +
                               ", and lists, reports and gates leave it out now (its follow-ups stay): if it is over, run "
                               "`daybook incident resolve " +
                               incident_id + '`');
}

std::optional<std::string> given(const CLI::App& app, const char* option, const std::string& value) {
    return app.count(option) != 0 ? std::optional(value) : std::nullopt;
}

Label label_option(const std::string& text) {
    if (auto label = label_of(text)) return *label;
    throw CommandError(ExitStatus::usage, "--label must be NAME=VALUE, not " + text);
}

std::optional<JsonText> labels_option(const CLI::App& app, const std::vector<std::string>& labels) {
    if (app.count("--label") == 0) return std::nullopt;
    std::map<std::string, std::string> sorted;
    for (const std::string& label : labels) {
        if (!is_clean_utf8(label)) throw CommandError(ExitStatus::usage, "--label must be UTF-8");
        const auto [name, value] = label_option(label);
        sorted[name] = value;
    }
    std::string text;
    ObjectText object(text);
    for (const auto& [name, value] : sorted) object.text(name, value);
    object.finish();
    // Into the order of RFC 8785.
    JsonReader reader;
    return JsonText{canonical(**reader.read(text))};
}

IncidentFilter::Status status_option(const std::string& text) {
    if (const auto status = listed_status(text)) return *status;
    throw CommandError(ExitStatus::usage, std::string("--status must be one of ") + listed_statuses + "; not " + text);
}

struct ListOptions {
    explicit ListOptions(CLI::App& command) : clocks(command) {}
    std::string status = "all", service, env, severity, kind, label, since, until, text;
    std::uint64_t limit = 0;
    bool ids = false, archived = false;
    ClockOptions clocks;

    IncidentFilter filter() const {
        IncidentFilter filter;
        filter.status = status_option(status);
        if (!service.empty()) filter.service = service;
        if (!env.empty()) filter.env = env;
        if (!kind.empty()) filter.kind = kind;
        if (!severity.empty()) filter.severity = word_option<Severity>("--severity", severity);
        if (!since.empty()) filter.since = time_option("--since", since);
        if (!until.empty()) filter.until = time_option("--until", until);
        if (!text.empty()) filter.text = text;
        filter.archived = archived;
        if (!label.empty()) filter.label = label_option(label);
        return filter;
    }
};

ExitStatus list_incidents(Session& session, const ListOptions& o) {
    const IncidentFilter filter = o.filter();
    o.clocks.read_views(session, "incidents", [&](lmdb::Transaction& views) {
        const auto incidents = IncidentTable::open(views);
        std::uint64_t count = 0;
        std::optional<RowWriter> rows;
        if (!o.ids) rows.emplace(session.out(), session.format(), session.style(), incident_columns(session.format()));
        if (incidents) {
            incidents->list(filter, [&](const IncidentRow& row) {
                if (rows) {
                    rows->add(incident_cells(row, session.format()));
                } else {
                    session.out() << row.id << '\n';
                }
                return ++count != o.limit;
            });
        }
        if (rows) rows->finish();
    });
    return ExitStatus::done;
}

void add_list(CLI::App& parent, ChosenCommand& chosen) {
    CLI::App* app = parent.add_subcommand("list", "Incidents, newest start first");
    auto o = std::make_shared<ListOptions>(*app);
    app->add_option("--status", o->status, "open (not finished), mitigated, resolved, closed or all")->capture_default_str();
    app->add_option("--service", o->service, "Of this service");
    app->add_option("--env", o->env, "Of this environment");
    app->add_option("--severity", o->severity, "P0 to P4");
    app->add_option("--kind", o->kind, "Of this kind");
    app->add_option("--label", o->label, "With this label")->type_name("NAME=VALUE");
    app->add_option("--since", o->since, "Started at or after")->type_name("TIME");
    app->add_option("--until", o->until, "Started before")->type_name("TIME");
    app->add_option("--text", o->text, "With this in the title or the summary");
    add_number(*app, "--limit", o->limit, "At most so many (0: all)")->capture_default_str();
    app->add_flag("--archived", o->archived, "Archived ones too");
    app->add_flag("--ids", o->ids, "Only the ids, one a line");
    app->footer(
        "Examples:\n  daybook incident list --status open --severity P1\n  daybook incident list -o jsonl | jq -r .title\n"
        "  daybook incident list --status open --as-of 2026-02-23T12:00:00Z");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return list_incidents(session, *o); }; });
}

void add_show(CLI::App& parent, ChosenCommand& chosen) {
    struct Options {
        explicit Options(CLI::App& command) : clocks(command) {}
        std::string id;
        ClockOptions clocks;
    };
    CLI::App* app = parent.add_subcommand("show", "One incident, with the columns of incidents.jsonl");
    auto o = std::make_shared<Options>(*app);
    app->add_option("incident", o->id, "The incident's id")->required()->type_name("INCIDENT");
    app->footer(
        "Examples:\n  daybook incident show inc_20260223_1000_k3f9\n  daybook incident show inc_20260223_1000_k3f9 -o json\n"
        "  daybook incident show inc_20260223_1000_k3f9 --known-at 2026-02-23T11:00:00Z");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            const Snapshot journal = session.journal_to_read().snapshot();
            const Horizon horizon = o->clocks.horizon(*journal);
            const StreamNumber number = find_incident(*journal, o->id);
            const auto newest = [&]() -> std::optional<IncidentRow> {
                lmdb::Transaction views = session.views().read();
                const auto table = IncidentTable::open(views);
                return table ? table->find(number) : std::nullopt;
            }();
            if (!newest) throw CommandError(ExitStatus::not_found, o->id + " is no incident");
            const auto row = o->clocks.given() ? incident_within(*journal, number, horizon) : newest;
            if (!row) throw CommandError(ExitStatus::not_found, o->id + " was not there yet");
            session.print(all_incident_columns(), all_incident_cells(*row));
            return ExitStatus::done;
        };
    });
}

void add_create(CLI::App& parent, ChosenCommand& chosen) {
    struct Options {
        explicit Options(CLI::App& command) : app(command), write(command) {}
        CLI::App& app;
        WriteOptions write;
        std::string service, env = "prod", severity = "P2", title, started_at, summary, kind, signature, message;
        std::vector<std::string> labels;
    };
    CLI::App* app = parent.add_subcommand("create", "Open an incident; prints its id");
    auto o = std::make_shared<Options>(*app);
    app->add_option("--service", o->service, "The service that it is about")->required();
    app->add_option("--title", o->title, "What is wrong, in one line")->required();
    app->add_option("--env", o->env, "The environment")->capture_default_str();
    app->add_option("--severity", o->severity, "P0 (worst) to P4")->capture_default_str();
    app->add_option("--started-at", o->started_at, "When it began (default: now)")->type_name("TIME");
    app->add_option("--summary", o->summary, "A few sentences");
    app->add_option("--kind", o->kind, "What kind of incident, such as http_5xx");
    app->add_option("--signature", o->signature, "Alerts with this signature join it");
    app->add_option("--label", o->labels, "A label; may be given several times")->type_name("NAME=VALUE")->expected(1)->take_all();
    app->add_option("--message", o->message, "A line for the timeline");
    app->footer("Example:\n  daybook incident create --service gateway --severity P1 --title 'Gateway 5xx rate >5%'");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            CreateIncident command;
            command.service = o->service;
            command.env = o->env;
            command.severity = word_option<Severity>("--severity", o->severity);
            command.title = o->title;
            if (!o->started_at.empty()) command.started_at = happened_option(session, "--started-at", o->started_at);
            command.summary = given(o->app, "--summary", o->summary);
            command.kind = given(o->app, "--kind", o->kind);
            command.signature = given(o->app, "--signature", o->signature);
            command.message = given(o->app, "--message", o->message);
            command.labels = labels_option(o->app, o->labels);
            const CommandContext context = o->write.context(session);
            const auto outcome = session.commands(context.dry_run).run(command, context);
            if (!outcome) fail(outcome.refusal());
            if (!session.settings().format && !outcome->incident_id.empty()) session.out() << outcome->incident_id << '\n';
            print_outcome(session, *outcome, "opened " + outcome->incident_id);
            return ExitStatus::done;
        };
    });
}

void add_status(CLI::App& parent, ChosenCommand& chosen, const std::string& name, IncidentStatus to, const std::string& help) {
    struct Options : ChangeCommand {
        using ChangeCommand::ChangeCommand;
        std::string reason;
    };
    auto o = std::make_shared<Options>(parent, name, help, "");
    o->app.add_option("--reason", o->reason, "Why");
    o->app.add_option("--message", o->message, "A line for the timeline");
    o->app.callback([o, to, &chosen] {
        chosen = [o, to](Session& session) {
            const ChangeStatus command{o->incident_id, to, given(o->app, "--reason", o->reason),
                                       given(o->app, "--message", o->message)};
            return run(session, o->options, command, o->incident_id + " is " + std::string(to_text(to)));
        };
    });
}

void add_small_changes(CLI::App& parent, ChosenCommand& chosen) {
    auto ack = std::make_shared<ChangeCommand>(parent, "ack", "Acknowledge: somebody is on it", "");
    ack->app.add_option("--message", ack->message, "A line for the timeline");
    ack->app.callback([o = ack, &chosen] {
        chosen = [o](Session& session) {
            return run(session, o->options, Acknowledge{o->incident_id, given(o->app, "--message", o->message)},
                       o->incident_id + " is acknowledged");
        };
    });

    struct AssignOptions : ChangeCommand {
        using ChangeCommand::ChangeCommand;
        std::string to;
        bool nobody = false;
    };
    auto assign = std::make_shared<AssignOptions>(parent, "assign", "Say who works on it", "helion");
    assign->app.add_option("to", assign->to, "Who")->type_name("AGENT");
    assign->app.add_flag("--nobody", assign->nobody, "Nobody any more");
    assign->app.callback([o = assign, &chosen] {
        chosen = [o](Session& session) {
            if (o->to.empty() != o->nobody) throw CommandError(ExitStatus::usage, "say who, or --nobody");
            Assign command{o->incident_id, {}, {}};
            if (!o->nobody) command.to = o->to;
            return run(session, o->options, command,
                       o->incident_id + (o->nobody ? " is assigned to nobody any more" : " is assigned to " + o->to));
        };
    });

    struct SeverityOptions : ChangeCommand {
        using ChangeCommand::ChangeCommand;
        std::string severity, reason;
    };
    auto severity =
        std::make_shared<SeverityOptions>(parent, "severity", "Change the severity", "P1 --reason 'checkout is down too'");
    severity->app.add_option("severity", severity->severity, "P0 (worst) to P4")->required()->type_name("SEVERITY");
    severity->app.add_option("--reason", severity->reason, "Why");
    severity->app.callback([o = severity, &chosen] {
        chosen = [o](Session& session) {
            const ChangeSeverity command{
                o->incident_id, word_option<Severity>("severity", o->severity), given(o->app, "--reason", o->reason), {}};
            return run(session, o->options, command, o->incident_id + " has severity " + o->severity);
        };
    });

    struct LinkOptions : ChangeCommand {
        using ChangeCommand::ChangeCommand;
        std::string relation, other;
    };
    auto link = std::make_shared<LinkOptions>(parent, "link", "Say how it relates to another incident",
                                              "duplicate_of inc_20260223_0958_a1b2");
    link->app.add_option("relation", link->relation, "duplicate_of, caused_by or related_to")->required()->type_name("RELATION");
    link->app.add_option("other", link->other, "The other incident's id")->required()->type_name("INCIDENT");
    link->app.callback([o = link, &chosen] {
        chosen = [o](Session& session) {
            const LinkIncident command{o->incident_id, word_option<LinkRelation>("relation", o->relation), o->other, {}};
            return run(session, o->options, command, o->incident_id + ' ' + o->relation + ' ' + o->other);
        };
    });

    struct ArchiveOptions : ChangeCommand {
        using ChangeCommand::ChangeCommand;
        std::string reason;
    };
    auto archive = std::make_shared<ArchiveOptions>(parent, "archive", "Leave it out of lists from now on; nothing is deleted",
                                                    "--reason 'a test'");
    archive->app.add_option("--reason", archive->reason, "Why")->required();
    archive->app.callback([o = archive, &chosen] {
        chosen = [o](Session& session) {
            const ExitStatus status =
                run(session, o->options, ArchiveIncident{o->incident_id, o->reason}, o->incident_id + " is archived");
            warn_of_hidden(session, o->incident_id);
            return status;
        };
    });
}

void add_update(CLI::App& parent, ChosenCommand& chosen) {
    struct Options : ChangeCommand {
        using ChangeCommand::ChangeCommand;
        std::string title, summary, service, env, kind, started_at;
        std::vector<std::string> labels;
    };
    auto o = std::make_shared<Options>(parent, "update", "Change title, summary, service, env, kind, labels or the start",
                                       "--title 'Gateway and checkout 5xx'");
    o->app.add_option("--title", o->title, "The new title");
    o->app.add_option("--summary", o->summary, "The new summary; empty: none");
    o->app.add_option("--service", o->service, "The service");
    o->app.add_option("--env", o->env, "The environment");
    o->app.add_option("--kind", o->kind, "The kind; empty: none");
    o->app.add_option("--started-at", o->started_at, "When it really began")->type_name("TIME");
    o->app.add_option("--label", o->labels, "All its labels from now on; may be given several times")
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->take_all();
    o->app.add_option("--message", o->message, "A line for the timeline");
    o->app.callback([o, &chosen] {
        chosen = [o](Session& session) {
            UpdateIncident command;
            command.incident_id = o->incident_id;
            command.title = given(o->app, "--title", o->title);
            command.summary = given(o->app, "--summary", o->summary);
            command.service = given(o->app, "--service", o->service);
            command.env = given(o->app, "--env", o->env);
            command.kind = given(o->app, "--kind", o->kind);
            if (!o->started_at.empty()) command.started_at = happened_option(session, "--started-at", o->started_at);
            command.labels = labels_option(o->app, o->labels);
            command.message = given(o->app, "--message", o->message);
            return run(session, o->options, command, o->incident_id + " is updated");
        };
    });
}

}  // namespace

void add_incident_commands(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* incident = root.add_subcommand("incident", "List, show, open and change incidents");
    incident->require_subcommand(1);
    add_list(*incident, chosen);
    add_show(*incident, chosen);
    add_incident_diff(*incident, chosen);
    add_create(*incident, chosen);
    add_small_changes(*incident, chosen);
    add_status(*incident, chosen, "mitigate", IncidentStatus::mitigated, "The harm is contained, the cause is not gone");
    add_status(*incident, chosen, "resolve", IncidentStatus::resolved, "It is over");
    add_status(*incident, chosen, "close", IncidentStatus::closed, "Nothing is left to do");
    add_status(*incident, chosen, "reopen", IncidentStatus::open, "It is back");
    add_update(*incident, chosen);
}

}  // namespace daybook
