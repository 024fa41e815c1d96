#include "projections/timeline.hpp"

#include <charconv>
#include <vector>

#include "journal/payload.hpp"
#include "journal/redaction.hpp"
#include "journal/structure.hpp"
#include "projections/canonical_walk.hpp"
#include "projections/default_message.hpp"

namespace daybook {
namespace {

[[noreturn]] void fail_damaged(const RecordView& record) {
    throw StorageError("the payload of event " + std::to_string(record.sequence().value) +
                       " is damaged: run `daybook verify`, then restore a backup");
}

void append_number(std::string& out, std::uint64_t number) {
    char text[24];
    out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

}  // namespace

std::string TimelineRow::message() const {
    JsonReader reader;
    const auto value = reader.read(message_json);
    return value && (*value)->is_string() ? std::string((*value)->text()) : std::string();
}

const TimelineRow& TimelineReader::read(const RecordView& record, const JournalView& journal) {
    row_.sequence = record.sequence();
    row_.event_id = record.event_id();
    if (stream_ != record.stream()) {
        stream_ = record.stream();
        stream_id_ = journal.stream_id(stream_);
    }
    row_.incident_id = stream_id_;
    row_.ts = record.occurred_at();
    row_.recorded_at = record.recorded_at();
    row_.type = record.type();
    row_.actor = journal.name({record.header().actor});
    row_.source = journal.name({record.header().source});
    if (record.redacted()) {
        fill_from_kept(record, journal);
    } else {
        split_payload(record);
    }
    return row_;
}

// Moves the message from `meta` to its place. False where there is none.
bool TimelineReader::cut_message() {
    const auto place = find_member(row_.meta, "message");
    if (!place) return false;
    row_.message_json = std::string_view(row_.meta).substr(place->value, place->end - place->value);
    const bool is_first = place->name == 1;
    const bool is_last = row_.meta[place->end] == '}';
    const std::size_t from = is_first ? place->name : place->name - 1;
    row_.meta.erase(from, place->end - from + (is_first && !is_last ? 1 : 0));
    return true;
}

void TimelineReader::split_payload(const RecordView& record) {
    const std::string_view payload = record.payload();
    row_.message_json.clear();
    row_.meta = payload;
    if (cut_message()) return;
    if (write_alert_line(record)) return;
    const auto value = reader_.read(payload);
    if (!value) fail_damaged(record);
    const auto decoded = decode(record.type(), record.header().schema_version, **value);
    if (!decoded) fail_damaged(record);
    append_json_string(row_.message_json, default_message(*decoded));
}

// The default message of an alert from the header's words and the payload's title as it stands. Most events are alerts, and to
// decode one takes longer than all the rest of its row. False where that can't be done.
bool TimelineReader::write_alert_line(const RecordView& record) {
    const RecordHeader& header = record.header();
    if (header.type != EventType::alert || header.schema_version != 1) return false;
    const std::string_view payload = record.payload();
    const auto title = find_member(payload, "title");
    if (!title || payload[title->value] != '"') return false;
    std::string& line = row_.message_json;
    line = "\"Alert ";
    line += to_text(static_cast<AlertState>(header.to));
    line += ": ";
    line += to_text(static_cast<Severity>(header.severity));
    line += ' ';
    line += payload.substr(title->value + 1, title->end - title->value - 1);
    return true;
}

void TimelineReader::fill_from_kept(const RecordView& record, const JournalView& journal) {
    row_.message_json.clear();
    append_json_string(row_.message_json, redacted_text);
    row_.meta = "{}";
    const JsonValue* kept = find_kept(journal, record, reader_);
    if (kept == nullptr) return;
    row_.meta = canonical(*kept);
    cut_message();
}

void append_line(std::string& out, const TimelineRow& row) {
    out += "{\"seq\":";
    append_number(out, row.sequence.value);
    out += ",\"event_id\":";
    append_json_string(out, row.event_id);
    out += ",\"incident_id\":";
    append_json_string(out, row.incident_id);
    out += ",\"ts\":\"";
    append_time(out, row.ts);
    out += "\",\"recorded_at\":\"";
    append_time(out, row.recorded_at);
    out += "\",\"type\":\"";
    out += to_text(row.type);
    out += "\",\"message\":";
    out += row.message_json;
    out += ",\"actor\":";
    append_json_string(out, row.actor);
    out += ",\"source\":";
    append_json_string(out, row.source);
    out += ",\"meta\":";
    out += row.meta;
    out += "}\n";
}

}  // namespace daybook
