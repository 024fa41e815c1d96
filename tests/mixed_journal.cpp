#include "tests/mixed_journal.hpp"

#include <algorithm>
#include <stdexcept>

namespace daybook::test {

std::vector<std::string> MixedJournal::actors() { return {"ada", "sofiia", "helion", "monitor", "rare"}; }
std::vector<std::string> MixedJournal::sources() { return {"cli", "alert_triage", "alertmanager"}; }
std::vector<std::string> MixedJournal::services() { return {"gateway", "checkout", "search"}; }
std::vector<std::string> MixedJournal::streams() {
    std::vector<std::string> all{"$triage", "$jobs"};
    for (unsigned i = 1; i <= 20; ++i) all.push_back(stream_name(i));
    return all;
}

std::uint64_t MixedJournal::below(std::uint64_t end) {
    seed_ = seed_ * 6364136223846793005U + 1442695040888963407U;
    return (seed_ >> 33) % end;
}

NewEvent MixedJournal::event() {
    const auto all = streams();
    // Most are of a few streams; a few go far back, or ahead of the clock.
    const std::string stream = all[std::min(below(all.size()), below(all.size()))];
    const std::int64_t minutes =
        below(20) == 0 ? static_cast<std::int64_t>(below(60 * 24 * 30)) : static_cast<std::int64_t>(below(300)) - 20;
    const Time time = journal_.now() - std::chrono::minutes(minutes);
    Payload payload = note("say \"" + std::to_string(below(1'000)) + "\"\nand go");
    switch (below(6)) {
        case 0: {
            IncidentCreated created;
            created.service = services()[below(services().size())];
            created.env = "prod";
            created.title = "Gateway 5xx";
            created.started_at = time;
            payload = created;
            break;
        }
        case 1: payload = Acknowledged{}; break;
        case 2: {
            StatusChanged changed;
            changed.from = static_cast<IncidentStatus>(below(4));
            changed.to = static_cast<IncidentStatus>(below(4));
            payload = changed;
            break;
        }
        default: break;
    }
    NewEvent event = event_of(stream, payload, time);
    event.actor = below(500) == 0 ? "rare" : actors()[below(4)];
    event.source = sources()[below(3)];
    return event;
}

void MixedJournal::grow(std::uint64_t count) {
    while (count != 0) {
        const std::uint64_t together = std::min<std::uint64_t>(count, 1 + below(count > 10'000 ? 5'000 : 40));
        AppendRequest request;
        request.decide = [&](const JournalView&, Time) -> Result<Batch> {
            Batch batch;
            for (std::uint64_t i = 0; i < together; ++i) batch.events.push_back(event());
            return batch;
        };
        const auto appended = journal_->append(request);
        if (!appended) throw std::runtime_error(appended.refusal().message);
        journal_.advance(std::chrono::seconds(below(900)));
        count -= together;
    }
}

}  // namespace daybook::test
