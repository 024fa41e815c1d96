// Reading what the tools read, by path and query; and weekly digests.
#include "journal/evidence.hpp"
#include "ops/service/service.hpp"
#include "ops/tools/tool_call.hpp"
#include "ops/weekly_digests.hpp"
#include "projections/iso_week.hpp"

namespace daybook {
namespace {

const std::vector<QueryParameter> clocks{{"as_of", "What was true then (RFC 3339)"},
                                         {"known_at", "What was known then (RFC 3339)"},
                                         {"at_seq", "What the first N events say"}};

std::vector<QueryParameter> with_clocks(std::vector<QueryParameter> parameters) {
    parameters.insert(parameters.end(), clocks.begin(), clocks.end());
    return parameters;
}

}  // namespace

HttpResponse Service::read_by_tool(std::string_view tool, std::string_view action, const Call& call, std::string_view incident_id) {
    ToolCallReader reader;
    ToolCallReader::Texts fields;
    for (const auto& field : call.request.query) {
        if (field.first != "agent_id") fields.push_back(field);  // that says who asks, not for what
    }
    if (!incident_id.empty()) fields.emplace_back("incident_id", incident_id);
    const auto tool_call = reader.read_texts(tool, action, fields);
    if (!tool_call) return refuse(tool_call.refusal());
    const auto result = parts_.tools.run(*tool_call, {call.caller.agent});
    if (!result) return refuse(result.refusal());
    return json_response(tool_answer(result));
}

bool Service::is_brief(const HttpRequest& request) const {
    constexpr std::uint64_t events_max = 64;
    PathParameters parameters;
    const bool asks_for_one = request.method == "GET" && request.query.empty() &&
                              (matches("/v1/incidents/{id}", request.path, parameters) ||
                               matches("/v1/incidents/{id}/timeline", request.path, parameters));
    if (!asks_for_one) return false;
    try {
        const auto head = parts_.journal.snapshot()->stream(parameters.at("id"));
        return head && head->version <= events_max;
    } catch (const StorageError&) {
        return false;  // who answers will say it
    }
}

void Service::add_reading_routes() {
    const auto add = [&](std::string path, std::string summary, std::vector<QueryParameter> query,
                         std::function<HttpResponse(const Call&)> handle, std::vector<std::string> answers = {"application/json"}) {
        Route route;
        route.method = "GET";
        route.path = std::move(path);
        route.summary = std::move(summary);
        route.query = std::move(query);
        route.answers = std::move(answers);
        route.needs = Permission::read;
        route.handle = std::move(handle);
        routes_.push_back(std::move(route));
    };
    add("/v1/incidents", "Incidents, newest start first, in pages",
        with_clocks({{"status", "open (not finished), mitigated, resolved, closed or all"},
                     {"service", "Of this service"},
                     {"env", "Of this environment"},
                     {"severity", "P0 to P4"},
                     {"kind", "Of this kind"},
                     {"label", "With this label: NAME=VALUE"},
                     {"since", "Started at or after (RFC 3339)"},
                     {"until", "Started before (RFC 3339)"},
                     {"text", "With this in the title or the summary"},
                     {"order", "newest or oldest start first"},
                     {"limit", "At most so many: 20, up to 500"},
                     {"cursor", "next_cursor of the page before"}}),
        [this](const Call& call) { return read_by_tool("oncall_tool", "incident_list", call); });
    add("/v1/incidents/{id}", "One incident", with_clocks({}),
        [this](const Call& call) { return read_by_tool("oncall_tool", "incident_get", call, call.parameters.at("id")); });
    add("/v1/incidents/{id}/timeline", "What happened in an incident, in the order in which it was recorded",
        with_clocks({{"after_seq", "Behind this seq"}, {"limit", "At most so many"}}),
        [this](const Call& call) { return read_by_tool("oncall_tool", "incident_timeline", call, call.parameters.at("id")); });
    add("/v1/incidents/{id}/evidence", "One file that anyone can check with the public key alone", {},
        [this](const Call& call) {
            HttpResponse response;
            response.content_type = "application/jsonl";
            const auto evidence = write_evidence(parts_.journal, call.parameters.at("id"), parts_.signer,
                                                 [&](std::string_view piece) { response.body += piece; });
            return evidence ? std::move(response) : refuse(evidence.refusal());
        },
        {"application/jsonl"});
    add("/v1/digests/weekly/{week}", "The digest of an ISO week: YYYY-WW.json, YYYY-WW.md, or YYYY-WW, which is JSON", {},
        [this](const Call& call) { return weekly_digest_of(call.parameters.at("week")); }, {"application/json", "text/markdown"});
}

HttpResponse Service::weekly_digest_of(std::string_view name) {
    const bool markdown = name.ends_with(".md");
    if (markdown || name.ends_with(".json")) name = name.substr(0, name.rfind('.'));
    const auto week = parse_iso_week(name);
    const Time now = parts_.clock();
    if (!week || week->from() > now) {
        return refuse({RefusalCode::not_found,
                       "there is no digest of " + std::string(name) + ": give an ISO week that has begun, such as 2026-08",
                       "/week"});
    }
    HttpResponse response;
    parts_.views.read([&](const SharedViews::Seen& seen) {
        const ReportFiles files = make_digest(seen.views, seen.journal, *week, now, size_without_reports(seen.journal, seen.size),
                                              parts_.tools.policies()->intelligence);
        response.body = markdown ? files.markdown : files.json;
    });
    if (markdown) response.content_type = "text/markdown; charset=utf-8";
    return response;
}

}  // namespace daybook
