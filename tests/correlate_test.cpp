#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "projections/title_tokens.hpp"
#include "tests/report_history.hpp"

using namespace daybook;
using namespace daybook::test;
using Status = IncidentStatus;

namespace {

CorrelateRequest as_of(std::string_view now) {
    CorrelateRequest request;
    request.now = at(now);
    request.possible = true;
    return request;
}

// "85 duplicate 2: identity 28, place 20 …" each, one a line.
std::string told(const Correlations& correlations) {
    std::string text;
    for (const Correlated& one : correlations.related) {
        text += std::to_string(one.score) + ' ' + std::string(to_text(one.kind)) + ' ' + one.incident.id.substr(22) + ':';
        for (const CorrelationReason& reason : one.reasons) text += ' ' + reason.signal + '=' + std::to_string(reason.points);
        text += '\n';
    }
    return text;
}

std::vector<std::string> words(std::string_view title) { return title_tokens(title); }
using Words = std::vector<std::string>;

// Incidents of other signatures, so that none makes up a fifth of the last 30 days.
void add_others(ReportHistory& history, std::string_view time, unsigned count = 20) {
    for (unsigned i = 0; i < count; ++i) {
        history.opened(
            100 + i, time,
            {.severity = Severity::p4, .service = "other", .env = "dev", .title = "", .signature = "s" + std::to_string(i)});
    }
}

}  // namespace

TEST_CASE("a pair that shares everything has 100 points, each with its reason", "[correlate]") {
    ReportHistory history;
    history.opened(1, "2026-02-17T10:00:00Z");
    history.alerted(1, "2026-02-17T10:00:00Z", "http_5xx", AlertState::firing, "f1");
    history.opened(2, "2026-02-17T10:30:00Z");
    history.alerted(2, "2026-02-17T10:30:00Z", "http_5xx", AlertState::firing, "f1");
    const Correlations found = history.correlations(1, as_of("2026-02-17T12:00:00Z"));
    CHECK(told(found) == "100 duplicate 0002: identity=40 place=20 time=20 title=10 severity=5 env=5\n");
    CHECK(in_words(found.related.at(0).reasons) ==
          "same fingerprint 40, same service 20, at the same time 20, same words in the title 10, same severity 5, same env 5");
    CHECK(found.incident.id == stream_name(1));
}

TEST_CASE("the same signature gives 28 points, and 14 where it makes up a fifth of the last 30 days", "[correlate]") {
    ReportHistory history;
    history.opened(1, "2026-02-17T10:00:00Z", {.title = "a", .signature = "boom"});
    history.opened(2, "2026-02-17T10:30:00Z", {.title = "b", .signature = "boom"});
    CHECK(told(history.correlations(1, as_of("2026-02-17T12:00:00Z"))) ==
          "64 related 0002: identity=14 place=20 time=20 severity=5 env=5\n");
    add_others(history, "2026-02-10T10:00:00Z", 8);  // 2 of 10 are a fifth
    CHECK(told(history.correlations(1, as_of("2026-02-17T12:00:00Z"))).find("identity=14") != std::string::npos);
    history.opened(200, "2026-02-10T10:00:00Z", {.service = "other", .env = "dev"});  // 2 of 11 are not
    CHECK(told(history.correlations(1, as_of("2026-02-17T12:00:00Z"))) ==
          "78 duplicate 0002: identity=28 place=20 time=20 severity=5 env=5\n");
}

TEST_CASE("time is what lies between the intervals", "[correlate]") {
    const auto points = [](std::string_view start) {
        ReportHistory history;
        history.opened(1, "2026-02-17T10:00:00Z", {.title = "a"});
        history.changed(1, "2026-02-17T11:00:00Z", Status::open, Status::resolved);
        history.opened(2, start, {.title = "b"});
        const Correlations found = history.correlations(1, as_of("2026-02-20T00:00:00Z"));
        return found.related.empty() ? -1 : found.related[0].score - 30;  // service, severity, env
    };
    CHECK(points("2026-02-17T11:00:00Z") == 20);
    CHECK(points("2026-02-17T11:15:00Z") == 16);
    CHECK(points("2026-02-17T11:15:00.000001Z") == 12);
    CHECK(points("2026-02-17T12:00:00Z") == 12);
    CHECK(points("2026-02-17T12:00:01Z") == 6);
    CHECK(points("2026-02-17T17:00:00Z") == 6);
    CHECK(points("2026-02-17T17:00:01Z") == 3);
    CHECK(points("2026-02-18T11:00:00Z") == 3);
    CHECK(points("2026-02-18T11:00:00.000001Z") == -1);  // beyond a day it needs identity
}

TEST_CASE("beyond a day a pair needs identity, and the same service or fingerprint", "[correlate]") {
    ReportHistory history;
    add_others(history, "2026-02-17T10:00:00Z");
    history.opened(1, "2026-02-02T10:00:00Z", {.signature = "boom"});
    history.changed(1, "2026-02-02T11:00:00Z", Status::open, Status::resolved);
    history.opened(2, "2026-02-17T10:00:00Z", {.signature = "boom"});
    history.opened(3, "2026-02-17T10:00:00Z", {.service = "api", .signature = "boom"});
    history.opened(4, "2026-02-17T10:00:00Z", {.service = "api"});
    history.alerted(1, "2026-02-02T10:00:00Z", "x", AlertState::firing, "f1");
    history.alerted(4, "2026-02-17T10:00:00Z", "x", AlertState::firing, "f1");
    history.opened(5, "2026-02-17T10:00:00Z");  // the same service and title alone
    CHECK(told(history.correlations(1, as_of("2026-02-18T00:00:00Z"))) ==
          "68 recurrence 0002: identity=28 place=20 title=10 severity=5 env=5\n"
          "60 recurrence 0004: identity=40 title=10 severity=5 env=5\n");
}

TEST_CASE("place is the service, one that it needs, or a shared neighbour", "[correlate]") {
    ReportHistory history;
    history.opened(1, "2026-02-17T10:00:00Z", {.service = "gateway", .title = "a"});
    history.opened(2, "2026-02-17T10:00:00Z", {.service = "payments", .title = "b"});
    history.opened(3, "2026-02-17T10:00:00Z", {.service = "search", .title = "c"});
    history.opened(4, "2026-02-17T10:00:00Z", {.service = "mail", .title = "d"});
    CorrelateRequest request = as_of("2026-02-18T00:00:00Z");
    request.policy.correlation.dependencies = {{"gateway", {"payments"}}, {"search", {"payments"}}};
    CHECK(told(history.correlations(1, request)) ==
          "45 related 0002: place=15 time=20 severity=5 env=5\n38 possible 0003: place=8 time=20 severity=5 env=5\n");
    const Correlations of_payments = history.correlations(2, request);
    CHECK(of_payments.related.at(0).reasons.at(0).text == "gateway needs payments");
    CHECK(history.correlations(1, request).related.at(1).reasons.at(0).text == "both beside payments");
    // A neighbour that no event has named stands between all the same.
    request.policy.correlation.dependencies = {{"gateway", {"ledger"}}, {"mail", {"ledger"}}};
    CHECK(told(history.correlations(1, request)) == "38 possible 0004: place=8 time=20 severity=5 env=5\n");
    CHECK(history.correlations(1, request).related.at(0).reasons.at(0).text == "both beside ledger");
}

TEST_CASE("another env is left out unless asked for", "[correlate]") {
    ReportHistory history;
    history.opened(1, "2026-02-17T10:00:00Z");
    history.opened(2, "2026-02-17T10:00:00Z", {.env = "staging"});
    CorrelateRequest request = as_of("2026-02-18T00:00:00Z");
    CHECK(history.correlations(1, request).related.empty());
    request.other_envs = true;
    CHECK(told(history.correlations(1, request)) == "55 related 0002: place=20 time=20 title=10 severity=5\n");
}

TEST_CASE("low scores are shown with all alone, and archived incidents never", "[correlate]") {
    ReportHistory history;
    history.opened(1, "2026-02-17T10:00:00Z", {.title = "a"});
    history.changed(1, "2026-02-17T11:00:00Z", Status::open, Status::resolved);
    history.opened(2, "2026-02-17T13:00:00Z", {.severity = Severity::p1, .title = "b"});
    CorrelateRequest request = as_of("2026-02-18T00:00:00Z");
    CHECK(told(history.correlations(1, request)) == "34 possible 0002: place=20 time=6 severity=3 env=5\n");
    request.possible = false;
    CHECK(history.correlations(1, request).related.empty());
    history.opened(3, "2026-02-17T10:00:00Z");
    CHECK(history.correlations(1, request).related.size() == 1);
    IncidentArchived archived;
    archived.reason = "a test";
    history.happened(3, "2026-02-17T20:00:00Z", archived);
    CHECK(history.correlations(1, request).related.empty());
    CHECK(history.correlations(1, as_of("2026-02-17T19:00:00Z")).related.size() == 2);  // as of before
}

TEST_CASE("findings are ordered by score, gap, start and id", "[correlate]") {
    ReportHistory history;
    history.opened(1, "2026-02-17T10:00:00Z", {.title = "a"});
    history.changed(1, "2026-02-17T11:00:00Z", Status::open, Status::resolved);
    history.opened(5, "2026-02-17T10:30:00Z", {.title = "b"});
    history.opened(4, "2026-02-17T10:30:00Z", {.title = "b"});
    history.opened(3, "2026-02-17T11:10:00Z", {.title = "b"});
    history.opened(2, "2026-02-17T11:05:00Z", {.title = "b"});
    std::string order;
    for (const Correlated& one : history.correlations(1, as_of("2026-02-18T00:00:00Z")).related) order += one.incident.id.back();
    CHECK(order == "4523");
}

TEST_CASE("numbers, ids and hosts of a title are masked", "[correlate]") {
    CHECK(words("Gateway 5xx rate >5%") == Words{"gateway", "5xx", "rate", "<number>"});
    CHECK(words("Disk full on db-3") == words("disk FULL on db-17!"));
    CHECK(words("web01.eu.example.org is down") == Words{"<host>", "is", "down"});
    CHECK(words("10.0.0.1:8080 refused after 500ms at 12:30") == Words{"<host>", "refused", "after", "<number>", "at", "<number>"});
    CHECK(words("pod payments-7d9f8b6c5-x2x4z, request 4f9d0a1b2c3d4e5f") == Words{"pod", "<id>", "request", "<id>"});
    CHECK(words("p99 of s3 (eu)") == Words{"p99", "of", "s3", "eu"});
    CHECK(words("") == Words{});
    CHECK(words("[redacted]") == Words{});
    CHECK(words("Überlast – größer") == Words{"Überlast", "–", "größer"});
}

TEST_CASE("Jaccard's tenths are rounded down, and nothing is like nothing", "[correlate]") {
    CHECK(jaccard_tenths<int>({1, 2, 3}, {2, 3, 4}) == 5);
    CHECK(jaccard_tenths<int>({1, 2, 3}, {1, 2}) == 6);
    CHECK(jaccard_tenths<int>({1, 2}, {1, 2}) == 10);
    CHECK(jaccard_tenths<int>({}, {}) == 0);
}

TEST_CASE("findings as a note have a key that changes with the incidents and kinds alone", "[correlate]") {
    ReportHistory history;
    history.opened(1, "2026-02-17T10:00:00Z");
    CHECK_FALSE(correlation_note(history.correlations(1, as_of("2026-02-18T00:00:00Z"))));
    history.opened(2, "2026-02-17T10:00:00Z");
    const auto note = correlation_note(history.correlations(1, as_of("2026-02-18T00:00:00Z")));
    REQUIRE(note);
    CHECK(note->message.starts_with("Correlation: 1 incident has to do with this one\n- related " + stream_name(2) + " (60: "));
    CHECK(nlohmann::json::parse(note->meta)["correlation"][0]["score"] == 60);
    history.happened(1, "2026-02-17T11:00:00Z", daybook::test::note("more"));
    CHECK(correlation_note(history.correlations(1, as_of("2026-02-19T00:00:00Z")))->key == note->key);
    history.opened(3, "2026-02-17T10:00:00Z");
    CHECK(correlation_note(history.correlations(1, as_of("2026-02-18T00:00:00Z")))->key != note->key);
}
