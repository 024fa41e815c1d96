#include "ingest/alertmanager.hpp"

#include "ingest/labelled_alert.hpp"

namespace daybook {

Result<std::vector<SourceRecord>> read_alertmanager(const JsonValue& body, const SourceContext& context) {
    const JsonValue* version = body.find("version");
    if (version != nullptr && !(version->is_string() && version->text() == "4")) {
        return Refusal{RefusalCode::invalid, "version must be \"4\"", "/version"};
    }
    return read_labelled_alerts(body, "alertmanager", context, {});
}

}  // namespace daybook
