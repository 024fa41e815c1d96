// What an auditor is handed: checkpoints, proofs, evidence.
#include <algorithm>

#include "journal/base64.hpp"
#include "journal/evidence.hpp"
#include "journal/json.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/golden_key.hpp"
#include "tests/journal_samples.hpp"

namespace daybook::test {
namespace {

const std::string origin = "daybook.test/journal";

const VerifierKey& verifier() {
    static const VerifierKey key(origin, golden_private_key().public_key());
    return key;
}

std::string resigned(std::string_view note) {
    const auto read = read_note(note);
    return read ? sign_note(read->text, verifier(), golden_private_key()) : std::string(note);
}

// Evidence whose header is signed again, whatever was changed in it, so that a change reaches what lies behind the signatures.
std::string with_signatures(std::string_view text) {
    JsonReader reader;
    const std::string_view line = text.substr(0, text.find('\n'));
    const auto header = reader.read(line);
    const JsonValue* checkpoint = header ? (*header)->find("checkpoint") : nullptr;
    const JsonValue* statement = header ? (*header)->find("statement") : nullptr;
    if (checkpoint == nullptr || statement == nullptr || !checkpoint->is_string() || !statement->is_string())
        return std::string(text);
    std::string out = "{\"checkpoint\":";
    append_json_string(out, resigned(checkpoint->text()));
    out += R"(,"format":"daybook-evidence/1","statement":)";
    append_json_string(out, resigned(statement->text()));
    return out + '}' + std::string(text.substr(line.size()));
}

// A journal of samples, and who signs for it.
struct Signed {
    TestJournal journal;
    TemporaryDirectory data;
    LogSigner signer{SigningKey(origin, golden_private_key()), {data.path(), std::nullopt}};

    explicit Signed(unsigned events) { fill_with_samples(journal, events); }
    std::string note(std::uint64_t size) { return signer.checkpoint(*journal, size)->note; }
    std::string evidence(const std::string& stream) {
        std::string text;
        if (!write_evidence(*journal, stream, signer, [&](std::string_view piece) { text += piece; }))
            throw std::runtime_error("there is no stream " + stream);
        return text;
    }
};

template <class Text>
void promise_text(std::string_view bytes) {
    const auto parsed = Text::parse(bytes);
    if (!parsed) return promise_reason(parsed.refusal());
    promise(parsed->text() == bytes, "a proof is written otherwise than it was read");
}

}  // namespace

void fuzz_checkpoint(std::string_view bytes) {
    const auto key = VerifierKey::parse(bytes);
    if (!key) promise_reason(key.refusal());
    if (key) promise(key->vkey() == bytes, "a verification key is written otherwise than it was read");

    const auto opened = open_checkpoint(bytes, verifier());
    if (!opened) promise_reason(opened.refusal());
    const auto note = read_note(bytes);
    if (!note) return promise_reason(note.refusal());
    std::string written = note->text + '\n';
    for (const NoteSignature& signature : note->signatures) {
        std::string id;
        append_big_endian(id, signature.key_id, 4);
        written += "\xE2\x80\x94 " + signature.name + ' ' + to_base64(id + signature.bytes) + '\n';
    }
    promise(written == bytes, "a note is written otherwise than it was read");
    const auto checkpoint = Checkpoint::parse(note->text);
    if (!checkpoint) return promise_reason(checkpoint.refusal());
    promise(note->text.starts_with(checkpoint->text()), "a checkpoint is written otherwise than it was read");
    const auto signed_anew = open_checkpoint(resigned(bytes), verifier());
    promise(bool(signed_anew) == (checkpoint->origin == origin), "a checkpoint that is signed can't be opened");
}

std::vector<std::string> checkpoint_seeds() {
    Signed world(12);
    return {world.note(12), resigned(world.note(12)) + "\xE2\x80\x94 witness.example/w AAAAAQID\n", golden_vkey,
            sign_note(origin + "\n7\n" + to_base64(std::string(32, 'r')) + "\nextension 1\n", verifier(), golden_private_key())};
}

void fuzz_proof(std::string_view bytes) {
    promise_text<InclusionText>(bytes);
    promise_text<ConsistencyText>(bytes);
    promise_text<EvidenceStatement>(bytes);
    Sha256 sha256;
    if (const auto inclusion = InclusionText::parse(bytes)) {
        const Checkpoint checkpoint = *read_checkpoint(inclusion->checkpoint);
        verify_inclusion(sha256, Digest{}, inclusion->index, checkpoint.size, inclusion->proof, checkpoint.root);
    }
    if (const auto consistency = ConsistencyText::parse(bytes)) {
        const Checkpoint checkpoint = *read_checkpoint(consistency->checkpoint);
        verify_consistency(sha256, consistency->old_size, checkpoint.size, consistency->proof, Digest{}, checkpoint.root);
    }
}

std::vector<std::string> proof_seeds() {
    Signed world(12);
    const auto snapshot = world.journal->snapshot();
    Sha256 sha256;
    InclusionText inclusion{"bytes", 5, inclusion_proof(sha256, nodes_of(*snapshot), 5, 11), world.note(11)};
    const ConsistencyText consistency{5, consistency_proof(sha256, nodes_of(*snapshot), 5, 12), world.note(12)};
    const std::string with_extra = inclusion.text();
    inclusion.extra.reset();
    const EvidenceStatement statement{origin, stream_name(1), 2, {7}, {}, 12, {}};
    return {with_extra, inclusion.text(), consistency.text(), statement.text()};
}

void fuzz_evidence(std::string_view bytes) {
    for (const std::string& text : {std::string(bytes), with_signatures(bytes)}) {
        const auto evidence = verify_evidence(text, verifier());
        if (!evidence) {
            promise_reason(evidence.refusal());
            continue;
        }
        const EvidenceStatement& statement = evidence->statement;
        const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
        promise(statement.origin == origin && lines > statement.version, "evidence is taken with fewer events than its stream has");
        promise(EvidenceStatement::parse(statement.text())->text() == statement.text(), "a statement has two texts");
    }
}

std::vector<std::string> evidence_seeds() {
    Signed world(24);
    std::vector<std::string> seeds{world.evidence(stream_name(1)), world.evidence("$jobs")};
    redact_sample(world.journal, 1);
    seeds.push_back(world.evidence(std::string(world.journal->snapshot()->stream_id({1}))));
    return seeds;
}

}  // namespace daybook::test
