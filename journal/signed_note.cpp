#include "journal/signed_note.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <optional>

#include "journal/base64.hpp"
#include "journal/json.hpp"
#include "journal/lmdb.hpp"

namespace daybook {
namespace {

constexpr char ed25519_type = 1;
constexpr std::string_view signature_start = "\xE2\x80\x94 ";  // an em dash and a space
constexpr std::size_t key_id_bytes = 4;

Refusal invalid(std::string message) { return {RefusalCode::invalid, std::move(message), ""}; }

// What the key id is made over, and what a vkey holds in base64: the type and the key.
std::string typed_key(const Ed25519PublicKey& key) {
    return ed25519_type + std::string(reinterpret_cast<const char*>(key.data()), key.size());
}

std::string id_bytes(std::uint32_t id) {
    std::string bytes;
    append_big_endian(bytes, id, static_cast<int>(key_id_bytes));
    return bytes;
}

// The spaces of Unicode (White_Space) beyond ASCII, in UTF-8.
constexpr std::array<std::string_view, 19> unicode_spaces{
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83",
    "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A",
    "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

bool is_note_text(std::string_view text) {
    return !text.empty() && text.back() == '\n' && is_clean_utf8(text) &&
           std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

std::optional<NoteSignature> read_signature(std::string_view line) {
    if (!line.starts_with(signature_start)) return std::nullopt;
    line.remove_prefix(signature_start.size());
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || !is_key_name(line.substr(0, space))) return std::nullopt;
    const auto blob = from_base64(line.substr(space + 1));
    if (!blob || blob->size() <= key_id_bytes) return std::nullopt;
    NoteSignature signature;
    signature.name = line.substr(0, space);
    signature.key_id = static_cast<std::uint32_t>(read_big_endian(std::string_view(*blob).substr(0, key_id_bytes)));
    signature.bytes = blob->substr(key_id_bytes);
    return signature;
}

}  // namespace

bool is_key_name(std::string_view name) {
    if (name.empty() || !is_clean_utf8(name)) return false;
    if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == '+'; })) {
        return false;
    }
    return std::none_of(unicode_spaces.begin(), unicode_spaces.end(),
                        [&](std::string_view space) { return name.find(space) != std::string_view::npos; });
}

VerifierKey::VerifierKey(std::string name, const Ed25519PublicKey& key) : name_(std::move(name)), key_(key) {
    assert(is_key_name(name_));
    Sha256 sha256;
    const Digest digest = sha256({name_, "\n", typed_key(key_)});
    id_ = static_cast<std::uint32_t>(read_big_endian(bytes_of(digest).substr(0, key_id_bytes)));
}

Result<VerifierKey> VerifierKey::parse(std::string_view vkey) {
    const std::size_t name_end = vkey.find('+');
    const std::size_t id_end = name_end == std::string_view::npos ? name_end : vkey.find('+', name_end + 1);
    if (id_end == std::string_view::npos)
        return invalid("a verification key is NAME+ID+KEY, as `daybook checkpoint --vkey` prints it");
    const std::string_view name = vkey.substr(0, name_end);
    if (!is_key_name(name)) return invalid("the name in the verification key is empty or has a space");
    const auto bytes = from_base64(vkey.substr(id_end + 1));
    Ed25519PublicKey key;
    if (!bytes || bytes->size() != 1 + key.size() || bytes->front() != ed25519_type) {
        return invalid("the verification key of " + std::string(name) + " is no Ed25519 key in base64");
    }
    std::memcpy(key.data(), bytes->data() + 1, key.size());
    VerifierKey parsed{std::string(name), key};
    if (parsed.vkey() != vkey)
        return invalid("the verification key of " + std::string(name) + " has an id that is not its own: a digit was changed");
    return parsed;
}

std::string VerifierKey::vkey() const { return name_ + '+' + to_hex(id_bytes(id_)) + '+' + to_base64(typed_key(key_)); }

Result<SignedNote> read_note(std::string_view note) {
    if (note.size() > note_bytes_max) return Refusal{RefusalCode::too_large, "a signed note has at most 1,000,000 bytes", ""};
    if (!is_note_text(note)) return invalid("a signed note is UTF-8 text without control characters that ends with a line break");
    const std::size_t split = note.rfind("\n\n");
    if (split == std::string_view::npos) return invalid("a signed note has an empty line before its signatures");
    SignedNote parsed;
    parsed.text = note.substr(0, split + 1);
    std::string_view rest = note.substr(split + 2);
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        auto signature = read_signature(rest.substr(0, end));
        if (!signature) return invalid("a signature line is not an em dash, a key's name and base64, with one space between");
        if (parsed.signatures.size() == note_signatures_max)
            return Refusal{RefusalCode::too_large, "the note has over 100 signatures", ""};
        parsed.signatures.push_back(std::move(*signature));
        rest.remove_prefix(end + 1);
    }
    if (parsed.signatures.empty()) return invalid("the note has no signature");
    return parsed;
}

Result<std::string> open_note(std::string_view note, const VerifierKey& key) {
    auto parsed = read_note(note);
    if (!parsed) return parsed.refusal();
    bool good = false;
    for (const NoteSignature& signature : parsed->signatures) {
        if (signature.name != key.name() || signature.key_id != key.id()) continue;
        if (!verify_ed25519(key.key(), parsed->text, signature.bytes)) {
            return invalid("the signature of " + key.name() + " is not good: the text was changed after it was signed");
        }
        good = true;
    }
    if (!good) return invalid("it is not signed with the key " + key.vkey());
    return std::move(parsed->text);
}

std::string sign_note(std::string_view text, const VerifierKey& name, const Ed25519PrivateKey& key) {
    assert(is_note_text(text));
    std::string note(text);
    note += '\n';
    note += signature_start;
    note += name.name() + ' ' + to_base64(id_bytes(name.id()) + key.sign(text)) + '\n';
    return note;
}

}  // namespace daybook
