// The Postgres layout in a PostgreSQL of its own, with the settings that it comes with: the first load, an export of 1,000 events.
//
// Beside the load: `psql \copy … BINARY` of the very same rows into the same tables, with keys and indexes there from the start,
// and with keys and indexes made behind the rows. Who copies like that has the rows in a file already; ours come out of the
// journal.
#include <iostream>

#include <fmt/format.h>

#include "ops/postgres_ddl.hpp"
#include "projections/postgres_layout.hpp"
#include "replay/views.hpp"
#include "tests/bench/bench.hpp"
#include "tests/integration/postgres_server.hpp"
#include "tests/support.hpp"

namespace daybook::bench {
namespace {

constexpr const char* layout_tables[] = {"incidents", "incident_events", "incident_artifacts", "backlog_items"};
constexpr std::uint64_t increment = 1000;

class Database {
public:
    explicit Database(const std::filesystem::path& directory)
        : server_(std::vector<std::string>{}), url_(server_.new_database()), rows_(directory), connection_(options(url_)) {
        connection_.execute(std::string(postgres_tables) + postgres_keys + postgres_views);
        server_.give(rows_);
    }
    postgres::Connection& connection() { return connection_; }
    PostgresExported write(Journal& journal, Views& views) {
        views.catch_up();
        lmdb::Transaction transaction = views.read();
        PostgresExportOptions how;
        how.before_load = postgres_load;
        how.after_load = postgres_keys;
        return *export_postgres(connection_, journal, transaction, position_of_all(transaction).sequence.value, how);
    }
    void empty() {
        connection_.execute("TRUNCATE incidents, incident_events, incident_artifacts, backlog_items, daybook_export");
        connection_.execute("CHECKPOINT");
    }
    // The rows as files, for psql.
    void save_rows() { psql("TO", ""); }
    double copy_with_keys() {
        empty();
        return seconds_of([&] { psql("FROM", ""); });
    }
    double copy_before_keys() {
        empty();
        connection_.execute(std::string("BEGIN;") + postgres_load + "COMMIT");
        return seconds_of([&] { psql("FROM", postgres_keys); });
    }

private:
    static postgres::Options options(const std::string& url) {
        postgres::Options options;
        options.url = url;
        options.statement_timeout = std::chrono::hours(1);
        return options;
    }
    void psql(std::string_view direction, const std::string& then) {
        std::string script = "BEGIN;\n";
        for (const char* table : layout_tables) {
            script += fmt::format("\\copy {} {} '{}' (FORMAT binary)\n", table, direction, (rows_ / table).string());
        }
        const auto program = *test::PostgresServer::programs() / "psql";
        const test::Outcome outcome =
            test::run({program.string(), "-q", "-v", "ON_ERROR_STOP=1", url_}, script + then + "COMMIT;\n");
        if (outcome.status != 0) throw std::runtime_error("psql: " + outcome.err);
    }

    test::PostgresServer server_;
    std::string url_;
    std::filesystem::path rows_;
    postgres::Connection connection_;
};

}  // namespace

void bench_postgres(const Setup& setup, Fixture& fixture, Table& table) {
    if (!test::PostgresServer::programs()) return table.text("the Postgres layout", "not measured: PostgreSQL is not installed");
    BenchJournal& journal = fixture.journal();
    const Scratch scratch(setup.directory / "views"), rows(setup.directory / "rows");
    Views views(scratch.path(), *journal);
    views.catch_up();
    Database database(rows.path());
    database.write(*journal, views);
    database.save_rows();

    const auto count = static_cast<double>(setup.size.events);
    std::vector<double> loads, with_keys, before_keys;
    std::uint64_t memory_kb = 0;
    for (int run = 0; run < setup.runs; ++run) {
        database.empty();
        const std::uint64_t before = resident().anonymous_kb;
        const Resident peak = peak_of([&] { loads.push_back(count / seconds_of([&] { database.write(*journal, views); })); });
        memory_kb = std::max(memory_kb, peak.anonymous_kb - before);
        before_keys.push_back(count / database.copy_before_keys());
        with_keys.push_back(count / database.copy_with_keys());
        std::cerr << fmt::format("  run {}: load {}, \\copy {}, into tables with keys {}\n", run + 1, grouped(loads.back()),
                                 grouped(before_keys.back()), grouped(with_keys.back()));
    }
    table.rate("first load into Postgres", "events/s", loads, "psql \\copy, keys and indexes after it", before_keys,
               Wanted{0.9, {}});
    table.rate("the same", "events/s", loads, "psql \\copy into tables with keys and indexes", with_keys);
    table.text("memory of the load", fmt::format("{:.1f} MiB", static_cast<double>(memory_kb) / 1024));

    database.empty();
    database.write(*journal, views);
    WorldSize more = setup.size;
    more.seed += 100;
    EventMaker maker(more);
    std::vector<double> times_ms;
    for (int run = 0; run < 2 * setup.runs + 1; ++run) {
        auto events = maker.next(increment);
        for (const auto& answer : journal->append_all(requests_of(events))) {
            if (!answer) throw std::logic_error("the journal refused: " + answer.refusal().message);
        }
        times_ms.push_back(1000 * seconds_of([&] { database.write(*journal, views); }));
    }
    table.text("export of 1,000 new events, the views' fold included",
               fmt::format("{:.0f} ms (wanted: under 300)", median(times_ms)));
}

}  // namespace daybook::bench
