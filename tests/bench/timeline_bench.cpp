// A timeline of 20 events, from the incident's id to its lines of JSON, beside the bare LMDB reads of the same rows.
#include <algorithm>

#include "projections/timeline.hpp"
#include "tests/bench/bare_lmdb.hpp"
#include "tests/bench/bench.hpp"

namespace daybook::bench {
namespace {

constexpr std::uint64_t rows = 20;
constexpr std::size_t timelines = 2000;

// Incidents with at least 20 events, from all over the journal.
std::vector<std::string> sample(const JournalView& journal, Random& random) {
    std::vector<std::string> ids;
    const std::uint64_t streams = journal.stream_count();
    for (std::size_t attempt = 0; attempt < 20 * timelines && ids.size() < timelines; ++attempt) {
        const StreamNumber number{static_cast<std::uint32_t>(1 + random.below(streams))};
        const auto head = journal.stream(number);
        if (head && head->version >= rows) ids.emplace_back(journal.stream_id(number));
    }
    return ids;
}

std::size_t read_timeline(Journal& journal, const std::string& id, TimelineReader& reader, std::string& out) {
    const Snapshot snapshot = journal.snapshot();
    out.clear();
    const auto number = snapshot->stream_number(id);
    for (const Sequence sequence : snapshot->stream_sequences(*number, 1, rows)) {
        append_line(out, reader.read(*snapshot->record(sequence), *snapshot));
    }
    return out.size();
}

// The stream's number, its row, and the records of its first events, copied.
std::size_t read_bare(MDB_env* environment, const JournalTables& tables, const std::string& id,
                      const std::vector<Sequence>& sequences, std::string& out) {
    MDB_txn* transaction = nullptr;
    demand(mdb_txn_begin(environment, nullptr, MDB_RDONLY, &transaction));
    out.clear();
    MDB_val key = value_of(id);
    MDB_val value;
    demand(mdb_get(transaction, tables.stream_ids.number, &key, &value));
    key = value;
    demand(mdb_get(transaction, tables.streams.number, &key, &value));
    for (const Sequence sequence : sequences) {
        const FixedKey record = key_of(sequence.value, 8);
        key = value_of(record);
        demand(mdb_get(transaction, tables.events.number, &key, &value));
        out += view_of(value);
    }
    mdb_txn_abort(transaction);
    return out.size();
}

// The median time of one, in µs.
template <class Read>
double micros(const std::vector<std::string>& ids, const Read& read) {
    std::vector<double> times;
    times.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) times.push_back(1e6 * seconds_of([&] { read(i); }));
    return median(std::move(times));
}

}  // namespace

double timeline_micros(BenchJournal& journal, std::vector<std::string>& ids) {
    Random random(1);
    ids = sample(*journal->snapshot(), random);
    TimelineReader reader;
    std::string out;
    const auto read = [&](std::size_t i) { return read_timeline(*journal, ids[i], reader, out); };
    micros(ids, read);  // into the page cache
    return micros(ids, read);
}

void bench_timeline(const Setup& setup, Fixture& fixture, Table& table) {
    BenchJournal& journal = fixture.journal();
    Random random(setup.size.seed);
    const std::vector<std::string> ids = sample(*journal->snapshot(), random);
    const JournalTables tables = journal->snapshot()->tables();
    std::vector<std::vector<Sequence>> sequences;
    {
        const Snapshot snapshot = journal->snapshot();
        for (const std::string& id : ids) sequences.push_back(snapshot->stream_sequences(*snapshot->stream_number(id), 1, rows));
    }
    MDB_env* const environment = journal->environment().handle();
    TimelineReader reader;
    std::string out;
    std::vector<double> times, peers;
    for (int run = 0; run <= setup.runs; ++run) {
        const double peer = micros(ids, [&](std::size_t i) { return read_bare(environment, tables, ids[i], sequences[i], out); });
        const double time = micros(ids, [&](std::size_t i) { return read_timeline(*journal, ids[i], reader, out); });
        if (run == 0) continue;  // into the page cache
        peers.push_back(peer);
        times.push_back(time);
    }
    table.time("timeline of 20 events, p50", times, "bare LMDB reads", peers, 3);
}

}  // namespace daybook::bench
