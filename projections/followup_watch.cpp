#include "projections/followup_watch.hpp"

#include <algorithm>
#include <tuple>

#include "projections/durations.hpp"
#include "projections/followup_list.hpp"
#include "projections/markdown.hpp"
#include "projections/recurrence.hpp"
#include "projections/report_end.hpp"

namespace daybook {
namespace {

constexpr std::int64_t minute_us = 60'000'000;
constexpr std::int64_t day_us = 1'440 * minute_us;
constexpr std::int64_t none = RecordHeader::no_time;

std::string ago(std::int64_t since, std::int64_t now) { return duration_words(seconds_between(since, now)); }
std::string date_of(std::int64_t micros) { return format_time(from_micros(micros)).substr(0, 10); }

bool fits(const GateWaiver& waiver, const GateFinding& finding) {
    const auto same = [](const std::optional<std::string>& wanted, const std::string& is) { return !wanted || *wanted == is; };
    return waiver.rule == finding.rule && same(waiver.incident, finding.incident_id) &&
           same(waiver.followup, finding.followup_id) && same(waiver.signature, finding.signature) &&
           same(waiver.service, finding.service) && same(waiver.env, finding.env);
}

class Watch {
public:
    explicit Watch(const GateRequest& request) : request_(request), now_(to_micros(request.now)) {
        report_.service = request.service;
        report_.env = request.env;
        report_.window_days = request.window_days;
        report_.mode = request.mode;
    }

    void read(lmdb::Transaction& views, const JournalView& journal);
    void unreadable(const std::string& why) {
        GateFinding finding;
        finding.rule = GateRule::fw009;
        finding.text = "the journal can't be read: " + why;
        finding.env = request_.env.value_or("");
        add(finding);
    }
    GateReport finish();

private:
    struct Seen {
        IncidentAsOf incident;
        std::int64_t opened_at = none;  // when it was opened, or reopened last
        bool postmortem = false;
    };
    void visit(StreamNumber stream, std::span<const HistoryEntry> entries);
    void judge(const Seen& seen, const ListedIncident& listed);
    void judge(const ListedFollowup& followup, bool severe);
    void judge_recurrences();
    void judge_waivers();
    void add(GateFinding finding);
    GateFinding about(GateRule rule, const ListedIncident& incident, std::int64_t since, std::string text) const;

    const GateRequest& request_;
    const std::int64_t now_;
    GateReport report_;
    lmdb::Transaction* views_ = nullptr;
    const JournalView* journal_ = nullptr;
    ReportWindow window_;           // of recurrences
    ReportWindow known_;            // of everything else
    std::uint32_t postmortem_ = 0;  // the name's number
    std::optional<CorrelationIndex> index_;
    std::optional<RecurrenceCounter> recurrences_;
};

void Watch::read(lmdb::Transaction& views, const JournalView& journal) {
    views_ = &views;
    journal_ = &journal;
    window_ = {INT64_MIN, now_ + 1, request_.size};
    known_ = {INT64_MIN, report_end(journal, request_.now, request_.size), request_.size};
    postmortem_ = journal.find_name("postmortem").value_or(NameNumber{}).value;
    index_ = CorrelationIndex::open(views);
    recurrences_.emplace(request_.intelligence.recurrence, window_, request_.window_days);
    std::optional<std::string> policies;  // both, one after the other
    for (const auto& bytes : {request_.policy.bytes, request_.intelligence.bytes}) {
        if (bytes) policies = policies.value_or("") + *bytes;
    }
    report_.provenance = provenance_of(journal, request_.size, policies, request_.now);
    scan_history(views, [&](StreamNumber stream, std::span<const HistoryEntry> entries) { visit(stream, entries); });
    judge_recurrences();
}

void Watch::visit(StreamNumber stream, std::span<const HistoryEntry> entries) {
    Seen seen;
    seen.incident = incident_as_of(stream, entries, known_, [&](const HistoryEntry& entry) {
        if (entry.type == EventType::artifact_attached && postmortem_ != 0 && entry.kind == postmortem_) seen.postmortem = true;
        if (entry.type == EventType::status_changed &&
            is_reopening(static_cast<IncidentStatus>(entry.from), static_cast<IncidentStatus>(entry.to))) {
            seen.opened_at = entry.occurred_at;
        }
    });
    const IncidentState& state = seen.incident.state;
    if (!state.exists()) return;
    if (request_.service && journal_->name({state.service}) != *request_.service) return;
    if (request_.env && journal_->name({state.env}) != *request_.env) return;
    seen.opened_at = std::max(seen.opened_at, state.started_at);
    if (index_ && state.started_at >= recurrences_->look_back()) recurrences_->add(seen.incident, index_->signature_of(stream));
    if (seen.incident.severe() && !state.archived()) judge(seen, listed(seen.incident, known_, *views_, *journal_));
    if (!seen.incident.has_followups) return;
    for (const Followup& followup : followups_of(*views_, stream)) {
        const auto as_of = state_as_of(followup, *journal_, known_.end, known_.size);
        if (as_of && !as_of->finished()) judge(listed(followup, *as_of, seen.incident, *journal_), seen.incident.severe());
    }
}

GateFinding Watch::about(GateRule rule, const ListedIncident& incident, std::int64_t since, std::string text) const {
    GateFinding finding;
    finding.rule = rule;
    finding.text = std::move(text) + ": " + incident.title;
    finding.incident_id = incident.id;
    finding.service = incident.service;
    finding.env = incident.env;
    finding.severity = incident.severity;
    finding.since = since;
    return finding;
}

void Watch::judge(const Seen& seen, const ListedIncident& incident) {
    const IncidentState& state = seen.incident.state;
    const std::string severity(to_text(incident.severity));
    if (state.active()) {
        add(about(GateRule::fw001, incident, incident.started_at,
                  severity + " " + std::string(to_text(incident.status)) + " for " + ago(incident.started_at, now_)));
        if (!state.acknowledged() && now_ - seen.opened_at > request_.policy.unacknowledged_minutes * minute_us) {
            add(about(GateRule::fw007, incident, seen.opened_at,
                      severity + " that nobody has acknowledged for " + ago(seen.opened_at, now_)));
        }
        return;
    }
    const std::int64_t ended_at = state.ended_at();
    if (seen.postmortem || seen.incident.duplicate || now_ - ended_at <= request_.policy.postmortem_days * day_us) return;
    if (ended_at < now_ - request_.window_days * day_us) return;
    add(about(GateRule::fw005, incident, ended_at, severity + " that ended " + ago(ended_at, now_) + " ago and has no postmortem"));
}

void Watch::judge(const ListedFollowup& followup, bool severe) {
    GateFinding finding;
    finding.incident_id = followup.incident_id;
    finding.followup_id = followup.id;
    finding.service = followup.service;
    finding.env = followup.env;
    finding.severity = followup.incident_severity;
    finding.priority = followup.priority;
    const bool undated = followup.due_at == none;
    if (!undated && followup.due_at < now_) {
        finding.rule = severe ? GateRule::fw002 : GateRule::fw003;
        finding.since = followup.due_at;
        finding.text = "overdue for " + ago(followup.due_at, now_) + ": " + followup.title;
        add(finding);
    }
    if (!undated && followup.owner) return;
    finding.rule = GateRule::fw004;
    finding.since = followup.created_at;
    finding.text = std::string(!undated         ? "nobody's"
                               : followup.owner ? "without a due date"
                                                : "nobody's, and without a due date") +
                   ": " + followup.title;
    add(finding);
}

void Watch::judge_recurrences() {
    for (const RecurringGroup& group : recurrences_->groups(*views_, *journal_)) {
        if (group.state != RecurrenceState::chronic) continue;
        const ListedIncident& newest = group.incidents.front();
        GateFinding finding;
        finding.rule = GateRule::fw006;
        finding.incident_id = newest.id;
        finding.signature = group.signature;
        finding.service = group.service;
        finding.env = group.env;
        finding.severity = newest.severity;
        finding.since = newest.started_at;
        for (const std::string& reason : group.reasons) finding.text += (finding.text.empty() ? "" : "; ") + reason;
        finding.text += ": " + newest.title;
        add(std::move(finding));
    }
}

void Watch::judge_waivers() {
    for (const GateWaiver& waiver : request_.policy.waivers) {
        if (waiver.expires > now_) continue;
        if (request_.env && waiver.env && *waiver.env != *request_.env) continue;
        if (request_.service && waiver.service && *waiver.service != *request_.service) continue;
        GateFinding finding;
        finding.rule = GateRule::fw008;
        finding.incident_id = waiver.incident.value_or("");
        finding.followup_id = waiver.followup.value_or("");
        finding.signature = waiver.signature.value_or("");
        finding.service = waiver.service.value_or("");
        finding.env = waiver.env.value_or(request_.env.value_or(""));
        finding.since = waiver.expires;
        finding.text = "the waiver of " + std::string(to_text(waiver.rule)) + " that " + waiver.approver + " gave expired on " +
                       date_of(waiver.expires) + ": " + waiver.reason;
        add(std::move(finding));
    }
}

void Watch::add(GateFinding finding) {
    const GateMode of_env = finding.env.empty() ? request_.policy.strictest() : request_.policy.mode_of(finding.env);
    finding.mode = std::min(request_.mode.value_or(of_env), request_.policy.rules[static_cast<std::size_t>(finding.rule)]);
    if (finding.mode == GateMode::off) return;
    for (const GateWaiver& waiver : request_.policy.waivers) {
        if (waiver.expires <= now_ || !fits(waiver, finding)) continue;
        finding.waiver = waiver;
        break;
    }
    report_.findings.push_back(std::move(finding));
}

GateReport Watch::finish() {
    judge_waivers();
    const auto rank = [](const GateFinding& finding) {
        return std::tuple(finding.rule, finding.severity.value_or(Severity::p4), finding.since,
                          std::string_view(finding.incident_id), std::string_view(finding.followup_id),
                          std::string_view(finding.signature), std::string_view(finding.text));
    };
    std::sort(report_.findings.begin(), report_.findings.end(),
              [&](const GateFinding& a, const GateFinding& b) { return rank(a) < rank(b); });
    return std::move(report_);
}

}  // namespace

std::string_view to_text(GateMode mode) {
    switch (mode) {
        case GateMode::off: return "off";
        case GateMode::warn: return "warn";
        case GateMode::strict: return "strict";
    }
    return "?";
}

template <> std::optional<GateMode> from_text(std::string_view text) {
    for (const GateMode mode : {GateMode::off, GateMode::warn, GateMode::strict}) {
        if (text == to_text(mode)) return mode;
    }
    return std::nullopt;
}

template <> std::string choices<GateMode>() { return "off, warn, strict"; }

std::string_view to_text(GateRule rule) {
    constexpr std::string_view names[] = {"FW001", "FW002", "FW003", "FW004", "FW005", "FW006", "FW007", "FW008", "FW009"};
    return names[static_cast<std::size_t>(rule)];
}

template <> std::optional<GateRule> from_text(std::string_view text) {
    for (std::size_t i = 0; i < gate_rules; ++i) {
        if (text == to_text(static_cast<GateRule>(i))) return static_cast<GateRule>(i);
    }
    return std::nullopt;
}

template <> std::string choices<GateRule>() { return "FW001 to FW009"; }

std::string_view meaning_of(GateRule rule) {
    switch (rule) {
        case GateRule::fw001: return "open P0/P1 incident";
        case GateRule::fw002: return "overdue follow-up of a P0/P1 incident";
        case GateRule::fw003: return "overdue follow-up";
        case GateRule::fw004: return "unowned or undated follow-up";
        case GateRule::fw005: return "P0/P1 incident without a postmortem";
        case GateRule::fw006: return "chronic signature";
        case GateRule::fw007: return "unacknowledged P0/P1 incident";
        case GateRule::fw008: return "expired waiver";
        case GateRule::fw009: return "the journal can't be read";
    }
    return "?";
}

std::string_view to_text(GateOutcome outcome) {
    switch (outcome) {
        case GateOutcome::pass: return "pass";
        case GateOutcome::warn: return "warn";
        case GateOutcome::block: return "block";
    }
    return "?";
}

GateMode GatePolicy::mode_of(std::string_view env) const {
    const auto found = modes.find(env);
    return found == modes.end() ? other_env : found->second;
}

GateMode GatePolicy::strictest() const {
    GateMode strictest = other_env;
    for (const auto& [env, mode] : modes) strictest = std::max(strictest, mode);
    return strictest;
}

std::uint64_t GateReport::count(GateMode wanted) const {
    return static_cast<std::uint64_t>(std::count_if(
        findings.begin(), findings.end(), [&](const GateFinding& finding) { return !finding.waiver && finding.mode == wanted; }));
}

std::uint64_t GateReport::waived() const {
    return static_cast<std::uint64_t>(
        std::count_if(findings.begin(), findings.end(), [](const GateFinding& finding) { return finding.waiver.has_value(); }));
}

GateOutcome GateReport::outcome() const {
    if (count(GateMode::strict) != 0) return GateOutcome::block;
    return count(GateMode::warn) != 0 ? GateOutcome::warn : GateOutcome::pass;
}

std::string GateReport::mode_word(const GatePolicy& policy) const {
    if (mode) return std::string(to_text(*mode));
    return env ? std::string(to_text(policy.mode_of(*env))) : "by_env";
}

GateReport followup_watch(lmdb::Transaction& views, const JournalView& journal, const GateRequest& request) {
    Watch watch(request);
    watch.read(views, journal);
    return watch.finish();
}

GateReport unreadable_journal(const GateRequest& request, const std::string& why) {
    Watch watch(request);
    watch.unreadable(why);
    return watch.finish();
}

}  // namespace daybook
