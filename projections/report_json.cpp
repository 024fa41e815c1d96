#include "projections/report_json.hpp"

namespace daybook {

ReportJson provenance_json(const Provenance& provenance) {
    return {{"origin", provenance.origin},
            {"journal_size", provenance.journal_size},
            {"root_hash", provenance.root_hash},
            {"policy_sha256", provenance.policy_sha256},
            {"generated_for", format_time(provenance.generated_for)}};
}

ReportJson incident_json(const ListedIncident& incident) {
    return {{"id", incident.id},
            {"service", incident.service},
            {"env", incident.env},
            {"severity", to_text(incident.severity)},
            {"status", to_text(incident.status)},
            {"title", incident.title},
            {"started_at", time_json(incident.started_at)},
            {"updated_at", time_json(incident.updated_at)}};
}

ReportJson followup_json(const ListedFollowup& followup) {
    return {{"followup_id", followup.id},
            {"incident_id", followup.incident_id},
            {"incident_severity", to_text(followup.incident_severity)},
            {"service", followup.service},
            {"env", followup.env},
            {"title", followup.title},
            {"owner", followup.owner ? ReportJson(*followup.owner) : ReportJson()},
            {"priority", to_text(followup.priority)},
            {"status", to_text(followup.status)},
            {"created_at", time_json(followup.created_at)},
            {"due_at", time_json(followup.due_at)}};
}

}  // namespace daybook
