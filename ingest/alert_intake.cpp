#include "ingest/alert_intake.hpp"

#include <utility>

#include "journal/own_keys.hpp"

namespace daybook {
namespace {

Batch batch_of(const TriageRunReport& report) {
    NewEvent event;
    event.stream = "$triage";
    event.payload = encode(report.run);
    event.occurred_at = report.run.finished_at;
    event.actor = report.actor;
    event.source = "alert_triage";
    Batch batch;
    batch.events.push_back(std::move(event));
    return batch;
}

// A report without a key of its own that may fit no incident. It is then written down once, under its receipt's key: a request of
// its own, since a key says that its input is known before anything is decided, and the same report may fit an incident another
// time.
bool needs_receipt(const AlertReport& report) {
    return report.input.key.empty() && (report.acknowledges || report.alert.state == AlertState::resolved);
}

}  // namespace

void AlertIntake::begin(std::size_t records) {
    requests_.clear();
    of_request_.clear();
    states_.clear();
    states_.reserve(records);
    outcomes_.assign(records, RecordOutcome{});
}

void AlertIntake::add(RecordContent& content) {
    const std::size_t record = states_.size();
    State& state = states_.emplace_back();
    state.content = &content;
    if (const auto* refusal = std::get_if<Refusal>(&content)) {
        outcomes_[record].kind = RecordOutcome::Kind::refused;
        outcomes_[record].refusal = *refusal;
        return;
    }
    of_request_.push_back(record);
    if (const auto* run = std::get_if<TriageRunReport>(&content)) {
        requests_.push_back({run->input, [run](const JournalView&, Time) -> Result<Batch> { return batch_of(*run); }});
        return;
    }
    const auto& report = std::get<AlertReport>(content);
    requests_.push_back({report.input.key.empty() ? std::nullopt : std::optional(report.input),
                         [this, record](const JournalView& journal, Time) { return decide(record, journal); }});
    if (!needs_receipt(report)) return;
    state.has_receipt = true;
    of_request_.push_back(record);
    requests_.push_back({own_input(report.receipt_key), [this, record](const JournalView&, Time) -> Result<Batch> {
                             const auto receipt = std::move(states_[record].receipt);
                             return receipt ? std::move(*receipt) : Batch{};
                         }});
}

Result<Batch> AlertIntake::decide(std::size_t record, const JournalView& journal) {
    State& state = states_[record];
    auto decision = rules_.decide(std::get<AlertReport>(*state.content), journal);
    if (!decision) return decision.refusal();
    state.decided = decision->kind;
    outcomes_[record].incident = decision->incident;
    if (decision->kind != AlertDecision::Kind::ignored || !state.has_receipt) return std::move(decision->batch);
    state.receipt = std::make_unique<Batch>(std::move(decision->batch));
    return Batch{};
}

void AlertIntake::answer(std::size_t place, const Result<Appended>& answer) {
    const std::size_t record = of_request_[place];
    State& state = states_[record];
    RecordOutcome& outcome = outcomes_[record];
    if (outcome.kind != RecordOutcome::Kind::untouched) return;  // of a receipt that was not needed
    const bool first = place == 0 || of_request_[place - 1] != record;
    if (!answer) {
        outcome.kind = RecordOutcome::Kind::refused;
        outcome.refusal = answer.refusal();
        return;
    }
    const bool ignored = state.decided == AlertDecision::Kind::ignored;
    if (first && ignored && state.has_receipt) return;  // its receipt's answer tells
    outcome.sequence = answer->first;
    if (answer->duplicate || state.decided == AlertDecision::Kind::duplicate) {
        outcome.kind = RecordOutcome::Kind::duplicate;
    } else {
        outcome.kind = ignored ? RecordOutcome::Kind::ignored : RecordOutcome::Kind::taken;
    }
}

}  // namespace daybook
