// What daybook itself wrote and reads back: JSON and times, journal.jsonl, records, and the pages that they lie on.
#include <map>

#include "journal/journal_text.hpp"
#include "journal/json.hpp"
#include "journal/leaf.hpp"
#include "journal/page_check.hpp"
#include "journal/structure.hpp"
#include "journal/verify.hpp"
#include "ops/jobs/schedule.hpp"
#include "tests/desk.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/journal_samples.hpp"
#include "tests/payload_samples.hpp"

namespace daybook::test {
namespace {

// Calls `use` with each line, without its end.
void each_line(std::string_view text, const std::function<void(std::string_view)>& use) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        use(line);
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
}

std::string object_of(const std::map<std::string, std::string>& members) {
    std::string text;
    for (const auto& [name, value] : members) {
        text += text.empty() ? '{' : ',';
        append_json_string(text, name);
        text += ':' + value;
    }
    return text + '}';
}

// A journal.jsonl in which hashes and numbers fit again, whatever was changed in it: only so does a change reach what lies behind
// their checks. Lines that are none stay as they are.
class Mender {
public:
    std::string mended(std::string_view text) {
        std::string out;
        each_line(text, [&](std::string_view line) { out += mended_line(line) + '\n'; });
        return out;
    }

private:
    std::string mended_line(std::string_view line) {
        JsonReader reader;
        const auto value = reader.read(line);
        const JsonValue* leaf = value ? (*value)->find("leaf") : nullptr;
        const JsonValue* payload = leaf == nullptr ? nullptr : (*value)->find("payload");
        const JsonValue* salt = payload == nullptr ? nullptr : (*value)->find("salt");
        const JsonValue* stream = salt == nullptr ? nullptr : leaf->find("stream");
        if (stream == nullptr || !stream->is_string()) return std::string(line);

        std::map<std::string, std::string> fields;
        for (const JsonMember& member : leaf->members()) fields[std::string(member.name)] = canonical(member.value);
        Head& head = heads_[std::string(stream->text())];
        fields["seq"] = std::to_string(++sequence_);
        fields["version"] = std::to_string(++head.version);
        fields["prev"] = head.leaf.empty() ? "null" : head.leaf;
        const auto bytes = salt->is_string() ? from_hex(salt->text()) : std::nullopt;
        if (bytes) fields["payload_sha256"] = '"' + to_hex(sha256_({*bytes, canonical(*payload)})) + '"';
        const std::string leaf_text = object_of(fields);
        head.leaf = '"' + to_hex(leaf_hash(sha256_, leaf_text)) + '"';
        return "{\"leaf\":" + leaf_text + ",\"payload\":" + canonical(*payload) + ",\"salt\":" + canonical(*salt) + '}';
    }

    struct Head {
        std::uint64_t version = 0;
        std::string leaf;
    };
    std::map<std::string, Head> heads_;
    std::uint64_t sequence_ = 0;
    Sha256 sha256_;
};

// Takes it into an empty journal: then all is in order there, and it comes out as it was.
void import_text(std::string_view text) {
    Desk desk;
    const TemporaryDirectory in, out;
    write_file(in / "journal.jsonl", text);
    for (const char* bytes : {"the bytes of artifact 17", "the bytes of artifact 37"}) {  // of the samples
        Sha256 sha256;
        std::filesystem::create_directory(in / "blobs");
        write_file(in / "blobs" / to_hex(sha256({bytes})), bytes);
    }
    const auto imported = import_journal(*desk.journal(), in.path());
    if (!imported) return promise_reason(imported.refusal());
    const std::string problems = desk.problems();
    promise(problems.empty(), problems);
    export_journal(*desk.journal(), out.path());
    std::string wanted(text);
    if (!wanted.empty() && wanted.back() != '\n') wanted += '\n';
    promise(read_file(out / "journal.jsonl") == wanted, "journal.jsonl comes out otherwise than it went in");
}

std::string exported(TestJournal& journal) {
    const TemporaryDirectory directory;
    export_journal(*journal, directory.path());
    return read_file(directory / "journal.jsonl");
}

// One event of each type, in the streams that they belong to.
void add_each_type(TestJournal& journal) {
    for (const EventType type : all_event_types()) {
        if (type == EventType::redacted || type == EventType::artifact_attached) continue;
        const bool is_first = journal.size() == 0;
        const Payload payload = sample_payload(is_first ? EventType::incident_created : type);
        if (!journal.append(stream_name(1), payload)) throw std::runtime_error("a sample was refused");
    }
}

}  // namespace

void fuzz_json(std::string_view bytes) {
    JsonReader reader;
    const auto value = reader.read(bytes);
    if (!value) return promise_reason(value.refusal());
    const std::string text = canonical(**value);
    promise(is_canonical(**value, bytes) == (text == bytes), "is_canonical differs from a comparison with canonical");
    JsonReader again;
    const auto same = again.read(text);
    promise(bool(same), "canonical JSON is refused: " + text);
    promise(canonical(**same) == text, "canonical JSON has another canonical form: " + text);
}

void fuzz_time(std::string_view bytes) {
    for (const auto& time : {parse_time(bytes), parse_date(bytes)}) {
        if (time) promise(parse_time(format_time(*time)) == time, "a time is written as another: " + format_time(*time));
    }
    if (const auto schedule = Schedule::parse(bytes)) {
        const auto same = Schedule::parse(schedule->text());
        const Time from = at("2026-02-23T10:00:00Z");
        const Time to = from + std::chrono::days(40);
        promise(same && same->between(from, to, 100) == schedule->between(from, to, 100), "a schedule is written as another");
    }
}

void fuzz_journal(std::string_view bytes) {
    import_text(bytes);
    import_text(Mender().mended(bytes));
}

std::vector<std::string> journal_seeds() {
    TestJournal varied, each_type, redacted;
    fill_with_samples(varied, 10);
    add_each_type(each_type);
    fill_with_samples(redacted, 9);
    redact_sample(redacted, 8);
    const std::string team = read_file(project_file("fixtures/team/journal.jsonl"));
    return {exported(varied), exported(each_type), exported(redacted), team.substr(0, team.find('\n', 1000) + 1)};
}

// A record, and the payload in it.
void fuzz_record(std::string_view bytes) {
    const auto record = RecordView::parse(bytes);
    if (!record) return;
    RecordParts parts;
    parts.header = record->header();
    std::vector<Digest> nodes;
    for (int level = 0; level <= completed_nodes(record->sequence()); ++level) nodes.push_back(record->node(level));
    parts.nodes = nodes.data();
    parts.node_count = static_cast<int>(nodes.size());
    parts.redacted = record->kept_payload_digest();
    if (!parts.redacted) std::copy(record->salt().begin(), record->salt().end(), reinterpret_cast<char*>(parts.salt.data()));
    const auto key = record->key();
    if (key) parts.key = *key;
    parts.text_id = record->text_id();
    parts.payload = record->payload();
    std::string written(record_size(parts), '\0');
    if (written.size() == bytes.size()) write_record(parts, written.data());
    const bool has_key = key || record->header().key_size == 0;  // else there is a key that nobody reads
    promise(written == bytes || !has_key, "a record is written otherwise than it was read");

    const auto id = parse_uuid(record->event_id());
    promise(!record->text_id().empty() || id || (record->header().flags & RecordHeader::has_text_id) != 0, "an event id is no id");
    JsonReader reader;
    const auto value = reader.read(record->payload());
    if (!value) return promise_reason(value.refusal());
    const auto payload = decode(record->type(), record->header().schema_version, **value);
    if (!payload) return promise_reason(payload.refusal());
    const std::string text = encode(*payload).text;
    JsonReader again;
    const auto same = again.read(text);
    promise(bool(same), "a payload is no JSON: " + text);
    promise(is_canonical(**same, text), "a payload is not in the form of RFC 8785: " + text);
    const auto decoded = decode(record->type(), record->header().schema_version, **same);
    promise(decoded && encode(*decoded).text == text, "a payload decodes to another: " + text);
    const std::string stripped = encode(without_texts(*payload)).text;
    promise(encode(without_texts(without_texts(*payload))).text == stripped, "what is redacted is not redacted: " + stripped);
}

std::vector<std::string> record_seeds() {
    TestJournal journal;
    add_each_type(journal);
    fill_with_samples(journal, 24);
    redact_sample(journal, 8);
    std::vector<std::string> records;
    const Snapshot snapshot = journal->snapshot();
    snapshot->scan({1}, UINT64_MAX, [&](const RecordView& record) {
        const auto bytes = snapshot->transaction().get(snapshot->tables().events, key_of(record.sequence().value, 8));
        records.emplace_back(*bytes);
        return true;
    });
    return records;
}

// The file of LMDB. What the check of its pages finds sound can be opened and read through; what is damaged in it has a finding.
void fuzz_pages(std::string_view bytes) {
    const TemporaryDirectory directory;
    write_file(directory / "data.mdb", bytes);
    PageCheck check;
    try {
        check = check_pages(directory.path(), {});
    } catch (const StorageError&) {
        return;
    }
    for (const Finding& finding : check.findings) promise(!finding.text.empty(), "a finding says nothing");
    if (!check.sound()) return;
    try {
        JournalOptions options;
        SeededEntropy entropy(1);
        options.clock = [] { return at("2026-02-23T10:00:00Z"); };
        options.entropy = &entropy;
        const Journal journal(directory.path(), std::move(options));
        VerifyOptions verification;
        verification.threads = 1;
        verify(journal, verification);
    } catch (const StorageError&) {  // what it refuses to open, it says
    }
}

std::vector<std::string> pages_seeds() {
    TestJournal journal;
    fill_with_samples(journal, 3);
    (void)journal.append_note(stream_name(1), std::string(5000, 'n'));
    journal.close();
    return {read_file(journal.directory() / "data.mdb")};
}

}  // namespace daybook::test
