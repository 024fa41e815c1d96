// `daybook correlate` and `daybook recurrence`.
#include <CLI/CLI.hpp>

#include "ops/cli/clock_options.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/named.hpp"
#include "ops/cli/number_option.hpp"
#include "ops/correlation_note.hpp"
#include "ops/jobs/postmortems.hpp"
#include "projections/recurrence.hpp"

namespace daybook {
namespace {

std::vector<Column> correlated_columns() {
    return {{"score", "SCORE", Align::right},
            {"kind", "KIND"},
            {"incident_id", "INCIDENT"},
            {"severity", "SEV", Align::left, Paint::severity},
            {"status", "STATUS", Align::left, Paint::status},
            {"service", "SERVICE"},
            {"title", "TITLE", Align::left, Paint::none, true},
            {"gap_seconds", "GAP S", Align::right},
            {"reasons", "WHY", Align::left, Paint::none, true}};
}

void print_correlations(Session& session, const Correlations& correlations) {
    const Format format = session.format();
    if (format == Format::json) {
        session.out() << report_json(session, correlations_json(correlations));
        return;
    }
    if (format == Format::markdown) {
        session.out() << correlations_markdown(correlations);
        return;
    }
    RowWriter rows(session.out(), format, session.style(), correlated_columns());
    for (const Correlated& one : correlations.related) {
        rows.add({one.score, to_text(one.kind), one.incident.id, one.incident.severity, one.incident.status, one.incident.service,
                  one.incident.title, one.gap_seconds, in_words(one.reasons)});
    }
    rows.finish();
    if (correlations.related.empty())
        session.messages().say(MessageKind::notice, "nothing that " + correlations.incident.id + " has to do with was found");
}

struct CorrelateOptions {
    explicit CorrelateOptions(CLI::App& command) : clocks(command, ClockOptions::Clocks::recorded) {}
    ClockOptions clocks;
    std::string incident_id;
    bool all = false, other_envs = false, append_note = false, dry_run = false;
};

ExitStatus run_correlate(Session& session, const CorrelateOptions& options) {
    if (options.append_note) options.clocks.refuse_beside("--append-note");
    session.check_journal_exists();
    if (options.append_note && !options.dry_run) session.journal_to_write();
    Views& views = session.views();
    CorrelateRequest request;
    request.possible = options.all;
    request.other_envs = options.other_envs;
    request.policy = session.report_policies().intelligence;
    std::optional<Correlations> found;
    {
        lmdb::Transaction rows = views.read();
        const Snapshot journal = session.journal_to_read().snapshot();
        request.incident = find_incident(*journal, options.incident_id);
        options.clocks.set(request, session, *journal, position_of_all(rows).sequence.value);
        found = correlate(rows, *journal, request);
    }
    if (!found)
        throw CommandError(ExitStatus::not_found, options.incident_id + " was not there yet at " + format_time(request.now));
    print_correlations(session, *found);
    if (!options.append_note) return ExitStatus::done;
    CommandContext context;
    context.actor = session.settings().agent;
    context.source = "cli";
    context.occurred_at = request.now;
    context.dry_run = options.dry_run;
    const auto outcome = append_correlation_note(session.commands(options.dry_run), *found, std::move(context));
    if (!outcome) fail(outcome.refusal());
    const std::string what = outcome->dry_run ? "the note would be taken (dry run: nothing was written)"
                             : outcome->appended.duplicate
                                 ? "these findings were noted before, at seq " + std::to_string(outcome->appended.first.value)
                             : outcome->appended.count == 0 ? "there is nothing to note"
                                                            : "noted (seq " + std::to_string(outcome->appended.first.value) + ")";
    session.messages().say(MessageKind::notice, what);
    return ExitStatus::done;
}

void add_correlate(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* app = root.add_subcommand("correlate", "Which incidents an incident has to do with, how much, and why");
    auto o = std::make_shared<CorrelateOptions>(*app);
    app->add_option("incident", o->incident_id, "The incident's id")->required()->type_name("INCIDENT");
    app->add_flag("--all", o->all, "Possible ones too, whose scores are low");
    app->add_flag("--other-envs", o->other_envs, "Those of other envs too");
    CLI::Option* note = app->add_flag("--append-note", o->append_note, "Write the findings into the timeline; the same ones once");
    app->add_flag("--dry-run", o->dry_run, "With --append-note: check, write nothing")->needs(note);
    app->footer(
        "Examples:\n  daybook correlate inc_20260223_1000_k3f9\n  daybook correlate inc_20260223_1000_k3f9 --all -o json\n"
        "  daybook correlate inc_20260223_1000_k3f9 --append-note\n"
        "The policy is ops/policy/intelligence.yml.");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return run_correlate(session, *o); }; });
}

std::vector<Column> recurrence_columns() {
    return {{"state", "STATE"},
            {"env", "ENV"},
            {"service", "SERVICE"},
            {"signature", "SIGNATURE"},
            {"in_7_days", "7 DAYS", Align::right},
            {"in_30_days", "30 DAYS", Align::right},
            {"in_window", "WINDOW", Align::right},
            {"fix_ineffective", "FIX INEFFECTIVE"},
            {"newest", "NEWEST"},
            {"reasons", "WHY", Align::left, Paint::none, true}};
}

void print_recurrence(Session& session, const Recurrence& recurrence) {
    if (session.format() == Format::json) {
        session.out() << report_json(session, recurrence_json(recurrence));
        return;
    }
    if (session.format() == Format::markdown) {
        session.out() << recurrence_markdown(recurrence);
        return;
    }
    RowWriter rows(session.out(), session.format(), session.style(), recurrence_columns());
    for (const RecurringGroup& group : recurrence.groups) {
        std::string why;
        for (const std::string& reason : group.reasons) why += (why.empty() ? "" : "; ") + reason;
        rows.add({to_text(group.state), group.env, group.service, group.signature, group.in_7_days, group.in_30_days,
                  group.in_window, group.fix_ineffective, group.incidents.front().id, why});
    }
    rows.finish();
    if (recurrence.groups.empty()) session.messages().say(MessageKind::notice, "nothing came back");
}

void add_recurrence(CLI::App& root, ChosenCommand& chosen) {
    struct Options {
        explicit Options(CLI::App& command) : clocks(command, ClockOptions::Clocks::recorded) {}
        std::string service, env;
        std::uint64_t window_days = 7;
        ClockOptions clocks;
    };
    CLI::App* app = root.add_subcommand("recurrence", "Which signatures come back, and whether their follow-ups helped");
    auto o = std::make_shared<Options>(*app);
    app->add_option("--service", o->service, "Of this service");
    app->add_option("--env", o->env, "Of this env");
    add_number(*app, "--window-days", o->window_days, "Signatures that came back within so many days")->capture_default_str();
    app->footer(
        "Examples:\n  daybook recurrence\n  daybook recurrence --window-days 30 --service gateway -o json\n"
        "The policy is ops/policy/intelligence.yml.");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            RecurrenceRequest request;
            request.service = name_option("--service", o->service);
            request.env = name_option("--env", o->env);
            request.window_days = days_option("--window-days", o->window_days);
            request.policy = session.report_policies().intelligence;
            Views& views = session.views();
            lmdb::Transaction rows = views.read();
            const Snapshot journal = session.journal_to_read().snapshot();
            o->clocks.set(request, session, *journal, position_of_all(rows).sequence.value);
            print_recurrence(session, recurrence(rows, *journal, request));
            return ExitStatus::done;
        };
    });
}

void add_postmortem(CLI::App& root, ChosenCommand& chosen) {
    struct Options {
        explicit Options(CLI::App& command) : clocks(command, ClockOptions::Clocks::recorded) {}
        PostmortemSaving saving;
        ClockOptions clocks;
    };
    CLI::App* app = root.add_subcommand("postmortem", "Draft a postmortem: the facts with their seqs, and questions for a person");
    auto o = std::make_shared<Options>(*app);
    app->add_option("incident", o->saving.incident_id, "The incident's id")->required()->type_name("INCIDENT");
    app->add_flag("--save", o->saving.save,
                  "Attach it as postmortem.md and postmortem.json; what a person changed in the .md stays");
    app->footer(
        "Examples:\n  daybook postmortem inc_20260223_1000_k3f9\n  daybook postmortem inc_20260223_1000_k3f9 --save\n"
        "Prints Markdown, or JSON with -o json. A finished one: daybook artifact attach INC postmortem.md --kind postmortem");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            PostmortemSaving wanted = o->saving;
            if (wanted.save) o->clocks.refuse_beside("--save");
            const Format format = report_format(session, "a postmortem");
            session.check_journal_exists();
            if (wanted.save) session.journal_to_write();
            wanted.actor = session.settings().agent;
            wanted.source = "cli";
            o->clocks.set(wanted, session, *session.journal_to_read().snapshot(), wanted.size);
            Views& views = session.views();
            const auto read = [&](const ReadViews& use) {
                lmdb::Transaction rows = views.read();
                const Snapshot journal = session.journal_to_read().snapshot();
                use(rows, *journal, position_of_all(rows).sequence.value);
            };
            const auto made = wanted.save
                                  ? make_postmortem(read, session.commands(false), session.report_policies().intelligence, wanted)
                                  : draft_postmortem(read, session.report_policies().intelligence, wanted);
            if (!made) fail(made.refusal());
            session.out() << (format == Format::json ? report_json(session, made->json) : made->markdown);
            if (format != Format::json || wanted.save) {
                for (const std::string& warning : made->warnings) session.messages().say(MessageKind::warning, warning);
            }
            if (wanted.save) session.messages().say(MessageKind::notice, "attached to " + wanted.incident_id);
            return ExitStatus::done;
        };
    });
}

}  // namespace

void add_intelligence_commands(CLI::App& root, ChosenCommand& chosen) {
    add_correlate(root, chosen);
    add_recurrence(root, chosen);
    add_postmortem(root, chosen);
}

}  // namespace daybook
