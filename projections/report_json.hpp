// What the reports' JSON have in common. nlohmann's header is heavy: include this in .cpp files only.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "journal/time.hpp"
#include "projections/followup_list.hpp"
#include "projections/incident_as_of.hpp"
#include "projections/provenance.hpp"

namespace daybook {

using ReportJson = nlohmann::ordered_json;

// µs, or null where there is no time.
inline ReportJson time_json(std::int64_t micros) {
    if (micros == RecordHeader::no_time) return nullptr;
    return format_time(from_micros(micros));
}

// A number of hundredths: an integer where it is whole, else the nearest double, which prints as the two digits that it was made
// of.
inline ReportJson hundredths_json(std::uint64_t hundredths) {
    if (hundredths % 100 == 0) return hundredths / 100;
    return static_cast<double>(hundredths) / 100;
}

ReportJson provenance_json(const Provenance& provenance);
ReportJson incident_json(const ListedIncident& incident);
ReportJson followup_json(const ListedFollowup& followup);

template <class Items, class ToJson>
ReportJson list_json(const Items& items, const ToJson& to_json) {
    ReportJson list = ReportJson::array();
    for (const auto& item : items) list.push_back(to_json(item));
    return list;
}

// The text of a report: two spaces of indent, a newline at the end.
inline std::string report_text(const ReportJson& report) { return report.dump(2) + '\n'; }

}  // namespace daybook
