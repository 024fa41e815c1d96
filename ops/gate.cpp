#include "ops/gate.hpp"

#include "ops/own_events.hpp"

namespace daybook {

std::vector<std::string> warnings_of_names(const GateRequest& request, const JournalView& journal) {
    std::vector<std::string> warnings;
    const auto unknown = [&](const std::optional<std::string>& name) { return name && !journal.find_name(*name); };
    if (unknown(request.service)) {
        warnings.push_back("nothing in the journal is of the service " + *request.service + ": look for a mistyped name");
    }
    if (unknown(request.env) && request.policy.modes.count(*request.env) == 0) {
        warnings.push_back("nothing in the journal is of the env " + *request.env +
                           ", and the policy does not name it: look for a mistyped name");
    }
    return warnings;
}

Result<Appended> append_gate(Journal& journal, const GateReport& report, const GateRequest& request, const GateWriter& writer) {
    GateEvaluated event;
    event.gate = "followup_watch";
    event.mode = report.mode_word(request.policy);
    event.outcome = to_text(report.outcome());
    event.findings.text = gate_findings(report);
    event.message = "followup_watch: " + event.outcome + " (" + std::to_string(report.count(GateMode::strict)) + " block, " +
                    std::to_string(report.count(GateMode::warn)) + " warn, " + std::to_string(report.waived()) + " waived)";
    if (writer.input && writer.input->sha256) event.input_sha256 = to_hex(*writer.input->sha256);
    return journal.append(append_request({"$gates", request.now, writer.actor, writer.source}, {event}, writer.input));
}

}  // namespace daybook
