// What the actions of the tools have in common: fields that many take, and what all that write answer.
#include "ingest/checks.hpp"
#include "journal/own_keys.hpp"
#include "journal/sha256.hpp"
#include "ops/late_entries.hpp"
#include "ops/tools/tool_actions.hpp"
#include "projections/jsonl_layout.hpp"

namespace daybook {
namespace {

constexpr std::int64_t integer_max = (std::int64_t{1} << 53) - 1;

// Of the RFC 8785 text of tool, action and params but the key: a call that is sent again has the same, in whatever shape it comes.
Digest digest_of(const ToolCall& call) {
    std::string text = "{\"action\":";
    append_json_string(text, call.action);
    text += ",\"params\":{";
    bool first = true;
    for (const JsonMember& member : call.params.members()) {
        if (member.name == "idempotency_key") continue;
        if (!first) text += ',';
        first = false;
        append_json_string(text, member.name);
        text += ':';
        append_canonical(text, member.value);
    }
    text += "},\"tool\":";
    append_json_string(text, call.tool);
    Sha256 sha256;
    return sha256({text + '}'});
}

// A number, or as the command line has it, "none" (0) or "any" (nothing).
std::optional<std::uint64_t> expected_version(ToolRun& run) {
    const JsonValue* value = run.call.params.find("expected_version");
    if (value != nullptr && value->is_string()) {
        if (value->text() == "none") return 0;
        if (value->text() != "any") run.params.fail("expected_version", "must be a number, \"none\" or \"any\"");
        return std::nullopt;
    }
    const auto version = run.params.optional_integer("expected_version", 0, integer_max);
    return version ? std::optional(static_cast<std::uint64_t>(*version)) : std::nullopt;
}

}  // namespace

std::optional<KeyedInput> keyed_input(ToolRun& run) {
    const auto key = run.params.optional_text("idempotency_key", 1, key_bytes_max);
    if (const auto refusal = key ? refuse_own_key(*key) : std::nullopt) run.params.fail("idempotency_key", *refusal);
    return key ? std::optional(KeyedInput{*key, digest_of(run.call)}) : std::nullopt;
}

CommandContext write_context(ToolRun& run) {
    CommandContext context;
    context.actor = run.caller.agent;
    context.source = run.call.tool;
    const auto said = happened_param(run, "occurred_at");
    context.by_clock = !said;
    context.occurred_at = said.value_or(run.parts.clock());
    context.expected_version = expected_version(run);
    if (auto input = keyed_input(run)) {
        context.idempotency_key = std::move(input->key);
        context.input_sha256 = input->sha256;
    }
    return context;
}

LookBack look_back(ToolRun& run) {
    LookBack back;
    back.as_of = run.params.optional_time("as_of");
    back.known_at = run.params.optional_time("known_at");
    if (const auto size = run.params.optional_integer("at_seq", 0, integer_max)) back.at_seq = static_cast<std::uint64_t>(*size);
    return back;
}

void refuse_beside(ToolRun& run, const LookBack& past, std::string_view name) {
    if (past.given()) run.params.fail(name, "writes down what is known now, and can't stand beside at_seq or known_at");
}

// The limits of single fields are the commands' own (ingest/checks.hpp).
std::string text_param(Fields& fields, std::string_view name) { return fields.text(name, 0, SIZE_MAX); }

std::optional<std::string> optional_param(Fields& fields, std::string_view name) { return fields.optional_text(name, 0, SIZE_MAX); }

std::optional<std::string> removable_param(ToolRun& run, std::string_view name) {
    const JsonValue* value = run.call.params.find(name);
    return value != nullptr && value->is_null() ? std::optional(std::string()) : optional_param(run.params, name);
}

std::optional<Time> happened_param(ToolRun& run, std::string_view name) {
    const auto time = run.params.optional_time(name);
    const Time now = run.parts.clock();
    if (time && *time > now + ahead_max) {
        run.params.fail(name, "is more than 24 hours after now, " + format_time(now) + ": look for a mistyped date");
    }
    return time;
}

std::optional<Time> due_param(Fields& fields) {
    const auto due_at = optional_param(fields, "due_at");
    const auto due_date = optional_param(fields, "due_date");
    if (!due_at && !due_date) return std::nullopt;
    const char* name = due_at ? "due_at" : "due_date";
    const auto due = parse_due(due_at ? *due_at : *due_date);
    if (!due) fields.fail(name, "must be a date, or a time with an offset (RFC 3339, such as 2026-02-23T10:00:00Z)");
    if (due_at && due_date) fields.fail("due_date", "stands beside due_at: give one of them");
    return due;
}

Refusal no_such_incident(const std::string& incident_id) {
    return {RefusalCode::not_found, "no such incident: " + incident_id, "/incident_id"};
}

Refusal not_there_yet(const std::string& incident_id) {
    return {RefusalCode::not_found, incident_id + " was not there yet", "/incident_id"};
}

void seq_or_null(ObjectText& object, Sequence sequence) { object.raw("seq", sequence ? std::to_string(sequence.value) : "null"); }

std::string write_answer(const ToolRun& run, const CommandOutcome& outcome, const char* subject) {
    const auto current = run.parts.views.incident(outcome.incident_id);
    std::string answer;
    ObjectText object(answer);
    object.text("incident_id", outcome.incident_id);
    object.number("version", current ? current->version : outcome.version);
    seq_or_null(object, outcome.appended.first);
    object.number("written", outcome.appended.count);
    object.boolean("duplicate", outcome.appended.duplicate);
    if (subject != nullptr && !outcome.subject_id.empty()) object.text(subject, outcome.subject_id);
    if (current) {
        object.raw("incident", "");
        append_incident(answer, current->row);
    }
    const auto warning = missing_in_digests(*run.parts.journal.snapshot(), outcome.appended.first);
    if (warning) object.raw("warnings", text_list(std::vector{*warning}));
    object.finish();
    return answer;
}

}  // namespace daybook
