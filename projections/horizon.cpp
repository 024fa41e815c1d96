#include "projections/horizon.hpp"

namespace daybook {

std::uint64_t recorded_by(const JournalView& journal, Time time) {
    std::uint64_t known = 0;  // events that are known to be recorded by then
    std::uint64_t end = journal.size();
    while (known < end) {
        const std::uint64_t middle = known + (end - known + 1) / 2;
        const auto record = journal.record({middle});
        if (!record) throw StorageError("event " + std::to_string(middle) + " is missing: run `daybook verify`");
        if (record->recorded_at() <= time) {
            known = middle;
        } else {
            end = middle - 1;
        }
    }
    return known;
}

std::vector<Sequence> sequences_within(const JournalView& journal, StreamNumber stream, const Horizon& horizon) {
    std::vector<Sequence> sequences;
    for (const Sequence sequence : journal.stream_sequences(stream)) {
        if (sequence.value > horizon.size) break;
        if (!horizon.as_of || horizon.includes(*journal.record(sequence))) sequences.push_back(sequence);
    }
    return sequences;
}

std::optional<IncidentRow> incident_within(const JournalView& journal, StreamNumber stream, const Horizon& horizon) {
    IncidentRow row;
    PayloadDecoder payloads;
    for (const Sequence sequence : sequences_within(journal, stream, horizon)) {
        const RecordView record = *journal.record(sequence);
        apply(row, ProjectedEvent{record, journal, payloads});  // what the fold refuses has not happened
    }
    return row.state.exists() ? std::optional(std::move(row)) : std::nullopt;
}

}  // namespace daybook
