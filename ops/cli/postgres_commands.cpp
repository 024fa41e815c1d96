// The Postgres layout from the command line: migrate, export, check, import.
#include <algorithm>
#include <thread>

#include <poll.h>
#include <CLI/CLI.hpp>

#include "ingest/import_postgres.hpp"
#include "ingest/ingest.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/known_exports.hpp"
#include "ops/cli/layout_options.hpp"
#include "ops/interruption.hpp"
#include "ops/postgres_ddl.hpp"
#include "projections/postgres_check.hpp"

namespace daybook {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Of the follower: how long at most until it sees what another process appended, and how often it knocks at a server that went
// away.
constexpr std::chrono::milliseconds look_every{100};
constexpr std::chrono::seconds knock_every{2};

struct ExportOptions {
    explicit ExportOptions(CLI::App& command) : database(command) {}
    DatabaseOptions database;
    bool follow = false, dry_run = false, check = false, repair = false;
};

// Calls `use` with views that hold exactly the first `size` events.
void with_views_at(Session& session, std::uint64_t size, const std::function<void(lmdb::Transaction&)>& use) {
    Views& views = session.views();
    {
        lmdb::Transaction now = views.read();
        if (position_of_all(now).sequence.value == size) return use(now);
    }
    session.tell_parked(views.build_apart({size, {}}, [&](lmdb::Environment& apart) {
        lmdb::Transaction then(apart, lmdb::Transaction::Kind::read);
        use(then);
    }));
}

void remember_tables(Session& session, const postgres::Options& options) {
    remember_export(session, {KnownExport::Kind::postgres, postgres::without_password(options.url), {}});
}

class TableExport {
public:
    TableExport(Session& session, postgres::Options options) : session_(session), options_(std::move(options)) {}

    // Throws postgres::Error; the next call connects anew then.
    PostgresExported run(bool shows_progress) {
        std::unique_ptr<postgres::Connection> connection = connect();
        Views& views = session_.views();
        lmdb::Transaction transaction = views.read();
        const std::uint64_t size = position_of_all(transaction).sequence.value;
        PostgresExportOptions options = postgres_export_options();
        options.before_rows = [this] { remember_tables(session_, options_); };
        std::optional<Progress> bar;
        std::uint64_t done = 0;
        if (shows_progress) bar.emplace(session_.progress_screen(), "Loading", size, "events");
        options.progress = [&](std::uint64_t sequence) {
            if (bar) bar->advance(sequence - std::exchange(done, sequence));
        };
        connection->allow(options_.statement_timeout);
        auto exported = export_postgres(*connection, session_.journal_to_read(), transaction, size, options);
        if (bar) bar->finish();
        if (!exported) fail(exported.refusal());
        tell_left_out(exported->left_out);
        connection_ = std::move(connection);
        return *exported;
    }

private:
    std::unique_ptr<postgres::Connection> connect() {
        if (connection_) return std::move(connection_);
        return std::make_unique<postgres::Connection>(options_);
    }
    void tell_left_out(std::uint64_t events) {
        if (events == 0) return;
        session_.messages().say(MessageKind::warning,
                                std::to_string(events) +
                                    " events are of incidents that are left out of the views, and are not in the "
                                    "tables: `daybook stats` counts them");
    }

    Session& session_;
    postgres::Options options_;
    std::unique_ptr<postgres::Connection> connection_;
};

void print_exported(Session& session, const std::string& place, const PostgresExported& exported) {
    session.print({{"database", ""},
                   {"size", "journal size"},
                   {"root_hash", "root"},
                   {"incidents", "incidents written"},
                   {"events", "events written"},
                   {"artifacts", "artifacts written"},
                   {"backlog_items", "backlog items written"}},
                  {place, exported.size, to_hex(exported.root), exported.incidents, exported.events, exported.artifacts,
                   exported.backlog_items});
}

// What an export would do. Only the position is read.
ExitStatus rehearse(Session& session, const postgres::Options& options) {
    const std::uint64_t size = session.journal_to_read().snapshot()->size();
    postgres::Connection connection(options);
    const auto position = postgres_position(connection);
    if (position) {
        if (const auto refusal = refuse_position(*position, *session.journal_to_read().snapshot())) fail(*refusal);
    }
    const std::uint64_t there = position ? position->size : 0;
    session.print({{"database", ""},
                   {"size", "journal size"},
                   {"position", "the tables are at"},
                   {"events", "events to write"},
                   {"dry_run", "dry run"}},
                  {postgres::without_password(options.url), size, there, size - there, true});
    return ExitStatus::done;
}

// "3 incidents", "2 incidents and the backlog"
std::string counted(const std::vector<PostgresDifference>& differences) {
    const bool backlog = !differences.empty() && differences.back().incident_id == backlog_stream;
    const std::size_t incidents = differences.size() - (backlog ? 1 : 0);
    if (incidents == 0) return "the backlog";
    return std::to_string(incidents) + (incidents == 1 ? " incident" : " incidents") + (backlog ? " and the backlog" : "");
}

ExitStatus check(Session& session, const postgres::Options& options, bool repair) {
    postgres::Connection connection(options);
    PostgresCheckOptions how;
    how.repair = repair;
    how.size = session.journal_to_read().snapshot()->size();
    how.views_at = [&](std::uint64_t size, const auto& use) { with_views_at(session, size, use); };
    how.is_in_journal = is_in_journal;
    how.before_rows = [&] { remember_tables(session, options); };
    const auto checked = check_postgres(connection, session.journal_to_read(), how);
    if (!checked) {
        if (checked.refusal().code != RefusalCode::not_found) fail(checked.refusal());
        throw CommandError(ExitStatus::no, checked.refusal().message);
    }
    RowWriter rows(session.out(), session.format(), session.style(), {{"incident_id", "INCIDENT"}, {"difference", "DIFFERENCE"}});
    for (const PostgresDifference& difference : checked->differences) rows.add({difference.incident_id, difference.what});
    rows.finish();
    const std::string held = std::to_string(checked->incidents) + " incidents, " + std::to_string(checked->events) +
                             " events and " + std::to_string(checked->artifacts) + " artifacts of the first " +
                             std::to_string(checked->size) + " events of the journal";
    if (!checked->has_position && !repair) {
        const std::string state = checked->differences.empty() ? "they hold what this one says"
                                                               : "they differ from this one in " + counted(checked->differences);
        const std::string advice =
            checked->no_repair ? checked->no_repair->message : "`daybook export postgres --repair` makes them this journal's";
        session.messages().say(MessageKind::error, "no journal has been exported to these tables, and " + state + ": " + advice);
        return ExitStatus::no;
    }
    if (checked->differences.empty()) {
        session.messages().say(MessageKind::notice, "the tables hold what the journal says: " + held);
        return ExitStatus::done;
    }
    const std::string count = counted(checked->differences);
    if (repair) {
        session.messages().say(MessageKind::notice, "mended, and checked again: " + count + "; the tables hold " + held);
        return ExitStatus::done;
    }
    session.messages().say(MessageKind::error,
                           "the tables differ from the journal in " + count + ": `daybook export postgres --repair` mends them");
    return ExitStatus::no;
}

// Goes on until Ctrl-C or SIGTERM: what is appended is in the tables a moment later. Once it has begun, a server that goes away is
// waited for.
ExitStatus follow(Session& session, const postgres::Options& given) {
    const Interruption interruption;
    postgres::Options options = given;
    options.stop = interruption.descriptor();
    TableExport tables(session, options);
    const std::string place = postgres::without_password(options.url);
    const Journal& journal = session.journal_to_read();
    std::uint64_t there = 0;  // how far the tables are
    bool begun = false, late = false;
    SteadyClock::time_point next_try{};
    while (!interruption.asked()) {
        const std::uint64_t size = journal.snapshot()->size();
        if ((!begun || late || there != size) && SteadyClock::now() >= next_try) {
            try {
                const PostgresExported exported = tables.run(!begun);
                if (late || !begun) {
                    session.messages().say(MessageKind::notice, "the tables at " + place + " hold " +
                                                                    std::to_string(exported.size) +
                                                                    " events of the journal; following it");
                }
                there = exported.size;
                begun = true;
                late = false;
                continue;
            } catch (const postgres::Error& error) {
                if (error.kind() == postgres::Error::Kind::stopped) break;
                if (!begun || !error.may_pass()) throw;
                if (!late)
                    session.messages().say(MessageKind::warning, std::string(error.what()) + "; trying again until it works");
                late = true;
                next_try = SteadyClock::now() + knock_every;
            }
        }
        pollfd asked{interruption.descriptor(), POLLIN, 0};
        ::poll(&asked, 1, static_cast<int>(look_every.count()));
    }
    return ExitStatus::done;
}

ExitStatus run_export(Session& session, const ExportOptions& o) {
    session.check_journal_exists();
    const postgres::Options options = o.database.options();
    if (o.dry_run) return rehearse(session, options);
    if (o.check || o.repair) return check(session, options, o.repair);
    if (o.follow) return follow(session, options);
    print_exported(session, postgres::without_password(options.url), TableExport(session, options).run(true));
    return ExitStatus::done;
}

// Exports take their lock first, and then those of the rows: who took them the other way round would wait for an export that
// waits for it.
constexpr const char* lock_as_exports_do =
    "DO $$ BEGIN IF to_regclass('daybook_export') IS NOT NULL THEN LOCK TABLE daybook_export IN EXCLUSIVE MODE; END IF; END "
    "$$;\n\n";

std::string migration() {
    return std::string("BEGIN;\n\n") + lock_as_exports_do + postgres_tables + '\n' + postgres_keys + '\n' + postgres_views +
           "\nCOMMIT;\n";
}

}  // namespace

void add_postgres_export(CLI::App& parent, ChosenCommand& chosen) {
    CLI::App* app =
        parent.add_subcommand("postgres", "The Postgres layout: incidents, incident_events, incident_artifacts, backlog_items");
    auto o = std::make_shared<ExportOptions>(*app);
    CLI::Option* follow = app->add_flag("--follow,-f", o->follow, "Go on with what is appended, until Ctrl-C");
    CLI::Option* dry_run = app->add_flag("--dry-run", o->dry_run, "Only say how much there is to be written");
    CLI::Option* check =
        app->add_flag("--check", o->check, "Write nothing; hold each incident's rows, and the backlog's, against the journal");
    CLI::Option* repair = app->add_flag("--repair", o->repair, "Check, and write what differs anew");
    follow->excludes(dry_run)->excludes(check)->excludes(repair);
    dry_run->excludes(check)->excludes(repair);
    app->footer(
        "Examples:\n  export DATABASE_URL=postgresql://daybook@db.example:5432/incidents\n  daybook migrate postgres && daybook "
        "export "
        "postgres\n  daybook export postgres --follow\n  daybook export postgres --check\n"
        "The first export loads all; each one after it writes what is new. Stopped anywhere, run it again: nothing is lost or "
        "doubled.");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return run_export(session, *o); }; });
}

void add_migrate_command(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* parent = root.add_subcommand("migrate", "Make the tables of a layout, or bring older ones up to date");
    parent->require_subcommand(1);
    CLI::App* app = parent->add_subcommand("postgres", "The tables, keys, indexes and views of the Postgres layout");
    struct Options {
        explicit Options(CLI::App& command) : database(command) {}
        DatabaseOptions database;
        bool dry_run = false;
    };
    auto o = std::make_shared<Options>(*app);
    app->add_flag("--dry-run", o->dry_run, "Print the SQL, connect to nothing");
    app->footer(
        "Examples:\n  daybook migrate postgres --dry-run\n  DATABASE_URL=postgresql://daybook@db/incidents daybook migrate "
        "postgres\nMay be run again at any time; rows stay.");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            if (o->dry_run) {
                session.out() << migration();
                return ExitStatus::done;
            }
            const postgres::Options options = o->database.options();
            postgres::Connection connection(options);
            connection.allow(postgres_export_options().load_timeout);
            // One at a time, also the very first, when there is no table to be locked.
            connection.execute("SELECT pg_advisory_lock(hashtext('daybook migrate'))");
            connection.execute(migration());
            for (const std::string& warning : connection.take_warnings()) session.messages().say(MessageKind::warning, warning);
            session.messages().say(MessageKind::notice,
                                   "the tables at " + postgres::without_password(options.url) + " are as this daybook wants them");
            return ExitStatus::done;
        };
    });
}

void add_postgres_import(CLI::App& parent, ChosenCommand& chosen) {
    CLI::App* app = parent.add_subcommand("postgres", "The tables of a store before daybook, or of a daybook");
    struct Options {
        explicit Options(CLI::App& command) : database(command) {}
        DatabaseOptions database;
        std::string artifacts = "ops/incidents";
        bool strict = false, dry_run = false;
    };
    auto o = std::make_shared<Options>(*app);
    app->add_option("--artifacts", o->artifacts, "Where the files of artifacts lie, as <incident_id>/<name>")
        ->envname("INCIDENT_ARTIFACTS_DIR")
        ->type_name("DIR")
        ->capture_default_str();
    app->add_flag("--strict", o->strict, "Stop at the first row that is refused; what came before it stays taken");
    app->add_flag("--dry-run", o->dry_run, "Check and decide everything, write nothing");
    app->footer(
        "Example:\n  DATABASE_URL=postgresql://daybook@db/incidents daybook import postgres\n"
        "Importing the same tables again changes nothing. To go on with them: daybook migrate postgres, then daybook export "
        "postgres "
        "--repair.");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            const TemporaryPlace place;
            {
                postgres::Connection connection(o->database.options());
                const PostgresRowsRead read = write_layout_from_postgres(connection, place.path());
                if (read.incidents + read.events == 0) {
                    throw CommandError(ExitStatus::not_found, "there are no rows in incidents and incident_events at " +
                                                                  connection.place() + ": nothing to import");
                }
            }
            const auto row = [](std::string_view file, const RefusedLine& line) {
                const LayoutTable& table = file == "incidents.jsonl" ? incidents_layout
                                           : file == "events.jsonl"  ? events_layout
                                                                     : artifacts_layout;
                return name_of_row(table, line.text) + ": refused";
            };
            return import_layout(session, {place.path(), o->artifacts, o->strict, o->dry_run, row});
        };
    });
}

}  // namespace daybook
