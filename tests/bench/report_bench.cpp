// What reads the whole journal: verify, the weekly digest, the exports.
#include "journal/journal_text.hpp"
#include "journal/verify.hpp"
#include "projections/digest.hpp"
#include "projections/jsonl_layout.hpp"
#include "replay/views.hpp"
#include "tests/bench/bench.hpp"

namespace daybook::bench {
namespace {

void demand_sound(const Verification& verification) {
    if (!verification.sound()) throw std::logic_error("verify found: " + verification.findings.front().text);
}

}  // namespace

void bench_reports(const Setup& setup, Fixture& fixture, Table& table) {
    BenchJournal& journal = fixture.journal();
    const auto count = static_cast<double>(setup.size.events);
    const Scratch scratch(setup.directory / "reports");
    Views views(scratch / "views", *journal);
    views.catch_up();
    // A week in the middle of the year that the world lasts.
    DigestRequest request;
    request.size = setup.size.events;
    {
        const Snapshot snapshot = journal->snapshot();
        request.week = iso_week_of(snapshot->record({setup.size.events / 2})->occurred_at());
    }
    request.now = request.week.to();

    std::vector<double> verified, with_indexes, digests, layouts, texts;
    std::size_t sum = 0;
    for (int run = 0; run < setup.runs; ++run) {
        VerifyOptions options;
        verified.push_back(count / seconds_of([&] { demand_sound(verify(*journal, options)); }));
        const Scratch indexes(scratch / "verify");
        options.scratch = indexes.path();
        options.index_tables = DecisionIndex::table_names();
        options.make_indexes = [] {
            std::vector<std::unique_ptr<TransactionalIndex>> all;
            all.push_back(std::make_unique<DecisionIndex>());
            return all;
        };
        with_indexes.push_back(count / seconds_of([&] { demand_sound(verify(*journal, options)); }));
        digests.push_back(count / seconds_of([&] {
                              lmdb::Transaction transaction = views.read();
                              const Snapshot snapshot = journal->snapshot();
                              sum += digest_markdown(weekly_digest(transaction, *snapshot, request)).size();
                          }));
        const Scratch out(scratch / "export");
        layouts.push_back(count / seconds_of([&] {
                              lmdb::Transaction transaction = views.read();
                              JsonlExportOptions to;
                              to.directory = out / "layout";
                              sum += export_jsonl(*journal, transaction, setup.size.events, to).events;
                          }));
        texts.push_back(count / seconds_of([&] { sum += export_journal(*journal, out / "journal").events; }));
    }
    if (sum == 0) throw std::logic_error("nothing was written");
    table.rate("verify: events, leaves, tree, keys, ids", "events/s", verified);
    table.rate("verify with the decision index too", "events/s", with_indexes);
    table.rate("weekly digest, events of the whole history", "events/s", digests);
    table.rate("export jsonl", "events/s", layouts);
    table.rate("export journal.jsonl", "events/s", texts);
}

}  // namespace daybook::bench
