// What alert sources send: POST /v1/ingest/{format}, and PagerDuty's own path.
#include <charconv>
#include <chrono>
#include <cstdlib>

#include "ingest/grafana.hpp"
#include "ingest/sources.hpp"
#include "ingest/webhook.hpp"
#include "journal/json.hpp"
#include "ops/service/service.hpp"
#include "projections/object_text.hpp"

namespace daybook {
namespace {

std::string answer_of(const std::vector<WebhookOutcome>& outcomes) {
    std::string out = R"({"ok":true,"result":{"records":[)";
    for (const WebhookOutcome& outcome : outcomes) {
        if (out.back() != '[') out += ',';
        ObjectText record(out);
        record.text("outcome", to_text(outcome.kind));
        if (!outcome.incident_id.empty()) record.text("incident_id", outcome.incident_id);
        if (outcome.sequence) record.number("seq", outcome.sequence.value);
        if (!outcome.dedup_key.empty()) record.text("dedup_key", outcome.dedup_key);
        if (outcome.refusal) {
            record.text("code", to_text(outcome.refusal->code));
            record.text("reason", outcome.refusal->message);
            record.text("field", outcome.refusal->field);
        }
        record.finish();
    }
    return out + "]}}";
}

// As PagerDuty answers (Events API v2).
HttpResponse pagerduty_answer(const std::vector<WebhookOutcome>& outcomes) {
    for (const WebhookOutcome& outcome : outcomes) {
        if (!outcome.refusal) continue;
        std::string body = R"({"status":"invalid event","message":"Event object is invalid","errors":[)";
        append_json_string(body, outcome.refusal->message);
        return json_response(body + "]}", 400);
    }
    std::string body = R"({"status":"success","message":"Event processed")";
    if (!outcomes.empty()) {
        body += ",\"dedup_key\":";
        append_json_string(body, outcomes.front().dedup_key);
    }
    return json_response(body + '}', 202);
}

// How far the moment that Grafana signed may lie from now: what somebody caught and sends again later must not tell it anew.
constexpr std::chrono::minutes signed_within{5};

bool is_of_now(std::string_view seconds, Time now) {
    std::int64_t since_1970 = 0;
    const auto read = std::from_chars(seconds.data(), seconds.data() + seconds.size(), since_1970);
    const auto off = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count() - since_1970;
    return read.ec == std::errc() && read.ptr == seconds.data() + seconds.size() && since_1970 >= 0 &&
           std::abs(off) <= std::chrono::seconds(signed_within).count();
}

}  // namespace

void Service::add_ingest_routes() {
    const auto add = [&](std::string path, std::string summary, std::string word, std::string method = "POST") {
        Route route;
        route.method = std::move(method);
        route.path = std::move(path);
        route.summary = std::move(summary);
        route.needs = Permission::ingest;
        route.handle = [this, word = std::move(word)](const Call& call) { return ingest(word, call); };
        routes_.push_back(std::move(route));
    };
    for (const char* word : {"triage", "alertmanager", "grafana", "pagerduty", "cloudevents"}) {
        add(std::string("/v1/ingest/") + word, std::string("What ") + word + " sends; the answer says what became of each record",
            word);
    }
    add("/v1/ingest/grafana", "As with POST: Grafana may be set to either", "grafana", "PUT");
    add("/v2/enqueue", "PagerDuty's Events API v2", "pagerduty");
}

HttpResponse Service::ingest(std::string_view word, const Call& call) {
    const AlertFormat format = alert_format(word).value();
    if (const auto key = format == AlertFormat::grafana ? parts_.grafana_key() : std::nullopt) {
        const auto signature = call.request.header("x-grafana-alerting-signature");
        const auto timestamp = call.request.header("x-grafana-alerting-timestamp");
        if (!signature || !is_grafana_signature(*signature, *key, call.request.body, timestamp))
            return refuse({RefusalCode::unauthenticated, "X-Grafana-Alerting-Signature is missing, or not of this body", ""});
        if (timestamp && !is_of_now(*timestamp, parts_.real_clock()))
            return refuse(
                {RefusalCode::unauthenticated,
                 "X-Grafana-Alerting-Timestamp is more than 5 minutes off this server's clock: was it sent before, or is a "
                 "clock wrong?",
                 ""});
    }
    std::vector<WebhookHeader> headers;
    for (const auto& [name, value] : call.request.headers) headers.push_back({name, value});
    const auto policy = parts_.triage_policy();
    WebhookRequest request;
    request.format = format;
    request.body = call.request.body;
    request.headers = headers;
    request.caller = call.caller.agent;
    request.received_at = parts_.clock();
    const auto answer = take_webhook({parts_.journal, parts_.index, *policy, parts_.entropy}, request);
    if (!answer) {
        parts_.metrics.ingested(word, "refused", 1);
        // The body waits as a file that is refused does. Who may not ingest, or did not sign it, was turned away before.
        WebhookOutcome whole;
        whole.kind = WebhookOutcome::Kind::refused;
        whole.refusal = answer.refusal();
        parts_.dead_letters({{0, 0, call.request.body, {answer.refusal()}}}, call.request.path);
        return format == AlertFormat::pagerduty ? pagerduty_answer({whole}) : refuse(*whole.refusal);
    }
    for (const WebhookOutcome& outcome : answer->outcomes) parts_.metrics.ingested(word, to_text(outcome.kind), 1);
    if (!answer->refused.empty()) parts_.dead_letters(answer->refused, call.request.path);
    return format == AlertFormat::pagerduty ? pagerduty_answer(answer->outcomes) : json_response(answer_of(answer->outcomes));
}

}  // namespace daybook
