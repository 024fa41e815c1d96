#include "projections/default_message.hpp"

#include "journal/json.hpp"

namespace daybook {
namespace {

std::string with_reason(std::string line, const std::optional<std::string>& reason) {
    if (reason && !reason->empty()) line += ": " + *reason;
    return line;
}

template <class T>
std::string from_to(T from, T to) {
    return "from " + std::string(to_text(from)) + " to " + std::string(to_text(to));
}

template <class T>
std::string words(T value) {
    return std::string(to_text(value));
}

// "title, owner": what a `changes` object changes.
std::string changed_fields(const JsonText& changes) {
    JsonReader reader;
    const auto value = reader.read(changes.text);
    std::string names;
    if (!value || !(*value)->is_object()) return "nothing";
    for (const JsonMember& member : (*value)->members()) {
        if (!names.empty()) names += ", ";
        names += member.name;
    }
    return names.empty() ? "nothing" : names;
}

// One overload for each type of event, and none that would take them all.
struct Line {
    std::string operator()(const IncidentCreated& e) const { return "Opened: " + words(e.severity) + ' ' + e.title; }
    std::string operator()(const IncidentUpdated& e) const { return "Changed: " + changed_fields(e.changes); }
    std::string operator()(const SeverityChanged& e) const { return with_reason("Severity " + from_to(e.from, e.to), e.reason); }
    std::string operator()(const StatusChanged& e) const { return with_reason("Status " + from_to(e.from, e.to), e.reason); }
    std::string operator()(const Acknowledged&) const { return "Acknowledged"; }
    std::string operator()(const Assigned& e) const { return e.to.value ? "Assigned to " + *e.to.value : "Unassigned"; }
    std::string operator()(const Alert& e) const { return "Alert " + words(e.state) + ": " + words(e.severity) + ' ' + e.title; }
    template <EventType T>
    std::string operator()(const Entry<T>&) const {
        return {};
    }
    std::string operator()(const EntryCorrected&) const { return {}; }
    std::string operator()(const FollowupAdded& e) const {
        std::string line = "Follow-up " + e.followup_id + ": " + words(e.priority) + ' ' + e.title;
        if (e.owner) line += ", owner " + *e.owner;
        if (e.due_at) line += ", due " + format_time(*e.due_at);
        return line;
    }
    std::string operator()(const FollowupStatusChanged& e) const {
        return "Follow-up " + e.followup_id + ' ' + from_to(e.from, e.to);
    }
    std::string operator()(const FollowupUpdated& e) const {
        return "Follow-up " + e.followup_id + " changed: " + changed_fields(e.changes);
    }
    std::string operator()(const ArtifactAttached& e) const {
        return "Artifact " + e.name + " (" + e.kind + ", " + std::to_string(e.size_bytes) + " bytes)";
    }
    std::string operator()(const Escalated& e) const {
        return with_reason("Escalated to " + e.target + " (" + e.policy + ", level " + std::to_string(e.level) + ")", e.reason);
    }
    std::string operator()(const IncidentLinked& e) const {
        switch (e.relation) {
            case LinkRelation::duplicate_of: return "Duplicate of " + e.other;
            case LinkRelation::caused_by: return "Caused by " + e.other;
            case LinkRelation::related_to: return "Related to " + e.other;
        }
        return {};
    }
    std::string operator()(const IncidentArchived& e) const { return with_reason("Archived", e.reason); }
    std::string operator()(const AlertIgnored& e) const { return with_reason("Alert ignored", e.reason); }
    std::string operator()(const TriageRun& e) const {
        std::string counts;
        const auto count = [&](const std::optional<std::int64_t>& number, const char* what) {
            if (number) counts += (counts.empty() ? ": " : ", ") + std::to_string(*number) + ' ' + what;
        };
        count(e.processed, "processed");
        count(e.created, "created");
        count(e.updated, "updated");
        count(e.ignored, "ignored");
        count(e.errors, "errors");
        return "Triage run" + counts;
    }
    std::string operator()(const JobStarted& e) const { return "Job " + e.task_id + " started (" + e.run_id + ")"; }
    std::string operator()(const JobFinished& e) const {
        return with_reason("Job " + e.task_id + ' ' + e.outcome + " (" + e.run_id + ")", e.error);
    }
    std::string operator()(const ReportGenerated& e) const { return "Report " + e.report + " for " + e.period; }
    std::string operator()(const RiskSnapshot& e) const {
        return "Risk of " + e.service + " in " + e.env + ": " + std::to_string(e.score);
    }
    std::string operator()(const BacklogItem& e) const {
        return "Backlog item " + e.item_id + ": " + words(e.priority) + ' ' + e.title;
    }
    std::string operator()(const GateEvaluated& e) const { return "Gate " + e.gate + " (" + e.mode + "): " + e.outcome; }
    std::string operator()(const Redacted& e) const { return with_reason("Redacted event " + std::to_string(e.redacts), e.reason); }
};

}  // namespace

std::string default_message(const Payload& payload) { return std::visit(Line{}, payload); }

bool is_entry(EventType type) { return (type >= EventType::note && type <= EventType::log) || type == EventType::entry_corrected; }

}  // namespace daybook
