// Full verification on all cores, beside one SHA-256 of each event on one; then the quick look, and an inclusion proof.
#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

#include "journal/checkpoint.hpp"
#include "journal/page_check.hpp"
#include "journal/verify.hpp"
#include "tests/bench/bench.hpp"

namespace daybook::bench {
namespace {

// A copy, as a backup makes it: the page check wants a file that this process does not have open.
void copy_journal(Journal& journal, const std::filesystem::path& directory) {
    std::filesystem::create_directories(directory);
    const int fd = ::open((directory / "data.mdb").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const bool copied = fd >= 0 && journal.environment().copy_to(fd, true);
    ::close(fd);
    if (!copied) throw std::runtime_error("the journal could not be copied");
}

void demand_sound(bool sound) {
    if (!sound) throw std::logic_error("the journal of the benchmark is not sound");
}

double verify_all(const std::filesystem::path& directory, const std::filesystem::path& scratch) {
    return seconds_of([&] {
        demand_sound(check_pages(directory, DecisionIndex::table_names()).sound());
        JournalOptions options;
        options.read_only = true;
        const Journal journal(directory, options);
        VerifyOptions verify_options;
        verify_options.make_indexes = [] {
            std::vector<std::unique_ptr<TransactionalIndex>> indexes;
            indexes.push_back(std::make_unique<DecisionIndex>());
            return indexes;
        };
        verify_options.index_tables = DecisionIndex::table_names();
        verify_options.scratch = scratch;
        demand_sound(verify(journal, verify_options).sound());
        std::filesystem::remove_all(scratch);
    });
}

double hash_all(Journal& journal) {
    const Snapshot snapshot = journal.snapshot();
    Sha256 sha256;
    std::uint64_t sum = 0;
    const double seconds = seconds_of([&] {
        lmdb::Cursor cursor(snapshot->transaction(), snapshot->tables().events);
        for (bool there = cursor.first(); there; there = cursor.next()) sum += sha256({cursor.value()})[0];
    });
    if (sum == 0) throw std::logic_error("nothing was hashed");
    return seconds;
}

}  // namespace

void bench_verify(const Setup& setup, Fixture& fixture, Table& table) {
    Journal& journal = *fixture.journal();
    const Scratch scratch(setup.directory / "verify");
    copy_journal(journal, scratch / "journal");
    const auto size = static_cast<double>(journal.snapshot()->size());
    std::vector<double> rates, peers, quick, proofs;
    for (int run = 0; run <= setup.runs; ++run) {
        const double peer = size / hash_all(journal);
        const double rate = size / verify_all(scratch / "journal", scratch / "rebuilt");
        const QuickOptions options{256, 256, static_cast<std::uint64_t>(run)};
        const double look = 1e6 * seconds_of([&] { demand_sound(verify_quick(journal, options).verification.sound()); });
        const double proof =
            1e6 * seconds_of([&] {
                const Snapshot snapshot = journal.snapshot();
                Sha256 sha256;
                demand_sound(!inclusion_proof(sha256, nodes_of(*snapshot), snapshot->size() / 3, snapshot->size()).empty());
            });
        if (run == 0) continue;  // into the page cache
        peers.push_back(peer);
        rates.push_back(rate);
        quick.push_back(look);
        proofs.push_back(proof);
    }
    table.rate("verify, all of it, on all cores", "events/s", rates, "one SHA-256 of each, on one core", peers, Wanted{0.33, {}});
    table.text("verify --quick, 512 events", grouped(median(quick)) + " µs");
    table.text("an inclusion proof", grouped(median(proofs)) + " µs");
}

}  // namespace daybook::bench
