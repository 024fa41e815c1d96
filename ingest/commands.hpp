// The commands: what people and agents ask for, and the rules that turn it into events or refuse it.
//
// The command line and the HTTP tools are two faces of this one layer. Each command decides inside the write transaction, over
// the decision index: what it saw when it decided still holds when its events are written.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "journal/identifiers.hpp"
#include "journal/journal.hpp"
#include "projections/decision_index.hpp"

namespace daybook {

// Who asks, when it happened, and under which conditions. Part of every command.
struct CommandContext {
    std::string actor;
    std::string source;  // "cli", "oncall_tool" …
    Time occurred_at{};
    bool by_clock = false;  // nobody said when: a change of status or severity is never before the last one
    std::optional<std::string> idempotency_key;
    std::optional<Digest> input_sha256;             // of the input's RFC 8785 text, for the key
    std::optional<std::uint64_t> expected_version;  // of the incident's stream; 0: none yet
    bool dry_run = false;                           // check and decide, write nothing
};

struct CreateIncident {
    std::string service;
    std::string env = "prod";
    Severity severity = Severity::p2;
    std::string title;
    std::optional<Time> started_at;  // absent: when it was told
    std::optional<std::string> summary, kind, signature, message;
    std::optional<JsonText> labels, meta;
};
struct ChangeStatus {
    std::string incident_id;
    IncidentStatus to = IncidentStatus::open;
    std::optional<std::string> reason, message;
};
struct ChangeSeverity {
    std::string incident_id;
    Severity to = Severity::p2;
    std::optional<std::string> reason, message;
};
struct Acknowledge {
    std::string incident_id;
    std::optional<std::string> message;
};
struct Assign {
    std::string incident_id;
    std::optional<std::string> to;  // absent: nobody
    std::optional<std::string> message;
};
// Absent: stays as it is. An empty summary or kind is taken away.
struct UpdateIncident {
    std::string incident_id;
    std::optional<std::string> title, summary, service, env, kind;
    std::optional<JsonText> labels;
    std::optional<Time> started_at;
    std::optional<std::string> message;
};
struct AppendEntry {
    std::string incident_id;
    EventType type = EventType::note;  // note, decision, action, comms, metric or log
    std::string message;
    std::optional<JsonText> meta;
};
struct CorrectEntry {
    std::string incident_id;
    Sequence corrects;
    std::string message;
};
struct AddFollowup {
    std::string incident_id;
    std::string title;
    std::optional<std::string> owner;
    Severity priority = Severity::p2;
    std::optional<Time> due_at;
    std::optional<std::string> message;
    std::optional<JsonText> links;
};
struct ChangeFollowupStatus {
    std::string followup_id;
    FollowupStatus to = FollowupStatus::open;
    std::optional<std::string> message;
    std::optional<std::string> incident_id;  // given: the follow-up must be this incident's
};
// Absent: stays as it is. An empty owner is taken away, and the due date where `no_due_date` says so.
struct UpdateFollowup {
    std::string followup_id;
    std::optional<std::string> title, owner;
    std::optional<Severity> priority;
    std::optional<Time> due_at;
    bool no_due_date = false;
    std::optional<std::string> message;
};
struct AttachArtifact {
    std::string incident_id;
    std::string kind;
    std::string name;  // its ending says the format: .json, .md, .txt
    std::string bytes;
    std::optional<std::string> message;
};
struct LinkIncident {
    std::string incident_id;
    LinkRelation relation = LinkRelation::related_to;
    std::string other;
    std::optional<std::string> message;
};
struct ArchiveIncident {
    std::string incident_id;
    std::string reason;
};

// What came of a command.
struct CommandOutcome {
    Appended appended;  // count 0: nothing had to be written
    std::string incident_id;
    std::string subject_id;     // the follow-up, the artifact; else empty
    std::uint64_t version = 0;  // of the incident's stream, after
    bool dry_run = false;       // nothing was written, but it would be taken
};

// Thread-safe as the journal is.
class CommandHandler {
public:
    // All outlive it. `index` is one of the journal's indexes.
    CommandHandler(Journal& journal, const DecisionIndex& index, Entropy& entropy)
        : journal_(journal), index_(index), entropy_(entropy) {}

    // Refuse: invalid (a field), not_found (the incident, the follow-up), conflict (an impossible transition, a time before the
    // last change, an expected version), idempotency_conflict, too_large.
    Result<CommandOutcome> run(const CreateIncident& command, const CommandContext& context);
    Result<CommandOutcome> run(const ChangeStatus& command, const CommandContext& context);
    Result<CommandOutcome> run(const ChangeSeverity& command, const CommandContext& context);
    Result<CommandOutcome> run(const Acknowledge& command, const CommandContext& context);
    Result<CommandOutcome> run(const Assign& command, const CommandContext& context);
    Result<CommandOutcome> run(const UpdateIncident& command, const CommandContext& context);
    Result<CommandOutcome> run(const AppendEntry& command, const CommandContext& context);
    Result<CommandOutcome> run(const CorrectEntry& command, const CommandContext& context);
    Result<CommandOutcome> run(const AddFollowup& command, const CommandContext& context);
    Result<CommandOutcome> run(const ChangeFollowupStatus& command, const CommandContext& context);
    Result<CommandOutcome> run(const UpdateFollowup& command, const CommandContext& context);
    Result<CommandOutcome> run(const AttachArtifact& command, const CommandContext& context);
    Result<CommandOutcome> run(const LinkIncident& command, const CommandContext& context);
    Result<CommandOutcome> run(const ArchiveIncident& command, const CommandContext& context);

private:
    // An existing incident, as a decision sees it.
    struct Target {
        StreamHead head;
        DecisionIncident incident;
    };
    Result<Target> find(const JournalView& journal, const std::string& incident_id) const;
    // The incident that a follow-up belongs to.
    Result<std::string> incident_of_followup(const JournalView& journal, const std::string& followup_id) const;

    // Decides on an existing incident and appends; `decide` gets the target and returns the payload, or nothing when all is as it
    // was asked for.
    using DecidePayload = std::function<Result<std::optional<Payload>>(const JournalView&, const Target&)>;
    using FindIncident = std::function<Result<std::string>(const JournalView&)>;
    Result<CommandOutcome> on_target(const FindIncident& find_incident, const CommandContext& context, const DecidePayload& decide,
                                     const std::vector<Blob>& blobs);
    Result<CommandOutcome> on_incident(const std::string& incident_id, const CommandContext& context, const DecidePayload& decide,
                                       const std::vector<Blob>& blobs = {});
    Result<CommandOutcome> on_followup(const std::string& followup_id, const CommandContext& context, const DecidePayload& decide);
    Result<CommandOutcome> append(const CommandContext& context, const Decide& decide);
    Time time_of(const NewEvent& event, const CommandContext& context, const JournalView& journal) const;
    Result<CommandOutcome> rehearse(const AppendRequest& request);
    CommandOutcome outcome_of(const Appended& appended) const;

    Journal& journal_;
    const DecisionIndex& index_;
    Entropy& entropy_;
};

}  // namespace daybook
