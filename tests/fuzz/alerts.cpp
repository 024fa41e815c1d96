// Alerts, as each source sends them.
#include <algorithm>

#include "ingest/sources.hpp"
#include "ingest/webhook.hpp"
#include "tests/desk.hpp"
#include "tests/fuzz/target.hpp"

namespace daybook::test {
namespace {

// All that a record leads to, to be compared.
std::string described(const RecordContent& content) {
    if (const auto* refusal = std::get_if<Refusal>(&content)) {
        promise_reason(*refusal);
        return "refused: " + refusal->message;
    }
    if (const auto* run = std::get_if<TriageRunReport>(&content))
        return "run " + run->input.key + ' ' + run->actor + ' ' + encode(run->run).text;
    const auto& report = std::get<AlertReport>(content);
    std::string text = report.encoded_alert.text + ' ' + report.input.key + ' ' + report.receipt_key + ' ' + report.actor + ' ' +
                       report.source + ' ' + report.incident_id.value_or("-") + ' ' + report.signature + ' ' +
                       std::to_string(static_cast<int>(report.decision)) + std::to_string(static_cast<int>(report.repeats)) +
                       std::to_string(report.acknowledges) + std::to_string(report.start_is_known) +
                       std::to_string(report.fields_are_known) + format_time(report.alert_at) + format_time(report.reported_at);
    if (report.input.sha256) text += to_hex(*report.input.sha256);
    for (const auto& followup : report.followups)
        text += " followup " + followup.title + ' ' + followup.owner.value_or("-") +
                (followup.due_at ? format_time(*followup.due_at) : "");
    if (report.escalation) text += " escalation " + report.escalation->target + ' ' + report.escalation->reason;
    for (const std::string& note : report.notes) text += " note " + note;
    return text;
}

void promise_payload(const Payload& payload) {
    const EncodedPayload encoded = encode(payload);
    JsonReader reader;
    const auto value = reader.read(encoded.text);
    promise(bool(value), "a payload is no JSON: " + encoded.text);
    promise(is_canonical(**value, encoded.text), "a payload is not in the form of RFC 8785: " + encoded.text);
    const auto decoded = decode(encoded.type, encoded.schema_version, **value);
    promise(bool(decoded), "a payload can't be decoded: " + encoded.text);
    promise(encode(*decoded).text == encoded.text, "a payload decodes to another: " + encoded.text);
}

void read_source(AlertFormat format, std::string_view bytes) {
    const std::string caller = "hook";
    const TriagePolicy policy;
    Sha256 sha256;
    const SourceContext context{caller, at("2026-02-23T12:00:00Z"), policy, sha256};
    JsonReader reader;
    const auto value = reader.read(bytes);
    if (!value) return promise_reason(value.refusal());
    const auto records = read_payload(format, **value, context);
    if (!records) return promise_reason(records.refusal());
    for (const SourceRecord& record : *records) {
        if (const auto* report = std::get_if<AlertReport>(&record.content)) promise_payload(report->alert);
        // Its own text says the same: a record that is refused is mended in it, and taken again without the others.
        std::string text = record.text.empty() ? canonical(**value) : record.text;
        if (record.envelope) text = record.envelope->before + text + record.envelope->after;
        JsonReader again;
        const auto own = again.read(text);
        promise(bool(own), "a record's text is no JSON: " + text);
        const auto same = read_payload(format, **own, context);
        // One that is refused may be no record at all, such as a text or an array in a batch.
        if ((!same || (*own)->is_array()) && std::holds_alternative<Refusal>(record.content)) continue;
        promise(same && same->size() == 1, "a record's text is not one record: " + text);
        promise(described(same->front().content) == described(record.content), "a record's text is another record: " + text);
    }
}

}  // namespace

void fuzz_triage(std::string_view bytes) { read_source(AlertFormat::triage, bytes); }
void fuzz_alertmanager(std::string_view bytes) { read_source(AlertFormat::alertmanager, bytes); }
void fuzz_grafana(std::string_view bytes) { read_source(AlertFormat::grafana, bytes); }
void fuzz_pagerduty(std::string_view bytes) { read_source(AlertFormat::pagerduty, bytes); }
void fuzz_cloudevents(std::string_view bytes) { read_source(AlertFormat::cloudevents, bytes); }

// Payloads as they come over HTTP, one after the other, with an empty line between header and body and "====" between two:
// the format's word, then headers. All that they lead to is in order afterwards.
void fuzz_webhook(std::string_view bytes) {
    Desk desk;
    const auto take_line = [](std::string_view& text) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        return line;
    };
    for (int requests = 0; !bytes.empty() && requests < 4; ++requests) {
        std::string_view text = bytes.substr(0, bytes.find("\n====\n"));
        bytes.remove_prefix(std::min(bytes.size(), text.size() + 6));
        WebhookRequest request;
        request.format = alert_format(take_line(text)).value_or(AlertFormat::automatic);
        std::vector<WebhookHeader> headers;
        for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
            const std::size_t colon = line.find(": ");
            if (colon != std::string_view::npos) headers.push_back({line.substr(0, colon), line.substr(colon + 2)});
        }
        request.headers = headers;
        request.body = text;
        request.caller = "hook";
        request.received_at = at("2026-02-23T12:00:00Z");
        const auto answer = take_webhook(desk.parts(), request);
        if (!answer) {
            promise_reason(answer.refusal());
            continue;
        }
        for (const WebhookOutcome& outcome : answer->outcomes) {
            if (outcome.refusal) promise_reason(*outcome.refusal);
        }
        for (const RefusedLine& line : answer->refused) {
            promise(bool(JsonReader().read(line.text)), "what was refused has no text to mend: " + line.text);
        }
    }
    const std::string problems = desk.problems();
    promise(problems.empty(), problems);
}

std::vector<std::string> webhook_seeds() {
    const auto alert = [](const char* name) { return read_file(project_file("fixtures/alerts") / name); };
    const std::string triage = read_file(project_file("fixtures/triage/monday.jsonl"));
    return {"alertmanager\n\n" + alert("alertmanager.json"),
            "grafana\n\n" + alert("grafana.json"),
            "pagerduty\n\n" + alert("pagerduty.json"),
            "auto\nContent-Type: application/cloudevents+json\n\n" + alert("cloudevent.json"),
            "auto\n\n" + alert("cloudevents.json"),
            "triage\n\n" + triage.substr(0, triage.find('\n')) + "\n====\ntriage\n\n" + triage.substr(0, triage.find('\n')),
            "cloudevents\nce-specversion: 1.0\nce-id: 1\nce-source: /pump\nce-type: example.alert.firing\nce-subject: gateway\n"
            "Content-Type: application/json\n\n{\"kind\":\"latency\",\"severity\":\"critical\",\"title\":\"Slow\"}"};
}

}  // namespace daybook::test
