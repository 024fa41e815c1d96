#include "projections/postmortem.hpp"

#include <algorithm>
#include <tuple>

#include "projections/corrections.hpp"
#include "projections/durations.hpp"
#include "projections/recurrence_json.hpp"
#include "projections/report_end.hpp"
#include "projections/timeline.hpp"

namespace daybook {
namespace {

constexpr std::size_t timeline_max = 1'000;
constexpr std::size_t facts_max = 100;        // in a list
constexpr std::size_t entry_bytes_max = 800;  // so that all of it is an artifact's size at most
constexpr std::int64_t none = RecordHeader::no_time;

std::string at_time(std::int64_t micros) { return format_time(from_micros(micros)); }

// The start of a long text: all of it stands in the journal, at the seq that is named beside it.
std::string start_of(std::string text) {
    if (text.size() <= entry_bytes_max) return text;
    std::size_t end = entry_bytes_max;
    while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // no half of a character
    return text.substr(0, end) + "…";
}

// Of very many the first, and the last, which says how many lie between.
void shorten(std::vector<PostmortemFact>& facts) {
    if (facts.size() <= facts_max) return;
    PostmortemFact last = std::move(facts.back());
    last.text = "… and " + std::to_string(facts.size() - facts_max) + " more, then " + last.text;
    facts.resize(facts_max - 1);
    facts.push_back(std::move(last));
}

// Gathers what one pass over the incident's history gives.
class Drafter {
public:
    Drafter(lmdb::Transaction& views, const JournalView& journal, const PostmortemRequest& request)
        : views_(views),
          journal_(journal),
          request_(request),
          window_{INT64_MIN, report_end(journal, request.now, request.size), request.size} {}

    std::optional<PostmortemDraft> draft();

private:
    void take(const HistoryEntry& entry);
    void take_link(const HistoryEntry& entry);
    void add_start();
    void add_timeline();
    void add_followups(const IncidentAsOf& incident);
    void add_related();
    std::optional<std::int64_t> since_start(const IncidentAsOf& incident, std::int64_t moment) const {
        return moment == none ? std::nullopt : std::optional(seconds_between(incident.state.started_at, moment));
    }

    lmdb::Transaction& views_;
    const JournalView& journal_;
    const PostmortemRequest& request_;
    ReportWindow window_;
    PostmortemDraft draft_;
    std::vector<Sequence> taken_;
    HistoryEntry created_, start_;  // start_: what said last when it started
    std::uint64_t firing_ = 0;
};

std::optional<PostmortemDraft> Drafter::draft() {
    const IncidentAsOf incident = incident_as_of(request_.incident, history_of(views_, request_.incident), window_,
                                                 [&](const HistoryEntry& entry) { take(entry); });
    if (!incident.state.exists()) return std::nullopt;
    draft_.incident = listed(incident, window_, views_, journal_);
    draft_.provenance = provenance_of(journal_, request_.size, request_.policy.bytes, request_.now);
    draft_.tta = since_start(incident, incident.first_acknowledged_at);
    draft_.ttm = since_start(incident, incident.first_mitigated_at);
    draft_.ttr = since_start(incident, incident.state.resolved_at);
    add_start();
    for (auto* facts : {&draft_.summary, &draft_.impact, &draft_.detection, &draft_.factors}) shorten(*facts);
    add_timeline();
    add_followups(incident);
    add_related();
    return std::move(draft_);
}

void Drafter::take(const HistoryEntry& entry) {
    taken_.push_back({entry.sequence});
    const std::string time = at_time(entry.occurred_at);
    const auto fact = [&](std::vector<PostmortemFact>& to, std::string text) { to.push_back({std::move(text), entry.sequence}); };
    const auto word = [](auto value) { return std::string(to_text(value)); };
    if (entry.type == EventType::incident_created) {
        created_ = start_ = entry;
        fact(draft_.summary, "opened " + time + " as " + word(static_cast<Severity>(entry.severity)));
    }
    if (entry.type == EventType::incident_updated && entry.moment != none) start_ = entry;
    if (entry.type == EventType::status_changed) {
        fact(draft_.summary,
             word(static_cast<IncidentStatus>(entry.from)) + " to " + word(static_cast<IncidentStatus>(entry.to)) + " " + time);
    }
    if (entry.type == EventType::severity_changed) {
        fact(draft_.impact, "severity from " + word(static_cast<Severity>(entry.from)) + " to " +
                                word(static_cast<Severity>(entry.to)) + " " + time);
    }
    if (entry.type == EventType::acknowledged) fact(draft_.detection, "acknowledged " + time);
    if (entry.type == EventType::escalated) fact(draft_.detection, "escalated to level " + std::to_string(entry.to) + " " + time);
    if (entry.type == EventType::alert && entry.to == static_cast<std::uint8_t>(AlertState::firing) && firing_++ == 0) {
        fact(draft_.detection, "first alert " + time + " (" + std::string(journal_.name({entry.kind})) + ")");
    }
    if (entry.type == EventType::incident_linked) take_link(entry);
}

void Drafter::take_link(const HistoryEntry& entry) {
    PayloadDecoder payloads;
    const auto payload = payloads.decode(*journal_.record({entry.sequence}), journal_);
    const auto* link = payload ? std::get_if<IncidentLinked>(*payload) : nullptr;
    draft_.factors.push_back({"linked as " + std::string(to_text(static_cast<LinkRelation>(entry.to))) + " " +
                                  (link ? link->other + " " : "") + at_time(entry.occurred_at),
                              entry.sequence});
}

// Counted from the start as it is known now, as the durations are, and not as the opening had it.
void Drafter::add_start() {
    draft_.summary.insert(draft_.summary.begin(), PostmortemFact{"started " + at_time(start_.moment), start_.sequence});
    draft_.detection.insert(
        draft_.detection.begin(),
        PostmortemFact{"written down " + at_time(created_.occurred_at) + ", " +
                           std::to_string(seconds_between(start_.moment, created_.occurred_at)) + " s after it started",
                       created_.sequence});
}

void Drafter::add_timeline() {
    TimelineReader reader;
    const Corrections corrections(journal_, taken_);
    for (const Sequence sequence : taken_) {
        const TimelineRow& row = reader.read(*journal_.record(sequence), journal_);
        PostmortemDraft::Entry entry{sequence.value, to_micros(row.ts), std::string(to_text(row.type)), std::string(row.actor),
                                     start_of(row.message())};
        if (const auto* correction = corrections.of(sequence)) entry.corrected_by = correction->sequence;
        if (const Sequence* corrected = corrections.corrected_by(sequence)) entry.corrects = *corrected;
        draft_.timeline.push_back(std::move(entry));
    }
    std::sort(draft_.timeline.begin(), draft_.timeline.end(), [](const auto& a, const auto& b) {
        return std::tie(a.occurred_at, a.sequence) < std::tie(b.occurred_at, b.sequence);
    });
    draft_.timeline_total = draft_.timeline.size();
    if (draft_.timeline.size() > timeline_max) draft_.timeline.resize(timeline_max);
}

void Drafter::add_followups(const IncidentAsOf& incident) {
    for (const Followup& followup : followups_of(views_, request_.incident)) {
        const auto state = state_as_of(followup, journal_, window_.end, window_.size);
        if (state) draft_.followups.push_back({listed(followup, *state, incident, journal_), followup.changes.front().sequence});
    }
}

void Drafter::add_related() {
    CorrelateRequest request;
    request.incident = request_.incident;
    request.now = request_.now;
    request.size = request_.size;
    request.policy = request_.policy;
    constexpr std::size_t related_max = 20;
    if (auto found = correlate(views_, journal_, request)) draft_.related = std::move(found->related);
    if (draft_.related.size() > related_max) draft_.related.resize(related_max);
}

ReportJson fact_json(const PostmortemFact& fact) { return {{"text", fact.text}, {"seq", fact.sequence}}; }
ReportJson seconds_or_null(const std::optional<std::int64_t>& seconds) { return seconds ? ReportJson(*seconds) : ReportJson(); }

}  // namespace

std::optional<PostmortemDraft> postmortem_draft(lmdb::Transaction& views, const JournalView& journal,
                                                const PostmortemRequest& request) {
    return Drafter(views, journal, request).draft();
}

std::string postmortem_json(const PostmortemDraft& draft) {
    ReportJson json = {{"report", "postmortem_draft"},
                       {"incident_id", draft.incident.id},
                       {"provenance", provenance_json(draft.provenance)},
                       {"incident", incident_json(draft.incident)}};
    json["summary"] = list_json(draft.summary, fact_json);
    json["impact"] = list_json(draft.impact, fact_json);
    json["durations"] = {
        {"tta", seconds_or_null(draft.tta)}, {"ttm", seconds_or_null(draft.ttm)}, {"ttr", seconds_or_null(draft.ttr)}};
    json["detection_and_response"] = list_json(draft.detection, fact_json);
    json["contributing_factors"] = list_json(draft.factors, fact_json);
    json["timeline_total"] = draft.timeline_total;
    json["timeline"] = list_json(draft.timeline, [](const PostmortemDraft::Entry& entry) {
        ReportJson one = {{"seq", entry.sequence},
                          {"occurred_at", time_json(entry.occurred_at)},
                          {"type", entry.type},
                          {"actor", entry.actor},
                          {"text", entry.text}};
        if (entry.corrected_by) one["corrected_by"] = entry.corrected_by.value;
        if (entry.corrects) one["corrects"] = entry.corrects.value;
        return one;
    });
    json["followups"] = list_json(draft.followups, [](const PostmortemDraft::Followup& one) {
        ReportJson followup = followup_json(one.followup);
        followup["seq"] = one.sequence;
        return followup;
    });
    json["related"] = list_json(draft.related, [](const Correlated& one) {
        return ReportJson{{"incident_id", one.incident.id},
                          {"kind", to_text(one.kind)},
                          {"score", one.score},
                          {"reasons", list_json(one.reasons, reason_json)}};
    });
    return report_text(json);
}

}  // namespace daybook
