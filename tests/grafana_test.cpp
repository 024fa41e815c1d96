#include <catch2/catch.hpp>

#include "ingest/grafana.hpp"
#include "tests/webhook_desk.hpp"

using namespace daybook;
using namespace daybook::test;

TEST_CASE("a webhook of Grafana becomes the events that are expected, with its values and links") {
    WebhookDesk desk;
    CHECK(desk.take(alert_fixture("grafana.json")) == "taken");
    CHECK(desk.story() == golden("alerts/grafana.events.txt", desk.story()));
    const std::string alert = desk.events().at(1).payload;
    CHECK(alert.find(R"("metrics":{"A":2.41,"C":1})") != std::string::npos);
    CHECK(alert.find(R"("https://grafana.example.org/d/slo","https://grafana.example.org/d/slo?viewPanel=4"])") !=
          std::string::npos);
    CHECK(desk.take(alert_fixture("grafana.json")) == "duplicate");
    CHECK(desk.problems() == "");
}

TEST_CASE("a Grafana alert without data has no metrics, and one that is no object is refused") {
    const std::string sample = alert_fixture("grafana.json");
    const auto alert_of = [&](std::string_view values) {
        WebhookDesk desk;
        const std::string answer = desk.take(with(sample, R"({"A": 2.41, "C": 1})", values));
        return answer == "taken" ? desk.events().at(1).payload : answer;
    };
    CHECK(alert_of("null").find("metrics") == std::string::npos);
    CHECK(alert_of("{}").find("metrics") == std::string::npos);
    CHECK(alert_of(R"({"A":null,"B":3})").find(R"("metrics":{"B":3})") != std::string::npos);
    CHECK(alert_of("7") == "refused /alerts/0/values");
}

TEST_CASE("a resolved alert of Grafana resolves what it opened") {
    WebhookDesk desk;
    const std::string sample = alert_fixture("grafana.json");
    desk.take(sample);
    const std::string over = with(with(sample, R"("status": "firing",
    "labels")",
                                       R"("status": "resolved", "labels")"),
                                  "0001-01-01T00:00:00Z", "2026-02-23T10:20:00Z");
    CHECK(desk.take(over) == "taken");
    CHECK(desk.overview() == "P2 resolved");
}

TEST_CASE("Grafana's signature is that of the raw body, and with a timestamp of both") {
    const std::string plain = "d42927434049e0b8c73ce887062238cc1c6bb6644bfe66e66d8dd0f30b85679e";
    const std::string timed = "548b90964d922c646777640d77b1d4115563c7c6aa21bf1bb087ab4e6b93d7d3";
    const std::string body = R"({"a":1})";
    CHECK(is_grafana_signature(plain, "s3cr3t", body));
    CHECK(is_grafana_signature(timed, "s3cr3t", body, "1771840800"));
    std::string upper = plain;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    CHECK(is_grafana_signature(upper, "s3cr3t", body));
    CHECK_FALSE(is_grafana_signature(plain, "s3cr3t", body, "1771840800"));
    CHECK_FALSE(is_grafana_signature(timed, "s3cr3t", body, "1771840801"));
    CHECK_FALSE(is_grafana_signature(plain, "s3cr3T", body));
    CHECK_FALSE(is_grafana_signature(plain, "", body));
    CHECK_FALSE(is_grafana_signature(plain, "s3cr3t", R"({"a":2})"));
    CHECK_FALSE(is_grafana_signature(plain, "s3cr3t", body + '\n'));
    CHECK_FALSE(is_grafana_signature("", "s3cr3t", body));
    CHECK_FALSE(is_grafana_signature(plain.substr(0, 63), "s3cr3t", body));
    CHECK_FALSE(is_grafana_signature("sha256=" + plain, "s3cr3t", body));
    for (const std::size_t place : {0U, 31U, 63U}) {
        std::string wrong = plain;
        wrong[place] = wrong[place] == '0' ? '1' : '0';
        CHECK_FALSE(is_grafana_signature(wrong, "s3cr3t", body));
    }
}
