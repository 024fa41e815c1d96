#include "journal/checkpoint.hpp"

#include <cassert>
#include <charconv>
#include <cstring>

#include "journal/base64.hpp"

namespace daybook {
namespace {

constexpr std::string_view inclusion_header = "c2sp.org/tlog-proof@v1";

Refusal invalid(std::string message) { return {RefusalCode::invalid, std::move(message), ""}; }

// Takes the lines of a text one after the other.
class Lines {
public:
    explicit Lines(std::string_view text) : rest_(text) {}

    // The next line without its end; nothing after the last, or where it has no end.
    std::optional<std::string_view> next() {
        const std::size_t end = rest_.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return line;
    }
    // What follows `start` in the next line, which is only taken where it begins so.
    std::optional<std::string_view> next_after(std::string_view start) {
        if (!rest_.starts_with(start)) return std::nullopt;
        const auto line = next();
        return line ? std::optional(line->substr(start.size())) : std::nullopt;
    }
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

// Decimal, without sign or leading zero.
std::optional<std::uint64_t> read_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    return value;
}

std::optional<Digest> read_digest(std::string_view base64) {
    const auto bytes = from_base64(base64);
    Digest digest;
    if (!bytes || bytes->size() != digest.size()) return std::nullopt;
    std::memcpy(digest.data(), bytes->data(), digest.size());
    return digest;
}

void append_proof_and_checkpoint(std::string& out, const Proof& proof, const std::string& checkpoint) {
    for (const Digest& hash : proof) out += to_base64(bytes_of(hash)) + '\n';
    out += '\n' + checkpoint;
}

// The hashes up to the empty line, and the checkpoint after it.
std::optional<Refusal> read_proof_and_checkpoint(Lines& lines, Proof& proof, std::string& checkpoint) {
    for (auto line = lines.next(); !line || !line->empty(); line = lines.next()) {
        const auto hash = line ? read_digest(*line) : std::nullopt;
        if (!hash) return invalid("a proof's hashes are 32 bytes in base64 each, and an empty line ends them");
        if (proof.size() == proof_hashes_max) return invalid("a proof has at most 63 hashes");
        proof.push_back(*hash);
    }
    checkpoint = lines.rest();
    const auto read = read_checkpoint(checkpoint);
    return read ? std::nullopt : std::optional(read.refusal());
}

}  // namespace

std::string Checkpoint::text() const { return origin + '\n' + std::to_string(size) + '\n' + to_base64(bytes_of(root)) + '\n'; }

Result<Checkpoint> Checkpoint::parse(std::string_view text) {
    Lines lines(text);
    const auto origin = lines.next();
    const auto size_line = lines.next();
    const auto root_line = lines.next();
    const auto size = size_line ? read_number(*size_line) : std::nullopt;
    const auto root = root_line ? read_digest(*root_line) : std::nullopt;
    if (!origin || origin->empty() || !size || !root)
        return invalid("a checkpoint has three lines: origin, size, and root in base64");
    while (!lines.rest().empty()) {
        const auto extension = lines.next();
        if (!extension || extension->empty()) return invalid("the extension lines of a checkpoint are not empty");
    }
    return Checkpoint{std::string(*origin), *size, *root};
}

Result<Checkpoint> open_checkpoint(std::string_view note, const VerifierKey& key) {
    const auto text = open_note(note, key);
    if (!text) return text.refusal();
    auto checkpoint = Checkpoint::parse(*text);
    if (checkpoint && checkpoint->origin != key.name()) {
        return invalid("the checkpoint is of " + checkpoint->origin + ", and the key of " + key.name());
    }
    return checkpoint;
}

Result<Checkpoint> read_checkpoint(std::string_view note) {
    const auto parsed = read_note(note);
    return parsed ? Checkpoint::parse(parsed->text) : Result<Checkpoint>(parsed.refusal());
}

Checkpoint checkpoint_of(const JournalView& journal, std::uint64_t size) {
    assert(size <= journal.size());
    Sha256 sha256;
    return {journal.origin(), size, journal.root(sha256, size)};
}

std::optional<std::string> contradiction(const JournalView& journal, const Checkpoint& old) {
    const Checkpoint today = checkpoint_of(journal, journal.size());
    if (today.origin != old.origin) return "the checkpoint is of the journal " + old.origin + ", this is " + today.origin;
    if (today.size < old.size) {
        return "the journal has " + std::to_string(today.size) + " events, and the checkpoint vouches for " +
               std::to_string(old.size);
    }
    Sha256 sha256;
    const Proof proof = consistency_proof(sha256, nodes_of(journal), old.size, today.size);
    if (verify_consistency(sha256, old.size, today.size, proof, old.root, today.root)) return std::nullopt;
    return "the first " + std::to_string(old.size) + " events of the journal are not those that the checkpoint vouches for";
}

std::string InclusionText::text() const {
    std::string out = std::string(inclusion_header) + '\n';
    if (extra) out += "extra " + to_base64(*extra) + '\n';
    out += "index " + std::to_string(index) + '\n';
    append_proof_and_checkpoint(out, proof, checkpoint);
    return out;
}

Result<InclusionText> InclusionText::parse(std::string_view text) {
    Lines lines(text);
    if (lines.next() != inclusion_header)
        return invalid("an inclusion proof begins with the line " + std::string(inclusion_header));
    InclusionText parsed;
    if (const auto extra = lines.next_after("extra ")) {
        parsed.extra = from_base64(*extra);
        if (!parsed.extra) return invalid("what stands after `extra` is not base64");
    }
    const auto index_line = lines.next_after("index ");
    const auto index = index_line ? read_number(*index_line) : std::nullopt;
    if (!index) return invalid("an inclusion proof has a line `index N`");
    parsed.index = *index;
    if (auto refusal = read_proof_and_checkpoint(lines, parsed.proof, parsed.checkpoint)) return std::move(*refusal);
    return parsed;
}

std::string ConsistencyText::text() const {
    std::string out = "old " + std::to_string(old_size) + '\n';
    append_proof_and_checkpoint(out, proof, checkpoint);
    return out;
}

Result<ConsistencyText> ConsistencyText::parse(std::string_view text) {
    Lines lines(text);
    const auto size_line = lines.next_after("old ");
    const auto old_size = size_line ? read_number(*size_line) : std::nullopt;
    if (!old_size) return invalid("a consistency proof begins with a line `old SIZE`");
    ConsistencyText parsed;
    parsed.old_size = *old_size;
    if (auto refusal = read_proof_and_checkpoint(lines, parsed.proof, parsed.checkpoint)) return std::move(*refusal);
    return parsed;
}

}  // namespace daybook
