// What of a payload stays when it is redacted: its structure, and none of its texts. The one place that says which is which.
//
// Kept as they are: enums, times, numbers, and the texts that are ids or stand in the record's header:
//   alert_ref, artifact_id, cause, fingerprint, followup_id, item_id, other, run_id, sha256, signature, task_id;
//   env, kind, service;  gate, mode, outcome, period, report (the words of a run, a gate, a report)
// Every other text that is there reads `[redacted]`. A free JSON value (labels, annotations, meta, links …) becomes the empty value
// of its kind. Of `changes` the names of the fields stay; the values of service, env, kind, started_at, priority and due_at
// do too. `input_sha256` goes: it has no salt, and a short secret could be guessed from it.
#pragma once

#include <string_view>

#include "journal/event.hpp"

namespace daybook {

// What reads where a text is gone.
inline constexpr std::string_view redacted_text = "[redacted]";

// The payload as it reads from its redaction on. Of one that was treated so already, the same again.
Payload without_texts(Payload payload);

}  // namespace daybook
