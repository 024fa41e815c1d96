#include "tests/fuzz/target.hpp"

#include <array>
#include <sstream>
#include <stdexcept>

#include "journal/json.hpp"
#include "tests/support.hpp"

namespace daybook::test {
namespace {

using Texts = std::vector<std::string>;

Texts triage_seeds() {
    Texts lines;
    for (const std::string& text : contents_of({"fixtures/triage/monday.jsonl", "fixtures/triage/bad.jsonl"})) {
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) lines.push_back(line);
    }
    return lines;
}
Texts json_seeds() {
    Texts texts = contents_of({"fixtures/alerts/grafana.json", "fixtures/events/alert.v1.json", "fixtures/gate/report.json"});
    texts.push_back(R"([0,-0,1e400,9007199254740991,9007199254740993,0.1,1E-7,1e21,"\ud83d\ude92\u0000",true,false,null,{"":{}}])");
    return texts;
}

constexpr std::array targets{
    FuzzTarget{"json", fuzz_json, json_seeds, "json"},
    FuzzTarget{"time", fuzz_time,
               [] {
                   return Texts{"2026-02-23T10:00:00Z", "2026-02-23T10:00:00.123456+05:30", "1990-12-31T23:59:60Z",
                                "0001-01-01",           "9999-12-31T23:59:59.9999999Z",     "*/5 0-6,8 1 * 7",
                                "0 8 * * 1-5/2"};
               },
               "time"},
    FuzzTarget{"triage", fuzz_triage, triage_seeds, "alerts"},
    FuzzTarget{"alertmanager", fuzz_alertmanager, [] { return contents_of({"fixtures/alerts/alertmanager.json"}); }, "alerts"},
    FuzzTarget{"grafana", fuzz_grafana, [] { return contents_of({"fixtures/alerts/grafana.json"}); }, "alerts"},
    FuzzTarget{"pagerduty", fuzz_pagerduty, [] { return contents_of({"fixtures/alerts/pagerduty.json"}); }, "alerts"},
    FuzzTarget{"cloudevents", fuzz_cloudevents,
               [] { return contents_of({"fixtures/alerts/cloudevent.json", "fixtures/alerts/cloudevents.json"}); }, "alerts"},
    FuzzTarget{"webhook", fuzz_webhook, webhook_seeds, "alerts"},
    FuzzTarget{"layout", fuzz_layout, layout_seeds, "journal"},
    FuzzTarget{"journal", fuzz_journal, journal_seeds, "journal"},
    FuzzTarget{"record", fuzz_record, record_seeds, "journal"},
    FuzzTarget{"pages", fuzz_pages, pages_seeds, "pages"},
    FuzzTarget{"checkpoint", fuzz_checkpoint, checkpoint_seeds, "proofs"},
    FuzzTarget{"proof", fuzz_proof, proof_seeds, "proofs"},
    FuzzTarget{"evidence", fuzz_evidence, evidence_seeds, "journal"},
    FuzzTarget{"http", fuzz_http, http_seeds, "http"},
    FuzzTarget{"tool_call", fuzz_tool_call, tool_call_seeds, "tools"},
    FuzzTarget{"policies", fuzz_policies,
               [] {
                   return contents_of({"ops/policy/triage.yml", "ops/policy/release_gate.yml", "ops/policy/intelligence.yml",
                                       "ops/policy/rbac.yml", "ops/policy/notify.yml", "ops/task_registry.yml"});
               },
               "policies"}};

}  // namespace

std::span<const FuzzTarget> fuzz_targets() { return targets; }

void promise(bool holds, const std::string& what) {
    if (!holds) throw std::logic_error(what);
}

void promise_reason(const Refusal& refusal) {
    promise(!refusal.message.empty(), "a refusal says nothing");
    promise(is_clean_utf8(refusal.message), "a refusal's message is no text: " + refusal.message);
    promise(is_clean_utf8(refusal.field), "a refusal's field is no text: " + refusal.field);
}

std::vector<std::string> contents_of(std::initializer_list<const char*> files) {
    Texts texts;
    for (const char* file : files) texts.push_back(read_file(project_file(file)));
    return texts;
}

}  // namespace daybook::test
