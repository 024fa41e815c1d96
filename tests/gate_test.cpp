#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ops/policies/gate_policy.hpp"
#include "projections/followup_watch.hpp"
#include "tests/report_history.hpp"

using namespace daybook;
using namespace daybook::test;
using Status = IncidentStatus;

namespace {

constexpr const char* monday = "2026-02-23T00:00:00Z";

struct GateHistory : ReportHistory {
    GateRequest request = [] {
        GateRequest made;
        made.now = at(monday);
        return made;
    }();
    GateReport report() {
        GateReport report;
        look([&](lmdb::Transaction& views, const JournalView& journal) {
            request.size = journal.size();
            report = followup_watch(views, journal, request);
        });
        return report;
    }
    // "FW001 blocks 1; FW002 warns fu_x" …: rule, effect, the incident's number or the follow-up's id.
    std::string found() {
        std::string text;
        for (const GateFinding& finding : report().findings) {
            text += text.empty() ? "" : "; ";
            text += std::string(to_text(finding.rule)) + (finding.waiver                     ? " waived"
                                                          : finding.mode == GateMode::strict ? " blocks"
                                                                                             : " warns");
            if (!finding.followup_id.empty()) {
                text += " " + finding.followup_id;
            } else if (!finding.incident_id.empty()) {
                text += std::string(" ") + finding.incident_id.back();
            }
        }
        return text;
    }
};

std::string refusal(const std::string& text) {
    const auto policy = parse_gate_policy(text, "release_gate.yml");
    return policy ? "taken" : policy.refusal().message;
}

}  // namespace

TEST_CASE("a gate over nothing passes", "[gate]") {
    GateHistory history;
    history.opened(1, "2026-02-20T10:00:00Z");  // a P2
    CHECK(history.found().empty());
    CHECK(history.report().outcome() == GateOutcome::pass);
}

TEST_CASE("open P0/P1 incidents block, and so do those that nobody acknowledges for over 30 minutes", "[gate]") {
    GateHistory history;
    history.opened(1, "2026-02-22T23:30:00Z", {.severity = Severity::p1});
    history.opened(2, "2026-02-22T23:29:59Z", {.severity = Severity::p0});
    history.opened(3, "2026-02-20T10:00:00Z", {.severity = Severity::p1});
    history.acknowledged(3, "2026-02-20T10:05:00Z");
    history.changed(3, "2026-02-20T11:00:00Z", Status::open, Status::mitigated);
    CHECK(history.found() == "FW001 blocks 2; FW001 blocks 3; FW001 blocks 1; FW007 blocks 2");
    // A reopening asks for a new acknowledgement, and gives time for it.
    history.changed(3, "2026-02-20T12:00:00Z", Status::mitigated, Status::resolved);
    history.changed(3, "2026-02-22T23:50:00Z", Status::resolved, Status::open);
    CHECK(history.found() == "FW001 blocks 2; FW001 blocks 3; FW001 blocks 1; FW007 blocks 2");
    history.request.now = at("2026-02-23T00:21:00Z");
    CHECK(history.found().ends_with("FW007 blocks 2; FW007 blocks 1; FW007 blocks 3"));
}

TEST_CASE("what a source with a fast clock opened is open, unless the gate looks back", "[gate]") {
    GateHistory history;
    history.opened(1, "2026-02-20T10:00:00Z");  // a P2
    Time recorded;
    history.look([&](lmdb::Transaction&, const JournalView& journal) {
        recorded = from_micros(journal.header({journal.size()})->recorded_at);
    });
    history.opened(2, format_time(recorded + std::chrono::days(1)), {.severity = Severity::p0});
    history.request.now = recorded + std::chrono::hours(1);
    CHECK(history.found() == "FW001 blocks 2");
    history.request.now = recorded - std::chrono::hours(1);
    CHECK(history.found().empty());
}

TEST_CASE("overdue follow-ups are told by their incident's severity, unowned and undated ones too", "[gate]") {
    GateHistory history;
    history.opened(1, "2026-02-10T10:00:00Z", {.severity = Severity::p1});
    history.changed(1, "2026-02-22T11:00:00Z", Status::open, Status::resolved);
    history.opened(2, "2026-02-10T10:00:00Z");
    history.promised(1, "2026-02-11T10:00:00Z", "fu_1", "2026-02-22T10:00:00Z");
    history.promised(2, "2026-02-11T10:00:00Z", "fu_2", "2026-02-22T10:00:00Z");
    history.promised(2, "2026-02-11T10:00:00Z", "fu_3", monday);  // due now is not overdue
    history.promised(2, "2026-02-11T10:00:00Z", "fu_4", "2026-03-22T10:00:00Z", {});
    history.promised(2, "2026-02-11T10:00:00Z", "fu_5", {});
    history.promised(2, "2026-02-11T10:00:00Z", "fu_6", {}, {});
    history.promised(2, "2026-02-11T10:00:00Z", "fu_7", "2026-02-12T10:00:00Z", {});
    history.followup_changed(2, "2026-02-12T10:00:00Z", "fu_7", FollowupStatus::open, FollowupStatus::cancelled);
    CHECK(history.found() == "FW002 blocks fu_1; FW003 blocks fu_2; FW004 blocks fu_4; FW004 blocks fu_5; FW004 blocks fu_6");
    CHECK(history.report().findings.at(4).text == "nobody's, and without a due date: Add a canary");
}

TEST_CASE("a P0/P1 that ended over 5 days ago wants a postmortem, within the window", "[gate]") {
    GateHistory history;
    history.opened(1, "2026-02-17T10:00:00Z", {.severity = Severity::p1});
    history.changed(1, "2026-02-18T00:00:00Z", Status::open, Status::resolved);
    CHECK(history.found().empty());  // five days to the moment
    history.request.now = at("2026-02-23T00:00:00.000001Z");
    CHECK(history.found() == "FW005 blocks 1");
    history.request.window_days = 5;
    CHECK(history.found().empty());
    history.request.window_days = 30;
    history.attached(1, "2026-02-19T00:00:00Z", "postmortem");
    CHECK(history.found().empty());
}

TEST_CASE("chronic signatures block", "[gate]") {
    GateHistory history;
    for (unsigned number = 1; number <= 3; ++number) {
        history.opened(number, "2026-02-2" + std::to_string(number - 1) + "T10:00:00Z", {.signature = "boom"});
        history.changed(number, "2026-02-2" + std::to_string(number - 1) + "T11:00:00Z", Status::open, Status::resolved);
    }
    CHECK(history.found() == "FW006 blocks 3");
    CHECK(history.report().findings[0].signature == "boom");
}

TEST_CASE("modes go by the env of what was found, unless one was asked for", "[gate]") {
    GateHistory history;
    history.opened(1, "2026-02-22T23:40:00Z", {.severity = Severity::p1, .env = "prod"});
    history.opened(2, "2026-02-22T23:41:00Z", {.severity = Severity::p1, .env = "dev"});
    history.opened(3, "2026-02-22T23:42:00Z", {.severity = Severity::p1, .env = "qa"});
    CHECK(history.found() == "FW001 blocks 1; FW001 warns 2; FW001 warns 3");
    CHECK(history.report().outcome() == GateOutcome::block);
    history.request.env = "dev";
    CHECK(history.found() == "FW001 warns 2");
    CHECK(history.report().outcome() == GateOutcome::warn);
    history.request.mode = GateMode::strict;
    CHECK(history.found() == "FW001 blocks 2");
    history.request.mode = GateMode::off;
    CHECK(history.found().empty());
    history.request.mode.reset();
    history.request.env.reset();
    history.request.policy.rules[0] = GateMode::warn;
    CHECK(history.found() == "FW001 warns 1; FW001 warns 2; FW001 warns 3");
    history.request.service = "search";
    CHECK(history.found().empty());
}

TEST_CASE("a waiver lets what it fits pass until it expires, and is then a finding itself", "[gate]") {
    GateHistory history;
    history.opened(1, "2026-02-22T23:40:00Z", {.severity = Severity::p1});
    history.opened(2, "2026-02-22T23:41:00Z", {.severity = Severity::p1});
    const auto policy = parse_gate_policy("waivers:\n  - {rule: FW001, incident: " + stream_name(1) +
                                              ", reason: it can wait, approver: sofiia, expires: 2026-02-23}\n",
                                          "release_gate.yml");
    REQUIRE(policy);
    history.request.policy = *policy;
    CHECK(history.found() == "FW001 waived 1; FW001 blocks 2");
    history.request.now = at("2026-02-24T00:00:00Z");
    CHECK(history.found() == "FW001 blocks 1; FW001 blocks 2; FW007 blocks 1; FW007 blocks 2; FW008 blocks 1");
    history.request.env = "dev";
    CHECK(history.found() == "FW008 warns 1");
}

TEST_CASE("a journal that can't be read blocks in strict", "[gate]") {
    GateRequest request;
    request.now = at(monday);
    CHECK(unreadable_journal(request, "no such file").outcome() == GateOutcome::block);
    request.env = "dev";
    CHECK(unreadable_journal(request, "no such file").outcome() == GateOutcome::warn);
    CHECK(nlohmann::json::parse(gate_json(unreadable_journal(request, "why"), {}))["provenance"].is_null());
}

TEST_CASE("the four forms of the gate's answer are as the golden files say, whatever the texts hold", "[gate]") {
    GateHistory history;
    history.opened(1, "2026-02-22T20:40:00Z", {.severity = Severity::p1, .title = "<b>&\"5xx\" | [x](y)\x1b[31m\n]]>"});
    history.opened(2, "2026-02-22T23:41:00Z", {.severity = Severity::p1, .env = "dev", .title = "dev is down"});
    history.promised(1, "2026-02-11T10:00:00Z", "fu_1", "2026-02-22T10:00:00Z");
    history.request.policy = *parse_gate_policy(
        "waivers: [{rule: FW002, reason: 'they <know>', approver: sofiia, expires: 2026-02-28}]", "release_gate.yml");
    GateReport report = history.report();
    report.provenance->root_hash = std::string(64, 'a');
    const GatePolicy& policy = history.request.policy;
    for (const auto& [name, text] :
         {std::pair("gate/report.txt", gate_text(report, policy)), std::pair("gate/report.json", gate_json(report, policy)),
          std::pair("gate/report.md", gate_markdown(report, policy)), std::pair("gate/report.xml", gate_junit(report, policy))}) {
        CHECK(text == golden(name, text));
    }
    const auto findings = nlohmann::json::parse(gate_findings(report));
    CHECK(findings.size() == report.findings.size());
    CHECK(findings[0]["rule"] == "FW001");
}

TEST_CASE("the gate's policy that comes with daybook holds the defaults, and what is wrong in one is named", "[gate][policy]") {
    const auto policy = load_gate_policy(project_file("ops/policy/release_gate.yml"));
    REQUIRE(policy);
    CHECK(policy->modes == GatePolicy().modes);
    CHECK(policy->rules == GatePolicy().rules);
    CHECK(policy->waivers.empty());
    CHECK(refusal("modes: {prod: loud}") == "release_gate.yml:1: modes.prod must be one of off, warn, strict");
    CHECK(refusal("modes: {prod: off}") == "taken");
    CHECK(refusal("modes:\n  dev: off\n  dev: warn\n") == "release_gate.yml:3: modes.dev stands here twice");
    CHECK(refusal("rules:\n  FW010: warn") == "release_gate.yml:2: rules.FW010 must be one of FW001 to FW009");
    CHECK(refusal("waivers:\n  - rule: FW001\n") == "release_gate.yml:2: waivers[0].reason is missing, or no text");
    CHECK(refusal("waivers:\n  - {rule: FW008, reason: a, approver: b, expires: 2026-02-28}\n") ==
          "release_gate.yml:2: waivers[0].rule can't be waived");
    CHECK(refusal("waivers:\n  - {rule: FW001, reason: a, approver: b, expires: soon}\n")
              .starts_with("release_gate.yml:2: waivers[0].expires must be a date"));
}

TEST_CASE("an env that a gate's policy does not name keeps its mode", "[gate][policy]") {
    const auto policy = parse_gate_policy("modes: {dev: off, qa: strict}", "release_gate.yml");
    REQUIRE(policy);
    CHECK(policy->mode_of("dev") == GateMode::off);
    CHECK(policy->mode_of("qa") == GateMode::strict);
    CHECK(policy->mode_of("prod") == GateMode::strict);
    CHECK(policy->mode_of("staging") == GateMode::strict);
    CHECK(policy->mode_of("test") == GateMode::warn);
}
