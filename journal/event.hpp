// The catalogue: what can happen, as past-tense structs (section 1 of the specification).
//
// A payload is written once, as RFC 8785 text, and never changed. A struct lists its fields in `fields`, in the byte
// order of their names, which is their order in that text; encoder, decoder and tests all walk that list.
//   std::optional<T>    a field that may be absent
//   Nullable            a field that is always there and may be null
//   JsonText            any JSON value, kept as its RFC 8785 text
// A new type of event: a number in journal/types.hpp, a struct here, its place in `Payload`; then the compiler names every
// fold that has no answer for it yet. A change of an existing one: a new schema version, and an upcast in payload.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "journal/time.hpp"
#include "journal/types.hpp"

namespace daybook {

struct JsonText {
    std::string text;
    bool operator==(const JsonText&) const = default;
};

struct Nullable {
    std::optional<std::string> value;
    bool operator==(const Nullable&) const = default;
};

// What every payload may carry.
struct CommonFields {
    std::optional<std::string> message;       // text for people; newlines allowed
    std::optional<JsonText> meta;             // a free object, the caller's own
    std::optional<std::string> input_sha256;  // of the keyed input (its RFC 8785 text) that led to this event, in hex:
                                              // on the event that bears the plain key, so that another input under the
                                              // same key is found out, also in a journal that was imported
};

struct IncidentCreated : CommonFields {
    std::string service;
    std::string env;
    Severity severity = Severity::p2;
    std::string title;
    Time started_at{};
    std::optional<std::string> summary;
    std::optional<std::string> signature;
    std::optional<std::string> kind;
    std::optional<JsonText> labels;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("env", self.env);
        visit("input_sha256", self.input_sha256);
        visit("kind", self.kind);
        visit("labels", self.labels);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("service", self.service);
        visit("severity", self.severity);
        visit("signature", self.signature);
        visit("started_at", self.started_at);
        visit("summary", self.summary);
        visit("title", self.title);
    }
};

// `changes`: field -> {"from":…,"to":…}, for title, summary, service, env, kind, labels, started_at.
struct IncidentUpdated : CommonFields {
    JsonText changes;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("changes", self.changes);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
    }
};

struct SeverityChanged : CommonFields {
    Severity from = Severity::p2;
    Severity to = Severity::p2;
    std::optional<std::string> reason;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("from", self.from);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("reason", self.reason);
        visit("to", self.to);
    }
};

struct StatusChanged : CommonFields {
    IncidentStatus from = IncidentStatus::open;
    IncidentStatus to = IncidentStatus::open;
    std::optional<std::string> reason;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("from", self.from);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("reason", self.reason);
        visit("to", self.to);
    }
};

struct Acknowledged : CommonFields {
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
    }
};

struct Assigned : CommonFields {
    std::optional<std::string> from;
    Nullable to;  // null: nobody any more

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("from", self.from);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("to", self.to);
    }
};

struct Alert : CommonFields {
    std::string alert_ref;
    std::string fingerprint;  // the alert's identity: its fingerprint, else alert_ref, else the signature
    AlertState state = AlertState::firing;
    std::string title;
    std::optional<std::string> summary;
    std::string service;
    std::string env;
    std::string kind;
    Severity severity = Severity::p2;
    std::string source;
    Time starts_at{};
    std::optional<Time> ends_at;
    JsonText labels{"{}"};
    JsonText annotations{"{}"};
    std::optional<JsonText> metrics;
    std::optional<JsonText> links;
    std::optional<JsonText> evidence;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("alert_ref", self.alert_ref);
        visit("annotations", self.annotations);
        visit("ends_at", self.ends_at);
        visit("env", self.env);
        visit("evidence", self.evidence);
        visit("fingerprint", self.fingerprint);
        visit("input_sha256", self.input_sha256);
        visit("kind", self.kind);
        visit("labels", self.labels);
        visit("links", self.links);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("metrics", self.metrics);
        visit("service", self.service);
        visit("severity", self.severity);
        visit("source", self.source);
        visit("starts_at", self.starts_at);
        visit("state", self.state);
        visit("summary", self.summary);
        visit("title", self.title);
    }
};

// An entry that a person or an agent wrote into the timeline; its `message` is always there.
template <EventType>
struct Entry : CommonFields {
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
    }
};
using Note = Entry<EventType::note>;
using Decision = Entry<EventType::decision>;
using Action = Entry<EventType::action>;
using Comms = Entry<EventType::comms>;
using Metric = Entry<EventType::metric>;
using Log = Entry<EventType::log>;

struct EntryCorrected : CommonFields {  // its `message` is the new text
    std::int64_t corrects = 0;          // a seq of the same stream

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("corrects", self.corrects);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
    }
};

struct FollowupAdded : CommonFields {
    std::string followup_id;
    std::string title;
    std::optional<std::string> owner;
    Severity priority = Severity::p2;
    std::optional<Time> due_at;
    FollowupStatus status = FollowupStatus::open;
    std::optional<JsonText> links;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("due_at", self.due_at);
        visit("followup_id", self.followup_id);
        visit("input_sha256", self.input_sha256);
        visit("links", self.links);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("owner", self.owner);
        visit("priority", self.priority);
        visit("status", self.status);
        visit("title", self.title);
    }
};

struct FollowupStatusChanged : CommonFields {
    std::string followup_id;
    FollowupStatus from = FollowupStatus::open;
    FollowupStatus to = FollowupStatus::open;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("followup_id", self.followup_id);
        visit("from", self.from);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("to", self.to);
    }
};

// `changes`: field -> {"from":…,"to":…}, for title, owner, priority, due_at.
struct FollowupUpdated : CommonFields {
    std::string followup_id;
    JsonText changes;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("changes", self.changes);
        visit("followup_id", self.followup_id);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
    }
};

struct ArtifactAttached : CommonFields {
    std::string artifact_id;
    std::string kind;
    ArtifactFormat format = ArtifactFormat::txt;
    std::string name;
    std::string sha256;  // of the bytes, which lie in the journal too
    std::int64_t size_bytes = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("artifact_id", self.artifact_id);
        visit("format", self.format);
        visit("input_sha256", self.input_sha256);
        visit("kind", self.kind);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("name", self.name);
        visit("sha256", self.sha256);
        visit("size_bytes", self.size_bytes);
    }
};

struct Escalated : CommonFields {
    std::string policy;
    std::int64_t level = 1;
    std::string target;
    std::string reason;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("input_sha256", self.input_sha256);
        visit("level", self.level);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("policy", self.policy);
        visit("reason", self.reason);
        visit("target", self.target);
    }
};

struct IncidentLinked : CommonFields {
    LinkRelation relation = LinkRelation::related_to;
    std::string other;  // an incident's id

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("other", self.other);
        visit("relation", self.relation);
    }
};

struct IncidentArchived : CommonFields {
    std::string reason;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("reason", self.reason);
    }
};

struct AlertIgnored : CommonFields {
    JsonText alert;  // the fields of Alert
    std::string reason;
    std::string signature;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("alert", self.alert);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("reason", self.reason);
        visit("signature", self.signature);
    }
};

struct TriageRun : CommonFields {
    std::optional<std::string> run_id;
    Time started_at{};
    Time finished_at{};
    std::optional<std::int64_t> processed;
    std::optional<std::int64_t> created;
    std::optional<std::int64_t> updated;
    std::optional<std::int64_t> ignored;
    std::optional<std::int64_t> errors;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("created", self.created);
        visit("errors", self.errors);
        visit("finished_at", self.finished_at);
        visit("ignored", self.ignored);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("processed", self.processed);
        visit("run_id", self.run_id);
        visit("started_at", self.started_at);
        visit("updated", self.updated);
    }
};

struct JobStarted : CommonFields {
    std::string run_id;
    std::string task_id;
    JsonText inputs{"{}"};

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("input_sha256", self.input_sha256);
        visit("inputs", self.inputs);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("run_id", self.run_id);
        visit("task_id", self.task_id);
    }
};

struct JobFinished : CommonFields {
    std::string run_id;
    std::string task_id;
    std::string outcome;
    JsonText outputs{"{}"};
    std::optional<std::string> error;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("error", self.error);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("outcome", self.outcome);
        visit("outputs", self.outputs);
        visit("run_id", self.run_id);
        visit("task_id", self.task_id);
    }
};

struct ReportGenerated : CommonFields {
    std::string report;
    std::string period;
    JsonText sha256;                // file name -> hex digest
    std::int64_t journal_size = 0;  // the prefix that the report was made from

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("input_sha256", self.input_sha256);
        visit("journal_size", self.journal_size);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("period", self.period);
        visit("report", self.report);
        visit("sha256", self.sha256);
    }
};

struct RiskSnapshot : CommonFields {
    std::string service;
    std::string env;
    std::int64_t score = 0;  // 0–100
    JsonText reasons{"[]"};

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("env", self.env);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("reasons", self.reasons);
        visit("score", self.score);
        visit("service", self.service);
    }
};

struct BacklogItem : CommonFields {
    std::string item_id;
    std::string cause;  // what it stems from: a follow-up, a signature
    std::string title;
    Severity priority = Severity::p2;

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("cause", self.cause);
        visit("input_sha256", self.input_sha256);
        visit("item_id", self.item_id);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("priority", self.priority);
        visit("title", self.title);
    }
};

struct GateEvaluated : CommonFields {
    std::string gate;
    std::string mode;
    std::string outcome;
    JsonText findings{"[]"};

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("findings", self.findings);
        visit("gate", self.gate);
        visit("input_sha256", self.input_sha256);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("mode", self.mode);
        visit("outcome", self.outcome);
    }
};

struct Redacted : CommonFields {
    std::int64_t redacts = 0;  // a seq
    std::string reason;
    JsonText kept{"{}"};  // the structural fields of what was redacted

    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("input_sha256", self.input_sha256);
        visit("kept", self.kept);
        visit("message", self.message);
        visit("meta", self.meta);
        visit("reason", self.reason);
        visit("redacts", self.redacts);
    }
};

// In the order of EventType's numbers.
using Payload =
    std::variant<IncidentCreated, IncidentUpdated, SeverityChanged, StatusChanged, Acknowledged, Assigned, Alert, Note, Decision,
                 Action, Comms, Metric, Log, EntryCorrected, FollowupAdded, FollowupStatusChanged, FollowupUpdated,
                 ArtifactAttached, Escalated, IncidentLinked, IncidentArchived, AlertIgnored, TriageRun, JobStarted, JobFinished,
                 ReportGenerated, RiskSnapshot, BacklogItem, GateEvaluated, Redacted>;
static_assert(std::variant_size_v<Payload> == event_type_count);

inline EventType type_of(const Payload& payload) { return static_cast<EventType>(payload.index() + 1); }

}  // namespace daybook
