#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "projections/durations.hpp"
#include "projections/markdown.hpp"
#include "tests/report_history.hpp"

using namespace daybook;
using namespace daybook::test;
using Status = IncidentStatus;

// Week 2026-08: Monday 2026-02-16 to Sunday 2026-02-22.

TEST_CASE("an event at the very start of a week is in it, one at its end is not", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-15T23:59:59.999999Z");
    history.opened(2, "2026-02-16T00:00:00Z");
    history.opened(3, "2026-02-22T23:59:59.999999Z");
    history.opened(4, "2026-02-23T00:00:00Z");
    const WeeklyDigest digest = history.digest("2026-08");
    CHECK(digest.counts.opened == 2);
    CHECK(digest.counts.by_day == std::array<std::uint64_t, 7>{1, 0, 0, 0, 0, 0, 1});
    CHECK(digest.counts.active_at_end == 3);
    CHECK(digest.week_before.opened == 1);
    CHECK(digest.week_before.active_at_end == 1);
    CHECK(history.digest("2026-09").counts.opened == 1);
}

TEST_CASE("a week without events has zeroes, empty lists and no durations", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-23T00:00:00Z");
    const WeeklyDigest digest = history.digest("2026-08");
    const auto json = nlohmann::ordered_json::parse(digest_json(digest));
    CHECK(json["counts"]["opened"] == 0);
    CHECK(json["counts"]["by_severity"].size() == 5);
    CHECK(json["counts"]["by_day"].size() == 7);
    CHECK(json["counts"]["by_service"].dump() == "{}");
    CHECK(json["durations"]["ttr"].dump() == R"({"n":0,"mean":null,"p50":null,"p90":null})");
    CHECK(json["alerts"]["per_incident"].is_null());
    CHECK(json["attention"].empty());
    CHECK(json["oldest_active"].empty());
}

TEST_CASE("an incident counts by its severity, service and env as of the window's end", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-17T10:00:00Z");
    SeverityChanged raised;
    raised.from = Severity::p2;
    raised.to = Severity::p1;
    history.happened(1, "2026-02-18T10:00:00Z", raised);
    raised.from = Severity::p1;
    raised.to = Severity::p0;
    history.happened(1, "2026-02-24T10:00:00Z", raised);
    IncidentUpdated moved;
    moved.changes.text = R"({"service":{"from":"gateway","to":"api"}})";
    history.happened(1, "2026-02-19T10:00:00Z", moved);
    const WeeklyDigest digest = history.digest("2026-08");
    CHECK(digest.counts.by_severity == std::array<std::uint64_t, 5>{0, 1, 0, 0, 0});
    CHECK(digest.counts.by_service == CountByName{{"api", 1}});
    CHECK(digest.counts.by_env == CountByName{{"prod", 1}});
}

TEST_CASE("all events count, also the second of a kind, and a reopening is no opening", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-16T10:00:00Z");
    history.acknowledged(1, "2026-02-16T10:05:00Z");
    history.changed(1, "2026-02-16T11:00:00Z", Status::open, Status::mitigated);
    history.changed(1, "2026-02-16T11:30:00Z", Status::mitigated, Status::open);
    history.changed(1, "2026-02-16T12:00:00Z", Status::open, Status::resolved);
    history.changed(1, "2026-02-17T12:00:00Z", Status::resolved, Status::open);
    history.acknowledged(1, "2026-02-17T12:05:00Z");
    history.changed(1, "2026-02-17T13:00:00Z", Status::open, Status::resolved);
    history.changed(1, "2026-02-18T13:00:00Z", Status::resolved, Status::closed);
    history.changed(1, "2026-02-18T14:00:00Z", Status::open, Status::resolved);  // it is closed: the fold refuses this
    const WeeklyDigest digest = history.digest("2026-08");
    CHECK(digest.counts.opened == 1);
    CHECK(digest.counts.acknowledged == 2);
    CHECK(digest.counts.mitigated == 1);
    CHECK(digest.counts.resolved == 2);
    CHECK(digest.counts.closed == 1);
    CHECK(digest.counts.reopened == 1);
    CHECK(digest.counts.active_at_end == 0);
    CHECK(digest.durations.tta.mean == 300);        // the first ever
    CHECK(digest.durations.ttm.mean == 3600);       // likewise
    CHECK(digest.durations.ttr.mean == 27 * 3600);  // the last
}

TEST_CASE("an event that comes late counts in the week when it occurred", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-17T10:00:00Z");
    history.opened(2, "2026-03-17T10:00:00Z");
    history.acknowledged(1, "2026-02-17T10:10:00Z");
    history.changed(1, "2026-03-18T10:00:00Z", Status::open, Status::resolved);
    history.happened(1, "2026-02-17T10:02:00Z", Acknowledged{});
    const WeeklyDigest digest = history.digest("2026-08");
    CHECK(digest.counts.acknowledged == 2);
    CHECK(digest.counts.active_at_end == 1);
    CHECK(digest.durations.tta.p50 == 120);
    CHECK(digest.durations.ttr.n == 0);
}

TEST_CASE("a digest of a week that still runs is as of now", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-16T10:00:00Z");
    history.changed(1, "2026-02-20T10:00:00Z", Status::open, Status::resolved);
    const WeeklyDigest digest = history.digest("2026-08", "2026-02-20T10:00:00Z");
    CHECK(digest.counts.opened == 1);
    CHECK(digest.counts.resolved == 0);
    CHECK(digest.counts.active_at_end == 1);
    const auto json = nlohmann::json::parse(digest_json(digest));
    CHECK(json["provenance"]["generated_for"] == "2026-02-20T10:00:00Z");
    CHECK(json["window"]["to"] == "2026-02-23T00:00:00Z");
    CHECK(json["counts"]["by_day"].size() == 7);
    CHECK(digest_markdown(digest).find("the week still runs") != std::string::npos);
}

TEST_CASE("a digest of a prefix is the one that was made when the journal had that size", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-16T10:00:00Z", {.severity = Severity::p1});
    history.promised(1, "2026-02-16T11:00:00Z", "fu_1", "2026-02-17T00:00:00Z");
    history.acknowledged(1, "2026-02-16T10:05:00Z");
    const std::string then_json = digest_json(history.digest("2026-08"));
    const std::string then_markdown = digest_markdown(history.digest("2026-08"));
    const std::uint64_t size = history.size();

    IncidentUpdated renamed;
    renamed.changes.text = R"({"title":{"from":"5xx over 5 %","to":"another title"}})";
    history.happened(1, "2026-02-16T12:00:00Z", renamed);
    history.followup_changed(1, "2026-02-16T13:00:00Z", "fu_1", FollowupStatus::open, FollowupStatus::done);
    history.changed(1, "2026-02-16T14:00:00Z", Status::open, Status::resolved);
    history.opened(2, "2026-02-16T10:00:00Z");
    CHECK(digest_json(history.digest("2026-08", {}, size)) == then_json);
    CHECK(digest_markdown(history.digest("2026-08", {}, size)) == then_markdown);
    CHECK(digest_json(history.digest("2026-08")) != then_json);
}

TEST_CASE("a title is the one as of the window's end", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-16T10:00:00Z", {.title = "first"});
    IncidentUpdated renamed;
    renamed.changes.text = R"({"title":{"from":"first","to":"second"}})";
    history.happened(1, "2026-02-17T10:00:00Z", renamed);
    renamed.changes.text = R"({"title":{"from":"second","to":"third"}})";
    history.happened(1, "2026-02-24T10:00:00Z", renamed);
    CHECK(history.digest("2026-08").oldest_active.at(0).title == "second");
    CHECK(history.digest("2026-09").oldest_active.at(0).title == "third");
}

TEST_CASE("the weeks before are each as of their own end, and their mean has two decimals", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-01-19T10:00:00Z", {.service = "api"});
    history.opened(2, "2026-01-26T10:00:00Z");
    history.opened(3, "2026-02-02T10:00:00Z");
    history.opened(4, "2026-02-09T10:00:00Z");
    history.opened(5, "2026-02-10T10:00:00Z", {.service = "api", .env = "staging"});
    history.changed(4, "2026-02-17T10:00:00Z", Status::open, Status::closed);
    history.changed(1, "2026-01-20T10:00:00Z", Status::open, Status::resolved);
    history.opened(6, "2026-01-18T23:00:00Z");
    const auto previous = nlohmann::ordered_json::parse(digest_json(history.digest("2026-08")))["previous"];
    CHECK(
        previous["counts"].dump() ==
        R"({"opened":2,"acknowledged":0,"mitigated":0,"resolved":0,"closed":0,"reopened":0,"active_at_end":5,)"
        R"("by_severity":{"P0":0,"P1":0,"P2":2,"P3":0,"P4":0},"by_service":{"api":1,"gateway":1},"by_env":{"prod":1,"staging":1}})");
    CHECK(previous["mean_of_four"].dump() ==
          R"({"opened":1.25,"acknowledged":0,"mitigated":0,"resolved":0.25,"closed":0,"reopened":0,"active_at_end":2.75,)"
          R"("by_severity":{"P0":0,"P1":0,"P2":1.25,"P3":0,"P4":0},"by_service":{"api":0.5,"gateway":0.75},)"
          R"("by_env":{"prod":1,"staging":0.25}})");
}

TEST_CASE("durations are cut to seconds first, by nearest rank, with the mean rounded down", "[digest]") {
    const DurationStatistic ten = statistic_of({10, 9, 8, 7, 6, 5, 4, 3, 2, 2});
    CHECK(ten.n == 10);
    CHECK(ten.mean == 5);
    CHECK(ten.p50 == 5);
    CHECK(ten.p90 == 9);
    const DurationStatistic one = statistic_of({7});
    CHECK((one.p50 == 7 && one.p90 == 7));
    CHECK(statistic_of({}).n == 0);
    CHECK(seconds_between(0, 1'999'999) == 1);
    CHECK(seconds_between(5'000'000, 0) == 0);
}

TEST_CASE("an incident that is archived is active no more at the end of the week", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-16T10:00:00Z");
    history.opened(2, "2026-02-16T11:00:00Z");
    IncidentArchived archived;
    archived.reason = "a test alert";
    history.happened(1, "2026-02-17T10:00:00Z", archived);
    history.happened(2, "2026-02-24T10:00:00Z", archived);
    CHECK(history.digest("2026-08").counts.active_at_end == 1);
    CHECK(history.digest("2026-09").counts.active_at_end == 0);
}

TEST_CASE("durations leave out duplicates and what is archived at the end", "[digest]") {
    ReportHistory history;
    for (unsigned number = 1; number <= 3; ++number) {
        history.opened(number, "2026-02-16T10:00:00Z", {.severity = Severity::p1});
        history.changed(number, "2026-02-16T11:00:00Z", Status::open, Status::resolved);
    }
    IncidentLinked link;
    link.relation = LinkRelation::duplicate_of;
    link.other = stream_name(1);
    history.happened(2, "2026-02-16T12:00:00Z", link);
    IncidentArchived archived;
    archived.reason = "a test";
    history.happened(3, "2026-02-24T12:00:00Z", archived);
    const WeeklyDigest digest = history.digest("2026-08");
    CHECK(digest.counts.resolved == 3);
    CHECK(digest.durations.ttr.n == 2);
    CHECK(digest.durations_by_severity[1].ttr.n == 2);
    CHECK(digest.longest.size() == 2);
    CHECK(digest.missing_postmortems.size() == 2);
    CHECK(history.digest("2026-09").durations.ttr.n == 0);
}

TEST_CASE("lists have a full order: ties go by start, then id", "[digest]") {
    ReportHistory history;
    for (unsigned number = 9; number >= 1; --number) {
        history.opened(number, "2026-02-16T10:00:00Z");
        history.changed(number, number == 4 ? "2026-02-16T12:00:00Z" : "2026-02-16T11:00:00Z", Status::open, Status::resolved);
    }
    const WeeklyDigest digest = history.digest("2026-08");
    REQUIRE(digest.longest.size() == 5);
    CHECK(digest.longest[0].incident.id == stream_name(4));
    CHECK(digest.longest[0].ttr_seconds == 7200);
    CHECK(digest.longest[1].incident.id == stream_name(1));
    CHECK(digest.longest[4].incident.id == stream_name(5));
}

TEST_CASE("an active incident is stale when its newest event is 7 days old", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-16T00:00:00Z");
    history.opened(2, "2026-02-16T00:00:00.000001Z");
    history.opened(3, "2026-02-01T00:00:00Z");
    history.happened(3, "2026-02-20T00:00:00Z", note("still at it"));
    history.opened(4, "2026-02-01T00:00:00Z");
    history.changed(4, "2026-02-02T00:00:00Z", Status::open, Status::closed);
    const WeeklyDigest digest = history.digest("2026-08");
    REQUIRE(digest.stale_total == 1);
    CHECK(digest.stale.at(0).id == stream_name(1));
    CHECK(digest.oldest_active.at(0).id == stream_name(3));
}

TEST_CASE("an alert that opened its incident did not join it", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-16T10:00:00Z");
    history.alerted(1, "2026-02-16T10:00:00Z", "http_5xx");
    history.alerted(1, "2026-02-16T10:10:00Z", "latency");
    history.alerted(1, "2026-02-16T10:20:00Z", "latency");
    history.alerted(1, "2026-02-16T10:30:00Z", "latency", AlertState::resolved);
    history.opened(2, "2026-02-16T10:00:00Z");
    history.happened(2, "2026-02-16T10:00:00Z", note("by hand"));
    history.alerted(2, "2026-02-16T10:00:00Z", "disk");
    history.opened(3, "2026-02-16T10:00:00Z");
    history.alerted(3, "2026-02-23T10:00:00Z", "disk");
    const auto alerts = nlohmann::ordered_json::parse(digest_json(history.digest("2026-08")))["alerts"];
    CHECK(alerts.dump() ==
          R"({"firing":4,"incidents":2,"per_incident":2,"joined":3,"joined_percent":75,)"
          R"("noisiest":[{"kind":"latency","firing":2},{"kind":"disk","firing":1},{"kind":"http_5xx","firing":1}]})");
}

TEST_CASE("ratios and percentages are rounded half up", "[digest]") {
    AlertDigest alerts;
    alerts.firing = 1;
    alerts.incidents = 8;  // 0.125
    alerts.joined = 1;
    CHECK(alerts.hundredths_per_incident() == 13);
    alerts.firing = 200;
    alerts.joined = 1;  // 0.5 %
    CHECK(alerts.joined_percent() == 1);
    alerts.firing = 201;
    CHECK(alerts.joined_percent() == 0);
}

TEST_CASE("follow-ups count as of the window's end", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-01T10:00:00Z", {.severity = Severity::p1});
    history.promised(1, "2026-02-16T10:00:00Z", "fu_1", "2026-02-22T10:00:00Z");
    history.promised(1, "2026-02-16T10:00:00Z", "fu_2", "2026-02-23T00:00:00Z");
    history.promised(1, "2026-02-10T10:00:00Z", "fu_3", "2026-02-11T10:00:00Z");
    history.promised(1, "2026-02-10T10:00:00Z", "fu_4", "2026-02-21T10:00:00Z", {}, Severity::p0);
    history.followup_changed(1, "2026-02-17T10:00:00Z", "fu_3", FollowupStatus::open, FollowupStatus::done);
    history.followup_changed(1, "2026-02-24T10:00:00Z", "fu_1", FollowupStatus::open, FollowupStatus::done);
    const WeeklyDigest digest = history.digest("2026-08");
    CHECK(digest.followups.created == 2);
    CHECK(digest.followups.done == 1);
    CHECK(digest.followups.open == 3);
    REQUIRE(digest.followups.overdue.size() == 2);
    CHECK(digest.followups.overdue[0].id == "fu_4");
    CHECK(digest.followups.overdue[1].id == "fu_1");
    REQUIRE(digest.attention.size() == 2);
    CHECK(digest.attention[1].rule == "overdue_followups_p0_p1");
    CHECK(digest.attention[1].text == "2 follow-ups of 1 P0/P1 incident are overdue");
}

TEST_CASE("a P1 that ended in the week wants a postmortem by its end", "[digest]") {
    ReportHistory history;
    for (unsigned number = 1; number <= 4; ++number) {
        history.opened(number, "2026-02-16T10:00:00Z", {.severity = number == 4 ? Severity::p2 : Severity::p1});
        history.changed(number, "2026-02-17T10:00:00Z", Status::open, Status::resolved);
    }
    history.attached(1, "2026-02-18T10:00:00Z", "postmortem");
    history.attached(2, "2026-02-18T10:00:00Z", "graph");
    history.attached(3, "2026-02-24T10:00:00Z", "postmortem");
    const WeeklyDigest digest = history.digest("2026-08");
    REQUIRE(digest.missing_postmortems.size() == 2);
    CHECK(digest.missing_postmortems[0].id == stream_name(2));
    CHECK(digest.missing_postmortems[1].id == stream_name(3));
    CHECK(history.digest("2026-09").missing_postmortems.empty());
}

TEST_CASE("escalations are listed by time", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-16T10:00:00Z");
    Escalated escalated;
    escalated.policy = "default";
    escalated.target = "helion";
    escalated.reason = "P1";
    escalated.level = 2;
    history.happened(1, "2026-02-16T11:00:00Z", escalated);
    escalated.level = 1;
    history.happened(1, "2026-02-16T10:30:00Z", escalated);
    const WeeklyDigest digest = history.digest("2026-08");
    REQUIRE(digest.escalations.size() == 2);
    CHECK(digest.escalations[0].level == 1);
    CHECK(digest.escalations[1].level == 2);
    CHECK(digest.escalations[1].incident_id == stream_name(1));
}

TEST_CASE("what to look at first has five lines at most, in the order of the rules", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-17T10:00:00Z", {.severity = Severity::p0});
    history.opened(2, "2026-02-17T10:00:00Z", {.severity = Severity::p1});
    history.acknowledged(2, "2026-02-17T10:01:00Z");
    history.promised(2, "2026-02-17T10:01:00Z", "fu_1", "2026-02-18T00:00:00Z");
    history.opened(3, "2026-02-10T10:00:00Z");
    history.opened(4, "2026-02-17T10:00:00Z", {.severity = Severity::p1});
    history.changed(4, "2026-02-17T11:00:00Z", Status::open, Status::resolved);
    history.changed(4, "2026-02-17T12:00:00Z", Status::resolved, Status::open);
    history.changed(4, "2026-02-17T13:00:00Z", Status::open, Status::resolved);
    const WeeklyDigest digest = history.digest("2026-08");
    std::vector<std::string> rules;
    for (const Attention& attention : digest.attention) rules.push_back(attention.rule);
    CHECK(rules == std::vector<std::string>{"unacknowledged_p0_p1", "active_p0_p1", "overdue_followups_p0_p1", "stale",
                                            "missing_postmortem"});
    CHECK(digest.attention[0].incidents.at(0).id == stream_name(1));
    CHECK(digest.attention[1].incidents.at(0).id == stream_name(2));
}

TEST_CASE("text from outside is no markup in Markdown", "[digest]") {
    CHECK(markdown_text("a|b`c<d>[e]*_#\nf\tg\\") == "a\\|b\\`c\\<d\\>\\[e\\]\\*\\_\\# f g\\\\");
    CHECK(markdown_text("a\x1b[31m\xc2\x9b\xe2\x80\xae z\xc3\xa9\xe2\x82\xac") == "a \\[31m   z\xc3\xa9\xe2\x82\xac");
    CHECK(markdown_name("api-gw_2") == "`api-gw_2`");
    CHECK(markdown_name("a`b") == "a\\`b");
    CHECK(duration_words(0) == "0 s");
    CHECK(duration_words(4325) == "1 h 12 min");
    CHECK(duration_words(725) == "12 min 5 s");
    CHECK(duration_words(3600) == "1 h");
    CHECK(duration_words(86'400 * 3 + 4 * 3600 + 59) == "3 d 4 h");

    ReportHistory history;
    history.opened(1, "2026-02-17T10:00:00Z", {.service = "a|b", .title = "<script>\n# x | y"});
    const std::string markdown = digest_markdown(history.digest("2026-08"));
    CHECK(markdown.find("<script>") == std::string::npos);
    CHECK(markdown.find("\n# x") == std::string::npos);
    CHECK(markdown.find("a\\|b") != std::string::npos);
}

TEST_CASE("the digest of a busy week is as the golden files say", "[digest]") {
    ReportHistory history;
    history.opened(1, "2026-02-09T09:00:00Z", {.severity = Severity::p3, .service = "search", .title = "Slow *search*"});
    history.opened(2, "2026-02-16T10:00:00Z", {.severity = Severity::p1, .title = "Gateway 5xx rate >5%"});
    history.alerted(2, "2026-02-16T10:00:00Z", "http_5xx");
    history.alerted(2, "2026-02-16T10:03:00Z", "http_5xx");
    history.acknowledged(2, "2026-02-16T10:04:30Z");
    history.changed(2, "2026-02-16T10:40:00Z", Status::open, Status::mitigated);
    history.changed(2, "2026-02-16T11:12:00.75Z", Status::mitigated, Status::resolved);
    history.promised(2, "2026-02-16T12:00:00Z", "fu_canary", "2026-02-20T12:00:00Z", "sofiia", Severity::p1);
    history.opened(3, "2026-02-18T22:15:00Z", {.severity = Severity::p0, .service = "payments", .title = "Cards are declined"});
    history.alerted(3, "2026-02-18T22:20:00Z", "declines");
    Escalated escalated;
    escalated.policy = "default";
    escalated.target = "helion";
    escalated.reason = "P0 in prod";
    history.happened(3, "2026-02-18T22:25:00Z", escalated);
    history.opened(4, "2026-02-21T05:00:00Z", {.service = "search", .env = "staging", .title = "Index is behind"});
    history.changed(4, "2026-02-21T08:00:00Z", Status::open, Status::closed);
    for (const auto& [number, day] : {std::pair(5U, "2026-02-17"), std::pair(6U, "2026-02-18"), std::pair(7U, "2026-02-19")}) {
        const std::string time = std::string(day) + "T04:00:00Z";
        history.opened(
            number, time,
            {.service = "mail", .title = "Queue of mail-" + std::to_string(number) + " grows", .signature = "mail/queue"});
        history.changed(number, std::string(day) + "T04:20:00Z", Status::open, Status::resolved);
        history.promised(number, time, "fu_mail" + std::to_string(number), {});
        if (number != 7)
            history.followup_changed(number, std::string(day) + "T20:00:00Z", "fu_mail" + std::to_string(number),
                                     FollowupStatus::open, FollowupStatus::done);
    }
    history.opened(8, "2026-02-16T10:20:00Z", {.severity = Severity::p2, .service = "api", .title = "API timeouts | gateway"});
    history.changed(8, "2026-02-16T11:00:00Z", Status::open, Status::resolved);
    IntelligencePolicy policy;
    policy.correlation.dependencies = {{"gateway", {"api"}}};
    policy.bytes = "correlation: {dependencies: {gateway: [api]}}\n";
    WeeklyDigest digest = history.digest("2026-08", {}, {}, policy);
    digest.provenance.root_hash = std::string(64, 'a');  // not what this test is about
    const std::string json = digest_json(digest);
    const std::string markdown = digest_markdown(digest);
    CHECK(json == golden("digest/2026-08.json", json));
    CHECK(markdown == golden("digest/2026-08.md", markdown));
}
