// The actions of oncall_tool that write into an incident's timeline: entries, corrections, artifacts, follow-ups.
#include <array>

#include "journal/base64.hpp"
#include "ops/tools/tool_actions.hpp"

namespace daybook {
namespace {

constexpr const char* followup_id = "followup_id";

// The fields of a follow-up, wherever they stand.
void read_followup(Fields& fields, AddFollowup& command) {
    command.title = text_param(fields, "title");
    command.owner = optional_param(fields, "owner");
    command.priority = fields.optional_word<Severity>("priority").value_or(command.priority);
    command.due_at = due_param(fields);
    command.links = fields.optional_texts("links");
}

// What a command refuses of fields that stand in `meta`.
Result<std::string> placed_in_meta(Result<std::string> answer) {
    if (answer) return answer;
    for (const std::string_view field : {"/title", "/owner", "/due_at", "/followup_id"}) {
        if (answer.refusal().field == field) answer.refusal().field = "/meta" + std::string(field);
    }
    return answer;
}

Result<std::string> append_followup(ToolRun& run) {
    AddFollowup command;
    command.incident_id = text_param(run.params, "incident_id");
    command.message = optional_param(run.params, "message");
    run.params.with_required_object("meta", [&](Fields& meta) {
        meta.allow_only({"due_at", "due_date", "links", "owner", "priority", "title"});
        read_followup(meta, command);
    });
    return placed_in_meta(run_command(run, command, followup_id));
}

Result<std::string> append_followup_status(ToolRun& run) {
    ChangeFollowupStatus command;
    command.incident_id = text_param(run.params, "incident_id");
    command.message = optional_param(run.params, "message");
    run.params.with_required_object("meta", [&](Fields& meta) {
        meta.allow_only({"followup_id", "status"});
        command.followup_id = text_param(meta, "followup_id");
        command.to = word_param<FollowupStatus>(meta, "status");
    });
    return placed_in_meta(run_command(run, command, followup_id));
}

// The name says the format; with `format` alone it is `<kind>.<format>`.
std::string artifact_name(ToolRun& run, const std::string& kind) {
    const auto format = run.params.optional_word<ArtifactFormat>("format");
    const auto name = optional_param(run.params, "name");
    if (!name && !format) run.params.fail("name", "is missing, and so is format: one of them says what it is");
    if (!name) return kind + '.' + std::string(format ? to_text(*format) : "");
    if (format && !name->ends_with('.' + std::string(to_text(*format)))) {
        run.params.fail("format", "is " + std::string(to_text(*format)) + ", and the name's ending says something else");
    }
    return *name;
}

// `content` as it stands, or with `encoding` "base64" the bytes that it encodes (RFC 4648 section 4, padded).
std::string artifact_bytes(ToolRun& run) {
    std::string content = text_param(run.params, "content");
    const std::string encoding = optional_param(run.params, "encoding").value_or("text");
    if (encoding == "text") return content;
    if (encoding != "base64") {
        run.params.fail("encoding", "must be one of text, base64");
        return content;
    }
    auto bytes = from_base64(content);
    if (!bytes) run.params.fail("content", "is not base64 (RFC 4648 section 4, with padding, without line breaks)");
    return std::move(bytes).value_or("");
}

}  // namespace

Result<std::string> incident_append_event(ToolRun& run) {
    constexpr const char* types = "note, decision, action, comms, metric, log, followup, followup_status_change";
    const std::string word = text_param(run.params, "type");
    const auto type = from_text<EventType>(word);
    if (type == EventType::followup) return append_followup(run);
    if (type == EventType::followup_status_change) return append_followup_status(run);
    if (!type || *type < EventType::note || *type > EventType::log) {
        run.params.fail("type", std::string("must be one of ") + types);
        return *run.params.refusal();
    }
    AppendEntry command;
    command.incident_id = text_param(run.params, "incident_id");
    command.type = *type;
    command.message = text_param(run.params, "message");
    command.meta = run.params.optional_object("meta");
    return run_command(run, command);
}

Result<std::string> incident_correct_event(ToolRun& run) {
    CorrectEntry command;
    command.incident_id = text_param(run.params, "incident_id");
    const auto sequence = run.params.optional_integer("seq", 1, std::int64_t{1} << 53);
    if (!sequence) run.params.fail("seq", "is missing: of the event, as the timeline shows it");
    command.corrects.value = static_cast<std::uint64_t>(sequence.value_or(0));
    command.message = text_param(run.params, "message");
    return run_command(run, command);
}

Result<std::string> incident_attach_artifact(ToolRun& run) {
    AttachArtifact command;
    command.incident_id = text_param(run.params, "incident_id");
    command.kind = optional_param(run.params, "kind").value_or("file");
    command.name = artifact_name(run, command.kind);
    command.bytes = artifact_bytes(run);
    command.message = optional_param(run.params, "message");
    return run_command(run, command, "artifact_id");
}

Result<std::string> followup_add(ToolRun& run) {
    AddFollowup command;
    command.incident_id = text_param(run.params, "incident_id");
    command.message = optional_param(run.params, "message");
    read_followup(run.params, command);
    return run_command(run, command, followup_id);
}

Result<std::string> followup_update(ToolRun& run) {
    run.params.never_null({"priority", "status", "title"});
    const std::string id = text_param(run.params, "followup_id");
    const auto message = optional_param(run.params, "message");
    if (const auto status = run.params.optional_word<FollowupStatus>("status")) {
        for (const char* other : {"due_at", "due_date", "owner", "priority", "title"}) {
            if (run.call.params.find(other) == nullptr) continue;
            run.params.fail(other, "stands beside status, which is an event of its own: change them one after the other");
        }
        ChangeFollowupStatus command;
        command.followup_id = id;
        command.to = *status;
        command.message = message;
        return run_command(run, command, followup_id);
    }
    const auto is_null = [&](const char* name) {
        const JsonValue* value = run.call.params.find(name);
        return value != nullptr && value->is_null();
    };
    UpdateFollowup command;
    command.followup_id = id;
    command.title = optional_param(run.params, "title");
    command.owner = removable_param(run, "owner");
    command.priority = run.params.optional_word<Severity>("priority");
    command.due_at = due_param(run.params);
    command.no_due_date = is_null("due_at") || is_null("due_date");
    command.message = message;
    return run_command(run, command, followup_id);
}

}  // namespace daybook
