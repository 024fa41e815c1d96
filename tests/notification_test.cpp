#include "ops/notify/notification.hpp"

#include <catch2/catch.hpp>

#include "tests/webhook_desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// A desk at which Alertmanager tells of one alert of its own, and what a receiver is told then.
struct NewsDesk : WebhookDesk {
    Receiver receiver;

    // Recorded at `time`; `end` is empty while it fires.
    void alert(std::string_view time, const std::string& start, const std::string& end = "") {
        journal().set_time(when(time));
        const std::string status = end.empty() ? "firing" : "resolved";
        const std::string body =
            R"({"version":"4","groupKey":"g","status":")" + status + R"(","receiver":"r","alerts":[{"status":")" + status +
            R"(","labels":{"alertname":"Down","service":"gateway","severity":"critical"},"annotations":{},"startsAt":")" + start +
            R"(","endsAt":")" + (end.empty() ? "0001-01-01T00:00:00Z" : end) + R"("}]})";
        REQUIRE(take(body, time, AlertFormat::alertmanager) == "taken");
    }
    // The kinds of what is told of the events behind `after`, with a space between.
    std::string told(std::uint64_t after = 0) {
        const Snapshot snapshot = journal()->snapshot();
        std::string kinds;
        for (Sequence next{after + 1}; next.value <= snapshot->size(); next = next.next()) {
            const auto notification = notification_of(*snapshot->record(next), *snapshot, receiver);
            if (!notification || notification->of_old) continue;
            kinds += (kinds.empty() ? "" : " ") + std::string(to_text(notification->kind));
        }
        return kinds;
    }
};

}  // namespace

TEST_CASE("who heard that an incident began hears what its alerts say later, however long ago that was", "[notify]") {
    NewsDesk desk;
    desk.alert("2026-02-23T12:00:00Z", "2026-02-23T11:59:00Z");
    CHECK(desk.told() == "opened");
    std::uint64_t before = desk.size();
    desk.alert("2026-02-26T12:00:00Z", "2026-02-23T11:59:00Z", "2026-02-23T13:00:00Z");
    CHECK(desk.told(before) == "resolved");
    before = desk.size();
    desk.alert("2026-02-26T12:01:00Z", "2026-02-23T13:10:00Z");
    CHECK(desk.told(before) == "reopened");
}

TEST_CASE("an incident that had begun long before it came is told, and so is its end", "[notify]") {
    NewsDesk desk;
    desk.alert("2026-02-23T12:00:00Z", "2026-02-20T10:00:00Z");
    CHECK(desk.told() == "opened");
    const std::uint64_t before = desk.size();
    desk.alert("2026-02-25T12:00:00Z", "2026-02-20T10:00:00Z", "2026-02-23T13:00:00Z");
    CHECK(desk.told(before) == "resolved");
}

TEST_CASE("what began and ended long before it came is told nobody", "[notify]") {
    NewsDesk desk;
    desk.alert("2026-02-23T12:00:00Z", "2026-02-20T10:00:00Z");
    desk.alert("2026-02-23T12:00:10Z", "2026-02-20T10:00:00Z", "2026-02-20T11:00:00Z");
    CHECK(desk.told().empty());
}

TEST_CASE("a receiver of severe incidents hears that one was lowered, and its end", "[notify]") {
    NewsDesk desk;
    desk.receiver.severity = Severity::p1;
    const auto create = [&](Severity severity) {
        CreateIncident command;
        command.service = "gateway";
        command.title = "It is down";
        command.severity = severity;
        return desk.commands().run(command, Desk::by_ada("10:00"))->incident_id;
    };
    const std::string id = create(Severity::p1);
    REQUIRE(desk.commands().run(ChangeSeverity{id, Severity::p3, {}, {}}, Desk::by_ada("10:10")));
    REQUIRE(desk.commands().run(ChangeStatus{id, IncidentStatus::resolved, {}, {}}, Desk::by_ada("10:20")));
    CHECK(desk.told() == "opened severity resolved");
    const std::uint64_t before = desk.size();
    const std::string small = create(Severity::p3);
    REQUIRE(desk.commands().run(ChangeStatus{small, IncidentStatus::resolved, {}, {}}, Desk::by_ada("10:20")));
    CHECK(desk.told(before).empty());
}

TEST_CASE("a receiver of some services and envs hears how an incident goes on that was of them", "[notify]") {
    for (const bool by_service : {true, false}) {
        NewsDesk desk;
        (by_service ? desk.receiver.services : desk.receiver.envs) = {by_service ? "gateway" : "prod"};
        const auto create = [&](const char* service, const char* env) {
            CreateIncident command;
            command.service = service;
            command.env = env;
            command.title = "It is down";
            return desk.commands().run(command, Desk::by_ada("10:00"))->incident_id;
        };
        const auto move = [&](const std::string& id, const char* service, const char* env) {
            UpdateIncident command;
            command.incident_id = id;
            command.service = service;
            command.env = env;
            REQUIRE(desk.commands().run(command, Desk::by_ada("10:10")));
        };
        const auto go_on = [&](const std::string& id) {
            REQUIRE(desk.commands().run(ChangeSeverity{id, Severity::p0, {}, {}}, Desk::by_ada("10:20")));
            REQUIRE(desk.commands().run(ChangeStatus{id, IncidentStatus::resolved, {}, {}}, Desk::by_ada("10:30")));
        };
        const std::string away = create("gateway", "prod");
        move(away, "db", "dev");
        go_on(away);
        CHECK(desk.told() == "opened severity resolved");
        std::uint64_t before = desk.size();
        const std::string here = create("db", "dev");
        move(here, "gateway", "prod");
        go_on(here);
        CHECK(desk.told(before) == "severity resolved");
        before = desk.size();
        go_on(create("db", "dev"));
        CHECK(desk.told(before).empty());
    }
}

TEST_CASE("a receiver hears of an incident once its service and its severity are those that it asked for, both at once",
          "[notify]") {
    NewsDesk desk;
    desk.receiver.services = {"gateway"};
    desk.receiver.severity = Severity::p1;
    CreateIncident command;
    command.service = "gateway";
    command.title = "It is slow";
    command.severity = Severity::p3;
    const std::string id = desk.commands().run(command, Desk::by_ada("10:00"))->incident_id;
    UpdateIncident move;
    move.incident_id = id;
    move.service = "db";
    REQUIRE(desk.commands().run(move, Desk::by_ada("10:10")));
    REQUIRE(desk.commands().run(ChangeSeverity{id, Severity::p0, {}, {}}, Desk::by_ada("10:20")));
    REQUIRE(desk.commands().run(ChangeStatus{id, IncidentStatus::resolved, {}, {}}, Desk::by_ada("10:30")));
    CHECK(desk.told().empty());
}
