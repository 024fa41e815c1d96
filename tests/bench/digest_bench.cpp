// The digest of a busy week: 20,000 incidents in it, and as many in each of the four weeks before; correlation of one of them.
#include "projections/correlate.hpp"
#include "projections/digest.hpp"
#include "replay/views.hpp"
#include "tests/bench/bench.hpp"

namespace daybook::bench {
namespace {

constexpr std::uint64_t incidents_a_week = 20'000;
constexpr int weeks = 5;
constexpr std::size_t batch_incidents = 2'000;

// One incident from its opening to its end, each event a minute or more after the one before.
class Maker {
public:
    explicit Maker(std::uint64_t seed) : random_(seed) {}

    void add(std::vector<NewEvent>& events, Time start) {
        static constexpr const char* services[] = {"gateway", "payments", "search", "mail", "ledger", "auth", "cdn", "queue"};
        static constexpr const char* titles[] = {"5xx over 5 %", "latency over 2 s on", "disk is full on", "queue grows on",
                                                 "is down"};
        const std::uint64_t cause = random_.below(3'000);
        std::string id = "inc_20260101_0000_" + random_.word(12);
        IncidentCreated created;
        created.service = services[cause % std::size(services)];
        created.env = random_.below(4) == 0 ? "staging" : "prod";
        created.severity = static_cast<Severity>(random_.below(5));
        created.title = created.service + " " + titles[cause % std::size(titles)] + " node-" + std::to_string(random_.below(50));
        created.started_at = start;
        created.signature = "cause-" + std::to_string(cause);
        Time now = start;
        const auto happen = [&](const Payload& payload) {
            NewEvent event;
            event.stream = id;
            event.payload = encode(payload);
            event.occurred_at = now;
            event.actor = "bench";
            event.source = "alert_triage";
            events.push_back(std::move(event));
            now += std::chrono::minutes(1 + random_.below(20));
        };
        happen(created);
        Alert alert;
        alert.service = created.service;
        alert.env = created.env;
        alert.kind = "kind-" + std::to_string(cause % 20);
        alert.title = created.title;
        alert.source = "alertmanager";
        alert.starts_at = start;
        for (int i = 0; i < 4; ++i) {
            alert.alert_ref = alert.fingerprint = "f" + std::to_string(cause) + "-" + std::to_string(random_.below(3));
            happen(alert);
        }
        happen(Acknowledged{});
        StatusChanged change;
        change.to = IncidentStatus::mitigated;
        happen(change);
        if (random_.below(50) != 0) {
            change.from = IncidentStatus::mitigated;
            change.to = IncidentStatus::resolved;
            happen(change);
        }
        if (random_.below(10) != 0) return;
        FollowupAdded followup;
        followup.followup_id = "fu_" + random_.word(12);
        followup.title = "Add a canary";
        followup.due_at = start + std::chrono::days(3);
        happen(followup);
    }

private:
    Random random_;
};

void fill_weeks(BenchJournal& journal, std::uint64_t seed, Time start) {
    Maker maker(seed);
    const Microseconds between = Microseconds(std::chrono::weeks(1)) / incidents_a_week;
    for (std::uint64_t made = 0; made < weeks * incidents_a_week;) {
        AppendRequest request;
        request.decide = [&](const JournalView&, Time) -> Result<Batch> {
            Batch batch;
            for (std::size_t i = 0; i < batch_incidents; ++i, ++made) maker.add(batch.events, start + between * made);
            return batch;
        };
        const auto appended = journal->append(request);
        if (!appended) throw std::logic_error(appended.refusal().message);
    }
}

}  // namespace

void bench_digest(const Setup& setup, Fixture&, Table& table) {
    const Scratch scratch(setup.directory / "digest");
    BenchJournal journal(scratch / "journal");
    const IsoWeek first{2026, 2};
    fill_weeks(journal, setup.size.seed, first.from());
    Views views(scratch / "views", *journal);
    views.catch_up();
    DigestRequest request;
    request.size = journal->snapshot()->size();
    for (request.week = first; request.week.to() < first.from() + std::chrono::weeks(weeks);) request.week = request.week.next();
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
