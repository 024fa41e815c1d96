// The actions of the tools: the table that names them, and what they have in common.
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/fields.hpp"
#include "ops/look_back.hpp"
#include "ops/tools/tools.hpp"
#include "projections/object_text.hpp"

namespace daybook {

// One call on its way.
struct ToolRun {
    const ToolParts& parts;
    const ToolCall& call;
    const ToolCaller& caller;
    std::mutex& saving;  // held while a report's files are written: two that write one file at once would refuse each other
    Fields params;
};

struct ToolAction {
    std::string_view tool;
    std::string_view name;
    Permission needs = Permission::read;
    std::vector<std::string_view> params;  // the fields that it takes, in order of their names
    Result<std::string> (*run)(ToolRun&) = nullptr;
    std::string_view writes_when;  // a truth value with which it writes, so that who calls must be allowed to
};

// --- reading fields; what is wrong is in run.params.refusal() afterwards

// idempotency_key (with the digest of the call), occurred_at, expected_version (a number, "none" or "any").
CommandContext write_context(ToolRun& run);
// The key alone, for what is not an incident's.
std::optional<KeyedInput> keyed_input(ToolRun& run);
// as_of, known_at, at_seq.
LookBack look_back(ToolRun& run);
// Refuses `name` beside a look at the past: what it writes down is of now.
void refuse_beside(ToolRun& run, const LookBack& past, std::string_view name);
std::string text_param(Fields& fields, std::string_view name);                     // it must be there
std::optional<std::string> optional_param(Fields& fields, std::string_view name);  // texts of any sensible length
// null means that it is to be taken away, as an empty text does.
std::optional<std::string> removable_param(ToolRun& run, std::string_view name);
template <class Word>
Word word_param(Fields& fields, std::string_view name) {
    const auto word = fields.optional_word<Word>(name);
    if (!word) fields.fail(name, "is missing: one of " + choices<Word>());
    return word.value_or(Word());
}
// When something happened: not more than ahead_max after now.
std::optional<Time> happened_param(ToolRun& run, std::string_view name);
// due_at, or due_date: a time or a bare date.
std::optional<Time> due_param(Fields& fields);

inline constexpr std::int64_t window_days_max = 3'660;  // that a report may look back

Refusal no_such_incident(const std::string& incident_id);
Refusal not_there_yet(const std::string& incident_id);  // at the moment that was asked for

// --- answers

// {"incident_id","version","seq","written","duplicate",<subject>,"incident":{…}}: what was written (seq of the first event, null
// where nothing had to be), and the incident after it. `subject` names the id of what was made, such as "followup_id".
std::string write_answer(const ToolRun& run, const CommandOutcome& outcome, const char* subject);

// The member `seq`: of the first event that was written, or of the one that was there; null for none.
void seq_or_null(ObjectText& object, Sequence sequence);

// The text of a report without its last newline, to stand in an answer.
inline std::string_view without_end(std::string_view text) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    return text;
}

template <class Command>
Result<std::string> run_command(ToolRun& run, const Command& command, const char* subject = nullptr) {
    const CommandContext context = write_context(run);
    if (run.params.refusal()) return *run.params.refusal();
    const auto outcome = run.parts.commands.run(command, context);
    if (!outcome) return outcome.refusal();
    return write_answer(run, *outcome, subject);
}

// --- the actions; each takes the fields that the table says

// oncall_tool, incidents
Result<std::string> incident_create(ToolRun& run);
Result<std::string> incident_update(ToolRun& run);
Result<std::string> incident_acknowledge(ToolRun& run);
Result<std::string> incident_mitigate(ToolRun& run);
Result<std::string> incident_resolve(ToolRun& run);
Result<std::string> incident_close(ToolRun& run);
Result<std::string> incident_reopen(ToolRun& run);
Result<std::string> incident_set_severity(ToolRun& run);
Result<std::string> incident_assign(ToolRun& run);
Result<std::string> incident_link(ToolRun& run);
// oncall_tool, timelines and follow-ups
Result<std::string> incident_append_event(ToolRun& run);
Result<std::string> incident_correct_event(ToolRun& run);
Result<std::string> incident_attach_artifact(ToolRun& run);
Result<std::string> followup_add(ToolRun& run);
Result<std::string> followup_update(ToolRun& run);
// oncall_tool, reading
Result<std::string> incident_get(ToolRun& run);
Result<std::string> incident_list(ToolRun& run);
Result<std::string> incident_timeline(ToolRun& run);
Result<std::string> incident_followups_summary(ToolRun& run);
Result<std::string> followup_watch_action(ToolRun& run);
// incident_intelligence_tool
Result<std::string> correlate_action(ToolRun& run);
Result<std::string> recurrence_action(ToolRun& run);
Result<std::string> postmortem_action(ToolRun& run);
// jobs
Result<std::string> list_tasks(ToolRun& run);
Result<std::string> start_task(ToolRun& run);
Result<std::string> get_run(ToolRun& run);
Result<std::string> list_runs_action(ToolRun& run);
Result<std::string> weekly_digest_action(ToolRun& run);

}  // namespace daybook
