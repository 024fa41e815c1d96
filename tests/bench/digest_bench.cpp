// The digest of a busy week: 20,000 incidents in it, and as many in each of the four weeks before; correlation of one of them.
#include "projections/correlate.hpp"
#include "projections/digest.hpp"
#include "replay/views.hpp"
#include "tests/bench/bench.hpp"

namespace daybook::bench {
namespace {

constexpr std::uint64_t incidents_a_week = 20'000;
constexpr std::uint64_t events_an_incident = 20;
constexpr std::uint64_t weeks = 5;
constexpr std::size_t chunk = 20'000;

void fill_weeks(BenchJournal& journal, std::uint64_t seed) {
    WorldSize pace;
    pace.incidents = 52 * incidents_a_week;
    pace.events = pace.incidents * events_an_incident;
    pace.seed = seed;
    EventMaker maker(pace);
    for (std::uint64_t left = (weeks + 1) * incidents_a_week * events_an_incident; left != 0; left -= chunk) {
        std::vector<ReadyEvent> events = maker.next(chunk);
        for (const auto& answer : journal->append_all(requests_of(events))) {
            if (!answer) throw std::logic_error(answer.refusal().message);
        }
    }
}

}  // namespace

void bench_digest(const Setup& setup, Fixture&, Table& table) {
    const Scratch scratch(setup.directory / "digest");
    BenchJournal journal(scratch / "journal");
    fill_weeks(journal, setup.size.seed);
    Views views(scratch / "views", *journal);
    views.catch_up();
    DigestRequest request;
    request.size = journal->snapshot()->size();
    request.week = iso_week_of(journal->snapshot()->record({request.size})->occurred_at()).previous();
    request.now = request.week.to();

    std::vector<double> digests, correlations;
    std::uint64_t opened = 0;
    std::size_t clusters = 0, related = 0;
    for (int run = 0; run < setup.runs; ++run) {
        digests.push_back(1 / seconds_of([&] {
                              lmdb::Transaction transaction = views.read();
                              const WeeklyDigest digest = weekly_digest(transaction, *journal->snapshot(), request);
                              opened = digest.counts.opened;
                              clusters = digest.clusters.size();
                              if (digest_json(digest).empty() || digest_markdown(digest).empty())
                                  throw std::logic_error("no digest");
                          }));
        correlations.push_back(1 / seconds_of([&] {
                                   lmdb::Transaction transaction = views.read();
                                   const Snapshot snapshot = journal->snapshot();
                                   CorrelateRequest one;
                                   one.incident = {snapshot->record({request.size / 2})->stream()};
                                   one.now = request.now;
                                   one.size = request.size;
                                   related = correlate(transaction, *snapshot, one).value().related.size();
                               }));
    }
    table.text("incidents opened in the week",
               grouped(static_cast<double>(opened)) + ", in " + std::to_string(clusters) + " clusters");
    table.rate("weekly digest of them, JSON and Markdown", "digests/s", digests, Wanted{1, {}});
    table.text("incidents that one has to do with", std::to_string(related));
    table.rate("correlation of one", "correlations/s", correlations);
}

}  // namespace daybook::bench
