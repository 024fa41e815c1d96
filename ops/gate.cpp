#include "ops/gate.hpp"

namespace daybook {

Result<Appended> append_gate(Journal& journal, const GateReport& report, const GateRequest& request, const GateWriter& writer) {
    GateEvaluated event;
    event.gate = "followup_watch";
    event.mode = report.mode_word(request.policy);
    event.outcome = to_text(report.outcome());
    event.findings.text = gate_findings(report);
    event.message = "followup_watch: " + event.outcome + " (" + std::to_string(report.count(GateMode::strict)) + " block, " +
                    std::to_string(report.count(GateMode::warn)) + " warn, " + std::to_string(report.waived()) + " waived)";
    if (writer.input && writer.input->sha256) event.input_sha256 = to_hex(*writer.input->sha256);
    AppendRequest append;
    append.input = writer.input;
    append.decide = [&](const JournalView&, Time) -> Result<Batch> {
        NewEvent evaluated;
        evaluated.stream = "$gates";
        evaluated.payload = encode(event);
        evaluated.occurred_at = request.now;
        evaluated.actor = writer.actor;
        evaluated.source = writer.source;
        Batch batch;
        batch.events.push_back(std::move(evaluated));
        return batch;
    };
    return journal.append(append);
}

}  // namespace daybook
