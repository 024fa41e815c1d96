// The interface over HTTP (section 4): its routes, who may use them, and what is counted. Of HTTP itself it knows requests and
// answers alone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/webhook.hpp"
#include "journal/log_signer.hpp"
#include "ops/access/access.hpp"
#include "ops/http/path.hpp"
#include "ops/service/event_stream.hpp"
#include "ops/service/metrics.hpp"
#include "ops/service/rate_limit.hpp"
#include "ops/tools/shared_views.hpp"
#include "ops/tools/tools.hpp"

namespace daybook {

// What a service works with; all outlive it.
struct ServiceParts {
    Journal& journal;
    const DecisionIndex& index;
    Entropy& entropy;
    SharedViews& views;
    const Tools& tools;
    Access& access;
    Metrics& metrics;
    const LogSigner& signer;
    std::function<Time()> clock;
    std::function<Time()> real_clock;                                    // by which keys expire, whatever `clock` says
    std::function<std::shared_ptr<const TriagePolicy>()> triage_policy;  // the one that holds now
    std::function<void(const std::vector<RefusedLine>&, std::string_view)> dead_letters;  // refused of a body, and what it came by
    std::function<std::optional<std::string>()> grafana_key;  // with which Grafana signs what it sends, now
    double requests_per_second = 0;                           // of one agent; 0: any number
};

// What a handler gets.
struct Call {
    const HttpRequest& request;
    const PathParameters& parameters;
    const Caller& caller;
};

struct QueryParameter {
    std::string name, help;
};

// One of the interface's operations; openapi.json is made from them too.
struct Route {
    std::string method;
    std::string path;     // "/v1/incidents/{id}": a part in braces stands for any one segment
    std::string summary;  // one line for people
    std::vector<QueryParameter> query = {};
    std::string body = "{}";                                  // JSON Schema of what is posted
    std::vector<std::string> answers = {"application/json"};  // media types
    std::optional<Permission> needs = {};                     // nothing: anyone, or the handler asks by itself
    std::function<HttpResponse(const Call&)> handle = {};

    // It says nothing about incidents, and needs no key.
    bool only_watches() const { return method == "GET" && !needs; }
};

// Thread-safe.
class Service {
public:
    explicit Service(ServiceParts parts);

    // What is made of a request before its body is read: who has no key, where one is asked for, costs no more than a header.
    HttpAdmission admit(const HttpRequest& request);
    HttpResponse answer(const HttpRequest& request);
    // Whether it asks for an incident, or the timeline of one, that has few events, as it is now.
    bool is_brief(const HttpRequest& request) const;
    // Asked before /metrics and /readyz: what the server says of itself.
    void set_gauges(std::function<void(Gauges&)> gauges) { server_gauges_ = std::move(gauges); }

private:
    void add_tool_routes();
    void add_ingest_routes();
    void add_reading_routes();
    void add_event_routes();
    void add_log_routes();
    void add_health_routes();
    void add_run_routes();

    HttpResponse run_postmortem(const HttpRequest& request);
    HttpResponse call_tool(std::string_view tool, const HttpRequest& request);
    HttpResponse read_by_tool(std::string_view tool, std::string_view action, const Call& call, std::string_view incident_id = {});
    HttpResponse weekly_digest_of(std::string_view name);
    HttpResponse checkpoint(const Call& call);
    HttpResponse inclusion(const Call& call);
    HttpResponse consistency(const Call& call);
    HttpResponse ingest(std::string_view word, const Call& call);  // a word of AlertFormat
    HttpResponse answer_query(const Call& call);
    HttpResponse answer_on(const Route& route, const Call& call);
    // The agent_id of the query is looked at, too: both must say the same.
    Result<Caller> caller_of(const HttpRequest& request, std::optional<std::string_view> in_body = {}) const;
    std::optional<HttpResponse> turn_away(const Result<Caller>& caller, Permission permission);
    HttpResponse refuse(const Refusal& refusal);
    EventStream::Read reading() const;
    EventStream::Permitted still_may_read(const HttpRequest& request) const;
    Gauges gauges() const;

    ServiceParts parts_;
    RateLimit rates_;
    std::function<void(Gauges&)> server_gauges_;
    std::vector<Route> routes_;
    std::string openapi_;  // describes them
};

// The answers that all routes share.
HttpResponse json_response(std::string body, int status = 200);
int http_status(RefusalCode code);

// OpenAPI 3.1 of the routes.
std::string openapi_json(const std::vector<Route>& routes);

}  // namespace daybook
