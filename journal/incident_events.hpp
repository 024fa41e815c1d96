// What can happen to an incident: the part of the catalogue (journal/event.hpp) that goes to its own stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "journal/event_fields.hpp"
#include "journal/time.hpp"
#include "journal/types.hpp"

namespace daybook {

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

}  // namespace daybook
