// What happens beside the incidents: the part of the catalogue (journal/event.hpp) that goes to the streams $triage, $jobs, $risk,
// $backlog, $gates and $admin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "journal/event_fields.hpp"
#include "journal/time.hpp"
#include "journal/types.hpp"

namespace daybook {

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

}  // namespace daybook
