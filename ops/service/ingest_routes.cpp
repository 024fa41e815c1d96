// What alert sources send: POST /v1/ingest/{format}, and PagerDuty's own path.
#include "ingest/grafana.hpp"
#include "ingest/sources.hpp"
#include "ingest/webhook.hpp"
#include "journal/json.hpp"
#include "ops/service/service.hpp"

namespace daybook {
namespace {

constexpr AlertFormat formats[] = {AlertFormat::triage, AlertFormat::alertmanager, AlertFormat::grafana, AlertFormat::pagerduty,
                                   AlertFormat::cloudevents};
constexpr std::string_view format_words[] = {"triage", "alertmanager", "grafana", "pagerduty", "cloudevents"};

void append_member(std::string& out, std::string_view name, std::string_view text) {
    if (out.back() != '{') out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, text);
}

std::string answer_of(const std::vector<WebhookOutcome>& outcomes) {
    std::string out = R"({"ok":true,"result":{"records":[)";
    for (const WebhookOutcome& outcome : outcomes) {
        if (out.back() != '[') out += ',';
        out += '{';
        append_member(out, "outcome", to_text(outcome.kind));
        if (!outcome.incident_id.empty()) append_member(out, "incident_id", outcome.incident_id);
        if (outcome.sequence) out += ",\"seq\":" + std::to_string(outcome.sequence.value);
        if (!outcome.dedup_key.empty()) append_member(out, "dedup_key", outcome.dedup_key);
        if (outcome.refusal) {
            append_member(out, "code", to_text(outcome.refusal->code));
            append_member(out, "reason", outcome.refusal->message);
            append_member(out, "field", outcome.refusal->field);
        }
        out += '}';
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

}  // namespace

void Service::add_ingest_routes() {
    for (std::size_t i = 0; i < std::size(formats); ++i) {
        Route route;
        route.method = "POST";
        route.path = "/v1/ingest/" + std::string(format_words[i]);
        route.summary = "What " + std::string(format_words[i]) + " sends; the answer says what became of each record";
        route.needs = Permission::ingest;
        route.handle = [this, format = formats[i]](const Call& call) { return ingest(format, call); };
        routes_.push_back(std::move(route));
    }
    Route route;
    route.method = "POST";
    route.path = "/v2/enqueue";
    route.summary = "PagerDuty's Events API v2";
    route.needs = Permission::ingest;
    route.handle = [this](const Call& call) { return ingest(AlertFormat::pagerduty, call); };
    routes_.push_back(std::move(route));
}

HttpResponse Service::ingest(AlertFormat format, const Call& call) {
    const bool signed_by_grafana = format == AlertFormat::grafana && parts_.grafana_key;
    if (signed_by_grafana) {
        const auto signature = call.request.header("x-grafana-alerting-signature");
        const auto timestamp = call.request.header("x-grafana-alerting-timestamp");
        if (!signature || !is_grafana_signature(*signature, *parts_.grafana_key, call.request.body, timestamp))
            return refuse({RefusalCode::unauthenticated, "X-Grafana-Alerting-Signature is missing, or not of this body", ""});
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
    const auto outcomes = take_webhook({parts_.journal, parts_.index, *policy, parts_.entropy}, request);
    const std::string_view word = call.request.path == "/v2/enqueue" ? "pagerduty" : std::string_view(call.request.path).substr(11);
    if (!outcomes) {
        parts_.metrics.ingested(word, "refused", 1);
        if (format == AlertFormat::pagerduty) {
            WebhookOutcome outcome;
            outcome.refusal = outcomes.refusal();
            return pagerduty_answer({outcome});
        }
        return refuse(outcomes.refusal());
    }
    for (const WebhookOutcome& outcome : *outcomes) {
        parts_.metrics.ingested(word, to_text(outcome.kind), 1);
        if (outcome.refusal) parts_.dead_letter(outcome, call.request.path);
    }
    return format == AlertFormat::pagerduty ? pagerduty_answer(*outcomes) : json_response(answer_of(*outcomes));
}

}  // namespace daybook
