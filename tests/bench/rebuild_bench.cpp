// A full rebuild of all projections, beside a bare cursor scan of the same journal.
#include <cstddef>
#include <cstring>
#include <iostream>
#include <stdexcept>

#include <fmt/format.h>
#include <lmdb.h>

#include "replay/views.hpp"
#include "tests/bench/bench.hpp"

namespace daybook::bench {
double scan_headers(BenchJournal& journal) {
    const Snapshot snapshot = journal->snapshot();
    MDB_txn* const transaction = snapshot->transaction().handle();
    std::uint64_t sum = 0;
    const double seconds = seconds_of([&] {
        MDB_cursor* cursor = nullptr;
        mdb_cursor_open(transaction, snapshot->tables().events.number, &cursor);
        MDB_val key, value;
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
            std::uint64_t sequence = 0;
            std::uint32_t stream = 0;
            std::memcpy(&sequence, static_cast<const char*>(value.mv_data) + offsetof(RecordHeader, sequence), sizeof sequence);
            std::memcpy(&stream, static_cast<const char*>(value.mv_data) + offsetof(RecordHeader, stream), sizeof stream);
            sum += sequence + stream;
        }
        mdb_cursor_close(cursor);
    });
    if (sum == 0) throw std::logic_error("nothing was scanned");
    return seconds;
}

void bench_rebuild(const Setup& setup, Fixture& fixture, Table& table) {
    BenchJournal& journal = fixture.journal();
    const auto count = static_cast<double>(setup.size.events);
    std::vector<double> rates, scans, cpu, folding;
    scan_headers(journal);  // into the page cache
    const Scratch scratch(setup.directory / "views");
    Views views(scratch.path(), *journal);
    for (int run = 0; run < setup.runs; ++run) {
        scans.push_back(count / scan_headers(journal));
        std::size_t parked = 0;
        const double cpu_before = cpu_seconds();
        const double folding_before = thread_cpu_seconds();
        rates.push_back(count / seconds_of([&] { parked = views.rebuild("").size(); }));
        cpu.push_back((cpu_seconds() - cpu_before) * 1e6 / count);
        folding.push_back((thread_cpu_seconds() - folding_before) * 1e6 / count);
        if (parked != 0) throw std::logic_error("a fold refused events of the world");
        std::cerr << fmt::format("  run {}: scan {}, rebuild {}, CPU {:.2f} µs, folding {:.2f} µs\n", run + 1,
                                 grouped(scans.back()), grouped(rates.back()), cpu.back(), folding.back());
    }
    table.rate("rebuild of all projections", "events/s", rates, Wanted{1'000'000, 3'000'000});
    table.rate("the same", "events/s", rates, "bare LMDB cursor scan", scans, Wanted{0.154, 0.46});
    table.text("CPU of an event in a rebuild",
               fmt::format("{:.2f} µs, of which the folding thread {:.2f} µs", median(cpu), median(folding)));
}

}  // namespace daybook::bench
