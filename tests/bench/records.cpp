// The world as alert_triage/1 records.
#include <ostream>

#include "journal/json.hpp"
#include "tests/bench/world.hpp"

namespace daybook::bench {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
    out += ",\"";
    out += name;
    out += "\":";
    append_json_string(out, text);
}

// What a record says beside its alert.
struct Extra {
    std::string_view note;
    const FollowupAdded* followup = nullptr;
};

void append_record(std::string& out, const Alert& alert, Time at, const Extra& extra, Random& random) {
    const std::string time = format_time(at);
    out += R"({"schema":"alert_triage/1")";
    append_member(out, "triage_id", triage_key(at, random));
    append_member(out, "triaged_at", time);
    out += R"(,"agent_id":"monitor","decision":"auto","incident_id":null,"signature":null,"alert":{"source":"alertmanager")";
    append_member(out, "alert_ref", alert.alert_ref);
    append_member(out, "fingerprint", alert.fingerprint);
    append_member(out, "service", alert.service);
    append_member(out, "env", alert.env);
    append_member(out, "severity", to_text(alert.severity));
    append_member(out, "kind", alert.kind);
    append_member(out, "state", to_text(alert.state));
    append_member(out, "title", alert.title);
    append_member(out, "started_at", format_time(alert.starts_at));
    if (alert.ends_at) append_member(out, "ended_at", format_time(*alert.ends_at));
    out += ",\"labels\":" + alert.labels.text;
    out += ",\"annotations\":" + alert.annotations.text;
    out += R"(,"metrics":{"value":0.0)" + std::to_string(1 + random.below(9)) + R"(},"links":[]})";
    if (extra.followup != nullptr) {
        out += R"(,"followups":[{"title":)";
        append_json_string(out, extra.followup->title);
        append_member(out, "owner", *extra.followup->owner);
        append_member(out, "priority", to_text(extra.followup->priority));
        append_member(out, "due_at", format_time(*extra.followup->due_at));
        out += "}]";
    }
    if (!extra.note.empty()) {
        out += ",\"notes\":[";
        append_json_string(out, extra.note);
        out += ']';
    }
    out += "}\n";
}

}  // namespace

// An opening comes with its first alert; an end is that of each alert; whatever else happens comes with an alert that fires on.
void RecordMaker::append_lines(std::string& out, std::uint64_t& count) {
    const Happening& happening = world_.next();
    const Incident& incident = *happening.incident;
    if (std::holds_alternative<IncidentCreated>(happening.payload) || incident.status == IncidentStatus::closed) return;
    if (incident.status == IncidentStatus::resolved) {
        for (std::size_t i = 0; i < incident.alerts.size(); ++i) {
            Alert alert = World::alert_of(incident, i);
            alert.state = AlertState::resolved;
            alert.ends_at = happening.at;
            append_record(out, alert, happening.at, {}, random_);
            ++count;
        }
        return;
    }
    Extra extra;
    const CommonFields& fields = common_fields(happening.payload);
    if (fields.message) extra.note = *fields.message;
    extra.followup = std::get_if<FollowupAdded>(&happening.payload);
    const auto* alert = std::get_if<Alert>(&happening.payload);
    append_record(out, alert != nullptr ? *alert : World::alert_of(incident, 0), happening.at, extra, random_);
    ++count;
}

std::uint64_t write_records(std::ostream& out, const WorldSize& size) {
    RecordMaker maker(size);
    std::string lines;
    std::uint64_t count = 0;
    while (count < size.events) {
        maker.append_lines(lines, count);
        if (lines.size() < 1024 * 1024 && count < size.events) continue;
        out << lines;
        lines.clear();
    }
    return count;
}

}  // namespace daybook::bench
