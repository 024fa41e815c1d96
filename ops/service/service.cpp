#include "ops/service/service.hpp"

#include <algorithm>

#include "journal/json.hpp"

namespace daybook {
namespace {

// A key is in X-API-Key, or in Authorization as a bearer token (RFC 6750); the scheme's case is of no account (RFC 9110, 11.1).
std::optional<std::string_view> key_in(const HttpRequest& request) {
    constexpr std::string_view bearer = "bearer ";
    const auto key = request.header("x-api-key");
    if (key && !key->empty()) return key;
    const auto authorization = request.header("authorization");
    if (!authorization || authorization->size() <= bearer.size()) return std::nullopt;
    const bool is_bearer = std::equal(bearer.begin(), bearer.end(), authorization->begin(),
                                      [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
    if (!is_bearer) return std::nullopt;
    const std::size_t begin = authorization->find_first_not_of(' ', bearer.size());
    return authorization->substr(std::min(begin, authorization->size()));
}

bool has_body(const HttpRequest& request) {
    return request.header("content-length").value_or("0") != "0" || request.header("transfer-encoding");
}

}  // namespace

HttpResponse json_response(std::string body, int status) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

int http_status(RefusalCode code) {
    switch (code) {
        case RefusalCode::invalid: return 422;
        case RefusalCode::not_found: return 404;
        case RefusalCode::conflict:
        case RefusalCode::idempotency_conflict: return 409;
        case RefusalCode::not_permitted: return 403;
        case RefusalCode::unauthenticated: return 401;
        case RefusalCode::too_large: return 413;
    }
    return 500;
}

Service::Service(ServiceParts parts) : parts_(std::move(parts)), rates_(parts_.requests_per_second) {
    add_tool_routes();
    add_ingest_routes();
    add_reading_routes();
    add_event_routes();
    add_log_routes();
    add_health_routes();
    add_run_routes();
    openapi_ = openapi_json(routes_);
}

HttpAdmission Service::admit(const HttpRequest& request) {
    HttpAdmission admission;
    PathParameters parameters;
    const auto route = std::find_if(routes_.begin(), routes_.end(), [&](const Route& one) {
        return one.method == request.method && matches(one.path, request.path, parameters);
    });
    const auto refuse_it = [&](HttpResponse response) {
        if (route != routes_.end()) response.route = route->path;
        admission.refusal = std::move(response);
    };
    if (route != routes_.end() && route->only_watches()) {
        if (has_body(request)) refuse_it(http_error(413, "too_large", "GET " + route->path + " takes no body"));
        admission.only_watches = true;
        return admission;
    }
    const auto key_id = parts_.access.admit(
        {key_in(request), request.header("host"), request.header("origin"), request.header("sec-fetch-site")}, parts_.clock());
    if (!key_id) {
        refuse_it(refuse(key_id.refusal()));
    } else {  // a key has a share of the server; without keys, whoever the query names
        admission.caller = key_id->empty() ? std::string(request.parameter("agent_id").value_or("")) : *key_id;
    }
    return admission;
}

HttpResponse Service::answer(const HttpRequest& request) {
    PathParameters parameters;
    std::string allowed;
    for (const Route& route : routes_) {
        if (!matches(route.path, request.path, parameters)) continue;
        if (route.method == request.method) {
            HttpResponse response = answer_on(route, {request, parameters, {}});
            response.route = route.path;
            return response;
        }
        allowed += (allowed.empty() ? "" : ", ") + route.method;
    }
    if (allowed.empty()) return http_error(404, "not_found", "there is nothing at " + request.path);
    HttpResponse response = http_error(405, "invalid", request.path + " takes " + allowed);
    response.headers.emplace_back("Allow", allowed);
    return response;
}

HttpResponse Service::answer_on(const Route& route, const Call& call) {
    try {
        if (!route.needs) return route.handle(call);
        const auto caller = caller_of(call.request);
        if (auto refused = turn_away(caller, *route.needs)) return std::move(*refused);
        return route.handle({call.request, call.parameters, *caller});
    } catch (const StorageError& error) {
        HttpResponse response = http_error(503, "unavailable", error.what());
        response.headers.emplace_back("Retry-After", "5");
        return response;
    }
}

// The answer to who may not, or asks too often; nothing for anyone else.
std::optional<HttpResponse> Service::turn_away(const Result<Caller>& caller, Permission permission) {
    if (!caller) return refuse(caller.refusal());
    if (const auto refusal = Access::check(*caller, permission)) return refuse(*refusal);
    if (rates_.take(caller->agent, RateLimit::Clock::now())) return std::nullopt;
    // Alertmanager drops for good what is answered with a 4xx, and sends again what gets a 503 (section 4).
    HttpResponse later = http_error(permission == Permission::ingest ? 503 : 429, "rate_limited", "too many requests");
    later.headers.emplace_back("Retry-After", "1");
    return later;
}

Result<Caller> Service::caller_of(const HttpRequest& request, std::optional<std::string_view> in_body) const {
    const auto in_query = request.parameter("agent_id");
    if (in_query && in_body && *in_query != *in_body) {
        return Refusal{RefusalCode::invalid, "agent_id stands in the query and in the body, and differs: say it once", "/agent_id"};
    }
    return parts_.access.caller(key_in(request), in_query ? in_query : in_body, parts_.real_clock());
}

HttpResponse Service::refuse(const Refusal& refusal) {
    parts_.metrics.refused(to_text(refusal.code));
    HttpResponse response = json_response(tool_answer(refusal), http_status(refusal.code));
    if (refusal.code == RefusalCode::unauthenticated) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

// As a new request by the same caller would be judged now.
EventStream::Permitted Service::still_may_read(const HttpRequest& request) const {
    return [this, key = std::optional<std::string>(key_in(request)),
            agent_id = std::optional<std::string>(request.parameter("agent_id"))] {
        const auto caller = parts_.access.caller(key, agent_id, parts_.real_clock());
        return caller && !Access::check(*caller, Permission::read);
    };
}

EventStream::Read Service::reading() const {
    return [this](bool with_views, const EventStream::Reading& use) {
        if (!with_views) {
            const Snapshot journal = parts_.journal.snapshot();
            return use(*journal, nullptr);
        }
        parts_.views.read([&](const SharedViews::Seen& seen) { use(seen.journal, &seen.views); });
    };
}

}  // namespace daybook
