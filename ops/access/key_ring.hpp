// The API keys as who serves holds them: read once, and again when the file changed.
//
// A ring that has held a key asks for one until the process ends, also when the file is removed: a server that asked for keys must
// not become one that trusts everybody.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "ops/access/api_keys.hpp"

namespace daybook {

// Thread-safe: `check` never waits for the disk.
class KeyRing {
public:
    // Reads the keys of the data directory `data`. Throws StorageError: as read_keys.
    explicit KeyRing(std::filesystem::path data);
    KeyRing(const KeyRing&) = delete;
    KeyRing& operator=(const KeyRing&) = delete;

    // Reads the file again if it is another than before (inode, size, times), which costs one stat: to be called often, such as
    // every second. Says whether it was. Throws StorageError: as read_keys; the keys that it had stay.
    bool reload();

    // Whose key `presented` is. Takes as long for an id that is not known as for a secret that is wrong, and compares in constant
    // time. Refuses: unauthenticated; that a key was revoked, or expired, is told only to who has its secret.
    Result<KeyInfo> check(std::string_view presented, Time now) const;

    // Whether callers need a key: there is one, or was one, even if it holds no more.
    bool asks_for_keys() const;
    // Whether some key holds.
    bool any_holds(Time now) const;

private:
    using Keys = std::map<std::string, StoredKey, std::less<>>;
    // What tells one version of the file from the next.
    struct Version {
        std::uint64_t device = 0, inode = 0, size = 0;
        std::int64_t modified_ns = 0, changed_ns = 0;
        bool operator==(const Version&) const = default;
    };
    Version look() const;
    std::shared_ptr<const Keys> keys() const;

    const std::filesystem::path data_;
    std::mutex reloading_;
    Version version_;  // of what was read last; under reloading_
    mutable std::mutex mutex_;
    std::shared_ptr<const Keys> keys_;  // under mutex_; never null
    bool asks_ = false;                 // under mutex_
};

}  // namespace daybook
