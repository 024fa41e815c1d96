// A CloudEvent whose data is a plain alert (ingest/cloudevents.hpp says what that is).
#pragma once

#include "ingest/cloudevents.hpp"

namespace daybook {

// The report, without its key. Refuses: invalid; a field of the data is named from the event on ("/data/title").
Result<AlertReport> read_cloudevent_alert(const CloudEventAttributes& attributes, const JsonValue& data,
                                          const SourceContext& context);

}  // namespace daybook
