// API keys: who calls from elsewhere.
//
// A key reads `dbk_<16 characters>_<64 hex digits>`: its id, by which its row is found and people name it, and a secret of 256
// random bits. It is shown once, when it is made; kept is the SHA-256 of a salt and the key. A quick hash is enough: nobody can
// guess 256 random bits, however quick the hash (NIST SP 800-63B section 5.1.2.2 wants a hash for passwords only below 112 bits).
// The salt hides that two files hold the same key.
//
// On disk, in the data directory: `keys.json`, mode 0600, replaced as a whole by rename, under the lock `keys.lock`:
//
//   {"format":"daybook-keys/1","keys":[
//   {"agent":"helion","created_at":"2026-02-23T10:00:00Z","created_by":"sofiia","expires_at":null,"hash":"<64 hex digits>",
//    "id":"dbk_1jgm6f0q0abcdefg","name":"laptop","revoked_at":null,"revoked_by":null,"role":null,"salt":"<32 hex digits>"}
//   ]}
//
// Rows are never removed: a revoked key keeps its name. Not part of the journal (ARCHITECTURE.md says why) nor of a backup.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/identifiers.hpp"
#include "journal/result.hpp"
#include "journal/sha256.hpp"
#include "journal/time.hpp"

namespace daybook {

// What may be told of a key.
struct KeyInfo {
    std::string id;
    std::string name;                 // for people: what it is for
    std::string agent;                // who calls with it
    std::optional<std::string> role;  // nothing: the agent's, as the policy of access says at each call
    Time created_at{};
    std::string created_by;
    std::optional<Time> expires_at;  // from then on it does not hold
    std::optional<Time> revoked_at;
    std::string revoked_by;  // empty: it is not revoked

    bool holds(Time now) const { return !revoked_at && (!expires_at || now < *expires_at); }
};

using KeySalt = std::array<std::uint8_t, 16>;

// A row of the file.
struct StoredKey {
    KeyInfo info;
    KeySalt salt{};
    Digest hash{};
};

std::filesystem::path keys_file(const std::filesystem::path& data);
std::filesystem::path keys_lock_file(const std::filesystem::path& data);

// The part of a key that is no secret; nothing where `presented` is no key. An id is no key.
std::optional<std::string_view> id_of_key(std::string_view presented);
// SHA-256 of the salt and the whole key. Thread-safe.
Digest hash_of_key(const KeySalt& salt, std::string_view key);

// All keys, in the order in which they were made; none where there is no file. Throws StorageError: the file is damaged (says
// where), or others than its owner may read or write it.
std::vector<StoredKey> read_keys(const std::filesystem::path& data);

struct NewKey {
    std::string name;
    std::string agent;
    std::optional<std::string> role;
    std::optional<Time> expires_at;
};
struct MadeKey {
    KeyInfo info;
    std::string key;  // the secret: to be shown once, and never written anywhere
};
// Makes a key in `data`, which is there. When it returns, the row is on disk.
// Refuses: invalid (a name, an agent, a time that has passed). Throws StorageError: as read_keys, and where it can't be written.
Result<MadeKey> create_key(const std::filesystem::path& data, const NewKey& wanted, const std::string& by, Time now,
                           Entropy& entropy);

struct RevokedKey {
    KeyInfo info;
    bool already = false;  // it was revoked before; that stays as it is
};
// Refuses: not_found. Throws StorageError: as create_key.
Result<RevokedKey> revoke_key(const std::filesystem::path& data, std::string_view id, const std::string& by, Time now);

}  // namespace daybook
