// From records to requests to append, and from the answers to what became of each record: the same for files and webhooks.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ingest/alert_rules.hpp"
#include "ingest/ingest.hpp"
#include "ingest/source_record.hpp"

namespace daybook {

struct RecordOutcome {
    enum class Kind { untouched, taken, duplicate, ignored, refused };
    Kind kind = Kind::untouched;
    Sequence sequence;      // of the first event that it led to, or of a duplicate had led to; 0: not known
    StreamNumber incident;  // of a duplicate without a sequence
    std::optional<Refusal> refusal;
};

// Makes the requests of some records, which are appended in order; then each answer goes to `answer`. Not thread-safe.
class AlertIntake {
public:
    // All parts outlive it.
    explicit AlertIntake(const IngestParts& parts) : rules_(parts.index, parts.policy, parts.entropy) {}

    // Begins anew, for so many records.
    void begin(std::size_t records);
    // The next record. It outlives the appending, which may take its payload.
    void add(RecordContent& content);

    const std::vector<AppendRequest>& requests() const { return requests_; }
    // `place` is that of the request. Answers come in order; of requests that were not looked at there are none.
    void answer(std::size_t place, const Result<Appended>& answer);

    const std::vector<RecordOutcome>& outcomes() const { return outcomes_; }

private:
    struct State {
        RecordContent* content = nullptr;
        AlertDecision::Kind decided = AlertDecision::Kind::taken;
        std::unique_ptr<Batch> receipt;  // an alert_ignored that waits for the request with its key
        bool has_receipt = false;
    };
    Result<Batch> decide(std::size_t record, const JournalView& journal);

    AlertRules rules_;
    std::vector<AppendRequest> requests_;
    std::vector<std::size_t> of_request_;  // which record a request is of
    std::vector<State> states_;
    std::vector<RecordOutcome> outcomes_;
};

}  // namespace daybook
