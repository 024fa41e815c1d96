#include "projections/followup_summary.hpp"

#include <algorithm>
#include <cassert>

#include "projections/durations.hpp"
#include "projections/report_end.hpp"
#include "projections/report_json.hpp"

namespace daybook {
namespace {

constexpr std::int64_t soon_us = Microseconds(std::chrono::days(7)).count();

class SummaryMaker {
public:
    SummaryMaker(lmdb::Transaction& views, const JournalView& journal, const FollowupSummaryRequest& request);

    void visit(StreamNumber stream, std::span<const HistoryEntry> entries);
    FollowupSummary finish();

private:
    bool asked_for(const IncidentState& state) const;
    void take(const Followup& followup, const FollowupState& state, const IncidentAsOf& incident);
    void take_done(const FollowupState& state);

    lmdb::Transaction& views_;
    const JournalView& journal_;
    const std::int64_t now_;
    ReportWindow window_;
    FollowupSummary summary_;
    std::vector<IncidentAsOf> open_;
};

SummaryMaker::SummaryMaker(lmdb::Transaction& views, const JournalView& journal, const FollowupSummaryRequest& request)
    : views_(views), journal_(journal), now_(to_micros(request.now)) {
    assert(request.window_days > 0);
    window_ = {to_micros(request.now - std::chrono::days(request.window_days)),
               request.as_of ? now_ + 1 : report_end(journal, request.now, request.size), request.size};
    summary_.service = request.service;
    summary_.env = request.env;
    summary_.window_days = request.window_days;
    summary_.provenance = provenance_of(journal, request.size, request.policy, request.now);
}

bool SummaryMaker::asked_for(const IncidentState& state) const {
    return state.exists() && (!summary_.service || journal_.name({state.service}) == *summary_.service) &&
           (!summary_.env || journal_.name({state.env}) == *summary_.env);
}

void SummaryMaker::visit(StreamNumber stream, std::span<const HistoryEntry> entries) {
    const IncidentAsOf incident = incident_as_of(stream, entries, window_, [](const HistoryEntry&) {});
    if (!asked_for(incident.state)) return;
    if (incident.severe() && incident.state.active() && !incident.state.archived()) open_.push_back(incident);
    if (!incident.has_followups) return;
    for (const Followup& followup : followups_of(views_, stream)) {
        if (const auto state = state_as_of(followup, journal_, window_.end, window_.size)) take(followup, *state, incident);
    }
}

void SummaryMaker::take(const Followup& followup, const FollowupState& state, const IncidentAsOf& incident) {
    ++summary_.by_status[static_cast<std::size_t>(state.status)];
    if (state.finished()) {
        if (state.status == FollowupStatus::done && window_.contains(state.finished_at)) take_done(state);
        return;
    }
    ++summary_.by_priority[static_cast<std::size_t>(state.priority)];
    const ListedFollowup item = listed(followup, state, incident, journal_);
    const bool dated = state.due_at != RecordHeader::no_time;
    if (state.overdue(now_)) summary_.overdue.push_back(item);
    if (dated && state.due_at >= now_ && state.due_at - now_ <= soon_us) summary_.due_soon.push_back(item);
    if (!state.owner) summary_.unowned.push_back(item);
    if (!dated) summary_.undated.push_back(item);
}

void SummaryMaker::take_done(const FollowupState& state) {
    if (state.due_at == RecordHeader::no_time) {
        ++summary_.done.undated;
    } else {
        ++(state.finished_at <= state.due_at ? summary_.done.on_time : summary_.done.late);
    }
}

FollowupSummary SummaryMaker::finish() {
    std::sort(open_.begin(), open_.end(),
              [&](const IncidentAsOf& a, const IncidentAsOf& b) { return IncidentOrder{journal_}.by_urgency(a, b); });
    for (const IncidentAsOf& incident : open_) summary_.open_incidents.push_back(listed(incident, window_, views_, journal_));
    for (auto* list : {&summary_.overdue, &summary_.due_soon, &summary_.unowned, &summary_.undated}) sort_followups(*list);
    return std::move(summary_);
}

template <class Word>
ReportJson by_word(const std::array<std::uint64_t, 5>& counts) {
    ReportJson json = ReportJson::object();
    for (std::size_t i = 0; i < counts.size(); ++i) json[std::string(to_text(static_cast<Word>(i)))] = counts[i];
    return json;
}

ReportJson text_or_null(const std::optional<std::string>& text) { return text ? ReportJson(*text) : ReportJson(); }

}  // namespace

FollowupSummary followup_summary(lmdb::Transaction& views, const JournalView& journal, const FollowupSummaryRequest& request) {
    SummaryMaker maker(views, journal, request);
    scan_history(views, [&](StreamNumber stream, std::span<const HistoryEntry> entries) { maker.visit(stream, entries); });
    return maker.finish();
}

std::string followup_summary_json(const FollowupSummary& summary) {
    const std::int64_t now = to_micros(summary.provenance.generated_for);
    const auto list = [&](const std::vector<ListedFollowup>& followups) {
        return list_json(followups, [&](const ListedFollowup& followup) {
            ReportJson json = followup_json(followup);
            json["age_seconds"] = seconds_between(followup.created_at, now);
            return json;
        });
    };
    ReportJson json = {{"report", "incident_followups_summary"},
                       {"service", text_or_null(summary.service)},
                       {"env", text_or_null(summary.env)},
                       {"window_days", summary.window_days},
                       {"provenance", provenance_json(summary.provenance)}};
    json["counts"] = {{"open_incidents", summary.open_incidents.size()},
                      {"overdue", summary.overdue.size()},
                      {"due_soon", summary.due_soon.size()},
                      {"unowned", summary.unowned.size()},
                      {"undated", summary.undated.size()},
                      {"by_status", by_word<FollowupStatus>(summary.by_status)},
                      {"by_priority", by_word<Severity>(summary.by_priority)}};
    json["done_in_window"] = {{"total", summary.done.total()},
                              {"on_time", summary.done.on_time},
                              {"late", summary.done.late},
                              {"undated", summary.done.undated}};
    json["open_incidents"] = list_json(summary.open_incidents, incident_json);
    json["overdue"] = list(summary.overdue);
    json["due_soon"] = list(summary.due_soon);
    json["unowned"] = list(summary.unowned);
    json["undated"] = list(summary.undated);
    return report_text(json);
}

}  // namespace daybook
