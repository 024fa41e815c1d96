#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/report_history.hpp"

using namespace daybook;
using namespace daybook::test;
using Status = IncidentStatus;

namespace {

FollowupSummaryRequest request_at(std::string_view now) {
    FollowupSummaryRequest request;
    request.now = at(now);
    request.as_of = true;
    return request;
}

std::vector<std::string> ids(const std::vector<ListedFollowup>& followups) {
    std::vector<std::string> found;
    for (const ListedFollowup& followup : followups) found.push_back(followup.id);
    return found;
}

}  // namespace

TEST_CASE("follow-ups are overdue, due soon, unowned or undated as of now", "[followup_summary]") {
    ReportHistory history;
    history.opened(1, "2026-02-01T10:00:00Z", {.severity = Severity::p1});
    history.promised(1, "2026-02-01T11:00:00Z", "fu_late", "2026-02-10T09:59:59Z");
    history.promised(1, "2026-02-01T11:00:00Z", "fu_now", "2026-02-10T10:00:00Z", {}, Severity::p0);
    history.promised(1, "2026-02-01T11:00:00Z", "fu_soon", "2026-02-17T10:00:00Z");
    history.promised(1, "2026-02-01T11:00:00Z", "fu_later", "2026-02-17T10:00:01Z");
    history.promised(1, "2026-02-01T11:00:00Z", "fu_whenever", {});
    history.promised(1, "2026-02-01T11:00:00Z", "fu_off", "2026-02-05T10:00:00Z", {});
    history.followup_changed(1, "2026-02-02T10:00:00Z", "fu_off", FollowupStatus::open, FollowupStatus::cancelled);
    history.promised(1, "2026-02-10T10:00:01Z", "fu_future", {}, {});

    const FollowupSummary summary = history.summary(request_at("2026-02-10T10:00:00Z"));
    CHECK(ids(summary.overdue) == std::vector<std::string>{"fu_late"});
    CHECK(ids(summary.due_soon) == std::vector<std::string>{"fu_now", "fu_soon"});
    CHECK(ids(summary.unowned) == std::vector<std::string>{"fu_now"});
    CHECK(ids(summary.undated) == std::vector<std::string>{"fu_whenever"});
    CHECK(summary.by_status == std::array<std::uint64_t, 5>{5, 0, 0, 0, 1});
    CHECK(summary.by_priority == std::array<std::uint64_t, 5>{1, 0, 4, 0, 0});
    CHECK(summary.open_incidents.size() == 1);

    const auto json = nlohmann::json::parse(followup_summary_json(summary));
    CHECK(json["overdue"][0]["incident_id"] == stream_name(1));
    CHECK(json["overdue"][0]["age_seconds"] == 9 * 86'400 - 3600);
    CHECK(json["undated"][0]["due_at"].is_null());
    CHECK(json["provenance"]["generated_for"] == "2026-02-10T10:00:00Z");
}

TEST_CASE("what was done in the window was on time or late", "[followup_summary]") {
    ReportHistory history;
    history.opened(1, "2026-01-01T10:00:00Z");
    const auto done = [&](const char* id, const char* when, std::optional<std::string_view> due) {
        history.promised(1, "2026-01-01T11:00:00Z", id, due);
        history.followup_changed(1, when, id, FollowupStatus::open, FollowupStatus::done);
    };
    done("fu_1", "2026-02-09T10:00:00Z", "2026-02-09T10:00:00Z");
    done("fu_2", "2026-02-09T10:00:01Z", "2026-02-09T10:00:00Z");
    done("fu_3", "2026-02-09T10:00:00Z", {});
    done("fu_4", "2026-01-11T10:00:00Z", "2026-02-09T10:00:00Z");  // the window's first moment
    done("fu_5", "2026-01-11T09:59:59Z", "2026-02-09T10:00:00Z");
    done("fu_6", "2026-02-09T10:00:00Z", "2026-02-09T10:00:00Z");
    history.followup_changed(1, "2026-02-09T12:00:00Z", "fu_6", FollowupStatus::done, FollowupStatus::open);

    const FollowupSummary summary = history.summary(request_at("2026-02-10T10:00:00Z"));
    CHECK(summary.done.on_time == 2);
    CHECK(summary.done.late == 1);
    CHECK(summary.done.undated == 1);
    CHECK(ids(summary.overdue) == std::vector<std::string>{"fu_6"});
}

TEST_CASE("a summary of a service or an env leaves out the rest", "[followup_summary]") {
    ReportHistory history;
    history.opened(1, "2026-02-01T10:00:00Z", {.severity = Severity::p0, .service = "api"});
    history.opened(2, "2026-02-01T10:00:00Z", {.severity = Severity::p1, .service = "api", .env = "staging"});
    history.opened(3, "2026-02-01T10:00:00Z", {.severity = Severity::p1});
    history.opened(4, "2026-02-01T10:00:00Z");
    for (unsigned number = 1; number <= 4; ++number) {
        history.promised(number, "2026-02-01T11:00:00Z", "fu_" + std::to_string(number), {});
    }
    auto request = request_at("2026-02-10T10:00:00Z");
    CHECK(history.summary(request).open_incidents.size() == 3);
    request.service = "api";
    CHECK(ids(history.summary(request).undated) == std::vector<std::string>{"fu_1", "fu_2"});
    request.env = "staging";
    CHECK(ids(history.summary(request).undated) == std::vector<std::string>{"fu_2"});
    CHECK(history.summary(request).open_incidents.at(0).id == stream_name(2));
    request.service = "nowhere";
    CHECK(history.summary(request).undated.empty());
}

TEST_CASE("a summary of a prefix leaves out what came after", "[followup_summary]") {
    ReportHistory history;
    history.opened(1, "2026-02-01T10:00:00Z", {.severity = Severity::p0});
    history.promised(1, "2026-02-01T11:00:00Z", "fu_1", "2026-02-02T11:00:00Z");
    auto request = request_at("2026-02-10T10:00:00Z");
    const std::string then = followup_summary_json(history.summary(request));
    request.size = history.size();
    history.followup_changed(1, "2026-02-02T10:00:00Z", "fu_1", FollowupStatus::open, FollowupStatus::done);
    history.changed(1, "2026-02-03T10:00:00Z", Status::open, Status::closed);
    CHECK(followup_summary_json(history.summary(request)) == then);
    request.size = 0;
    CHECK(history.summary(request).done.on_time == 1);
}

TEST_CASE("a change of status counts as of a moment only where the one before it had occurred by then", "[followup_summary]") {
    ReportHistory history;
    history.opened(1, "2026-03-01T10:00:00Z");
    history.promised(1, "2026-03-02T10:00:00Z", "fu_x", "2026-03-04T10:00:00Z");
    history.followup_changed(1, "2026-03-10T10:00:00Z", "fu_x", FollowupStatus::open, FollowupStatus::in_progress);
    history.followup_changed(1, "2026-03-05T10:00:00Z", "fu_x", FollowupStatus::in_progress, FollowupStatus::done);  // told late
    CHECK(ids(history.summary(request_at("2026-03-08T10:00:00Z")).overdue) == std::vector<std::string>{"fu_x"});
    CHECK(history.summary(request_at("2026-03-11T10:00:00Z")).overdue.empty());
}

TEST_CASE("of what was told late only what had occurred by a moment counts as of it", "[followup_summary]") {
    const auto updated = [](const std::string& changes) {
        FollowupUpdated update;
        update.followup_id = "fu_x";
        update.changes.text = changes;
        return update;
    };
    const std::string owner = R"({"owner":{"from":null,"to":"bob"}})";
    ReportHistory history;
    history.opened(1, "2026-01-05T10:00:00Z");
    history.promised(1, "2026-01-05T11:00:00Z", "fu_x", {}, {});
    history.happened(1, "2026-01-20T10:00:00Z", updated(owner));
    history.happened(1, "2026-01-10T10:00:00Z", updated(owner));
    history.followup_changed(1, "2026-02-03T10:00:00Z", "fu_x", FollowupStatus::open, FollowupStatus::done);
    history.followup_changed(1, "2026-01-25T10:00:00Z", "fu_x", FollowupStatus::done, FollowupStatus::open);
    CHECK(ids(history.summary(request_at("2026-01-09T10:00:00Z")).unowned) == std::vector<std::string>{"fu_x"});
    CHECK(history.summary(request_at("2026-01-15T10:00:00Z")).unowned.empty());
    CHECK(ids(history.summary(request_at("2026-01-15T10:00:00Z")).undated) == std::vector<std::string>{"fu_x"});
}

TEST_CASE("whatever is told late, a summary as of a moment is that of a journal of what had occurred by then",
          "[followup_summary]") {
    rc::prop("for any history", [] {
        constexpr int first_day = 5, days = 20;
        const auto on_day = [](int day) { return at("2026-01-01T10:00:00Z") + std::chrono::days(day); };
        const Time now = on_day(*rc::gen::inRange(first_day, first_day + days));
        ReportHistory all, by_now;
        const auto tell = [&](int day, const Payload& payload) {
            all.happened(1, on_day(day), payload);
            if (on_day(day) <= now) by_now.happened(1, on_day(day), payload);
        };
        IncidentCreated created;
        created.started_at = on_day(0);
        tell(0, created);
        FollowupAdded added;
        added.followup_id = "fu_x";
        tell(first_day, added);
        const int count = *rc::gen::inRange(1, 6);
        for (int i = 0; i < count; ++i) {
            FollowupUpdated updated;
            updated.followup_id = "fu_x";
            updated.changes.text = *rc::gen::element<std::string>(
                R"({"owner":{"from":null,"to":"bob"}})", R"({"owner":{"from":null,"to":null}})",
                R"({"due_at":{"from":null,"to":"2026-01-08T00:00:00Z"}})", R"({"due_at":{"from":null,"to":null}})",
                R"({"priority":{"from":"P2","to":"P0"},"title":{"from":"x","to":"y"}})");
            tell(*rc::gen::inRange(first_day, first_day + days), updated);
        }
        FollowupStatusChanged changed;
        changed.followup_id = "fu_x";
        for (const auto& [from, to] :
             {std::pair(FollowupStatus::open, FollowupStatus::done), std::pair(FollowupStatus::done, FollowupStatus::done),
              std::pair(FollowupStatus::done, FollowupStatus::blocked)}) {
            changed.from = from;
            changed.to = to;
            tell(*rc::gen::inRange(first_day, first_day + days), changed);
        }
        FollowupSummaryRequest request;
        request.now = now;
        request.as_of = true;
        request.window_days = *rc::gen::inRange(1, 10);
        FollowupSummary summary = all.summary(request);
        const FollowupSummary expected = by_now.summary(request);
        summary.provenance = expected.provenance;
        RC_ASSERT(followup_summary_json(summary) == followup_summary_json(expected));
    });
}
