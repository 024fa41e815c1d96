#include <algorithm>
#include <ostream>

#include <CLI/CLI.hpp>

#include "journal/json.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/named.hpp"
#include "ops/whole_number.hpp"
#include "projections/incident_diff.hpp"

namespace daybook {
namespace {

struct DiffOptions {
    std::string incident_id, from, to, clock = "recorded";
};

// One of the two moments: a time on one of the clocks, or a seq.
struct Moment {
    Horizon horizon;
    Time time{};
};

Moment moment_of(const std::string& option, const std::string& text, bool occurred, const JournalView& journal) {
    Moment moment;
    if (const auto seq = whole_number(text)) {
        if (occurred) throw CommandError(ExitStatus::usage, option + " must be a time with --clock occurred, not a seq");
        if (*seq > journal.size()) {
            throw CommandError(ExitStatus::usage,
                               option + " " + text + ": the journal has " + std::to_string(journal.size()) + " events");
        }
        moment.horizon.size = *seq;
        if (*seq != 0) moment.time = journal.record({*seq})->recorded_at();
        return moment;
    }
    moment.time = time_option(option, text);
    if (occurred) {
        moment.horizon.as_of = moment.time;
    } else {
        moment.horizon.size = recorded_by(journal, moment.time);
    }
    return moment;
}

// For people: the text itself, and nothing for null.
Cell cell_of(const std::string& json) {
    JsonReader reader;
    const auto value = reader.read(json);
    if (!value || (*value)->is_null()) return {};
    return (*value)->is_string() ? Cell((*value)->text()) : Cell(JsonText{json});
}

// A JSON text, a member at a time.
class JsonObject {
public:
    JsonObject& add(std::string_view name, std::string_view json) {
        text_ += text_.size() > 1 ? ",\"" : "\"";
        text_.append(name).append("\":").append(json);
        return *this;
    }
    JsonObject& add_text(std::string_view name, std::string_view text) {
        std::string json;
        append_json_string(json, text);
        return add(name, json);
    }
    JsonObject& add_event(const IncidentDiff::Event& event) {
        add("seq", std::to_string(event.sequence.value)).add_text("ts", format_time(event.occurred_at));
        add_text("recorded_at", format_time(event.recorded_at)).add_text("type", to_text(event.type));
        return add_text("actor", event.actor);
    }
    std::string finish() const { return text_ + '}'; }

private:
    std::string text_ = "{";
};

template <class Items, class ToJson>
JsonText json_list(const Items& items, const ToJson& to_json) {
    std::string text = "[";
    for (const auto& item : items) {
        if (text.size() > 1) text += ',';
        text += to_json(item);
    }
    return {text + ']'};
}

void print_json(Session& session, const DiffOptions& o, const IncidentDiff& diff) {
    const auto changes = json_list(diff.changes, [](const IncidentDiff::Change& change) {
        const auto events =
            json_list(change.events, [](const IncidentDiff::Event& event) { return JsonObject().add_event(event).finish(); });
        return JsonObject()
            .add_text("field", change.field)
            .add("from", change.from)
            .add("to", change.to)
            .add("events", events.text)
            .finish();
    });
    const auto entries = json_list(diff.entries, [](const IncidentDiff::Entry& entry) {
        JsonObject object;
        object.add_event(entry.event).add_text("source", entry.source).add_text("message", entry.message);
        object.add("corrects", entry.corrects ? std::to_string(entry.corrects->value) : "null")
            .add("late", entry.late ? "true" : "false");
        return object.finish();
    });
    session.print({{"incident_id", ""}, {"clock", ""}, {"from", ""}, {"to", ""}, {"existed", ""}, {"changes", ""}, {"entries", ""}},
                  {o.incident_id, o.clock, o.from, o.to.empty() ? Cell() : Cell(o.to), diff.existed, changes, entries});
}

std::string remark_of(const IncidentDiff::Entry& entry) {
    std::string remark = entry.late ? "late" : "";
    if (entry.corrects) remark += (remark.empty() ? "corrects " : ", corrects ") + std::to_string(entry.corrects->value);
    return remark;
}

// Two tables: what is another value now, with a line for each event that had a part in it; and all that was added.
void print_tables(Session& session, Format format, const DiffOptions& o, const IncidentDiff& diff) {
    std::ostream& out = session.out();
    const bool markdown = format == Format::markdown;
    const std::string span = " from " + o.from + " to " + (o.to.empty() ? "now" : o.to) + " (" + o.clock + ")";
    if (markdown) out << "# What changed in " << o.incident_id << span << "\n\n## Fields\n\n";
    if (!diff.changes.empty() || markdown) {
        RowWriter rows(out, format, session.style(),
                       {{"field", "FIELD"},
                        {"from", "FROM", Align::left, Paint::none, true},
                        {"to", "TO", Align::left, Paint::none, true},
                        {"seq", "SEQ", Align::right},
                        {"ts", "WHEN"},
                        {"type", "TYPE"},
                        {"actor", "WHO"}});
        for (const IncidentDiff::Change& change : diff.changes) {
            Row row{change.field, cell_of(change.from), cell_of(change.to), Cell(), Cell(), Cell(), Cell()};
            if (change.events.empty()) rows.add(row);
            for (const IncidentDiff::Event& event : change.events) {
                row[3] = event.sequence;
                row[4] = event.occurred_at;
                row[5] = event.type;
                row[6] = event.actor;
                rows.add(row);
                row[0] = row[1] = row[2] = Cell();
            }
        }
        rows.finish();
    }
    if (diff.entries.empty() && !markdown) return;
    out << (markdown ? "\n## Entries\n\n" : diff.changes.empty() ? "" : "\n");
    RowWriter rows(out, format, session.style(),
                   {{"seq", "SEQ", Align::right},
                    {"ts", "WHEN"},
                    {"recorded_at", "RECORDED"},
                    {"type", "TYPE"},
                    {"actor", "WHO"},
                    {"remark", "REMARK"},
                    {"message", "WHAT", Align::left, Paint::none, true}});
    for (const IncidentDiff::Entry& entry : diff.entries) {
        rows.add({entry.event.sequence, entry.event.occurred_at, entry.event.recorded_at, entry.event.type, entry.event.actor,
                  remark_of(entry), entry.message});
    }
    rows.finish();
}

// One table: a row for each field and event that changed it, and one for each event that was added.
void print_flat(Session& session, Format format, const IncidentDiff& diff) {
    RowWriter rows(session.out(), format, session.style(),
                   {{"field", ""},
                    {"from", ""},
                    {"to", ""},
                    {"seq", ""},
                    {"ts", ""},
                    {"recorded_at", ""},
                    {"type", ""},
                    {"actor", ""},
                    {"remark", ""},
                    {"message", ""}});
    for (const IncidentDiff::Change& change : diff.changes) {
        for (const IncidentDiff::Event& event : change.events) {
            rows.add({change.field, cell_of(change.from), cell_of(change.to), event.sequence, event.occurred_at, event.recorded_at,
                      event.type, event.actor, Cell(), Cell()});
        }
    }
    for (const IncidentDiff::Entry& entry : diff.entries) {
        rows.add({Cell(), Cell(), Cell(), entry.event.sequence, entry.event.occurred_at, entry.event.recorded_at, entry.event.type,
                  entry.event.actor, remark_of(entry), entry.message});
    }
    rows.finish();
}

IncidentDiff make_diff(Session& session, const DiffOptions& o) {
    if (o.clock != "recorded" && o.clock != "occurred")
        throw CommandError(ExitStatus::usage, "--clock must be one of recorded, occurred; not " + o.clock);
    const bool occurred = o.clock == "occurred";
    const Snapshot journal = session.journal_to_read().snapshot();
    const StreamNumber number = find_incident(*journal, o.incident_id);
    const Moment from = moment_of("--from", o.from, occurred, *journal);
    const Moment to = o.to.empty() ? Moment() : moment_of("--to", o.to, occurred, *journal);
    const bool backwards =
        from.horizon.size > to.horizon.size || (from.horizon.as_of && to.horizon.as_of && *from.horizon.as_of > *to.horizon.as_of);
    if (backwards) throw CommandError(ExitStatus::usage, "--from must not be after --to");
    if (!incident_within(*journal, number, Horizon())) throw CommandError(ExitStatus::not_found, o.incident_id + " is no incident");
    const IncidentDiff diff = incident_diff(*journal, {number, from.horizon, to.horizon, from.time});
    if (!diff.exists) throw CommandError(ExitStatus::not_found, o.incident_id + " was not there yet");
    return diff;
}

ExitStatus print_diff(Session& session, const DiffOptions& o) {
    const IncidentDiff diff = make_diff(session, o);
    switch (session.format()) {
        case Format::json:
        case Format::jsonl: print_json(session, o, diff); break;
        case Format::tsv:
        case Format::csv: print_flat(session, session.format(), diff); break;
        case Format::table:
        case Format::markdown: print_tables(session, session.format(), o, diff); break;
    }
    if (diff.nothing()) session.messages().say(MessageKind::notice, "nothing changed");
    return ExitStatus::done;
}

}  // namespace

void add_incident_diff(CLI::App& incident, ChosenCommand& chosen) {
    auto o = std::make_shared<DiffOptions>();
    CLI::App* app = incident.add_subcommand("diff", "What changed in an incident between two moments, and by whom");
    app->add_option("incident", o->incident_id, "The incident's id")->required()->type_name("INCIDENT");
    app->add_option("--from", o->from, "The first moment: a time, or a seq")->required()->type_name("TIME|SEQ");
    app->add_option("--to", o->to, "The second moment (default: now)")->type_name("TIME|SEQ");
    app->add_option("--clock", o->clock, "By which clock: recorded (what was known) or occurred (what was true)")
        ->capture_default_str();
    app->footer(
        "Examples:\n  daybook incident diff inc_20260223_1000_k3f9 --from 2026-02-23T11:00:00Z --to 2026-02-24T09:00:00Z\n"
        "  daybook incident diff inc_20260223_1000_k3f9 --from 17 -o json\n"
        "  daybook incident diff inc_20260223_1000_k3f9 --from 2026-02-23T11:00:00Z --clock occurred -o markdown");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return print_diff(session, *o); }; });
}

}  // namespace daybook
