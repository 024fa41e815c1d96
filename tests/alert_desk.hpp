// A desk for tests of the rules for alerts.
#pragma once

#include <catch2/catch.hpp>

#include <string>

#include "ingest/alert_report.hpp"
#include "tests/desk.hpp"

namespace daybook::test {

// A desk that has heard of a first alert, at 10:00, which opened an incident.
struct AlertDesk : Desk {
    explicit AlertDesk(TriagePolicy with = {}) : Desk(std::move(with)) { CHECK(tell(Report::firing("10:00")) == "taken"); }

    std::string id(std::size_t place = 0) { return incidents().at(place).id; }
    // The types of what a record led to, in front of them the place of its incident, from 0: "0: alert note".
    std::string leads_to(const Report& report) {
        const std::uint64_t before = size();
        const std::string answer = tell(report);
        if (answer != "taken" && answer != "ignored") return answer;
        const auto news = events(before);
        for (const SeenEvent& event : news) CHECK(event.stream == news[0].stream);
        std::string place = "new";
        const auto rows = incidents();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (rows[i].id == news[0].stream) place = std::to_string(i);
        }
        return (news[0].stream == "$triage" ? news[0].stream : place) + ": " + types(before);
    }
    void become(IncidentStatus status, std::string_view time, std::size_t place = 0) {
        REQUIRE(commands().run(ChangeStatus{id(place), status, {}, {}}, by_ada(time)));
    }
    void set(Severity severity, std::string_view time) {
        REQUIRE(commands().run(ChangeSeverity{id(), severity, {}, {}}, by_ada(time)));
    }
    std::string resolved_at(std::size_t place = 0) {
        const auto at = incidents().at(place).state.resolved_at;
        return at == RecordHeader::no_time ? "never" : format_time(from_micros(at)).substr(11);
    }
};

// Of the alerts of Report.
inline std::string alert_signature() { return default_signature("prod", "gateway", "http_5xx"); }

}  // namespace daybook::test
