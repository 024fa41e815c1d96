// The actions that say what incidents have to do with each other: correlation and recurrence.
#include "ops/correlation_note.hpp"
#include "ops/jobs/postmortems.hpp"
#include "ops/tools/tool_actions.hpp"
#include "projections/recurrence.hpp"

namespace daybook {
namespace {

std::string note_answer(const CommandOutcome& outcome) {
    std::string answer;
    ObjectText object(answer);
    seq_or_null(object, outcome.appended.first);
    object.number("written", outcome.appended.count);
    object.boolean("duplicate", outcome.appended.duplicate);
    object.finish();
    return answer;
}

}  // namespace

Result<std::string> correlate_action(ToolRun& run) {
    const std::string id = text_param(run.params, "incident_id");
    CorrelateRequest request;
    request.possible = run.params.optional_boolean("all").value_or(false);
    request.other_envs = run.params.optional_boolean("other_envs").value_or(false);
    const bool append = run.params.optional_boolean("append_note").value_or(false);
    const LookBack past = look_back(run);
    if (append) refuse_beside(run, past, "append_note");
    if (run.params.refusal()) return *run.params.refusal();
    request.policy = run.parts.policies()->intelligence;
    std::optional<Correlations> found;
    std::optional<Refusal> refusal;
    run.parts.views.read([&](const SharedViews::Seen& seen) {
        refusal = past.set(request, seen.journal, seen.size, run.parts.clock());
        if (refusal) return;
        const auto stream = is_incident_id(id) ? seen.journal.stream_number(id) : std::nullopt;
        refusal = stream ? not_there_yet(id) : no_such_incident(id);
        if (!stream) return;
        request.incident = *stream;
        found = correlate(seen.views, seen.journal, request);
    });
    if (!found) return *refusal;
    std::string answer(without_end(correlations_json(*found)));
    if (!append) return answer;
    CommandContext context;
    context.actor = run.caller.agent;
    context.source = run.call.tool;
    context.occurred_at = request.now;
    const auto outcome = append_correlation_note(run.parts.commands, *found, std::move(context));
    if (!outcome) return outcome.refusal();
    answer.pop_back();
    answer += ",\"note\":" + note_answer(*outcome) + '}';
    return answer;
}

Result<std::string> recurrence_action(ToolRun& run) {
    RecurrenceRequest request;
    request.service = optional_param(run.params, "service");
    request.env = optional_param(run.params, "env");
    request.window_days =
        static_cast<int>(run.params.optional_integer("window_days", 1, window_days_max).value_or(request.window_days));
    const LookBack past = look_back(run);
    if (run.params.refusal()) return *run.params.refusal();
    request.policy = run.parts.policies()->intelligence;
    std::string answer;
    std::optional<Refusal> refusal;
    run.parts.views.read([&](const SharedViews::Seen& seen) {
        refusal = past.set(request, seen.journal, seen.size, run.parts.clock());
        if (!refusal) answer = without_end(recurrence_json(recurrence(seen.views, seen.journal, request)));
    });
    if (refusal) return *refusal;
    return answer;
}

Result<std::string> postmortem_action(ToolRun& run) {
    PostmortemSaving saving;
    saving.incident_id = text_param(run.params, "incident_id");
    const LookBack past = look_back(run);
    saving.save = run.params.optional_boolean("save").value_or(!past.given());
    if (saving.save) refuse_beside(run, past, "save");
    if (run.params.refusal()) return *run.params.refusal();
    saving.actor = run.caller.agent;
    saving.source = run.call.tool;
    if (auto refusal = past.set(saving, *run.parts.journal.snapshot(), saving.size, run.parts.clock())) return *refusal;
    const auto read = [&](const ReadViews& use) {
        run.parts.views.read([&](const SharedViews::Seen& seen) { use(seen.views, seen.journal, seen.size); });
    };
    const auto made = make_postmortem(read, run.parts.commands, run.parts.policies()->intelligence, saving);
    if (!made) return made.refusal();
    std::string answer;
    ObjectText object(answer);
    object.raw("draft", without_end(made->json));
    object.text("markdown", made->markdown);
    object.raw("artifacts", made->artifacts);
    if (!made->warnings.empty()) object.raw("warnings", text_list(made->warnings));
    object.finish();
    return answer;
}

}  // namespace daybook
