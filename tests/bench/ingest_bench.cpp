// Ingest of JSON Lines, decisions and all; and what its reading thread alone could do.
#include <iostream>

#include <fmt/format.h>

#include "ingest/alert_triage.hpp"
#include "ingest/ingest.hpp"
#include "journal/line_file.hpp"
#include "tests/bench/bench.hpp"

namespace daybook::bench {
namespace {

// Records a second through reading, checking, encoding and sealing.
double read_rate(const std::filesystem::path& file) {
    std::uint64_t count = 0;
    const double seconds = seconds_of([&] {
        LineFile lines(file, record_line_bytes_max);
        JsonReader json;
        Sha256 sha256;
        SystemEntropy entropy;
        while (const auto line = lines.next()) {
            const auto value = json.read(*line);
            auto report = read_alert_triage(**value, "bench", sha256);
            seal(std::get<AlertReport>(*report).encoded_alert, entropy, sha256);
            ++count;
        }
    });
    return static_cast<double>(count) / seconds;
}

}  // namespace

void bench_ingest(const Setup& setup, Fixture& fixture, Table& table) {
    const auto file = fixture.records(setup.size.events);
    std::vector<double> rates, cpu, reading;
    IngestCounts counts;
    std::uint64_t events = 0, incidents = 0;
    for (int run = 0; run < setup.runs; ++run) {
        const Scratch scratch(setup.directory / "ingest");
        BenchJournal journal(scratch.path());
        TriagePolicy policy;
        IngestOptions options;
        options.caller = "bench";
        options.refused = [](const RefusedLine& line) {
            throw std::logic_error("a record of the world was refused: " + line.refusals[0].message);
        };
        const double cpu_before = cpu_seconds();
        const double seconds =
            seconds_of([&] { counts = ingest_file({*journal, journal.index(), policy, journal.entropy()}, file, options); });
        rates.push_back(static_cast<double>(counts.read) / seconds);
        cpu.push_back((cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(counts.read));
        reading.push_back(read_rate(file));
        const Snapshot snapshot = journal->snapshot();
        events = snapshot->size();
        incidents = snapshot->stream_count();
        std::cerr << fmt::format("  run {}: {} records/s, {:.2f} µs of CPU each, reading alone {}\n", run + 1,
                                 grouped(rates.back()), cpu.back(), grouped(reading.back()));
    }
    table.text("records ingested",
               fmt::format("{} of {:.0f} bytes: {} events in {} streams, {} ignored", grouped(static_cast<double>(counts.read)),
                           static_cast<double>(std::filesystem::file_size(file)) / static_cast<double>(counts.read),
                           grouped(static_cast<double>(events)), grouped(static_cast<double>(incidents)),
                           grouped(static_cast<double>(counts.ignored))));
    table.rate("ingest of alert_triage records", "records/s", rates, Wanted{100'000, 250'000});
    table.text("CPU of a record, both threads", fmt::format("{:.2f} µs", median(cpu)));
    table.rate("of that the reading thread alone", "records/s", reading);
}

}  // namespace daybook::bench
