// Runs: a postmortem draft that is asked for, and how any run went.
#include "ops/jobs/postmortems.hpp"
#include "ops/jobs/runs.hpp"
#include "ops/service/service.hpp"

#include "ingest/fields.hpp"
#include "projections/object_text.hpp"

namespace daybook {

void Service::add_run_routes() {
    Route start;
    start.method = "POST";
    start.path = "/v1/graphs/postmortem_draft/runs";
    start.summary = "Draft a postmortem: {\"agent_id\":…,\"input\":{\"incident_id\":…}}";
    start.handle = [this](const Call& call) { return run_postmortem(call.request); };
    routes_.push_back(std::move(start));
    Route look;
    look.method = "GET";
    look.path = "/v1/runs/{run_id}";
    look.summary = "How a run went: started, succeeded or failed, with its error";
    look.needs = Permission::read;
    look.handle = [this](const Call& call) {
        const auto run = find_run(*parts_.journal.snapshot(), call.parameters.at("run_id"));
        return run ? json_response(run_json(*run)) : refuse({RefusalCode::not_found, "there is no such run", "/run_id"});
    };
    routes_.push_back(std::move(look));
}

HttpResponse Service::run_postmortem(const HttpRequest& request) {
    JsonReader reader;
    const auto body = reader.read(request.body);
    if (!body) return refuse(body.refusal());
    Fields fields(**body);
    fields.allow_only({"agent_id", "input"});
    const auto agent = fields.optional_text("agent_id", 1, name_bytes_max);
    PostmortemSaving saving;
    fields.with_required_object("input", [&](Fields& input) {
        input.allow_only({"incident_id"});
        saving.incident_id = input.text("incident_id", 1, name_bytes_max);
    });
    if (fields.refusal()) return refuse(*fields.refusal());
    const auto caller = caller_of(request, agent ? std::optional<std::string_view>(*agent) : std::nullopt);
    if (auto refused = turn_away(caller, Permission::write)) return std::move(*refused);
    saving.save = true;
    saving.actor = caller->agent;
    saving.source = "postmortem_draft";
    saving.now = parts_.clock();
    const auto read = [&](const ReadViews& use) {
        parts_.views.read([&](const SharedViews::Seen& seen) { use(seen.views, seen.journal, seen.size); });
    };
    std::string inputs = "{\"incident_id\":";
    append_json_string(inputs, saving.incident_id);
    RunLog log(parts_.journal, parts_.entropy, saving.actor, "postmortem_draft");
    const std::string run_id = log.start("postmortem_draft", inputs + '}', saving.now);
    const auto made = make_postmortem(read, parts_.tools.commands(), parts_.tools.policies()->intelligence, saving);
    const auto error = made ? std::nullopt : std::optional(made.refusal().message);
    std::string outputs;
    ObjectText members(outputs);
    if (made) {
        members.raw("artifacts", made->artifacts);
        if (!made->warnings.empty()) members.raw("warnings", text_list(made->warnings));
    }
    members.finish();
    log.finish(run_id, "postmortem_draft", outputs, error, parts_.clock());
    return json_response(run_json(*find_run(*parts_.journal.snapshot(), run_id)));
}

}  // namespace daybook
