// Files of webhooks through the real binary.
#include <catch2/catch.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string fixture(std::string_view name) { return (project_file("fixtures/alerts") / name).string(); }

std::string counts_of(const Outcome& outcome) { return outcome.out.substr(0, outcome.out.find('\n')); }

std::string counts(int read, int taken, int duplicate, int ignored, int refused) {
    return R"({"read":)" + std::to_string(read) + R"(,"taken":)" + std::to_string(taken) + R"(,"duplicate":)" +
           std::to_string(duplicate) + R"(,"ignored":)" + std::to_string(ignored) + R"(,"refused":)" + std::to_string(refused) +
           '}';
}

}  // namespace

TEST_CASE("ingest takes saved webhooks of each source, as they were sent") {
    const Program daybook;
    const Outcome taken = daybook.run({"ingest", fixture("alertmanager.json"), fixture("grafana.json"), fixture("pagerduty.json"),
                                       fixture("cloudevent.json"), "-o", "json"});
    CHECK(taken.status == 0);
    CHECK(counts_of(taken) == counts(5, 5, 0, 0, 0));
    CHECK(daybook.run({"verify"}).status == 0);
    CHECK(daybook.out({"events"}).find("0123456789abcdef0123456789abcdef") == std::string::npos);
    CHECK(daybook.run({"ingest", fixture("cloudevents.json")}).status == 3);
}

TEST_CASE("an unknown format is a usage error that says which there are") {
    const Program daybook;
    const Outcome outcome = daybook.run({"ingest", "--format", "sentry", fixture("grafana.json")});
    CHECK(outcome.status == 2);
    CHECK(outcome.err.find("--format must be one of auto, triage, alertmanager, grafana, pagerduty, cloudevents, not sentry") !=
          std::string::npos);
    CHECK(counts_of(daybook.run({"ingest", "--format", "grafana", "-", "-o", "json"}, read_file(fixture("grafana.json")))) ==
          counts(1, 1, 0, 0, 0));
}

TEST_CASE("one bad alert of a webhook waits in the dead letters until it is mended") {
    const Program daybook;
    std::string text = read_file(fixture("alertmanager.json"));
    const std::string good = "2026-02-23T09:59:00+01:00";
    text.replace(text.find(good), good.size(), "soon");
    const Outcome outcome = daybook.run({"ingest", "-", "-o", "json"}, text);
    CHECK(outcome.status == 3);
    CHECK(counts_of(outcome) == counts(2, 1, 0, 0, 1));
    CHECK(outcome.err.find("standard input:1: refused (byte 0) at /alerts/1/startsAt: ") != std::string::npos);
    const auto letters = daybook.data() / "dead-letters.jsonl";
    std::string letter = read_file(letters);
    letter.replace(letter.find("soon"), 4, good);
    write_file(letters, letter);
    CHECK(counts_of(daybook.run({"ingest", "--dead-letters", "-o", "json"})) == counts(1, 1, 0, 0, 0));
    CHECK(counts_of(daybook.run({"ingest", fixture("alertmanager.json"), "-o", "json"})) == counts(2, 0, 2, 0, 0));
}

TEST_CASE("the words of the policy decide what labels mean") {
    const Program daybook;
    std::filesystem::create_directories(daybook / "ops/policy");
    write_file(daybook / "ops/policy/triage.yml", "labels:\n  service: [team]\nseverity_words: {critical: P0}\n");
    daybook.out({"ingest", fixture("alertmanager.json")});
    const std::string incident = daybook.out({"incident", "list", "-o", "json"});
    CHECK(incident.find(R"("service":"edge")") != std::string::npos);
    CHECK(incident.find(R"("severity":"P0")") != std::string::npos);
    write_file(daybook / "ops/policy/triage.yml", "labels:\n  service: [team]\nseverity_words: {critical: urgent}\n");
    const Outcome outcome = daybook.run({"ingest", fixture("alertmanager.json")});
    CHECK(outcome.status == 1);
    CHECK(outcome.err.find("ops/policy/triage.yml:3: severity_words.critical must be one of P0, P1, P2, P3, P4") !=
          std::string::npos);
}

TEST_CASE("real webhooks of Alertmanager open, resolve and open again, and nothing is lost or doubled") {
    const auto first = shared_data("alertmanager/alertmonitor_1.json");
    const auto over = shared_data("alertmanager/alertmonitor_2.json");
    const auto two = shared_data("alertmanager/prom_post_request_2_alerts.json");
    const auto twelve = shared_data("alertmanager/prom_post_request_12_alerts.json");
    if (!first || !over || !two || !twelve) return skip("../shared/data/alertmanager is not there");
    const Program daybook;
    const auto take = [&](const std::filesystem::path& file, const char* now) {
        return counts_of(daybook.run({"--now", now, "ingest", file.string(), "-o", "json"}));
    };
    const auto open = [&] { return lines_of(daybook.out({"incident", "list", "--status", "open", "--ids"})).size(); };
    CHECK(take(*first, "2019-09-27T16:28:30Z") == counts(3, 3, 0, 0, 0));
    CHECK(take(*first, "2019-09-27T20:28:30Z") == counts(3, 0, 3, 0, 0));
    CHECK(take(*over, "2019-09-27T16:40:00Z") == counts(3, 3, 0, 0, 0));
    CHECK(open() == 0);
    CHECK(take(*over, "2019-09-27T16:41:00Z") == counts(3, 0, 3, 0, 0));
    CHECK(take(*first, "2019-09-27T16:45:00Z") == counts(3, 3, 0, 0, 0));
    CHECK(open() == 1);
    CHECK(take(*first, "2019-09-27T16:46:00Z") == counts(3, 0, 3, 0, 0));
    CHECK(take(*two, "2018-03-07T11:34:00Z") == counts(2, 2, 0, 0, 0));
    CHECK(take(*twelve, "2018-03-07T11:35:00Z") == counts(12, 10, 2, 0, 0));
    CHECK(daybook.out({"stats", "-o", "json"}).find("\"incidents\":13") != std::string::npos);
    CHECK(daybook.run({"verify"}).status == 0);
    CHECK(daybook.run({"replay", "--check"}).status == 0);
}

TEST_CASE("completion offers the formats") {
    const Program daybook;
    CHECK(daybook.out({"completion", "bash"}).find("words='auto triage alertmanager grafana pagerduty cloudevents'") !=
          std::string::npos);
}
