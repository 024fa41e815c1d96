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
    // How a repeat is told from news, and which clock puts the alert's states in order.
    enum class Repeats {
        keyed,      // by the key of `input`; the alert's own clock
        by_start,   // its start and state are the latest recorded ones; its own clock, but of one start the order of arrival
        by_arrival  // the active incident knows it in this state; what arrives later is later
    };

    KeyedInput input;  // without a key: the same input may mean something again
    Repeats repeats = Repeats::keyed;
    std::string receipt_key;  // of the alert_ignored where nothing fits, unless `input` has a key
    std::string actor;
    std::string source;  // of the events: "alert_triage" …
    Decision decision = Decision::automatic;
    std::optional<std::string> incident_id;  // that the reporter names
    std::string signature;
    bool acknowledges = false;     // the active incident of the signature is acknowledged, and nothing else
    bool start_is_known = true;    // false: `alert.starts_at` is the time of receipt
    bool fields_are_known = true;  // false: service, env, kind, title and severity are those of the incident that it joins

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
