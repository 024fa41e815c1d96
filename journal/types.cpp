#include "journal/types.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace daybook {
namespace {

template <class T>
struct Word {
    T value;
    std::string_view text;
};

constexpr std::array<Word<Severity>, 5> severities{
    {{Severity::p0, "P0"}, {Severity::p1, "P1"}, {Severity::p2, "P2"}, {Severity::p3, "P3"}, {Severity::p4, "P4"}}};
constexpr std::array<Word<IncidentStatus>, 4> incident_statuses{{{IncidentStatus::open, "open"},
                                                                 {IncidentStatus::mitigated, "mitigated"},
                                                                 {IncidentStatus::resolved, "resolved"},
                                                                 {IncidentStatus::closed, "closed"}}};
constexpr std::array<Word<AlertState>, 2> alert_states{{{AlertState::firing, "firing"}, {AlertState::resolved, "resolved"}}};
constexpr std::array<Word<FollowupStatus>, 5> followup_statuses{{{FollowupStatus::open, "open"},
                                                                 {FollowupStatus::in_progress, "in_progress"},
                                                                 {FollowupStatus::blocked, "blocked"},
                                                                 {FollowupStatus::done, "done"},
                                                                 {FollowupStatus::cancelled, "cancelled"}}};
constexpr std::array<Word<ArtifactFormat>, 3> artifact_formats{
    {{ArtifactFormat::json, "json"}, {ArtifactFormat::md, "md"}, {ArtifactFormat::txt, "txt"}}};
constexpr std::array<Word<LinkRelation>, 3> link_relations{{{LinkRelation::duplicate_of, "duplicate_of"},
                                                            {LinkRelation::caused_by, "caused_by"},
                                                            {LinkRelation::related_to, "related_to"}}};
constexpr std::array<Word<EventType>, event_type_count> event_types{{
    {EventType::incident_created, "incident_created"},
    {EventType::incident_updated, "incident_updated"},
    {EventType::severity_changed, "severity_changed"},
    {EventType::status_changed, "status_changed"},
    {EventType::acknowledged, "acknowledged"},
    {EventType::assigned, "assigned"},
    {EventType::alert, "alert"},
    {EventType::note, "note"},
    {EventType::decision, "decision"},
    {EventType::action, "action"},
    {EventType::comms, "comms"},
    {EventType::metric, "metric"},
    {EventType::log, "log"},
    {EventType::entry_corrected, "entry_corrected"},
    {EventType::followup, "followup"},
    {EventType::followup_status_change, "followup_status_change"},
    {EventType::followup_updated, "followup_updated"},
    {EventType::artifact_attached, "artifact_attached"},
    {EventType::escalated, "escalated"},
    {EventType::incident_linked, "incident_linked"},
    {EventType::incident_archived, "incident_archived"},
    {EventType::alert_ignored, "alert_ignored"},
    {EventType::triage_run, "triage_run"},
    {EventType::job_started, "job_started"},
    {EventType::job_finished, "job_finished"},
    {EventType::report_generated, "report_generated"},
    {EventType::risk_snapshot, "risk_snapshot"},
    {EventType::backlog_item, "backlog_item"},
    {EventType::gate_evaluated, "gate_evaluated"},
    {EventType::redacted, "redacted"},
}};

template <class T>
std::string_view find_text(std::span<const Word<T>> words, T value) {
    for (const auto& word : words) {
        if (word.value == value) return word.text;
    }
    return "?";  // a number from a damaged record; who decodes one checks it first
}

template <class T>
std::optional<T> find_value(std::span<const Word<T>> words, std::string_view text) {
    for (const auto& word : words) {
        if (word.text == text) return word.value;
    }
    return std::nullopt;
}

template <class T>
std::string list(std::span<const Word<T>> words) {
    std::string out;
    for (const auto& word : words) {
        if (!out.empty()) out += ", ";
        out += word.text;
    }
    return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_alphanumeric(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }

}  // namespace

#define DAYBOOK_WORDS(T, words)                                                                          \
    std::string_view to_text(T value) { return find_text<T>(words, value); }                             \
    template <> std::optional<T> from_text(std::string_view text) { return find_value<T>(words, text); } \
    template <> std::string choices<T>() { return list<T>(words); }

DAYBOOK_WORDS(Severity, severities)
DAYBOOK_WORDS(IncidentStatus, incident_statuses)
DAYBOOK_WORDS(AlertState, alert_states)
DAYBOOK_WORDS(FollowupStatus, followup_statuses)
DAYBOOK_WORDS(ArtifactFormat, artifact_formats)
DAYBOOK_WORDS(LinkRelation, link_relations)

#undef DAYBOOK_WORDS

std::string_view to_text(EventType type) {
    const auto index = static_cast<std::size_t>(type) - 1;  // the table is in the order of the numbers
    return index < event_types.size() ? event_types[index].text : "?";
}
template <> std::optional<EventType> from_text(std::string_view text) { return find_value<EventType>(event_types, text); }
template <> std::string choices<EventType>() { return list<EventType>(event_types); }

bool is_incident_id(std::string_view text) {
    // inc_YYYYMMDD_HHMM_<rand>
    if (!text.starts_with("inc_") || text.size() < 22 || text.size() > 34) return false;
    const std::string_view date = text.substr(4, 8);
    const std::string_view clock = text.substr(13, 4);
    const std::string_view random = text.substr(18);
    return text[12] == '_' && text[17] == '_' && std::all_of(date.begin(), date.end(), is_digit) &&
           std::all_of(clock.begin(), clock.end(), is_digit) && std::all_of(random.begin(), random.end(), is_lower_alphanumeric);
}

bool is_stream(std::string_view text) {
    static constexpr std::array<std::string_view, 6> others{"$triage", "$jobs", "$risk", "$backlog", "$gates", "$admin"};
    return is_incident_id(text) || std::find(others.begin(), others.end(), text) != others.end();
}

bool is_actor(std::string_view text) {
    return !text.empty() && text.size() <= name_bytes_max && std::all_of(text.begin(), text.end(), [](char c) {
        return is_lower_alphanumeric(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '@' || c == ':' || c == '-';
    });
}

}  // namespace daybook
