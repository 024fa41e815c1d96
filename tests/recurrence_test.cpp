#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/report_history.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

struct RecurrenceHistory : ReportHistory {
    unsigned next = 1;
    unsigned boom(std::string_view time, std::string signature = "boom", std::string env = "prod") {
        opened(next, time, {.env = std::move(env), .signature = std::move(signature)});
        changed(next, format_time(at(time) + std::chrono::minutes(5)), IncidentStatus::open, IncidentStatus::resolved);
        return next++;
    }
    std::vector<RecurringGroup> groups(std::string_view now, int days = 7) {
        RecurrenceRequest request;
        request.now = at(now);
        request.window_days = days;
        return recurrence(request).groups;
    }
};

}  // namespace

TEST_CASE("two in 7 days or three in 30 recur, three in 7 or five in 30 are chronic", "[recurrence]") {
    RecurrenceHistory history;
    history.boom("2026-02-20T10:00:00Z");
    CHECK(history.groups("2026-02-23T00:00:00Z").empty());
    history.boom("2026-02-10T10:00:00Z");
    CHECK(history.groups("2026-02-23T00:00:00Z").empty());
    history.boom("2026-01-28T10:00:00Z");  // of other weeks, with a gap between
    auto groups = history.groups("2026-02-23T00:00:00Z");
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].state == RecurrenceState::recurring);
    CHECK(groups[0].reasons == std::vector<std::string>{"3 in 30 days"});
    CHECK(groups[0].in_7_days == 1);
    CHECK(groups[0].incidents.size() == 1);
    history.boom("2026-02-21T10:00:00Z");
    CHECK(history.groups("2026-02-23T00:00:00Z").at(0).reasons == std::vector<std::string>{"2 in 7 days", "4 in 30 days"});
    history.boom("2026-02-22T10:00:00Z");
    groups = history.groups("2026-02-23T00:00:00Z");
    CHECK(groups.at(0).state == RecurrenceState::chronic);
    CHECK(groups[0].reasons == std::vector<std::string>{"3 in 7 days", "5 in 30 days"});
    CHECK(groups[0].incidents.at(0).id == stream_name(5));
}

TEST_CASE("three ISO weeks running are chronic, with a gap between they are not", "[recurrence]") {
    RecurrenceHistory history;
    history.boom("2026-02-02T00:00:00Z");
    history.boom("2026-02-15T23:59:59Z");
    CHECK(history.groups("2026-02-22T12:00:00Z").empty());
    history.boom("2026-02-16T00:00:00Z");
    const auto groups = history.groups("2026-02-22T12:00:00Z");
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].state == RecurrenceState::chronic);
    CHECK(groups[0].reasons == std::vector<std::string>{"an incident in each of 3 ISO weeks running"});
}

TEST_CASE("recurrence is by env, service and signature, without archived incidents and duplicates", "[recurrence]") {
    RecurrenceHistory history;
    history.boom("2026-02-20T10:00:00Z");
    history.boom("2026-02-20T11:00:00Z", "bang");
    history.boom("2026-02-20T12:00:00Z", "boom", "staging");
    CHECK(history.groups("2026-02-23T00:00:00Z").empty());
    const unsigned same = history.boom("2026-02-20T13:00:00Z");
    CHECK(history.groups("2026-02-23T00:00:00Z").size() == 1);
    IncidentLinked link;
    link.relation = LinkRelation::duplicate_of;
    link.other = stream_name(1);
    history.happened(same, "2026-02-20T14:00:00Z", link);
    CHECK(history.groups("2026-02-23T00:00:00Z").empty());
}

TEST_CASE("a fix was ineffective where it came back after all earlier follow-ups were done", "[recurrence]") {
    RecurrenceHistory history;
    const unsigned first = history.boom("2025-11-01T10:00:00Z");  // long before any window
    history.promised(first, "2025-11-01T11:00:00Z", "fu_1", {});
    history.promised(first, "2025-11-01T11:00:00Z", "fu_2", {});
    history.boom("2026-02-18T10:00:00Z");
    history.boom("2026-02-20T10:00:00Z");
    CHECK_FALSE(history.groups("2026-02-23T00:00:00Z").at(0).fix_ineffective);
    history.followup_changed(first, "2025-11-02T10:00:00Z", "fu_1", FollowupStatus::open, FollowupStatus::done);
    CHECK_FALSE(history.groups("2026-02-23T00:00:00Z").at(0).fix_ineffective);
    history.followup_changed(first, "2025-11-02T10:00:00Z", "fu_2", FollowupStatus::open, FollowupStatus::cancelled);
    const auto groups = history.groups("2026-02-23T00:00:00Z");
    CHECK(groups.at(0).fix_ineffective);
    CHECK(groups[0].reasons.back() == "it came back after all its earlier follow-ups were done");
    const unsigned later = history.boom("2026-02-21T10:00:00Z");
    history.promised(later, "2026-02-21T11:00:00Z", "fu_3", {});  // of the newest itself: not an earlier one
    CHECK(history.groups("2026-02-23T00:00:00Z").at(0).fix_ineffective);
}

TEST_CASE("chronic signatures come first, then the most, and the report says what it was made from", "[recurrence]") {
    RecurrenceHistory history;
    for (const char* time : {"2026-02-20T10:00:00Z", "2026-02-21T10:00:00Z"}) history.boom(time, "a-two");
    for (const char* time : {"2026-02-20T10:00:00Z", "2026-02-21T10:00:00Z", "2026-02-22T10:00:00Z"}) history.boom(time, "z-three");
    RecurrenceRequest request;
    request.now = at("2026-02-23T00:00:00Z");
    request.policy.bytes = "a policy";
    const auto json = nlohmann::json::parse(recurrence_json(history.recurrence(request)));
    CHECK(json["recurrences"][0]["signature"] == "z-three");
    CHECK(json["recurrences"][1]["signature"] == "a-two");
    CHECK(json["counts"].dump() == R"({"chronic":1,"recurring":1})");
    CHECK(json["provenance"]["policy_sha256"].get<std::string>().size() == 64);
    CHECK(json["provenance"]["generated_for"] == "2026-02-23T00:00:00Z");
}
