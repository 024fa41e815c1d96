// Timelines: an event of an incident's stream as a row with the columns of events.jsonl (section 2 of the specification).
//
//   seq, event_id, incident_id, ts, recorded_at, type, message, actor, source, meta
//
// `message` is the payload's, or a line made from the payload (projections/default_message.hpp). `meta` is the payload without
// `message`, as it stands; daybook's own field `input_sha256` stands there too, so that an import brings it back.
// Of a redacted event the message is "[redacted]" and `meta` what its `redacted` event kept.
#pragma once

#include <string>
#include <string_view>

#include "journal/journal.hpp"
#include "journal/json.hpp"
#include "journal/record.hpp"

namespace daybook {

struct TimelineRow {
    Sequence sequence;
    std::string event_id;
    std::string_view incident_id;
    Time ts{};
    Time recorded_at{};
    EventType type = EventType::note;
    std::string message_json;  // a JSON string with its quotes: cut out of the payload as it stands
    std::string_view actor;
    std::string_view source;
    std::string meta;  // RFC 8785 text

    std::string message() const;
};

// Make one for a journal and reuse it: its buffers are kept, and the stream's id, since neighbours are often of one stream. Not
// thread-safe.
class TimelineReader {
public:
    // The row of `record`, valid until the next call and as long as `journal` and its transaction are.
    // Throws StorageError where the payload is damaged.
    const TimelineRow& read(const RecordView& record, const JournalView& journal);

private:
    void split_payload(const RecordView& record);
    bool cut_message();
    bool write_alert_line(const RecordView& record);
    void fill_from_kept(const RecordView& record, const JournalView& journal);

    JsonReader reader_;
    TimelineRow row_;
    StreamNumber stream_;
    std::string stream_id_;
};

// Appends the row as a line of events.jsonl, with its end.
void append_line(std::string& out, const TimelineRow& row);

}  // namespace daybook
