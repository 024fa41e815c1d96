#include "ingest/missing_events.hpp"

#include <array>
#include <cassert>

#include "ingest/changes.hpp"

namespace daybook {
namespace {

constexpr std::int64_t none = RecordHeader::no_time;
constexpr std::array after_open{IncidentStatus::mitigated, IncidentStatus::resolved, IncidentStatus::closed};

std::int64_t entered_at(const IncidentState& state, IncidentStatus status) {
    switch (status) {
        case IncidentStatus::open: return none;
        case IncidentStatus::mitigated: return state.mitigated_at;
        case IncidentStatus::resolved: return state.resolved_at;
        case IncidentStatus::closed: return state.closed_at;
    }
    return none;
}

const Column<Time>& column_of(const IncidentLine& line, IncidentStatus status) {
    assert(status != IncidentStatus::open);
    if (status == IncidentStatus::mitigated) return line.mitigated_at;
    return status == IncidentStatus::resolved ? line.resolved_at : line.closed_at;
}

std::int64_t micros_or_none(const std::optional<Time>& time) { return time ? to_micros(*time) : none; }

// Where the row wants the incident to be. What it says nothing of stays as it is.
struct Goal {
    IncidentStatus status = IncidentStatus::open;
    std::array<std::int64_t, 3> entered{none, none, none};  // as after_open
    std::int64_t acknowledged_at = none;

    bool reached(const IncidentState& state) const {
        for (std::size_t i = 0; i < after_open.size(); ++i) {
            if (entered_at(state, after_open[i]) != entered[i]) return false;
        }
        return state.status == status && state.acknowledged_at == acknowledged_at;
    }
};

// `at`: when something happened of which no time is known.
Goal goal_of(const IncidentState& now, const IncidentLine& line, std::int64_t at) {
    Goal goal;
    goal.status = line.status.value_or(now.status);
    for (std::size_t i = 0; i < after_open.size(); ++i) {
        const IncidentStatus status = after_open[i];
        const Column<Time>& column = column_of(line, status);
        const std::int64_t known = entered_at(now, status);
        if (status > goal.status) continue;
        if (column.value) {
            goal.entered[i] = to_micros(*column.value);
        } else if (status == goal.status) {
            goal.entered[i] = now.status == status ? known : at;  // null can't be meant: it is in that status
        } else {
            goal.entered[i] = column.given ? none : known;
        }
    }
    goal.acknowledged_at = line.acknowledged_at.given ? micros_or_none(line.acknowledged_at.value) : now.acknowledged_at;
    return goal;
}

struct Step {
    EventType type = EventType::status_changed;
    IncidentStatus to = IncidentStatus::open;
    std::int64_t at = none;
};

IncidentState after(IncidentState state, const std::vector<Step>& steps) {
    for (const Step& step : steps) {
        RecordHeader header;
        header.type = step.type;
        header.occurred_at = step.at;
        if (step.type == EventType::status_changed) {
            header.from = static_cast<std::uint8_t>(state.status);
            header.to = static_cast<std::uint8_t>(step.to);
        }
        const auto refused = apply(state, header);
        assert(!refused);
    }
    return state;
}

// From `first` of after_open on, each status that has a moment is entered at that moment.
void add_entries(std::vector<Step>& steps, const Goal& goal, std::size_t first) {
    for (std::size_t i = first; i < after_open.size(); ++i) {
        if (goal.entered[i] != none) steps.push_back({EventType::status_changed, after_open[i], goal.entered[i]});
    }
}

// The shortest of a few ways that leads there, found by trying them with the fold itself. The last one always does: resolved
// and opened again, nothing of before is left.
std::vector<Step> way_to(const Goal& goal, const IncidentState& now, std::int64_t at) {
    if (goal.reached(now)) return {};
    std::int64_t opened_at = at;
    for (std::size_t i = after_open.size(); i-- > 0;) {
        if (goal.entered[i] != none) opened_at = goal.entered[i];
    }
    const Step open{EventType::status_changed, IncidentStatus::open, opened_at};
    const Step resolve{EventType::status_changed, IncidentStatus::resolved, opened_at};
    const Step acknowledge{EventType::acknowledged, IncidentStatus::open, goal.acknowledged_at};
    struct Beginning {
        std::vector<Step> steps;
        std::size_t first_entry;
    };
    const std::vector<Beginning> beginnings{{{}, 3}, {{}, 2}, {{}, 1}, {{}, 0}, {{open}, 0}, {{resolve, open}, 0}};
    for (const Beginning& beginning : beginnings) {
        for (const bool acknowledged : {false, true}) {
            if (acknowledged && goal.acknowledged_at == none) continue;
            std::vector<Step> steps = beginning.steps;
            if (acknowledged) steps.push_back(acknowledge);
            add_entries(steps, goal, beginning.first_entry);
            if (goal.reached(after(now, steps))) return steps;
        }
    }
    assert(false);
    return {};
}

// Texts that the row has otherwise than the events.
std::optional<IncidentUpdated> update_of(const IncidentRow& now, const IncidentLine& line) {
    Changes changes;
    const auto add = [&](std::string_view field, const std::optional<std::string>& from, const std::optional<std::string>& to) {
        if (to && from != to) changes.add(field, from ? json_of(*from) : "null", json_of(*to));
    };
    add("env", now.env, line.env);
    add("kind", now.kind, line.kind);
    if (line.labels) changes.add("labels", now.labels.value_or("null"), line.labels->text);
    add("service", now.service, line.service);
    changes.add("started_at", json_time(now.state.started_at), json_time(to_micros(line.started_at)));
    add("summary", now.summary, line.summary);
    add("title", now.title, line.title);
    if (changes.empty()) return std::nullopt;
    IncidentUpdated updated;
    updated.changes = changes.finish();
    return updated;
}

class Missing {
public:
    void add(Payload payload, std::int64_t at) {
        common_fields(payload).meta = JsonText{"{\"synthesised\":true}"};
        events_.push_back({std::move(payload), from_micros(at)});
    }
    void add(const Step& step, IncidentStatus& status) {
        if (step.type == EventType::acknowledged) return add(Acknowledged{}, step.at);
        StatusChanged changed;
        changed.from = status;
        changed.to = status = step.to;
        add(changed, step.at);
    }
    std::vector<MissingEvent> take() { return std::move(events_); }

private:
    std::vector<MissingEvent> events_;
};

}  // namespace

std::vector<MissingEvent> missing_events(const IncidentRow& now, const IncidentLine& line) {
    Missing missing;
    const IncidentState& state = now.state;
    const std::int64_t at = line.updated_at ? to_micros(*line.updated_at) : state.updated_at;
    if (auto updated = update_of(now, line)) missing.add(*updated, at);
    if (line.severity && *line.severity != state.severity) {
        SeverityChanged changed;
        changed.from = state.severity;
        changed.to = *line.severity;
        missing.add(changed, at);
    }
    IncidentStatus status = state.status;
    for (const Step& step : way_to(goal_of(state, line, at), state, at)) missing.add(step, status);
    if (line.assignee.given && line.assignee.value != now.assignee) {
        Assigned assigned;
        assigned.from = now.assignee;
        assigned.to.value = line.assignee.value;
        missing.add(assigned, at);
    }
    if (line.duplicate_of && line.duplicate_of != now.duplicate_of) {
        IncidentLinked linked;
        linked.relation = LinkRelation::duplicate_of;
        linked.other = *line.duplicate_of;
        missing.add(linked, at);
    }
    if (line.archived_at && !state.archived()) {
        IncidentArchived archived;
        archived.reason = "archived before the import";
        missing.add(archived, to_micros(*line.archived_at));
    }
    return missing.take();
}

}  // namespace daybook
