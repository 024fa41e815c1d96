// The release gate `followup_watch` (section 5): what is open, overdue or missing, and whether it blocks.
//
// A pure function of a journal prefix, two policies and a time: as of `now`, what occurred at that very moment included.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "projections/gate_policy.hpp"
#include "projections/incident_as_of.hpp"
#include "projections/intelligence_policy.hpp"
#include "projections/provenance.hpp"

namespace daybook {

struct GateRequest {
    std::optional<std::string> service, env;  // of the incidents, as of `now`
    int window_days = 30;                     // how far FW005 and FW006 look back; 1 or more
    std::optional<GateMode> mode;             // instead of the modes by env
    Time now{};
    std::uint64_t size = 0;  // events that count: the first so many
    GatePolicy policy;
    IntelligencePolicy intelligence;  // for what is chronic
};

struct GateFinding {
    GateRule rule = GateRule::fw001;
    GateMode mode = GateMode::strict;  // strict: it blocks
    std::string text;                  // for people
    // What it is about; empty where that means nothing.
    std::string incident_id, followup_id, signature, service, env;
    std::optional<Severity> severity;            // of the incident
    std::optional<Severity> priority;            // of the follow-up
    std::int64_t since = RecordHeader::no_time;  // µs: since when it is so
    std::optional<GateWaiver> waiver;            // that lets it pass
};

enum class GateOutcome : std::uint8_t { pass, warn, block };
std::string_view to_text(GateOutcome outcome);

struct GateReport {
    std::optional<std::string> service, env;  // that were asked for
    int window_days = 30;
    std::optional<GateMode> mode;
    // Nothing where the journal can't be read. policy_sha256 is of the bytes of release_gate.yml, then intelligence.yml.
    std::optional<Provenance> provenance;
    // By rule, worst severity, the oldest first, then by ids. Those of mode `off` are not there.
    std::vector<GateFinding> findings;

    GateOutcome outcome() const;
    std::uint64_t count(GateMode mode) const;  // findings without a waiver
    std::uint64_t waived() const;
    // The mode that was asked for, or that of the env that was; "by_env" where neither was.
    std::string mode_word(const GatePolicy& policy) const;
};

// `views` has seen at least the first `size` events, and `journal` at least as many.
GateReport followup_watch(lmdb::Transaction& views, const JournalView& journal, const GateRequest& request);
// The report where the journal can't be read, and why: FW009, and waivers that have expired.
GateReport unreadable_journal(const GateRequest& request, const std::string& why);

// The four forms. Text from the journal is escaped as each needs it.
std::string gate_text(const GateReport& report, const GatePolicy& policy);
std::string gate_json(const GateReport& report, const GatePolicy& policy);
std::string gate_markdown(const GateReport& report, const GatePolicy& policy);
std::string gate_junit(const GateReport& report, const GatePolicy& policy);
// The findings of a gate_evaluated, without their texts: at most `findings_max`, as RFC 8785 text.
inline constexpr std::size_t gate_findings_max = 500;
std::string gate_findings(const GateReport& report);

}  // namespace daybook
