#include "journal/types.hpp"

#include <catch2/catch.hpp>

using namespace daybook;

namespace {

// Whether the values numbered `first` to `last` have the words of `choices`, in that order, and read back.
template <class T>
bool words_agree(int first, int last) {
    std::string words;
    for (int number = first; number <= last; ++number) {
        const auto value = static_cast<T>(number);
        if (from_text<T>(to_text(value)) != value) return false;
        words += (words.empty() ? "" : ", ") + std::string(to_text(value));
    }
    return words == choices<T>();
}

}  // namespace

TEST_CASE("each word of the catalogue reads back as its number", "[types]") {
    CHECK(words_agree<Severity>(0, 4));
    CHECK(words_agree<IncidentStatus>(0, 3));
    CHECK(words_agree<AlertState>(1, 2));
    CHECK(words_agree<FollowupStatus>(0, 4));
    CHECK(words_agree<ArtifactFormat>(0, 2));
    CHECK(words_agree<LinkRelation>(0, 2));
    CHECK(words_agree<EventType>(1, event_type_count));
}

TEST_CASE("the numbers that are on disk have not changed", "[types]") {
    CHECK(choices<Severity>() == "P0, P1, P2, P3, P4");
    CHECK(choices<IncidentStatus>() == "open, mitigated, resolved, closed");
    CHECK(choices<AlertState>() == "firing, resolved");
    CHECK(choices<FollowupStatus>() == "open, in_progress, blocked, done, cancelled");
    CHECK(choices<ArtifactFormat>() == "json, md, txt");
    CHECK(choices<LinkRelation>() == "duplicate_of, caused_by, related_to");
    CHECK(choices<EventType>() ==
          "incident_created, incident_updated, severity_changed, status_changed, acknowledged, assigned, alert, note, decision, "
          "action, comms, metric, log, entry_corrected, followup, followup_status_change, followup_updated, artifact_attached, "
          "escalated, incident_linked, incident_archived, alert_ignored, triage_run, job_started, job_finished, report_generated, "
          "risk_snapshot, backlog_item, gate_evaluated, redacted");
}

TEST_CASE("a word that is none, or in another case, is nothing", "[types]") {
    CHECK_FALSE(from_text<Severity>("p1"));
    CHECK_FALSE(from_text<Severity>("P5"));
    CHECK_FALSE(from_text<Severity>(""));
    CHECK_FALSE(from_text<IncidentStatus>("Open"));
    CHECK_FALSE(from_text<EventType>("note "));
    CHECK(to_text(static_cast<EventType>(0)) == "?");
    CHECK(to_text(static_cast<EventType>(31)) == "?");
    CHECK(to_text(static_cast<Severity>(255)) == "?");
}

TEST_CASE("an incident's id is inc_, date, time, and 4 to 16 of [a-z0-9]", "[types]") {
    CHECK(is_incident_id("inc_20260223_1000_ab12"));
    CHECK(is_incident_id("inc_20260223_1000_ab12cd34ef56gh78"));
    for (const char* wrong :
         {"", "inc_", "inc_20260223_1000_", "inc_20260223_1000_ab1", "inc_20260223_1000_ab12cd34ef56gh789",
          "inc_20260223_1000_AB12", "inc_20260223_1000_ab-2", "inc_2026022x_1000_ab12", "inc_20260223-1000_ab12",
          "inc_20260223_10:0_ab12", "INC_20260223_1000_ab12", "inc_20260223_1000_ab12\n", "$jobs"}) {
        CAPTURE(wrong);
        CHECK_FALSE(is_incident_id(wrong));
    }
}

TEST_CASE("a stream is an incident or one of six others", "[types]") {
    CHECK(is_stream("inc_20260223_1000_ab12"));
    for (const char* other : {"$triage", "$jobs", "$risk", "$backlog", "$gates", "$admin"}) CHECK(is_stream(other));
    for (const char* wrong : {"", "$", "$Admin", "admin", "$others", "inc_1"}) CHECK_FALSE(is_stream(wrong));
}

TEST_CASE("an actor is 1 to 128 of [A-Za-z0-9._@:-]", "[types]") {
    CHECK(is_actor("ada"));
    CHECK(is_actor("Agent-7.x_y@host:1"));
    CHECK(is_actor(std::string(128, 'a')));
    CHECK_FALSE(is_actor(std::string(129, 'a')));
    for (const char* wrong : {"", "a b", "a/b", "\xC3\xA4", "a\n", "a,b"}) CHECK_FALSE(is_actor(wrong));
}

TEST_CASE("open and mitigated are active, done and cancelled finished, and P0 is the worst", "[types]") {
    CHECK(is_active(IncidentStatus::open));
    CHECK(is_active(IncidentStatus::mitigated));
    CHECK_FALSE(is_active(IncidentStatus::resolved));
    CHECK_FALSE(is_active(IncidentStatus::closed));
    CHECK(is_finished(FollowupStatus::done));
    CHECK(is_finished(FollowupStatus::cancelled));
    CHECK_FALSE(is_finished(FollowupStatus::blocked));
    CHECK(is_worse(Severity::p0, Severity::p1));
    CHECK_FALSE(is_worse(Severity::p1, Severity::p1));
}
