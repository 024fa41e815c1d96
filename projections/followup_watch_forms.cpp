// The forms in which the gate's answer is given: text, JSON, Markdown, JUnit XML.
#include "projections/followup_watch.hpp"
#include "projections/markdown.hpp"
#include "projections/object_text.hpp"
#include "projections/report_json.hpp"

namespace daybook {
namespace {

// "blocks", "warns", "waived".
std::string_view effect_of(const GateFinding& finding) {
    if (finding.waiver) return "waived";
    return finding.mode == GateMode::strict ? "blocks" : "warns";
}

std::string summary_of(const GateReport& report) {
    return std::to_string(report.count(GateMode::strict)) + " block, " + std::to_string(report.count(GateMode::warn)) + " warn, " +
           std::to_string(report.waived()) + " waived";
}

std::string waiver_words(const GateWaiver& waiver) {
    return "waived by " + waiver.approver + " until " + format_time(from_micros(waiver.expires)) + ": " + waiver.reason;
}

// What the finding is about, by its ids.
std::vector<std::string> ids_of(const GateFinding& finding) {
    std::vector<std::string> ids;
    for (const std::string& id : {finding.incident_id, finding.followup_id, finding.signature}) {
        if (!id.empty()) ids.push_back(id);
    }
    return ids;
}

ReportJson text_or_null(const std::string& text) { return text.empty() ? ReportJson() : ReportJson(text); }
ReportJson text_or_null(const std::optional<std::string>& text) { return text ? ReportJson(*text) : ReportJson(); }

ReportJson waiver_json(const std::optional<GateWaiver>& waiver) {
    if (!waiver) return nullptr;
    return {{"reason", waiver->reason}, {"approver", waiver->approver}, {"expires", time_json(waiver->expires)}};
}

ReportJson finding_json(const GateFinding& finding) {
    return {{"rule", to_text(finding.rule)},
            {"meaning", meaning_of(finding.rule)},
            {"effect", effect_of(finding)},
            {"text", finding.text},
            {"incident_id", text_or_null(finding.incident_id)},
            {"followup_id", text_or_null(finding.followup_id)},
            {"signature", text_or_null(finding.signature)},
            {"service", text_or_null(finding.service)},
            {"env", text_or_null(finding.env)},
            {"severity", finding.severity ? ReportJson(to_text(*finding.severity)) : ReportJson()},
            {"since", time_json(finding.since)},
            {"waiver", waiver_json(finding.waiver)}};
}

// --- XML 1.0

void append_xml(std::string& out, std::string_view text) {
    for (const char c : one_line(text)) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&apos;"; break;
            default: out += c;
        }
    }
}

std::string attribute(std::string_view name, std::string_view text) {
    std::string out = " " + std::string(name) + "=\"";
    append_xml(out, text);
    return out + '"';
}

std::string element(std::string_view name, std::string_view message) {
    return "      <" + std::string(name) + attribute("message", message) + "/>\n";
}

std::string test_case(const std::string& name, const std::string& inside) {
    const std::string start = "    <testcase classname=\"followup_watch\"" + attribute("name", name);
    return inside.empty() ? start + "/>\n" : start + ">\n" + inside + "    </testcase>\n";
}

std::string test_case_of(const GateFinding& finding) {
    std::string name(to_text(finding.rule));
    for (const std::string& id : ids_of(finding)) name += " " + id;
    if (finding.waiver) return test_case(name, element("skipped", waiver_words(*finding.waiver) + " (" + finding.text + ")"));
    if (finding.mode == GateMode::strict) return test_case(name, element("failure", finding.text));
    std::string out = "      <system-out>warning: ";
    append_xml(out, finding.text);
    return test_case(name, out + "</system-out>\n");
}

}  // namespace

std::string gate_text(const GateReport& report, const GatePolicy& policy) {
    std::string out = "followup_watch: " + std::string(to_text(report.outcome())) + " (" + summary_of(report) + "; mode " +
                      report.mode_word(policy) + ")\n";
    for (const GateFinding& finding : report.findings) {
        std::string line = std::string(to_text(finding.rule)) + " " + std::string(effect_of(finding));
        if (!finding.service.empty()) line += " " + finding.service + " (" + finding.env + ")";
        line += " " + finding.text;
        if (finding.waiver) line += " [" + waiver_words(*finding.waiver) + "]";
        for (const std::string& id : ids_of(finding)) line += " " + id;
        out += one_line(line) + '\n';
    }
    return out;
}

std::string gate_json(const GateReport& report, const GatePolicy& policy) {
    ReportJson json = {{"report", "followup_watch"},
                       {"outcome", to_text(report.outcome())},
                       {"mode", report.mode_word(policy)},
                       {"service", text_or_null(report.service)},
                       {"env", text_or_null(report.env)},
                       {"window_days", report.window_days},
                       {"provenance", report.provenance ? provenance_json(*report.provenance) : ReportJson()}};
    json["counts"] = {
        {"block", report.count(GateMode::strict)}, {"warn", report.count(GateMode::warn)}, {"waived", report.waived()}};
    json["findings"] = list_json(report.findings, finding_json);
    return report_text(json);
}

std::string gate_markdown(const GateReport& report, const GatePolicy& policy) {
    std::string out = "# followup_watch: " + std::string(to_text(report.outcome())) + "\n\n" + summary_of(report) + "; mode " +
                      report.mode_word(policy) + ".\n";
    if (report.findings.empty()) return out;
    out += "\n| Rule | | Service | What | Of |\n|---|---|---|---|---|\n";
    for (const GateFinding& finding : report.findings) {
        out += "| " + std::string(to_text(finding.rule)) + " | " + std::string(effect_of(finding)) + " | ";
        if (!finding.service.empty()) out += markdown_name(finding.service) + " (" + markdown_name(finding.env) + ")";
        out += " | " + markdown_text(finding.text);
        if (finding.waiver) out += " (" + markdown_text(waiver_words(*finding.waiver)) + ")";
        out += " |";
        for (const std::string& id : ids_of(finding)) out += " " + markdown_name(id);
        out += " |\n";
    }
    return out;
}

std::string gate_junit(const GateReport& report, const GatePolicy& policy) {
    std::string cases;
    std::size_t tests = 0;
    auto finding = report.findings.begin();
    for (std::size_t i = 0; i < gate_rules; ++i) {
        const auto rule = static_cast<GateRule>(i);
        if (finding == report.findings.end() || finding->rule != rule) {
            cases += test_case(std::string(to_text(rule)) + " " + std::string(meaning_of(rule)), "");
            ++tests;
        }
        for (; finding != report.findings.end() && finding->rule == rule; ++finding, ++tests) cases += test_case_of(*finding);
    }
    const std::string counts = attribute("tests", std::to_string(tests)) +
                               attribute("failures", std::to_string(report.count(GateMode::strict))) + attribute("errors", "0") +
                               attribute("skipped", std::to_string(report.waived()));
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts + ">\n  <testsuite name=\"followup_watch\"" + counts +
           ">\n    <properties>\n      <property name=\"outcome\"" + attribute("value", to_text(report.outcome())) +
           "/>\n      <property name=\"mode\"" + attribute("value", report.mode_word(policy)) + "/>\n    </properties>\n" + cases +
           "  </testsuite>\n</testsuites>\n";
}

std::string gate_findings(const GateReport& report) {
    std::string out = "[";
    for (std::size_t i = 0; i < std::min(report.findings.size(), gate_findings_max); ++i) {
        const GateFinding& finding = report.findings[i];
        if (i != 0) out += ',';
        ObjectText object(out);
        object.text("effect", effect_of(finding));
        if (!finding.followup_id.empty()) object.text("followup_id", finding.followup_id);
        if (!finding.incident_id.empty()) object.text("incident_id", finding.incident_id);
        object.text("rule", to_text(finding.rule));
        if (!finding.signature.empty()) object.text("signature", finding.signature);
        object.finish();
    }
    return out + ']';
}

}  // namespace daybook
