#include <optional>
#include <set>
#include <span>

#include "journal/evidence.hpp"
#include "journal/journal_line.hpp"
#include "journal/written_json.hpp"

namespace daybook {
namespace {

// Room for the largest event, and a proof.
constexpr std::size_t line_bytes_max = journal_line_bytes_max + 8192;

Refusal invalid(std::string message) { return {RefusalCode::invalid, std::move(message), ""}; }

// Whether `value` is an object with exactly these members, in the order of RFC 8785.
bool has_members(const JsonValue& value, std::initializer_list<std::string_view> names) {
    if (!value.is_object() || value.members().size() != names.size()) return false;
    auto name = names.begin();
    for (const JsonMember& member : value.members()) {
        if (member.name != *name++) return false;
    }
    return true;
}

std::optional<Proof> read_proof(const JsonValue& value) {
    if (!value.is_array() || value.size > proof_hashes_max) return std::nullopt;
    Proof proof;
    for (const JsonValue& element : value.array()) {
        const auto hash = element.is_string() ? digest_from_hex(element.text()) : std::nullopt;
        if (!hash) return std::nullopt;
        proof.push_back(*hash);
    }
    return proof;
}

// Takes the lines of an evidence file in order; each that is not as it must be is refused.
class EvidenceCheck {
public:
    explicit EvidenceCheck(const VerifierKey& key) : key_(key) {}

    std::optional<Refusal> take(std::string_view line) {
        if (line.size() > line_bytes_max) return invalid("it is over " + std::to_string(line_bytes_max) + " bytes long");
        const auto value = reader_.read(line);
        if (!value) return value.refusal();
        if (canonical(**value) != line) return invalid("it is not in the form of RFC 8785 (JCS): a tool has written it anew");
        return ++lines_ == 1 ? take_header(**value) : take_event(**value);
    }

    // After the last line.
    Result<Evidence> finish() {
        const EvidenceStatement& statement = evidence_.statement;
        if (lines_ == 0) return invalid("the file is empty");
        if (version_ != statement.version) {
            return invalid("the stream has " + std::to_string(statement.version) + " events, and the file ends after " +
                           std::to_string(version_));
        }
        for (const Sequence sequence : withheld_) {
            if (explained_.count(sequence) == 0) {
                return invalid("the payload of event " + std::to_string(sequence.value) +
                               " is missing, and no event says that it was redacted");
            }
        }
        for (const Sequence sequence : shown_) {
            if (explained_.count(sequence) != 0) {
                return invalid("the payload of event " + std::to_string(sequence.value) +
                               " is there, though an event says that it was redacted");
            }
        }
        evidence_.redacted = withheld_.size();
        return evidence_;
    }

private:
    std::optional<Refusal> take_header(const JsonValue& header) {
        if (!has_members(header, {"checkpoint", "format", "statement"}) || !header.find("checkpoint")->is_string() ||
            !header.find("format")->is_string() || header.find("format")->text() != "daybook-evidence/1" ||
            !header.find("statement")->is_string()) {
            return invalid("evidence begins with checkpoint, format daybook-evidence/1 and statement");
        }
        const auto checkpoint = open_checkpoint(header.find("checkpoint")->text(), key_);
        if (!checkpoint) return invalid("the checkpoint: " + checkpoint.refusal().message);
        const auto text = open_note(header.find("statement")->text(), key_);
        if (!text) return invalid("the statement: " + text.refusal().message);
        auto statement = EvidenceStatement::parse(*text);
        if (!statement) return statement.refusal();
        if (statement->origin != checkpoint->origin || statement->size != checkpoint->size || statement->root != checkpoint->root) {
            return invalid("the statement was made for another checkpoint");
        }
        evidence_.statement = std::move(*statement);
        return std::nullopt;
    }

    std::optional<Refusal> take_event(const JsonValue& line) {
        if (!has_members(line, {"event", "proof"})) return invalid("a line must have event and proof, and nothing else");
        const auto proof = read_proof(*line.find("proof"));
        if (!proof) return invalid("a proof must be a list of SHA-256 in lower-case hex");
        const auto event = lines_reader_.read(canonical(*line.find("event")));
        if (!event) return event.refusal();
        const EvidenceStatement& statement = evidence_.statement;
        if (!verify_inclusion(sha256_, event->leaf, event->sequence.value - 1, statement.size, *proof, statement.root)) {
            return invalid("the proof does not show event " + std::to_string(event->sequence.value) +
                           " in the tree of the checkpoint");
        }
        if (auto refusal = version_ < statement.version ? take_own(*event) : take_explanation(*event)) return refusal;
        (event->redacted ? withheld_ : shown_).insert(event->sequence);
        if (const auto redacts = redacted_by(*event)) explained_.insert(*redacts);
        return std::nullopt;
    }

    std::optional<Refusal> take_own(const Journal::Restored& event) {
        const EvidenceStatement& statement = evidence_.statement;
        if (event.stream != statement.stream) return invalid("the event is of " + event.stream + ", not of " + statement.stream);
        if (event.version != version_ + 1) {
            return invalid("version " + std::to_string(version_ + 1) + " is missing: this is " + std::to_string(event.version));
        }
        if (lines_reader_.previous() != previous_) return invalid("the event's prev is not the leaf hash of the event before it");
        if (event.sequence <= sequence_ || event.recorded_at < recorded_at_)
            return invalid("the event lies before the one of the line before");
        ++version_;
        sequence_ = event.sequence;
        recorded_at_ = event.recorded_at;
        previous_ = event.leaf;
        if (version_ == statement.version && (event.sequence != statement.sequence || event.leaf != statement.head)) {
            return invalid("the event is not the head that the statement names");
        }
        return std::nullopt;
    }

    // An event of another stream, which is there for what it redacts in this one.
    std::optional<Refusal> take_explanation(const Journal::Restored& event) {
        const auto redacts = redacted_by(event);
        if (event.stream != evidence_.statement.stream && redacts && withheld_.count(*redacts) != 0 &&
            explained_.count(*redacts) == 0)
            return std::nullopt;
        return invalid("after the stream's events, only what explains a redaction in it may stand");
    }

    // What the event that was read last redacts.
    std::optional<Sequence> redacted_by(const Journal::Restored& event) const {
        const JsonValue* payload = lines_reader_.payload();
        if (event.payload.type != EventType::redacted || payload == nullptr) return std::nullopt;
        const JsonValue* redacts = payload->find("redacts");
        if (redacts == nullptr || redacts->kind != JsonValue::Kind::integer || redacts->integer < 1) return std::nullopt;
        const Sequence sequence{static_cast<std::uint64_t>(redacts->integer)};
        return sequence < event.sequence ? std::optional(sequence) : std::nullopt;
    }

    const VerifierKey& key_;
    Sha256 sha256_;
    WrittenJsonReader reader_;
    JournalLineReader lines_reader_;
    Evidence evidence_;
    std::uint64_t lines_ = 0;
    std::uint64_t version_ = 0;  // of the event before, and its seq, time and leaf hash
    Sequence sequence_;
    Time recorded_at_ = Time::min();
    std::optional<Digest> previous_;
    std::set<Sequence> withheld_, shown_, explained_;
};

}  // namespace

Result<Evidence> verify_evidence(std::string_view text, const VerifierKey& key) {
    EvidenceCheck check(key);
    for (std::uint64_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return invalid("line " + std::to_string(number) + " has no end: the file was cut");
        if (auto refusal = check.take(text.substr(0, end))) {
            refusal->message = "line " + std::to_string(number) + ": " + refusal->message;
            return *refusal;
        }
        text.remove_prefix(end + 1);
    }
    return check.finish();
}

}  // namespace daybook
