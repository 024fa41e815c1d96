#include <catch2/catch.hpp>

#include "ingest/dead_letters.hpp"
#include "tests/webhook_desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string text_of(const IngestCounts& counts) {
    return std::to_string(counts.read) + " read, " + std::to_string(counts.taken) + " taken, " + std::to_string(counts.duplicate) +
           " duplicate, " + std::to_string(counts.ignored) + " ignored, " + std::to_string(counts.refused) + " refused";
}

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text + '\n';
}

std::optional<AlertFormat> format_of(std::string_view json) {
    JsonReader reader;
    return recognised_format(**reader.read(json));
}

// What `daybook ingest --dead-letters` does.
IngestCounts retry(Desk& desk, const std::filesystem::path& file) {
    const auto take = [&](const std::filesystem::path& records, const auto& refused) {
        IngestOptions options;
        options.caller = "feed";
        options.refused = refused;
        options.line_bytes_max = webhook_body_bytes_max;
        return ingest_file(desk.parts(), records, options);
    };
    return DeadLetters(file).retry(when("13:00"), take, [](const RefusedLine&) {});
}

void add_letters(const Desk& desk, const std::filesystem::path& file) {
    DeadLetters letters(file);
    for (const RefusedLine& line : desk.refused()) letters.add(line, "hooks.jsonl", when("12:00"));
    letters.sync();
}

const std::vector<std::string> samples{"alertmanager.json", "grafana.json", "pagerduty.json", "cloudevent.json",
                                       "cloudevents.json"};

}  // namespace

TEST_CASE("each format is told by its content") {
    CHECK(format_of(Report::firing("10:00").line()) == AlertFormat::triage);
    CHECK(format_of(R"({"schema":"alert_triage_run/1"})") == AlertFormat::triage);
    CHECK(format_of(alert_fixture("alertmanager.json")) == AlertFormat::alertmanager);
    CHECK(format_of(alert_fixture("grafana.json")) == AlertFormat::grafana);
    CHECK(format_of(alert_fixture("pagerduty.json")) == AlertFormat::pagerduty);
    CHECK(format_of(alert_fixture("cloudevent.json")) == AlertFormat::cloudevents);
    CHECK(format_of(alert_fixture("cloudevents.json")) == AlertFormat::cloudevents);
    CHECK(format_of(R"({"alerts":[],"version":"4","orgId":1})") == AlertFormat::grafana);
    CHECK(format_of(R"({"alerts":[],"groupKey":"g"})") == AlertFormat::alertmanager);
    CHECK_FALSE(format_of(R"({"alerts":[]})"));
    for (const char* other : {"{}", "[]", "[1]", "[{}]", "7", "\"alert_triage/1\"", "null"}) CHECK_FALSE(format_of(other));
}

TEST_CASE("a file of all formats gives the events that the webhooks give") {
    WebhookDesk by_hook, by_file;
    std::string lines;
    for (const std::string& name : samples) {
        lines += one_line(alert_fixture(name));
        by_hook.take(alert_fixture(name));
    }
    by_hook.take(Report::firing("10:00").line());
    lines += Report::firing("10:00").line();
    IngestOptions options;
    options.caller = "hook";
    CHECK(text_of(by_file.ingest(lines, options)) == "8 read, 7 taken, 0 duplicate, 0 ignored, 1 refused");
    CHECK(by_file.refused().at(0).number == 5);
    CHECK(by_file.refused()[0].refusals[0].field == "/0/type");
    const auto without_ids = [](WebhookDesk& desk) {
        std::string text;
        for (const SeenEvent& event : desk.events()) {
            text += std::string(to_text(event.type)) + ' ' + event.occurred_at + ' ' + event.actor + ' ' + event.key + ' ' +
                    event.payload + '\n';
        }
        return text;
    };
    CHECK(without_ids(by_file) == without_ids(by_hook));
    CHECK(by_file.problems() == "");
}

TEST_CASE("a dry run of webhooks counts the same, and writes nothing") {
    std::string lines;
    for (const std::string& name : samples) lines += one_line(alert_fixture(name)) + one_line(alert_fixture(name));
    lines += R"({"routing_key":"r","event_action":"resolve","dedup_key":"none"})";
    IngestOptions dry;
    dry.dry_run = true;
    Desk desk;
    const std::string counts = text_of(desk.ingest(lines, dry));
    CHECK(counts == "15 read, 6 taken, 6 duplicate, 1 ignored, 2 refused");
    CHECK(desk.size() == 0);
    CHECK(text_of(desk.ingest(lines)) == counts);
    CHECK(desk.problems() == "");
}

TEST_CASE("a strict run stops at the first alert that is refused, within a payload too") {
    const std::string bad = with(alert_fixture("alertmanager.json"), "2026-02-23T09:59:00+01:00", "soon");
    IngestOptions strict;
    strict.strict = true;
    Desk desk;
    CHECK(text_of(desk.ingest(one_line(bad) + one_line(alert_fixture("grafana.json")), strict)) ==
          "2 read, 1 taken, 0 duplicate, 0 ignored, 1 refused");
    CHECK(desk.types() == "incident_created alert");
}

TEST_CASE("a bad alert goes to the dead letters in a payload of its own, is mended there and taken") {
    Desk desk;
    const auto file = desk.directory() / "dead-letters.jsonl";
    desk.ingest('\n' + one_line(with(alert_fixture("alertmanager.json"), "2026-02-23T09:59:00+01:00", "soon")));
    REQUIRE(desk.refused().size() == 1);
    CHECK(desk.refused()[0].number == 2);
    CHECK(desk.refused()[0].refusals[0].field == "/alerts/1/startsAt");
    add_letters(desk, file);
    CHECK(read_file(file).find(R"("field":"/alerts/1/startsAt")") != std::string::npos);
    CHECK(read_file(file).find("gw-3") == std::string::npos);  // the alert that was taken
    write_file(file, with(read_file(file), "soon", "2026-02-23T09:59:00+01:00"));
    CHECK(text_of(retry(desk, file)) == "1 read, 1 taken, 0 duplicate, 0 ignored, 0 refused");
    CHECK(read_file(file).empty());
    CHECK(text_of(desk.ingest(one_line(alert_fixture("alertmanager.json")))) ==
          "2 read, 0 taken, 2 duplicate, 0 ignored, 0 refused");
}

TEST_CASE("what stands around many refused alerts is kept once, and each alert's reason") {
    const auto body = [](const std::string& start) {
        std::string alerts;
        for (int i = 0; i < 200; ++i) {
            alerts += (i == 0 ? "" : ",") + std::string(R"({"status":"firing","labels":{"alertname":"A","n":")") +
                      std::to_string(i) + R"("},"startsAt":")" + (i % 2 == 0 ? start : "2026-02-23T10:00:00Z") + "\"}";
        }
        return R"({"version":"4","groupKey":"g","commonAnnotations":{"a":")" + std::string(100'000, 'x') + R"("},"alerts":[)" +
               alerts + "]}";
    };
    WebhookDesk desk;
    desk.take(body("never"));
    REQUIRE(desk.letters.size() == 1);
    CHECK(desk.letters[0].text.size() < body("never").size());
    REQUIRE(desk.letters[0].refusals.size() == 100);
    CHECK(desk.letters[0].refusals[99].field == "/alerts/198/startsAt");

    Desk other;  // a file's are as a webhook's
    const auto file = other.directory() / "dead-letters.jsonl";
    CHECK(text_of(other.ingest(body("never") + '\n' + body("soon"))) ==
          "400 read, 100 taken, 100 duplicate, 0 ignored, 200 refused");
    REQUIRE(other.refused().size() == 2);
    CHECK(other.refused()[0].text == desk.letters[0].text);
    CHECK(other.refused()[1].number == 2);
    add_letters(other, file);
    for (int i = 0; i < 100; ++i) write_file(file, with(read_file(file), "\"never\"", "\"2026-02-23T10:00:00Z\""));
    CHECK(text_of(retry(other, file)) == "200 read, 100 taken, 0 duplicate, 0 ignored, 100 refused");
    CHECK(read_file(file).find(R"("field":"/alerts/99/startsAt")") != std::string::npos);
}

TEST_CASE("a document of many MiB that is refused as a whole waits whole, is mended and taken") {
    Desk desk;
    const auto file = desk.directory() / "dead-letters.jsonl";
    std::string document = with(alert_fixture("alertmanager.json"), "\"alerts\"", "\"alarms\"");
    std::string filling = "\"filling\": [";
    for (int i = 0; i < 70; ++i) filling += (i == 0 ? "\"" : ",\n\"") + std::string(100'000, '\\') + '"';
    document = with(document, "{", "{\n" + filling + "],\n");
    CHECK(text_of(desk.ingest(document)) == "1 read, 0 taken, 0 duplicate, 0 ignored, 1 refused");
    add_letters(desk, file);
    CHECK(text_of(retry(desk, file)) == "1 read, 0 taken, 0 duplicate, 0 ignored, 1 refused");
    write_file(file, with(read_file(file), "\"alarms\"", "\"alerts\""));
    CHECK(text_of(retry(desk, file)) == "2 read, 2 taken, 0 duplicate, 0 ignored, 0 refused");
}

TEST_CASE("a format that is named is the one that is read") {
    Desk desk;
    IngestOptions options;
    options.format = AlertFormat::grafana;
    const std::string custom = R"({"alerts":[{"status":"firing","labels":{"alertname":"A"},"startsAt":"2026-02-23T10:00:00Z"}]})";
    CHECK(text_of(desk.ingest(custom)) == "1 read, 0 taken, 0 duplicate, 0 ignored, 1 refused");
    CHECK(text_of(desk.ingest(custom, options)) == "1 read, 1 taken, 0 duplicate, 0 ignored, 0 refused");
    CHECK(desk.events().at(0).source == "grafana");
    options.format = AlertFormat::triage;
    CHECK(text_of(desk.ingest(one_line(alert_fixture("grafana.json")), options)) ==
          "1 read, 0 taken, 0 duplicate, 0 ignored, 1 refused");
    CHECK(desk.refused().at(0).refusals[0].field == "/schema");
}

TEST_CASE("a body of 8 MiB is looked at, one byte more is refused as a whole") {
    WebhookDesk desk;
    std::string body = alert_fixture("grafana.json");
    body.resize(webhook_body_bytes_max, ' ');
    CHECK(desk.take(body) == "taken");
    CHECK(desk.take(body + ' ') == "no: too_large ");
    CHECK(desk.problem == "the body is over 8388608 bytes");
    CHECK(desk.take("") == "no: invalid ");
    CHECK(desk.take("\xFF") == "no: invalid ");
    CHECK(desk.take(R"({"a":1,"a":2})") == "no: invalid /a");
    CHECK(desk.take(std::string(64, '[') + std::string(64, ']')) == "refused ");
    CHECK(desk.take(std::string(65, '[') + std::string(65, ']')).starts_with("no: invalid /0/0/"));
    CHECK(desk.problem.find("nested deeper than 64 levels") != std::string::npos);
}

TEST_CASE("a file that is one document may be longer than a line, and is refused as one where it is no JSON") {
    Desk desk;
    std::string document = alert_fixture("alertmanager.json");
    for (int i = 0; i < 30; ++i) document += std::string(100'000, ' ') + '\n';
    CHECK(text_of(desk.ingest(document)) == "2 read, 2 taken, 0 duplicate, 0 ignored, 0 refused");
    CHECK(text_of(desk.ingest("\xEF\xBB\xBF" + document)) == "2 read, 0 taken, 2 duplicate, 0 ignored, 0 refused");
    CHECK(text_of(desk.ingest(with(document, "\"version\": \"4\",", "\"version\" \"4\","))) ==
          "1 read, 0 taken, 0 duplicate, 0 ignored, 1 refused");
    for (int i = 0; i < 60; ++i) document += std::string(100'000, ' ') + '\n';
    CHECK(text_of(desk.ingest(document)) == "1 read, 0 taken, 0 duplicate, 0 ignored, 1 refused");
    CHECK(desk.refused().at(0).refusals[0].message ==
          "the document is over 8388608 bytes, and no more of it is kept: keep the whole where it came from");
}

TEST_CASE("an alert whose payload would be too long is refused by itself") {
    WebhookDesk desk;
    const std::string sample = alert_fixture("alertmanager.json");
    CHECK(desk.take(with(sample, "gw-3 answers", std::string(300'000, 'x'))) == "refused  ignored");
    CHECK(desk.outcomes.at(0).refusal->code == RefusalCode::too_large);
    CHECK(desk.outcomes.at(1).refusal == std::nullopt);
    CHECK(desk.problems() == "");
}

TEST_CASE("what a webhook tells is escalated by the clock of the alert") {
    TriagePolicy policy;
    EscalationPolicy escalation;
    escalation.name = "p1";
    escalation.target = "helion";
    escalation.severity = Severity::p1;
    policy.escalation = {escalation};
    WebhookDesk desk(policy);
    desk.take(alert_fixture("alertmanager.json"));
    CHECK(desk.types() == "incident_created alert escalated alert");
    CHECK(desk.events().at(2).occurred_at == "2026-02-23T09:58:12.403000Z");
}

TEST_CASE("what alert_triage writes is taken as it stands: each line is a record") {
    WebhookDesk desk;
    const std::string good = Report::firing("10:00").id("a").line();
    const std::string other = Report::firing("10:01").id("b").line();
    const std::string bad = Report::firing("10:02").id("c").severity("bad").line();
    CHECK(desk.take(good + "\n" + other + "\r\n\n" + bad + "\n{\"half", "12:00", AlertFormat::triage) ==
          "taken taken refused /alert/severity refused ");
    CHECK(desk.letters.at(0).text == bad);
    CHECK(desk.letters.at(1).text == "{\"half");
    CHECK(desk.take(good + "\n" + other, "12:00", AlertFormat::triage) == "duplicate duplicate");
    CHECK(desk.take("{\n\"half", "12:00", AlertFormat::triage) == "no: invalid ");  // one text over many lines, which is broken
    CHECK(desk.take("", "12:00", AlertFormat::triage) == "no: invalid ");
    CHECK(desk.take(good + "\n" + other, "12:00", AlertFormat::alertmanager) == "no: invalid ");
    std::string many;
    for (int i = 0; i <= 10'000; ++i) many += std::to_string(i) + '\n';
    CHECK(desk.take(many, "12:00", AlertFormat::triage) == "no: too_large ");
    CHECK(desk.problems() == "");
}
