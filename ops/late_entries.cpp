#include "ops/late_entries.hpp"

#include "projections/followups.hpp"
#include "projections/iso_week.hpp"
#include "projections/projection.hpp"

namespace daybook {
namespace {

IsoWeek week_of(std::int64_t micros) { return iso_week_of(from_micros(micros)); }

std::string followup_of(const JournalView& journal, const RecordView& record) {
    PayloadDecoder payloads;
    const auto payload = payloads.decode(record, journal);
    return payload ? followup_id_of(**payload) : std::string();
}

// The event that added the follow-up of `change`, one of its stream's `sequences`.
Sequence addition_of(const JournalView& journal, const RecordView& change, const std::vector<Sequence>& sequences) {
    const std::string id = followup_of(journal, change);
    for (const Sequence sequence : sequences) {
        const auto record = journal.record(sequence);
        if (record->type() == EventType::followup && followup_of(journal, *record) == id) return sequence;
    }
    return sequences.front();
}

}  // namespace

std::optional<std::string> missing_in_digests(const JournalView& journal, Sequence sequence) {
    const auto record = sequence ? journal.record(sequence) : std::nullopt;
    if (!record) return std::nullopt;
    const RecordHeader& header = record->header();
    const bool opens = header.type == EventType::incident_created;
    const bool of_followup = header.type == EventType::followup_status_change;
    const bool counted = opens || of_followup || header.type == EventType::followup || header.type == EventType::status_changed ||
                         header.type == EventType::acknowledged;
    const IsoWeek week = week_of(opens ? header.moment : header.occurred_at);
    if (!counted || week >= week_of(header.recorded_at)) return std::nullopt;
    const auto sequences = journal.stream_sequences(record->stream());
    const Sequence written = of_followup ? addition_of(journal, *record, sequences) : sequences.front();
    const std::int64_t written_at = journal.header(written)->occurred_at;
    if (week >= week_of(written_at)) return std::nullopt;
    const std::string at = format_time(from_micros(written_at));
    if (opens) {
        return "it counts as opened at " + at +
               ", and what is dated in a week before that is in no weekly digest: where it was known then, give occurred_at "
               "(--occurred-at) too";
    }
    return (of_followup ? followup_of(journal, *record) : std::string(journal.stream_id(record->stream()))) +
           " was written down as of " + at + ": what happened to it in a week before that is in no weekly digest";
}

}  // namespace daybook
