#include "projections/digest_attention.hpp"

namespace daybook {
namespace {

constexpr std::size_t lines_max = 5;
constexpr std::size_t incidents_max = 10;

// "1 incident", "2 incidents".
std::string several(std::uint64_t count, const std::string& one, const std::string& many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string severe(std::uint64_t count) { return several(count, "P0/P1 incident", "P0/P1 incidents"); }

std::string is_or_are(std::uint64_t count) { return count == 1 ? " is " : " are "; }

}  // namespace

AttentionRules::AttentionRules(const IncidentOrder& order)
    : unacknowledged_(incidents_max, [order](const IncidentAsOf& a, const IncidentAsOf& b) { return order.by_urgency(a, b); }),
      active_(unacknowledged_),
      overdue_(unacknowledged_),
      stale_(unacknowledged_),
      lacking_postmortem_(unacknowledged_),
      opened_(unacknowledged_),
      reopened_(unacknowledged_) {}

void AttentionRules::add(const IncidentAsOf& incident, const AttentionFacts& facts) {
    if (incident.severe() && incident.state.active()) {
        Incidents& rule = incident.state.acknowledged() ? active_ : unacknowledged_;
        rule.add(incident);
    }
    if (incident.severe() && facts.overdue_followups != 0) {
        overdue_.add(incident);
        overdue_followups_ += facts.overdue_followups;
    }
    if (facts.stale) stale_.add(incident);
    if (facts.lacks_postmortem) lacking_postmortem_.add(incident);
    if (facts.opened) opened_.add(incident);
    if (facts.reopened) reopened_.add(incident);
}

void AttentionRules::add_chronic(const std::vector<RecurringGroup>& groups) {
    for (const RecurringGroup& group : groups) {
        if (group.state != RecurrenceState::chronic) continue;
        ++chronic_;
        if (group.fix_ineffective) ++ineffective_;
        chronic_incidents_.push_back(group.incidents.front());
    }
}

std::vector<Attention> AttentionRules::lines(std::uint64_t opened, std::uint64_t opened_four_before, const ReportWindow& window,
                                             lmdb::Transaction& views, const JournalView& journal) const {
    std::vector<Attention> lines;
    const auto line = [&](const char* rule, const Incidents& found, const std::string& text) {
        if (found.total() == 0 || lines.size() == lines_max) return;
        Attention attention{rule, text, found.total(), {}};
        for (const IncidentAsOf& incident : found.items()) attention.incidents.push_back(listed(incident, window, views, journal));
        lines.push_back(std::move(attention));
    };
    line("unacknowledged_p0_p1", unacknowledged_,
         severe(unacknowledged_.total()) + is_or_are(unacknowledged_.total()) + "active, and nobody has acknowledged " +
             (unacknowledged_.total() == 1 ? "it" : "them"));
    line("active_p0_p1", active_, severe(active_.total()) + is_or_are(active_.total()) + "active and acknowledged");
    line("overdue_followups_p0_p1", overdue_,
         several(overdue_followups_, "follow-up", "follow-ups") + " of " + severe(overdue_.total()) +
             is_or_are(overdue_followups_) + "overdue");
    if (chronic_ != 0 && lines.size() < lines_max) {
        std::string text = several(chronic_, "signature comes", "signatures come") + " back again and again";
        if (ineffective_ != 0) text += ", " + std::to_string(ineffective_) + " of them after all follow-ups were done";
        Attention attention{"chronic", text, chronic_, chronic_incidents_};
        if (attention.incidents.size() > incidents_max) attention.incidents.resize(incidents_max);
        lines.push_back(std::move(attention));
    }
    line("stale", stale_, several(stale_.total(), "active incident has", "active incidents have") + " had nothing new for 7 days");
    line("missing_postmortem", lacking_postmortem_,
         several(lacking_postmortem_.total(), "P0/P1 incident that ended this week has",
                 "P0/P1 incidents that ended this week have") +
             " no postmortem");
    if (opened_four_before != 0 && 2 * opened > opened_four_before) {
        line("opened_twice_the_mean", opened_,
             several(opened, "incident was opened", "incidents were opened") + "; the mean of the four weeks before is " +
                 mean_of_four(opened_four_before));
    }
    line("reopened", reopened_, several(reopened_.total(), "incident was reopened", "incidents were reopened"));
    return lines;
}

}  // namespace daybook
