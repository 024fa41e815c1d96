// Signed notes (c2sp.org/signed-note v1.0.0): a text, an empty line, and signature lines.
//
//   TEXT, which ends with a line break
//   (empty)
//   — <key name> <base64 of key id and signature>
//
// What is signed is TEXT, with its last line break and without the empty line. Only Ed25519 signatures are known here; those of
// other kinds and other keys are passed over, as the format demands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "journal/ed25519.hpp"
#include "journal/result.hpp"
#include "journal/sha256.hpp"

namespace daybook {

// Who signs, in public: a name and an Ed25519 key. A value.
class VerifierKey {
public:
    // `name` must be a key name.
    VerifierKey(std::string name, const Ed25519PublicKey& key);
    // From a vkey: <name>+<8 hex digits of the key id>+<base64 of the type and the key>. Refuses: invalid.
    static Result<VerifierKey> parse(std::string_view vkey);

    const std::string& name() const { return name_; }
    std::uint32_t id() const { return id_; }
    const Ed25519PublicKey& key() const { return key_; }
    std::string vkey() const;
    bool operator==(const VerifierKey&) const = default;

private:
    std::string name_;
    Ed25519PublicKey key_;
    std::uint32_t id_;
};

// Not empty, valid UTF-8, without space of any kind, control character or `+`.
bool is_key_name(std::string_view name);

struct NoteSignature {
    std::string name;
    std::uint32_t key_id = 0;
    std::string bytes;  // without the key id
};

struct SignedNote {
    std::string text;  // with its last line break; not to be believed before a signature of a known key is verified
    std::vector<NoteSignature> signatures;
};

inline constexpr std::size_t note_signatures_max = 100;
inline constexpr std::size_t note_bytes_max = 1'000'000;

// The parts of `note`, nothing of it verified. Refuses: invalid, too_large.
Result<SignedNote> read_note(std::string_view note);
// The text of `note`, which `key` has signed. Refuses: invalid (it is no note; no signature of the key; a bad one).
Result<std::string> open_note(std::string_view note, const VerifierKey& key);

// The note with one signature over `text`, which must end with a line break and hold no other control character.
std::string sign_note(std::string_view text, const VerifierKey& name, const Ed25519PrivateKey& key);

}  // namespace daybook
