#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include <CLI/CLI.hpp>

#include "ops/cli/clock_options.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/known_exports.hpp"
#include "ops/cli/named.hpp"
#include "ops/cli/number_option.hpp"
#include "ops/cli/reports_again.hpp"

namespace daybook {
namespace {

void save_digest(Session& session, IsoWeek week, const ReportFiles& files, std::uint64_t size) {
    ReportSaving saving;
    saving.period = format_iso_week(week);
    saving.now = session.now();
    saving.size = size;
    saving.actor = session.settings().agent;
    saving.source = "cli";
    saving.again = [&](Time at, std::uint64_t first) {
        return first <= session.stale_views().size() ? std::optional(make_digest(session, week, at, first)) : std::nullopt;
    };
    remember_export(session, {KnownExport::Kind::weekly_digests, saving.directory, {}});
    const auto appended = save_report(session.journal_to_write(), files, saving);
    if (!appended) fail(appended.refusal());
    const std::string note = appended->count == 0 ? "as it was saved before" : "seq " + std::to_string(appended->first.value);
    session.messages().say(MessageKind::notice,
                           "saved as " + (saving.directory / (saving.period + ".json")).string() + " and .md (" + note + ")");
}

void add_digest(CLI::App& root, ChosenCommand& chosen) {
    struct Options {
        explicit Options(CLI::App& command) : clocks(command, ClockOptions::Clocks::recorded) {}
        std::string week;
        ClockOptions clocks;
        bool save = false;
    };
    CLI::App* digest = root.add_subcommand("digest", "Reports of a period");
    digest->require_subcommand(1);
    CLI::App* app = digest->add_subcommand("weekly", "What happened in a week, what is left, what to look at first");
    auto o = std::make_shared<Options>(*app);
    app->add_option("--week", o->week, "An ISO week (default: the last complete one)")->type_name("YYYY-WW");
    app->add_flag("--save", o->save, std::string("Write ") + weekly_report.directory + "/YYYY-WW.json and .md too");
    app->footer(
        "Examples:\n  daybook digest weekly\n  daybook digest weekly --week 2026-08 -o json\n  daybook digest weekly --week "
        "2026-08 --save\n"
        "Prints Markdown, or JSON with -o json.");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            const Time now = session.now();
            IsoWeek week = last_complete_week(now);
            if (!o->week.empty()) {
                const auto given = parse_iso_week(o->week);
                if (!given) throw CommandError(ExitStatus::usage, "--week must be an ISO week such as 2026-08, not " + o->week);
                week = *given;
            }
            if (week.from() > now) throw CommandError(ExitStatus::usage, "the week " + format_iso_week(week) + " has not begun");
            const Format format = report_format(session, "a digest");
            if (o->save) {
                session.check_journal_exists();
                session.journal_to_write();
            }
            const std::uint64_t head = session.views().size();
            const std::uint64_t size = [&] {
                const Snapshot journal = session.journal_to_read().snapshot();
                return o->clocks.given() ? std::min(head, o->clocks.horizon(*journal).size) : size_without_reports(*journal, head);
            }();
            const ReportFiles files = make_digest(session, week, now, size);
            session.out() << (format == Format::json ? report_json(session, files.json) : files.markdown);
            if (o->save) save_digest(session, week, files, size);
            return ExitStatus::done;
        };
    });
}

ExitStatus make_reports(Session& session, const std::string& range_text) {
    const auto range = parse_iso_week_range(range_text);
    if (!range)
        throw CommandError(ExitStatus::usage, "--reports must be a range of ISO weeks such as 2025-01..2026-08, not " + range_text);
    const std::uint64_t head = session.views().size();
    const Snapshot journal = session.journal_to_read().snapshot();
    lmdb::Transaction views = session.views().read();
    const Time now = session.now();
    Sha256 sha256;
    RowWriter rows(session.out(), session.format(), session.style(),
                   {{"period", "PERIOD"},
                    {"journal_size", "EVENTS", Align::right},
                    {"sha256", "SHA-256 OF THE JSON"},
                    {"state", "STATE"},
                    {"report", "REPORT"}});
    const auto write = [&](const ReportKind& kind, const std::string& period, Time at, std::uint64_t size) {
        const auto files = make_report(kind, period, views, *journal, at, size, session.report_policies().intelligence);
        if (!files) return;
        const std::filesystem::path directory = kind.directory, json = directory / (period + ".json"),
                                    markdown = directory / (period + ".md");
        if (const auto refusal = refuse_other_reports(directory, period)) {
            return session.messages().say(MessageKind::warning, refusal->message);
        }
        const auto again = [&](Time of, std::uint64_t first) {
            return first <= head ? make_report(kind, period, views, *journal, of, first, session.report_policies().intelligence)
                                 : std::nullopt;
        };
        const char* state = "new";
        if (std::filesystem::exists(json) || std::filesystem::exists(markdown)) {
            const bool same = contents_of(json) == files->json && contents_of(markdown) == files->markdown;
            state = same ? "same" : edited_files(*journal, kind, period, directory, again).empty() ? "changed" : "edited";
        }
        std::filesystem::create_directories(directory);
        remember_export(session, {kind.place, directory, {}});
        write_report(directory, period, *files);
        rows.add({period, size, to_hex(sha256({files->json})), state, kind.report});
    };
    const auto saved = saved_reports(*journal, weekly_report);
    for (IsoWeek week = range->first; week <= range->last && week.from() <= now; week = week.next()) {
        const auto before = saved.find(format_iso_week(week));
        const bool known = before != saved.end();
        write(weekly_report, format_iso_week(week), known ? before->second.at : now, known ? before->second.size : head);
    }
    for (const ReportKind* kind : {&risk_report, &platform_report}) {
        for (const auto& [period, before] : saved_reports(*journal, *kind)) {
            const auto week = kind == &risk_report ? std::optional(iso_week_of(before.at)) : parse_iso_week(period);
            if (week && *week >= range->first && *week <= range->last) write(*kind, period, before.at, before.size);
        }
    }
    rows.finish();
    return ExitStatus::done;
}

struct ReplaySettings {
    std::string projection, as_of, reports;
    std::optional<std::uint64_t> to_seq;
    bool check = false, rebuild = false;
};

// Of the projection `only`; empty: of all.
void print_digests(Session& session, const std::vector<Views::StateDigest>& digests, std::uint64_t size, std::string_view only) {
    RowWriter rows(session.out(), session.format(), session.style(),
                   {{"projection", "PROJECTION"},
                    {"position", "EVENTS", Align::right},
                    {"rows", "ROWS", Align::right},
                    {"sha256", "SHA-256 OF ITS ROWS"}});
    for (const Views::StateDigest& digest : digests) {
        if (only.empty() || digest.projection == only) rows.add({digest.projection, size, digest.rows, to_hex(digest.digest)});
    }
    rows.finish();
}

ExitStatus check_views(Session& session, std::string_view only, const ReplayProgress& progress) {
    const Views::Check check = session.views().check(progress, only);
    print_digests(session, check.live, check.size, only);
    for (const Views::Difference& difference : check.differences) {
        session.messages().say(MessageKind::error,
                               difference.projection + ": " + difference.table + ", " + difference.key + ": " + difference.what);
    }
    if (check.differences.empty()) {
        session.messages().say(MessageKind::notice, "the live views are what a rebuild gives");
        return ExitStatus::done;
    }
    session.messages().say(MessageKind::error, "the live views differ from a rebuild: run `daybook replay --rebuild`");
    return ExitStatus::no;
}

ExitStatus run_replay(Session& session, const ReplaySettings& settings) {
    if (!settings.reports.empty()) return make_reports(session, settings.reports);
    if (!settings.projection.empty()) {
        const auto all = make_projections();
        const bool known =
            std::any_of(all.begin(), all.end(), [&](const auto& projection) { return projection->name() == settings.projection; });
        if (!known)
            throw CommandError(
                ExitStatus::usage,
                "--projection must be one of incidents, history, followups, artifacts, event_index, correlation; not " +
                    settings.projection);
    }
    const std::uint64_t size = session.journal_to_read().snapshot()->size();
    Progress bar(session.progress_screen(), "Replaying", settings.to_seq.value_or(size), "events");
    std::uint64_t done = 0;
    const ReplayProgress progress = [&](Sequence reached, std::uint64_t) {
        bar.advance(reached.value - std::min(done, reached.value));
        done = reached.value;
    };
    if (settings.check) return check_views(session, settings.projection, progress);
    if (settings.to_seq || !settings.as_of.empty()) {
        ReplayLimit limit;
        limit.size = settings.to_seq.value_or(size);
        if (limit.size > size) {
            throw CommandError(ExitStatus::usage,
                               "--to-seq " + std::to_string(limit.size) + ": the journal has " + std::to_string(size) + " events");
        }
        if (!settings.as_of.empty()) limit.as_of = time_option("--as-of", settings.as_of);
        std::vector<Views::StateDigest> digests;
        const auto parked = session.stale_views().build_apart(
            limit, [&](lmdb::Environment& views) { digests = state_digests(views); }, progress, settings.projection);
        bar.finish();
        session.tell_parked(parked);
        print_digests(session, digests, limit.size, settings.projection);
        return ExitStatus::done;
    }
    if (settings.rebuild || !settings.projection.empty()) {
        Views& views = settings.projection.empty() ? session.views_to_rebuild() : session.stale_views();
        session.tell_parked(views.rebuild(settings.projection, progress));
    } else {
        session.tell_parked(session.stale_views().catch_up(progress));
    }
    bar.finish();
    print_digests(session, session.stale_views().digests(), session.stale_views().size(), {});
    return ExitStatus::done;
}

void add_replay(CLI::App& root, ChosenCommand& chosen) {
    auto o = std::make_shared<ReplaySettings>();
    CLI::App* app =
        root.add_subcommand("replay", "Bring the views up to date, or make them and the reports again from the journal");
    CLI::Option* rebuild = app->add_flag("--rebuild", o->rebuild, "Fold everything anew, beside the live views, and swap it in");
    CLI::Option* projection =
        app->add_option("--projection", o->projection,
                        "This one only (alone: rebuild it): incidents, history, followups, artifacts, event_index or correlation");
    CLI::Option* to_seq = add_number(*app, "--to-seq", o->to_seq, "Apart from the live views: the first N events");
    CLI::Option* as_of =
        app->add_option("--as-of", o->as_of, "Apart from the live views: what had occurred by then")->type_name("TIME");
    CLI::Option* check = app->add_flag("--check", o->check, "Rebuild apart and compare with the live views");
    CLI::Option* reports =
        app->add_option("--reports", o->reports,
                        "Make the weekly digests of these weeks again, and their risk and platform digests that were saved")
            ->type_name("FROM..TO");
    to_seq->excludes(as_of)->excludes(check)->excludes(reports);
    as_of->excludes(check)->excludes(reports);
    check->excludes(reports);
    rebuild->excludes(to_seq)->excludes(as_of)->excludes(check)->excludes(reports);
    projection->excludes(reports);
    app->footer(
        "Examples:\n  daybook replay\n  daybook replay --check\n  daybook replay --reports 2025-01..2026-08\n"
        "Prints for each projection how many rows it has and a digest of them: equal rows, equal digest. Of reports: new, same, "
        "changed\n(another one of daybook's lay there) or edited (somebody had changed it: that is gone).");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return run_replay(session, *o); }; });
}

}  // namespace

void add_projection_commands(CLI::App& root, ChosenCommand& chosen) {
    add_digest(root, chosen);
    add_replay(root, chosen);
}

}  // namespace daybook
