// Writing out what others read: layouts, and the journal's own text.
#include <algorithm>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "ops/cli/command_set.hpp"
#include "ops/cli/known_exports.hpp"
#include "ops/cli/layout_options.hpp"
#include "ops/export_owner.hpp"

namespace daybook {
namespace {

ExitStatus status_of(LayoutOutcome::State state) {
    switch (state) {
        case LayoutOutcome::State::done: return ExitStatus::done;
        case LayoutOutcome::State::refused: return ExitStatus::conflict;
        case LayoutOutcome::State::waiting:
        case LayoutOutcome::State::unreachable:
        case LayoutOutcome::State::failed: return ExitStatus::failure;
    }
    return ExitStatus::failure;
}

// `export` without a word: what INCIDENT_BACKEND says.
ExitStatus export_by_backend(Session& session, const LayoutSettings& settings) {
    Views& views = session.views();
    LayoutExports exports({session.journal_to_read(), session.settings().data,
                           [&](const auto& use) {
                               lmdb::Transaction transaction = views.read();
                               use(transaction, position_of_all(transaction).sequence.value);
                           },
                           [&](const KnownExport& place) { remember_export(session, place); }},
                          settings);
    const auto outcomes = exports.run(std::chrono::steady_clock::now());
    const bool has_files = !outcomes.empty() && outcomes.back().layout == KnownExport::Kind::jsonl &&
                           outcomes.back().state == LayoutOutcome::State::done;
    RowWriter rows(session.out(), session.format(), session.style(),
                   {{"layout", "LAYOUT"},
                    {"place", "PLACE"},
                    {"size", "JOURNAL SIZE", Align::right},
                    {"incidents", "INCIDENTS", Align::right},
                    {"events", "EVENTS", Align::right},
                    {"artifacts", "ARTIFACTS", Align::right}});
    ExitStatus status = ExitStatus::done;
    for (const LayoutOutcome& outcome : outcomes) {
        if (outcome.state == LayoutOutcome::State::done) {
            rows.add({outcome.layout == KnownExport::Kind::jsonl ? "jsonl" : "postgres", outcome.place, outcome.size,
                      outcome.incidents, outcome.events, outcome.artifacts});
            continue;
        }
        // The files are what `auto` has for a server that is away.
        const bool stood_in = outcome.state == LayoutOutcome::State::unreachable && has_files;
        session.messages().say(stood_in ? MessageKind::warning : MessageKind::error,
                               outcome.message + (stood_in ? "; the JSONL layout has it all" : ""));
        if (!stood_in) status = std::max(status, status_of(outcome.state));
    }
    rows.finish();
    return status;
}

// What `export` alone takes would count for nothing beside the word of a layout, whether it stands before or behind it.
void refuse_options_before(const CLI::App& parent, const CLI::App& layout) {
    for (const CLI::Option* option : parent.get_options()) {
        if (option->count() == 0) continue;
        const char* environment = std::getenv(option->get_envname().c_str());
        if (environment != nullptr && option->results().front() == environment) continue;
        const std::string name = option->get_name();
        const std::string command = "daybook export " + layout.get_name();
        if (layout.get_option_no_throw(name) != nullptr) {
            throw CommandError(ExitStatus::usage, name + " stands before `" + layout.get_name() + "`: put it behind, as in `" +
                                                      command + ' ' + name + " …`");
        }
        throw CommandError(ExitStatus::usage,
                           name + " is for `daybook export` alone: " +
                               (name == "--jsonl" && layout.get_name() == "jsonl" ? "here it is `" + command + " DIR`"
                                                                                  : "see `" + command + " --help`"));
    }
}

}  // namespace

void add_export_commands(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* parent = root.add_subcommand("export", "Write what others read; without a word after it, what INCIDENT_BACKEND says");
    parent->require_subcommand(0, 1);
    const auto layouts = std::make_shared<LayoutOptions>(*parent);
    parent->footer(
        "Examples:\n  daybook export\n  INCIDENT_BACKEND=auto DATABASE_URL=postgresql://daybook@db/incidents daybook export\n"
        "auto: the tables; while their server is away the files, and both once it is back.");
    parent->callback([parent, layouts, &chosen] {
        if (!parent->get_subcommands().empty()) return refuse_options_before(*parent, *parent->get_subcommands().front());
        chosen = [layouts](Session& session) { return export_by_backend(session, layouts->settings()); };
    });
    add_postgres_export(*parent, chosen);
    auto directory = std::make_shared<std::string>("ops/incidents");
    CLI::App* jsonl = parent->add_subcommand("jsonl", "The JSONL layout: incidents, events, artifacts, export.json");
    jsonl->add_option("directory", *directory, "Where to")->type_name("DIR")->capture_default_str();
    jsonl->footer(
        "Examples:\n  daybook export jsonl\n  daybook export jsonl /srv/incidents\n"
        "Artifact files go to INCIDENT_ARTIFACTS_DIR, if that is set.");
    jsonl->callback([directory, &chosen] {
        chosen = [directory](Session& session) {
            if (const auto refusal = refuse_other_layout(*directory, session.journal_to_read())) fail(*refusal);
            KnownExport place{KnownExport::Kind::jsonl, *directory, {}};
            if (const char* artifacts = std::getenv("INCIDENT_ARTIFACTS_DIR"); artifacts != nullptr) place.artifacts = artifacts;
            Progress bar(session.progress_screen(), "Exporting", session.views().size(), "events");
            std::uint64_t done = 0;
            remember_export(session, place);
            const JsonlExported exported = write_jsonl(session, place, [&](std::uint64_t sequence) {
                bar.advance(sequence - std::min(done, sequence));
                done = sequence;
            });
            bar.finish();
            session.print(
                {{"directory", ""},
                 {"size", "journal size"},
                 {"root_hash", "root"},
                 {"incidents", ""},
                 {"events", ""},
                 {"artifacts", ""}},
                {*directory, exported.size, to_hex(exported.root), exported.incidents, exported.events, exported.artifacts});
            return ExitStatus::done;
        };
    });

    auto journal_directory = std::make_shared<std::string>("daybook-export");
    CLI::App* journal = parent->add_subcommand("journal", "The whole journal as text: journal.jsonl and the artifacts' bytes");
    journal->add_option("directory", *journal_directory, "Where to")->type_name("DIR")->capture_default_str();
    journal->footer("Example:\n  daybook export journal /srv/daybook-export");
    journal->callback([journal_directory, &chosen] {
        chosen = [journal_directory](Session& session) {
            const Journal& source = session.journal_to_read();
            if (const auto refusal = refuse_other_text(*journal_directory, source)) fail(*refusal);
            Progress bar(session.progress_screen(), "Exporting", source.snapshot()->size(), "events");
            std::uint64_t done = 0;
            remember_export(session, {KnownExport::Kind::journal, *journal_directory, {}});
            const Exported exported = export_journal(source, *journal_directory, [&](std::uint64_t events) {
                bar.advance(events - done);
                done = events;
            });
            bar.finish();
            session.print({{"directory", ""}, {"events", ""}, {"blobs", ""}, {"root_hash", "root"}},
                          {*journal_directory, exported.events, exported.blobs, to_hex(exported.root)});
            return ExitStatus::done;
        };
    });
}

}  // namespace daybook
