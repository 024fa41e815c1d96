// What watches the server: alive, ready, counted; and what there is to ask for.
#include <algorithm>

#include <fmt/format.h>

#include "journal/json.hpp"
#include "ops/service/service.hpp"

namespace daybook {

void Service::add_health_routes() {
    const auto add = [&](std::string path, std::string summary, std::string answer, std::function<HttpResponse()> handle) {
        Route route;
        route.method = "GET";
        route.path = std::move(path);
        route.summary = std::move(summary);
        route.answers = {std::move(answer)};
        route.handle = [handle = std::move(handle)](const Call&) { return handle(); };
        routes_.push_back(std::move(route));
    };
    add("/healthz", "Alive", "application/json", [] { return json_response("{\"ok\":true}"); });
    add("/readyz", "Ready to take and to answer; how far the views and the exports are", "application/json", [this] {
        const Gauges now = gauges();
        std::string receivers;
        for (const OutboxState& outbox : now.outboxes) {
            receivers += fmt::format("{}{{\"name\":\"{}\",\"lag_events\":{},\"held_incidents\":{},\"failing\":{}}}",
                                     receivers.empty() ? "" : ",", outbox.receiver, outbox.lag_events, outbox.held_incidents,
                                     outbox.failing);
        }
        std::string exports;
        for (const Gauges::Export& one : now.exports) {
            exports += fmt::format("{}{{\"layout\":\"{}\",\"size\":{},\"lag_events\":{},\"behind_seconds\":{:.0f},\"late\":{}}}",
                                   exports.empty() ? "" : ",", one.layout, one.size,
                                   now.journal_events - std::min(one.size, now.journal_events), one.behind_seconds, one.late);
        }
        return json_response(
            fmt::format("{{\"ok\":true,\"journal_size\":{},\"projection_lag_events\":{},\"parked_events\":{},\"exports\":[{}],"
                        "\"receivers\":[{}]}}",
                        now.journal_events, now.projection_lag, now.parked, exports, receivers));
    });
    add("/metrics", "Counts, in the text format of Prometheus", "text/plain", [this] {
        HttpResponse response;
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        response.body = parts_.metrics.text(gauges());
        return response;
    });
    add("/openapi.json", "This description (OpenAPI 3.1)", "application/json", [this] { return json_response(openapi_); });
}

Gauges Service::gauges() const {
    Gauges gauges;
    parts_.views.look([&](const SharedViews::Seen& seen) {
        gauges.parked = parked_events(seen.views).size();
        gauges.projection_lag = seen.journal.size() - seen.size;
        gauges.journal_events = seen.journal.size();
        const auto newest = gauges.journal_events == 0 ? std::nullopt : seen.journal.header({gauges.journal_events});
        if (newest) {
            const std::int64_t age = to_micros(parts_.clock()) - newest->recorded_at;
            gauges.root_age_seconds = static_cast<double>(age) / 1e6;
        }
    });
    gauges.journal_bytes = parts_.journal.environment().used_bytes();
    gauges.map_bytes = parts_.journal.environment().map_bytes();
    if (server_gauges_) server_gauges_(gauges);
    const Snapshot journal = parts_.journal.snapshot();
    for (Gauges::Export& one : gauges.exports) {
        const auto lacking = one.size < gauges.journal_events ? journal->header({one.size + 1}) : std::nullopt;
        if (lacking)
            one.behind_seconds =
                static_cast<double>(std::max<std::int64_t>(0, to_micros(parts_.clock()) - lacking->recorded_at)) / 1e6;
    }
    return gauges;
}

}  // namespace daybook
