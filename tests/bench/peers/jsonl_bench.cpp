// daybook beside what is asked of the JSONL layout's files: loading them, incident state and weekly counts, one timeline.
//
// DuckDB, jq and a Python script start from events.jsonl. daybook folds its journal into views on disk, and counts there. Their
// answers must be the same, to the letter.
#include <iostream>
#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "projections/incidents.hpp"
#include "projections/iso_week.hpp"
#include "replay/views.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/peers/duckdb.hpp"
#include "tests/support.hpp"

#include "places.hpp"  // made by meson

namespace daybook::bench {
namespace {

namespace fs = std::filesystem;

std::string said_by(const std::vector<std::string>& command) {
    const test::Outcome outcome = test::run(command);
    if (outcome.status != 0) throw std::runtime_error(command[0] + ": " + outcome.err);
    return outcome.out;
}

std::string script(std::string_view name) { return (fs::path(DAYBOOK_ROOT) / "tests/bench/peers" / name).string(); }

// A line for each week: its name, how many incidents it opened, how many it resolved.
std::string weekly_counts(lmdb::Environment& views) {
    lmdb::Transaction transaction(views, lmdb::Transaction::Kind::read);
    std::map<IsoWeek, std::pair<std::uint64_t, std::uint64_t>> weeks;
    IncidentTable::open(transaction)->each([&](StreamNumber, const IncidentRow& row) {
        ++weeks[iso_week_of(from_micros(row.state.started_at))].first;
        if (row.state.resolved_at != RecordHeader::no_time) ++weeks[iso_week_of(from_micros(row.state.resolved_at))].second;
    });
    std::string text;
    for (const auto& [week, counts] : weeks) text += fmt::format("{} {} {}\n", format_iso_week(week), counts.first, counts.second);
    return text;
}

// What one way of doing a work took, run by run.
struct Way {
    std::string name;
    std::function<std::string()> work;  // what it found out
    std::optional<double> wanted;
    std::vector<double> seconds;
    std::string trouble;
};

// All ways in turns; the first is daybook's. Each must find out the same.
void take_turns(const Setup& setup, std::vector<Way>& ways) {
    for (int run = 0; run < setup.runs; ++run) {
        std::string expected;
        for (Way& way : ways) {
            if (!way.trouble.empty()) continue;
            try {
                std::string found;
                way.seconds.push_back(seconds_of([&] { found = way.work(); }));
                std::cerr << fmt::format("  run {}: {}: {:.3f} s\n", run + 1, way.name, way.seconds.back());
                if (&way == &ways.front()) expected = found;
                if (found != expected && !found.empty()) way.trouble = "its answer is another: " + found.substr(0, 200);
            } catch (const std::exception& error) {
                way.trouble = error.what();
            }
        }
    }
}

void add_rates(const Setup& setup, const std::string& work, const std::vector<Way>& ways, Table& table) {
    const auto rates = [&](const Way& way) {
        std::vector<double> out;
        for (const double seconds : way.seconds) out.push_back(static_cast<double>(setup.size.events) / seconds);
        return out;
    };
    Panel panel{work, "events/s", {}};
    for (const Way& way : ways) {
        if (!way.trouble.empty()) {
            table.text(work + ", " + way.name, "not measured: " + way.trouble);
            continue;
        }
        panel.bars.push_back({way.name, median(rates(way)), way.name.starts_with("daybook")});
        if (&way == &ways.front()) continue;
        table.rate(work, "events/s", rates(ways.front()), way.name, rates(way),
                   way.wanted ? std::optional(Wanted{*way.wanted, {}}) : std::nullopt);
    }
    table.plot(std::move(panel));
}

// events.jsonl as a table; with a key that is unique, and the index for timelines.
std::string load_duckdb(const Setup& setup, const fs::path& events, bool indexes) {
    const Scratch scratch(setup.directory / "duckdb");
    Duckdb database(duckdb_library(setup.packages), scratch / "events.duckdb");
    database.run(std::string("CREATE TABLE event (seq BIGINT, event_id VARCHAR") + (indexes ? " UNIQUE" : "") +
                 ", incident_id VARCHAR, ts TIMESTAMP, recorded_at TIMESTAMP, type VARCHAR, message VARCHAR, actor VARCHAR, source "
                 "VARCHAR, meta JSON)");
    if (indexes) database.run("CREATE INDEX event_incident ON event (incident_id)");
    database.run("INSERT INTO event SELECT * FROM read_json('" + events.string() +
                 "', format = 'newline_delimited', columns = {seq: 'BIGINT', event_id: 'VARCHAR', incident_id: 'VARCHAR', ts: "
                 "'TIMESTAMP', recorded_at: 'TIMESTAMP', type: 'VARCHAR', message: 'VARCHAR', actor: 'VARCHAR', source: 'VARCHAR', "
                 "meta: 'JSON'}); CHECKPOINT");
    return {};
}

}  // namespace

void bench_jsonl(const Setup& setup, Fixture& fixture, Table& table) {
    BenchJournal& journal = fixture.journal();
    const Scratch layout(setup.directory / "layout"), scratch(setup.directory / "views");
    said_by({DAYBOOK_PROGRAM, "-q", "--data", setup.directory.string(), "export", "jsonl", layout.path().string()});
    const fs::path events = layout / "events.jsonl";

    std::vector<Way> loads;
    loads.push_back(
        {"daybook import", [&] {
             const Scratch data(setup.directory / "import");
             return said_by({DAYBOOK_PROGRAM, "-q", "--data", data.path().string(), "import", "jsonl", layout.path().string()})
                 .substr(0, 0);
         }});
    loads.push_back({"DuckDB, key and index", [&] { return load_duckdb(setup, events, true); }, 1});
    loads.push_back({"DuckDB without indexes", [&] { return load_duckdb(setup, events, false); }, 1});
    take_turns(setup, loads);
    add_rates(setup, "load of the JSONL layout", loads, table);

    Views views(scratch.path(), *journal);
    views.catch_up();
    const ReplayLimit all{setup.size.events, {}};
    const auto rebuild = [&](std::string_view only) {
        std::string counts;
        views.build_apart(all, [&](lmdb::Environment& built) { counts = weekly_counts(built); }, {}, only);
        return counts;
    };
    std::vector<Way> rebuilds;
    rebuilds.push_back({"daybook", [&] { return rebuild("incidents"); }});
    rebuilds.push_back({"daybook, all projections", [&] { return rebuild(""); }});
    rebuilds.push_back({"bare LMDB scan", [&] { return scan_headers(journal), std::string(); }, 0.3});
    rebuilds.push_back({"DuckDB",
                        [&] {
                            Duckdb database(duckdb_library(setup.packages), {});
                            database.run("SET VARIABLE events = '" + events.string() + "'");
                            return database.ask(test::read_file(script("weekly.sql")));
                        },
                        2});
    rebuilds.push_back({"Python", [&] { return said_by({"python3", script("weekly.py"), events.string()}); }});
    rebuilds.push_back({"jq", [&] { return said_by({"jq", "-n", "-r", "-f", script("weekly.jq"), events.string()}); }});
    take_turns(setup, rebuilds);
    add_rates(setup, "incident state and weekly counts", rebuilds, table);

    std::vector<double> micros, peers;
    for (int run = 0; run < setup.runs; ++run) {
        std::vector<std::string> ids;
        micros.push_back(timeline_micros(journal, ids));
        peers.push_back(1e6 * seconds_of([&] { said_by({"python3", script("weekly.py"), events.string(), ids.front()}); }));
    }
    table.time("a timeline of 20 events, p50", micros, "the Python script over events.jsonl", peers);
}

}  // namespace daybook::bench
