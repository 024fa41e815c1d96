#include "projections/timeline.hpp"

#include <catch2/catch.hpp>

#include "projections/default_message.hpp"
#include "tests/journal_samples.hpp"
#include "tests/payload_samples.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// The timeline row of a payload that is the journal's newest event; before a redaction comes what it redacts.
TimelineRow row_of(const Payload& payload) {
    TestJournal journal;
    const auto* redacted = std::get_if<Redacted>(&payload);
    for (auto left = redacted == nullptr ? 0 : redacted->redacts; left > 0; --left)
        REQUIRE(journal.append_note(stream_name(), "x"));
    REQUIRE(journal.append(stream_name(), payload));
    const auto snapshot = journal->snapshot();
    TimelineReader reader;
    TimelineRow row = reader.read(*snapshot->record({snapshot->size()}), *snapshot);
    row.incident_id = row.actor = row.source = {};  // they live in the journal's map
    return row;
}

}  // namespace

TEST_CASE("every type of event has a line of its own where it has no message", "[timeline]") {
    std::string lines;
    for (const EventType type : all_event_types()) {
        for (Payload payload : {sample_payload(type), empty_payload(type)}) {
            common_fields(payload).message.reset();
            lines += std::string(to_text(type)) + " | ";
            append_json_string(lines, default_message(payload));
            lines += '\n';
        }
    }
    CHECK(lines == golden("default_messages.txt", lines));
}

TEST_CASE("a message does not change the line that would be made", "[timeline]") {
    for (const EventType type : all_event_types()) {
        Payload payload = sample_payload(type);
        const std::string with = default_message(payload);
        common_fields(payload).message.reset();
        CHECK(default_message(payload) == with);
        CHECK(with.empty() == is_entry(type));
    }
}

TEST_CASE("meta is the payload without its message, as it stands, wherever the message was", "[timeline]") {
    for (const EventType type : all_event_types()) {
        Payload payload = sample_payload(type);
        common_fields(payload).message = "a \"quoted\" message:\n{with} [brackets], commas \\";
        const TimelineRow row = row_of(payload);
        CHECK(row.message() == *common_fields(payload).message);
        Payload rest = payload;
        common_fields(rest).message.reset();
        CHECK(row.meta == encode(rest).text);
    }
}

TEST_CASE("a payload with nothing but a message leaves an empty meta", "[timeline]") {
    const TimelineRow row = row_of(note("only this"));
    CHECK(row.message_json == "\"only this\"");
    CHECK(row.meta == "{}");
}

TEST_CASE("an event without a message gets the line that is made of it, and its whole payload as meta", "[timeline]") {
    StatusChanged changed;
    changed.to = IncidentStatus::resolved;
    changed.reason = "rolled back";
    const TimelineRow row = row_of(changed);
    CHECK(row.message() == "Status from open to resolved: rolled back");
    CHECK(row.meta == encode(changed).text);
}

TEST_CASE("the digest of the input stands in meta", "[timeline]") {
    Note entry = note("from outside");
    entry.input_sha256 = std::string(64, 'a');
    CHECK(row_of(entry).meta == "{\"input_sha256\":\"" + std::string(64, 'a') + "\"}");
}

TEST_CASE("a line of a timeline has the columns in their order", "[timeline]") {
    TestJournal journal;
    journal.set_time(at("2026-02-23T10:00:00.5Z"));
    REQUIRE(journal.append(stream_name(), note("first")));
    const auto snapshot = journal->snapshot();
    TimelineReader reader;
    const auto record = snapshot->record({1});
    std::string line;
    append_line(line, reader.read(*record, *snapshot));
    CHECK(line == "{\"seq\":1,\"event_id\":\"" + record->event_id() +
                      "\",\"incident_id\":\"inc_20260223_1000_test0001\",\"ts\":\"2026-02-23T10:00:00.500000Z\","
                      "\"recorded_at\":\"2026-02-23T10:00:00.500000Z\",\"type\":\"note\",\"message\":\"first\",\"actor\":\"ada\","
                      "\"source\":\"cli\",\"meta\":{}}\n");
}

TEST_CASE("a redacted event shows what was kept of it and no text", "[timeline]") {
    TestJournal journal;
    Alert alert = std::get<Alert>(sample_payload(EventType::alert));
    alert.title = "password hunter2";
    REQUIRE(journal.append(stream_name(), sample_payload(EventType::incident_created)));
    REQUIRE(journal.append(stream_name(), alert));
    redact_sample(journal, 2);
    const auto snapshot = journal->snapshot();
    TimelineReader reader;
    const TimelineRow& row = reader.read(*snapshot->record({2}), *snapshot);
    CHECK(row.message() == "[redacted]");
    CHECK(row.type == EventType::alert);
    CHECK(row.meta.find("hunter2") == std::string::npos);
    CHECK(row.meta.find("\"state\":\"" + std::string(to_text(alert.state)) + '"') != std::string::npos);
}
