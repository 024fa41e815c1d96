#include "journal/evidence.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <vector>

#include "journal/journal_text.hpp"
#include "journal/json.hpp"

namespace daybook {
namespace {

constexpr std::string_view statement_header = "daybook-evidence/1";

// Takes "<name> <value>\n" from the start of `text`; an empty value where it does not begin so.
std::string_view take_field(std::string_view& text, std::string_view name) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.starts_with(name) || line.substr(name.size(), 1) != " ") return {};
    return line.substr(name.size() + 1);
}

std::uint64_t number_of(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// The event that `record` redacts, if it can still be read.
Sequence redacted_by(const RecordView& record, JsonReader& reader) {
    if (record.type() != EventType::redacted || record.redacted()) return {};
    const auto payload = reader.read(record.payload());
    const JsonValue* redacts = payload ? (*payload)->find("redacts") : nullptr;
    if (redacts == nullptr || redacts->kind != JsonValue::Kind::integer || redacts->integer < 1) return {};
    return {static_cast<std::uint64_t>(redacts->integer)};
}

// The parts of an evidence file as they come out of one snapshot, of the first `size` events.
class EvidenceWriter {
public:
    EvidenceWriter(const JournalView& journal, std::uint64_t size, const std::function<void(std::string_view)>& write)
        : journal_(journal), size_(size), write_(write), nodes_(nodes_of(journal)) {}

    // The stream's events before `size`, in order.
    std::vector<Sequence> events_of(std::string_view stream) const {
        const auto number = journal_.stream_number(stream);
        if (!number) return {};
        std::vector<Sequence> sequences = journal_.stream_sequences(*number);
        sequences.erase(std::upper_bound(sequences.begin(), sequences.end(), Sequence{size_}), sequences.end());
        return sequences;
    }

    RecordView record(Sequence sequence) const {
        const auto record = journal_.record(sequence);
        if (!record) throw StorageError("event " + std::to_string(sequence.value) + " is missing: run `daybook verify`");
        return *record;
    }

    void write_event(Sequence sequence) {
        const RecordView event = record(sequence);
        if (event.redacted()) {
            unexplained_.insert(sequence);
            ++redacted_;
        }
        explained_.insert(redacted_by(event, reader_));
        line_ = "{\"event\":";
        append_journal_line(line_, journal_, event, sha256_);
        line_ += ",\"proof\":[";
        const char* separator = "\"";
        for (const Digest& hash : inclusion_proof(sha256_, nodes_, sequence.value - 1, size_)) {
            line_ += separator;
            append_hex(line_, bytes_of(hash));
            line_ += '"';
            separator = ",\"";
        }
        line_ += "]}\n";
        write_(line_);
    }

    // The `redacted` events of another stream that explain what those of this one do not.
    void write_explanations(std::string_view stream) {
        for (const Sequence sequence : explained_) unexplained_.erase(sequence);
        if (unexplained_.empty()) return;
        for (const Sequence sequence : events_of(stream)) {
            if (unexplained_.erase(redacted_by(record(sequence), reader_)) != 0) write_event(sequence);
        }
    }

    std::uint64_t redacted() const { return redacted_; }

private:
    const JournalView& journal_;
    std::uint64_t size_;
    const std::function<void(std::string_view)>& write_;
    TreeNodes nodes_;
    Sha256 sha256_;
    JsonReader reader_;
    std::string line_;
    std::set<Sequence> unexplained_, explained_;
    std::uint64_t redacted_ = 0;
};

}  // namespace

std::string EvidenceStatement::text() const {
    return std::string(statement_header) + "\norigin " + origin + "\nstream " + stream + "\nversion " + std::to_string(version) +
           "\nseq " + std::to_string(sequence.value) + "\nhead " + to_hex(head) + "\nsize " + std::to_string(size) + "\nroot " +
           to_hex(root) + '\n';
}

Result<EvidenceStatement> EvidenceStatement::parse(std::string_view text) {
    EvidenceStatement statement;
    std::string_view rest = text.substr(0, statement_header.size()) == statement_header ? text.substr(statement_header.size()) : "";
    if (!rest.empty()) rest.remove_prefix(1);
    statement.origin = take_field(rest, "origin");
    statement.stream = take_field(rest, "stream");
    statement.version = number_of(take_field(rest, "version"));
    statement.sequence = {number_of(take_field(rest, "seq"))};
    statement.head = digest_from_hex(take_field(rest, "head")).value_or(Digest{});
    statement.size = number_of(take_field(rest, "size"));
    statement.root = digest_from_hex(take_field(rest, "root")).value_or(Digest{});
    // There is one text for what it says, so whatever was passed over above comes out here.
    if (statement.text() != text || !is_stream(statement.stream) || statement.version == 0) {
        return Refusal{RefusalCode::invalid, "the statement is not what daybook-evidence/1 has there", ""};
    }
    return statement;
}

Result<Evidence> write_evidence(const Journal& journal, std::string_view stream, const LogSigner& signer,
                                const std::function<void(std::string_view)>& write) {
    {
        const Snapshot snapshot = journal.snapshot();
        if (!snapshot->stream_number(stream))
            return Refusal{RefusalCode::not_found, "no such incident or stream: " + std::string(stream), ""};
    }
    const auto made = signer.checkpoint(journal);
    if (!made) return made.refusal();
    const Snapshot snapshot = journal.snapshot();  // holds all that the checkpoint vouches for, and maybe more
    EvidenceWriter writer(*snapshot, made->checkpoint.size, write);
    const std::vector<Sequence> events = writer.events_of(stream);

    Evidence evidence;
    EvidenceStatement& statement = evidence.statement;
    statement.origin = made->checkpoint.origin;
    statement.stream = stream;
    statement.version = events.size();
    statement.sequence = events.back();
    statement.head = writer.record(events.back()).leaf_hash();
    statement.size = made->checkpoint.size;
    statement.root = made->checkpoint.root;

    std::string header = "{\"checkpoint\":";
    append_json_string(header, made->note);
    header += ",\"format\":\"" + std::string(statement_header) + "\",\"statement\":";
    append_json_string(header, signer.sign(statement.text()));
    write(header + "}\n");
    for (const Sequence sequence : events) writer.write_event(sequence);
    evidence.redacted = writer.redacted();
    writer.write_explanations("$admin");
    return evidence;
}

}  // namespace daybook
