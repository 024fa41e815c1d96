#include "ingest/sources.hpp"

#include <array>
#include <utility>

#include "ingest/alertmanager.hpp"
#include "ingest/cloudevents.hpp"
#include "ingest/grafana.hpp"
#include "ingest/pagerduty.hpp"

namespace daybook {
namespace {

constexpr std::array<std::pair<std::string_view, AlertFormat>, 6> formats{{{"auto", AlertFormat::automatic},
                                                                           {"triage", AlertFormat::triage},
                                                                           {"alertmanager", AlertFormat::alertmanager},
                                                                           {"grafana", AlertFormat::grafana},
                                                                           {"pagerduty", AlertFormat::pagerduty},
                                                                           {"cloudevents", AlertFormat::cloudevents}}};

bool has_text(const JsonValue& object, std::string_view name, std::string_view text) {
    const JsonValue* found = object.find(name);
    return found != nullptr && found->is_string() && found->text() == text;
}

std::vector<SourceRecord> one(RecordContent content) {
    std::vector<SourceRecord> records;
    records.push_back({std::move(content), "", nullptr});
    return records;
}

std::vector<SourceRecord> read_triage(const JsonValue& payload, const SourceContext& context) {
    auto read = read_alert_triage(payload, context.caller, context.sha256);
    if (!read) return one(read.refusal());
    if (auto* run = std::get_if<TriageRunReport>(&*read)) return one(std::move(*run));
    return one(std::move(std::get<AlertReport>(*read)));
}

}  // namespace

std::optional<AlertFormat> alert_format(std::string_view word) {
    for (const auto& [name, format] : formats) {
        if (name == word) return format;
    }
    return std::nullopt;
}

std::string alert_format_choices(std::string_view between) {
    std::string text;
    for (const auto& [name, format] : formats) {
        if (!text.empty()) text += between;
        text += name;
    }
    return text;
}

bool is_alert_triage(const JsonValue& payload) {
    const JsonValue* schema = payload.find("schema");
    return schema != nullptr && schema->is_string() && schema->text().starts_with("alert_triage");
}

std::optional<AlertFormat> recognised_format(const JsonValue& payload) {
    if (payload.is_array()) {
        const bool batch = payload.size != 0 && payload.array()[0].find("specversion") != nullptr;
        return batch ? std::optional(AlertFormat::cloudevents) : std::nullopt;
    }
    if (is_alert_triage(payload)) return AlertFormat::triage;
    if (payload.find("specversion") != nullptr) return AlertFormat::cloudevents;
    if (payload.find("alerts") != nullptr) {
        if (has_text(payload, "version", "1") || payload.find("orgId") != nullptr) return AlertFormat::grafana;
        if (has_text(payload, "version", "4") || payload.find("groupKey") != nullptr) return AlertFormat::alertmanager;
    }
    if (payload.find("event_action") != nullptr) return AlertFormat::pagerduty;
    return std::nullopt;
}

Result<std::vector<SourceRecord>> read_payload(AlertFormat format, const JsonValue& payload, const SourceContext& context) {
    switch (format) {
        case AlertFormat::automatic:
            return read_payload(recognised_format(payload).value_or(AlertFormat::triage), payload, context);
        case AlertFormat::triage: return read_triage(payload, context);
        case AlertFormat::alertmanager: return read_alertmanager(payload, context);
        case AlertFormat::grafana: return read_grafana(payload, context);
        case AlertFormat::pagerduty: {
            auto report = read_pagerduty(payload, context);
            return report ? one(std::move(*report)) : one(report.refusal());
        }
        case AlertFormat::cloudevents: return read_cloudevents(payload, context);
    }
    return Refusal{RefusalCode::invalid, "no such format", ""};
}

}  // namespace daybook
