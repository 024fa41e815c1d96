// What every source of alerts comes down to: one report, ready to be decided on. One pure function per source makes it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "journal/payload.hpp"

namespace daybook {

struct AlertReport {
    enum class Decision { automatic, create, update, resolve, ignore };

    KeyedInput input;
    std::string actor;
    std::string source;  // of the events: "alert_triage" …
    Decision decision = Decision::automatic;
    std::optional<std::string> incident_id;  // that the reporter names
    std::string signature;

    Alert alert;
    EncodedPayload encoded_alert;  // of `alert`
    Time alert_at{};               // occurred_at of the alert: when it started, or ended
    Time reported_at{};            // occurred_at of notes, follow-ups, escalations

    struct NewFollowup {
        std::string title;
        std::optional<std::string> owner;
        Severity priority = Severity::p2;
        std::optional<Time> due_at;
        std::optional<JsonText> links;
    };
    std::vector<NewFollowup> followups;
    struct NewEscalation {
        int level = 1;
        std::string target;
        std::string reason;
    };
    std::optional<NewEscalation> escalation;
    std::vector<std::string> notes;
};

// First 16 hex digits of SHA-256 over env, service and kind, joined by newlines (section 3).
std::string default_signature(const std::string& env, const std::string& service, const std::string& kind);

}  // namespace daybook
