#include "projections/incident_diff.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "projections/timeline.hpp"

namespace daybook {
namespace {

constexpr std::size_t field_count = 20;
constexpr std::array<std::string_view, field_count> field_names = {
    "status",      "severity",   "title",      "summary",         "service",      "env",         "kind",
    "signature",   "labels",     "assignee",   "acknowledged_at", "mitigated_at", "resolved_at", "closed_at",
    "archived_at", "started_at", "created_by", "duplicate_of",    "meta",         "created_at"};
using Values = std::array<std::string, field_count>;  // JSON texts

std::string json_of(std::string_view text) {
    std::string json;
    append_json_string(json, text);
    return json;
}
std::string json_of(const std::optional<std::string>& text) { return text ? json_of(std::string_view(*text)) : "null"; }
std::string json_of(std::int64_t micros) {
    return micros == RecordHeader::no_time ? "null" : json_of(std::string_view(format_time(from_micros(micros))));
}

Values values_of(const IncidentRow& row) {
    const IncidentState& state = row.state;
    if (!state.exists()) {
        Values none;
        none.fill("null");
        return none;
    }
    const auto text = [](std::string_view value) { return json_of(value); };
    return {text(to_text(state.status)),
            text(to_text(state.severity)),
            text(row.title),
            json_of(row.summary),
            text(row.service),
            text(row.env),
            json_of(row.kind),
            json_of(row.signature),
            row.labels.value_or("null"),
            json_of(row.assignee),
            json_of(state.acknowledged_at),
            json_of(state.mitigated_at),
            json_of(state.resolved_at),
            json_of(state.closed_at),
            json_of(state.archived_at),
            json_of(state.started_at),
            text(row.created_by),
            json_of(row.duplicate_of),
            row.meta.value_or("null"),
            json_of(state.created_at)};
}

// A fold, with what each event did in it.
struct Folded {
    Values values;
    bool exists = false;
    std::vector<Sequence> sequences;
    std::array<std::set<Sequence>, field_count> changed_by;
};

Folded fold(const JournalView& journal, StreamNumber stream, const Horizon& horizon) {
    Folded folded;
    folded.sequences = sequences_within(journal, stream, horizon);
    IncidentRow row;
    folded.values = values_of(row);
    PayloadDecoder payloads;
    for (const Sequence sequence : folded.sequences) {
        const RecordView record = *journal.record(sequence);
        if (apply(row, ProjectedEvent{record, journal, payloads})) continue;
        Values now = values_of(row);
        for (std::size_t i = 0; i < field_count; ++i) {
            if (now[i] != folded.values[i]) folded.changed_by[i].insert(sequence);
        }
        folded.values = std::move(now);
    }
    folded.exists = row.state.exists();
    return folded;
}

IncidentDiff::Event event_of(const RecordView& record, const JournalView& journal) {
    return {record.sequence(), record.occurred_at(), record.recorded_at(), record.type(),
            std::string(journal.name({record.header().actor}))};
}

IncidentDiff::Change change_of(std::size_t field, const Folded& from, const Folded& to, const JournalView& journal) {
    IncidentDiff::Change change{std::string(field_names[field]), from.values[field], to.values[field], {}};
    std::vector<Sequence> by;
    std::set_symmetric_difference(from.changed_by[field].begin(), from.changed_by[field].end(), to.changed_by[field].begin(),
                                  to.changed_by[field].end(), std::back_inserter(by));
    for (const Sequence sequence : by) change.events.push_back(event_of(*journal.record(sequence), journal));
    return change;
}

IncidentDiff::Entry entry_of(const RecordView& record, const JournalView& journal, TimelineReader& timeline,
                             PayloadDecoder& payloads) {
    IncidentDiff::Entry entry;
    const TimelineRow& row = timeline.read(record, journal);
    entry.event = event_of(record, journal);
    entry.source = row.source;
    entry.message = row.message();
    if (record.type() == EventType::entry_corrected) {
        const auto payload = payloads.decode(record, journal);
        const auto* corrected = payload ? std::get_if<EntryCorrected>(*payload) : nullptr;
        if (corrected != nullptr) entry.corrects = Sequence{static_cast<std::uint64_t>(corrected->corrects)};
    }
    return entry;
}

}  // namespace

IncidentDiff incident_diff(const JournalView& journal, const IncidentDiffRequest& request) {
    const Folded from = fold(journal, request.stream, request.from);
    const Folded to = fold(journal, request.stream, request.to);
    IncidentDiff diff;
    diff.existed = from.exists;
    diff.exists = to.exists;
    for (std::size_t i = 0; i < field_count; ++i) {
        if (from.values[i] != to.values[i]) diff.changes.push_back(change_of(i, from, to, journal));
    }
    TimelineReader timeline;
    PayloadDecoder payloads;
    for (const Sequence sequence : to.sequences) {
        const RecordView record = *journal.record(sequence);
        if (request.from.includes(record)) continue;
        IncidentDiff::Entry entry = entry_of(record, journal, timeline, payloads);
        entry.late = record.occurred_at() <= request.from_time;
        diff.entries.push_back(std::move(entry));
    }
    return diff;
}

}  // namespace daybook
