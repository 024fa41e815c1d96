// `daybook gate followup_watch`: may a release go out?
#include <CLI/CLI.hpp>

#include "ops/cli/clock_options.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/named.hpp"
#include "ops/cli/number_option.hpp"
#include "ops/gate.hpp"

namespace daybook {
namespace {

struct GateOptions {
    explicit GateOptions(CLI::App& command) : clocks(command, ClockOptions::Clocks::recorded) {}
    ClockOptions clocks;
    std::string service, env, mode, form;
    std::uint64_t window_days = 30;
    bool append = false;
};

using Form = std::string (*)(const GateReport&, const GatePolicy&);

Form form_of(const Session& session, const std::string& word) {
    if (word == "text") return gate_text;
    if (word == "json") return gate_json;
    if (word == "markdown") return gate_markdown;
    if (word == "junit") return gate_junit;
    if (!word.empty()) throw CommandError(ExitStatus::usage, "-o must be one of text, json, markdown, junit, not " + word);
    switch (session.settings().format.value_or(Format::table)) {
        case Format::json:
        case Format::jsonl: return gate_json;
        case Format::markdown: return gate_markdown;
        case Format::table:
        case Format::tsv:
        case Format::csv: break;
    }
    return gate_text;
}

// What cannot be read is a finding, and not a gate that is open.
GateReport evaluate(Session& session, GateRequest& request, const GateOptions& options) {
    try {
        session.check_journal_exists();
        if (options.append) session.journal_to_write();
        Views& views = session.views();
        lmdb::Transaction rows = views.read();
        const Snapshot journal = session.journal_to_read().snapshot();
        options.clocks.set(request, session, *journal, position_of_all(rows).sequence.value);
        for (const std::string& warning : warnings_of_names(request, *journal)) {
            session.messages().say(MessageKind::warning, warning);
        }
        return followup_watch(rows, *journal, request);
    } catch (const CommandError& error) {
        if (error.status() == ExitStatus::usage) throw;  // a moment that is none
        return unreadable_journal(request, error.what());
    } catch (const std::exception& error) {
        return unreadable_journal(request, error.what());
    }
}

ExitStatus run_gate(Session& session, const GateOptions& options) {
    const Form form = form_of(session, options.form);
    GateRequest request;
    if (options.append) options.clocks.refuse_beside("--append");
    request.service = name_option("--service", options.service);
    request.env = name_option("--env", options.env);
    if (!options.mode.empty()) request.mode = word_option<GateMode>("--mode", options.mode);
    request.window_days = days_option("--window-days", options.window_days);
    request.now = session.now();
    request.policy = session.report_policies().gate;
    request.intelligence = session.report_policies().intelligence;
    const GateReport report = evaluate(session, request, options);
    const std::string text = form(report, request.policy);
    session.out() << (form == gate_json ? report_json(session, text) : text);
    if (options.append && report.provenance) {
        const auto appended = append_gate(session.journal_to_write(), report, request, {session.settings().agent, "cli", {}});
        if (!appended) fail(appended.refusal());
        session.messages().say(MessageKind::notice, "written down (seq " + std::to_string(appended->first.value) + ")");
    }
    return report.outcome() == GateOutcome::block ? ExitStatus::no : ExitStatus::done;
}

}  // namespace

void add_gate_command(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* gate = root.add_subcommand("gate", "May a release go out?");
    gate->require_subcommand(1);
    CLI::App* app =
        gate->add_subcommand("followup_watch", "Open P0/P1 incidents, overdue follow-ups and what else a release must not pass by");
    auto o = std::make_shared<GateOptions>(*app);
    app->add_option("--service", o->service, "Of this service");
    app->add_option("--env", o->env, "Of this env");
    add_number(*app, "--window-days", o->window_days, "How far to look back for missing postmortems and chronic signatures")
        ->capture_default_str();
    app->add_option("--mode", o->mode, "Instead of the modes by env")->type_name("off|warn|strict");
    app->add_option("-o,--output", o->form, "text, json, markdown or junit")->type_name("text|json|markdown|junit");
    app->add_flag("--append", o->append, "Write down that it was evaluated, and how");
    app->footer(
        "Examples:\n  daybook gate followup_watch --env prod\n  daybook gate followup_watch --service gateway --env staging -o "
        "junit > gate.xml\n"
        "  daybook gate followup_watch --mode warn -o markdown\n"
        "  daybook gate followup_watch --at-seq 4083 --now 2026-02-23T10:00:00Z -o json   # makes that report again\n"
        "Ends with 0 where it passes or warns, with 3 where it blocks. ops/policy/release_gate.yml has modes and waivers; in an\n"
        "env that it does not name, the gate warns (other_env).");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return run_gate(session, *o); }; });
}

}  // namespace daybook
