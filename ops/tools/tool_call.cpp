#include "ops/tools/tool_call.hpp"

#include <algorithm>
#include <array>

#include "ingest/fields.hpp"
#include "ops/tools/params.hpp"

namespace daybook {
namespace {

constexpr std::array<std::string_view, 4> of_the_call{"action", "agent_id", "params", "tool"};

bool is_of_the_call(std::string_view name) { return std::find(of_the_call.begin(), of_the_call.end(), name) != of_the_call.end(); }

Refusal invalid(std::string message, std::string field) { return {RefusalCode::invalid, std::move(message), std::move(field)}; }

// Whether the JSON Pointer `field` leads into a member of `object`.
bool leads_into(const JsonValue& object, std::string_view field) {
    const auto members = object.members();
    return std::any_of(members.begin(), members.end(), [&](const JsonMember& member) {
        const std::string token = pointer_token(member.name);
        return field.starts_with(token) && (field.size() == token.size() || field[token.size()] == '/');
    });
}

}  // namespace

std::string ToolCall::place_of(std::string_view field) const {
    const bool beside = nested == nullptr || (!leads_into(*nested, field) && leads_into(*body, field));
    return field.empty() || beside ? std::string(field) : "/params" + std::string(field);
}

Result<const JsonValue*> ToolCallReader::read_params(const JsonValue& value) {
    if (value.is_object()) return &value;
    if (!value.is_string()) return invalid("params must be an object, or a string that holds one", "/params");
    const auto read = params_reader_.read(value.text());
    if (!read) return Refusal{read.refusal().code, "params: " + read.refusal().message, "/params" + read.refusal().field};
    if (!(*read)->is_object()) return invalid("params must hold a JSON object", "/params");
    return *read;
}

// Of both, sorted by name, as the members of any object are.
std::optional<Refusal> ToolCallReader::merge(ToolCall& call) {
    members_.clear();
    for (const JsonMember& member : call.body->members()) {
        if (!is_of_the_call(member.name)) members_.push_back(member);
    }
    if (call.nested != nullptr) {
        const auto less = [](const JsonMember& a, const JsonMember& b) { return json_name_less(a.name, b.name); };
        const std::size_t beside = members_.size();
        for (const JsonMember& member : call.nested->members()) {
            const auto end = members_.begin() + static_cast<std::ptrdiff_t>(beside);
            const auto same = std::lower_bound(members_.begin(), end, member, less);
            if (same == end || same->name != member.name) {
                members_.push_back(member);
            } else if (canonical(same->value) != canonical(member.value)) {
                return invalid(std::string(member.name) + " stands in params and beside it, and differs",
                               pointer_token(member.name));
            }
        }
        std::sort(members_.begin(), members_.end(), less);
    }
    call.params.kind = JsonValue::Kind::object;
    call.params.size = static_cast<std::uint32_t>(members_.size());
    call.params.first_member = members_.data();
    return std::nullopt;
}

Result<ToolCall> ToolCallReader::read(std::string_view tool, std::string_view body) {
    const auto read = body_reader_.read(body);
    if (!read) return Refusal{read.refusal().code, "the body: " + read.refusal().message, read.refusal().field};
    ToolCall call;
    call.tool = tool;
    call.body = *read;
    Fields fields(*call.body);
    (void)fields.text("action", 1, name_bytes_max);
    const auto agent = fields.optional_text("agent_id", 1, name_bytes_max);
    const auto named = fields.optional_text("tool", 1, name_bytes_max);
    if (agent && !is_actor(*agent)) fields.fail("agent_id", "must be of [A-Za-z0-9._@:-], 1 to 128");
    if (named && *named != tool) fields.fail("tool", "is " + *named + ", but the call went to " + std::string(tool));
    if (fields.refusal()) return *fields.refusal();
    call.action = call.body->find("action")->text();
    if (agent) call.agent_id = call.body->find("agent_id")->text();
    const JsonValue* params = call.body->find("params");
    if (params != nullptr && !params->is_null()) {
        const auto nested = read_params(*params);
        if (!nested) return nested.refusal();
        call.nested = *nested;
    }
    if (const auto refusal = merge(call)) return *refusal;
    return call;
}

Result<ToolCall> ToolCallReader::read_texts(std::string_view tool, std::string_view action, const Texts& fields) {
    std::string body = "{\"action\":";
    append_json_string(body, action);
    for (const auto& [name, value] : fields) {
        if (!is_clean_utf8(name) || !is_clean_utf8(value)) return invalid("not UTF-8 without NUL", "");
        if (is_of_the_call(name)) return invalid(name + " is not a field of this object", pointer_token(name));
        // A text that is no such thing stays a text, and is refused as one by whoever reads the field.
        const bool digits = !value.empty() && value.size() <= 15 && value.find_first_not_of("0123456789") == std::string::npos &&
                            (value.size() == 1 || value[0] != '0');
        const auto kind = kind_of_param(name);
        const bool bare =
            (kind == ParamKind::number && digits) || (kind == ParamKind::truth && (value == "true" || value == "false"));
        body += ',';
        append_json_string(body, name);
        body += ':';
        if (bare) {
            body += value;
        } else {
            append_json_string(body, value);
        }
    }
    return read(tool, body + '}');
}

}  // namespace daybook
