// A desk at which agents call the tools.
#pragma once

#include <catch2/catch.hpp>

#include <charconv>
#include <string>
#include <string_view>

#include "ops/tools/tools.hpp"
#include "tests/desk.hpp"

namespace daybook::test {

// The value at a JSON Pointer as its RFC 8785 text, a string without its quotes; "absent" where there is none.
inline std::string at_pointer(std::string_view json, std::string_view pointer) {
    JsonReader reader;
    const auto read = reader.read(json);
    if (!read) return "no JSON: " + read.refusal().message;
    const JsonValue* value = *read;
    while (value != nullptr && !pointer.empty()) {
        pointer.remove_prefix(1);
        const std::string_view token = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(token.size());
        if (value->is_array()) {
            std::size_t place = 0;
            std::from_chars(token.data(), token.data() + token.size(), place);
            value = place < value->array().size() ? &value->array()[place] : nullptr;
        } else {
            value = value->find(token);
        }
    }
    if (value == nullptr) return "absent";
    return value->is_string() ? std::string(value->text()) : canonical(*value);
}

struct ToolDesk : Desk {
    Time now = when("12:00");
    SeededEntropy run_entropy{7};
    SharedViews shared{views(), *journal()};
    Tools tools{{*journal(), commands(), shared, [this] { return now; }, run_entropy, directory(), directory() / "weekly"}};
    std::string answer;  // the last one

    // Sends a body, as `agent`; gives the answer.
    const std::string& call(std::string_view body, std::string_view tool = "oncall_tool", const std::string& agent = "sofiia") {
        ToolCallReader reader;
        const auto read = reader.read(tool, body);
        return answer = tool_answer(read ? tools.run(*read, {agent}) : Result<std::string>(read.refusal()));
    }
    // The fields of the params as they stand between the braces.
    const std::string& oncall(const std::string& action, const std::string& fields) {
        return call(R"({"action":")" + action + R"(","params":{)" + fields + "}}");
    }
    // A part of the last answer's result.
    std::string result(const std::string& pointer) const { return at_pointer(answer, "/result" + pointer); }
    // "invalid /params/title" of the last answer, or "taken".
    std::string refused() const {
        if (at_pointer(answer, "/ok") == "true") return "taken";
        const std::string field = at_pointer(answer, "/error/details/field");
        return at_pointer(answer, "/error/code") + (field == "absent" ? "" : " " + field);
    }
    std::string refusal(std::string_view body, std::string_view tool = "oncall_tool") {
        const std::uint64_t before = size();
        call(body, tool);
        CHECK(size() == before);
        return refused();
    }
    std::string refusal_of(const std::string& action, const std::string& fields) {
        return refusal(R"({"action":")" + action + R"(","params":{)" + fields + "}}");
    }
    // Opens an incident that started at `time` and gives its id.
    std::string create(std::string_view time = "10:00", const std::string& more = "") {
        oncall("incident_create", R"("service":"gateway","title":"Gateway 5xx","started_at":")" + moment(time) +
                                      R"(","occurred_at":")" + moment(time) + '"' + more);
        return result("/incident_id");
    }
    // `"incident_id":"…"`, and more fields.
    static std::string of(const std::string& id, const std::string& more = "") {
        return R"("incident_id":")" + id + '"' + (more.empty() ? "" : "," + more);
    }
};

}  // namespace daybook::test
