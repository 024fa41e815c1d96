// The key pair that a journal signs with. Its name is the journal's origin.
//
// On disk, in the data directory: `signing.key`, the private half, PKCS #8 in PEM, mode 0600; `signing.vkey`, the public half, a
// line to be handed to auditors. The private half can be kept elsewhere instead.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "journal/identifiers.hpp"
#include "journal/signed_note.hpp"

namespace daybook {

class SigningKey {
public:
    // `name` must be a key name.
    SigningKey(std::string name, Ed25519PrivateKey key) : verifier_(std::move(name), key.public_key()), key_(std::move(key)) {}

    // The private half in `file`. Throws StorageError: it is missing, no Ed25519 key, open to others than its owner (a mode
    // wider than 0600); or `name` cannot be a key's name.
    static SigningKey read(const std::filesystem::path& file, const std::string& name);

    // The pair in the data directory `data`; where neither half is there it is made. Where the public half is missing or another
    // one, it is written. Throws StorageError: as `read`, and where the private half is missing and the public is there.
    static SigningKey of_data_directory(const std::filesystem::path& data, const std::string& name, Entropy& entropy);

    const VerifierKey& verifier() const { return verifier_; }
    std::string sign(std::string_view note_text) const { return sign_note(note_text, verifier_, key_); }

private:
    VerifierKey verifier_;
    Ed25519PrivateKey key_;
};

std::filesystem::path private_key_file(const std::filesystem::path& data);
std::filesystem::path public_key_file(const std::filesystem::path& data);
// Of a FileLock, held while a key pair is made or put in its place, and while a checkpoint is looked up, signed and kept.
std::filesystem::path signing_lock_file(const std::filesystem::path& data);

// Puts the public half into the data directory, over an older one. Throws StorageError.
void publish(const VerifierKey& key, const std::filesystem::path& data);
// What was put there. Throws StorageError where it is damaged.
std::optional<VerifierKey> published_key(const std::filesystem::path& data);

}  // namespace daybook
