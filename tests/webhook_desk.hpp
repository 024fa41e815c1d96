// A desk at which webhooks arrive.
#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "ingest/webhook.hpp"
#include "tests/desk.hpp"

namespace daybook::test {

struct WebhookDesk : Desk {
    explicit WebhookDesk(TriagePolicy with = {}) : Desk(std::move(with)) {}

    // Takes a body that arrives at `time`, and gives what became of each record: "taken taken", "refused /alerts/1/startsAt"; of a
    // body that was refused as a whole "no: invalid /alerts".
    std::string take(std::string_view body, std::string_view time = "12:00", AlertFormat format = AlertFormat::automatic,
                     std::vector<WebhookHeader> headers = {}) {
        WebhookRequest request;
        request.format = format;
        request.body = body;
        request.headers = headers;
        request.caller = "hook";
        request.received_at = when(time);
        const auto answer = take_webhook(parts(), request);
        outcomes.clear();
        letters.clear();
        if (!answer) {
            problem = answer.refusal().message;
            return std::string("no: ") + to_text(answer.refusal().code) + ' ' + answer.refusal().field;
        }
        outcomes = answer->outcomes;
        letters = answer->refused;
        std::string text;
        for (const WebhookOutcome& outcome : outcomes) {
            text += (text.empty() ? "" : " ") + std::string(to_text(outcome.kind));
            if (outcome.refusal) text += ' ' + outcome.refusal->field;
        }
        return text;
    }
    std::vector<WebhookOutcome> outcomes;  // of the last body
    std::vector<RefusedLine> letters;      // likewise, of what was refused
    std::string problem;                   // likewise, where it was refused as a whole

    // Each event behind `after` in a line, as golden files show them.
    std::string story(std::uint64_t after = 0) {
        std::string text;
        for (const SeenEvent& event : events(after)) {
            text += std::to_string(event.sequence) + ' ' + std::string(to_text(event.type)) + ' ' + event.stream + ' ' +
                    event.occurred_at + ' ' + event.actor + ' ' + event.source + ' ' + (event.key.empty() ? "-" : event.key) + ' ' +
                    event.payload + '\n';
        }
        return text;
    }
};

inline std::string alert_fixture(std::string_view name) { return read_file(project_file("fixtures/alerts") / name); }

// `text` with the first `from` in it replaced. Throws where there is none.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace daybook::test
